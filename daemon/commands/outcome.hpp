// How a command ends for people, and with --json for programs: {"ok": true}, what was asked for, or
// {"error": {"sqlstate", "message", "detail", "hint"}} on stdout; the exit status is 0 or 1.
#pragma once

#include "pool/core/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::commands {

std::string in_full(const error& e); // on one line

class outcome {
public:
    explicit outcome(bool as_json) : as_json_(as_json) {}

    int done() const;
    int failed(const error& why) const; // the words go to stderr

private:
    bool as_json_;
};

std::string to_json(std::string_view name, std::string_view value); // {name: value}

// stdout is a terminal that wants colours: NO_COLOR is not set, and TERM is not "dumb".
bool has_colours();

void print(const std::vector<std::string>& lines);

} // namespace weir::commands
