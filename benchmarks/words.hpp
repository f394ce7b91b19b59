// The command line of a program of this room: one operand, then --name value, as the driver writes
// it. Names may be repeated where all() asks for them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::bench {

class words {
public:
    // Throws std::invalid_argument, as the readers do: for what is not `known`, has no value, or is
    // no number.
    words(int count, char** arguments, std::span<const std::string_view> known);

    const std::string& operand() const { return operand_; }
    std::string text(std::string_view name, std::string_view otherwise) const;
    std::uint64_t number(std::string_view name, std::uint64_t otherwise) const;
    double seconds(std::string_view name, double otherwise) const;
    std::vector<std::string> all(std::string_view name) const;

private:
    std::string operand_;
    std::vector<std::pair<std::string, std::string>> named_; // without the dashes
};

} // namespace weir::bench
