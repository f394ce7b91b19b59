// What --json prints, for programs: the same facts as the text, each under its name.
#pragma once

#include "daemon/migrations/listing.hpp"
#include "daemon/migrations/migrator.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::commands {

// One step that was carried out, here or by a running weir.
struct applied_step {
    std::string step; // "upgrade", "downgrade", "stamp", "schema", "command"
    std::string revision;
    std::string message;
    long long duration_ms = 0;
};

std::string to_json(const migrations::failure& f);
std::string to_json(const migrations::listing& l, const migrations::revision_list& some);
std::string to_json(const std::vector<std::string>& rows); // of which there are no files
std::string to_json(std::string_view backend, std::string_view is, const migrations::state& s);
std::string to_json(std::string_view backend, const std::vector<applied_step>& done);
std::string to_json(std::string_view backend, const migrations::plan& p);
std::string to_json(const migrations::revision& fresh); // a new file
std::string to_json(const std::vector<migrations::revision>& fresh,
                    const std::vector<std::string>& notes);

std::string_view name_of(migrations::direction way); // "stamp_revision"

} // namespace weir::commands
