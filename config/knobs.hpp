// The table of knobs: for each its path, its environment variable, what it must be, and how a value
// becomes part of the settings. load() walks the file and the environment with it.
#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

// A value as it was given: in the file it has a type, elsewhere it is text that may stand for any.
struct raw_value {
    enum class kind : std::uint8_t { text, integer, boolean, list, table, other } is = kind::other;
    bool is_typed = false; // from the file, where "10" is not 10
    std::string text = {};
    std::int64_t integer = 0;
    bool boolean = false;
    std::vector<std::string> list = {};                          // of texts
    std::vector<std::pair<std::string, std::string>> table = {}; // an object of texts
};

// How a complaint shows the value: 10, "ten", a list. A text that may be a URL is not shown.
std::string shown(const raw_value& value);

template <class Target>
struct knob {
    std::string_view path;                  // below its section: "size", "listen.port"
    std::string_view environment;           // empty = none
    bool (*set)(Target&, const raw_value&); // false = the value is not what it must be
    std::string_view must;                  // "it must be ..."
};

std::span<const knob<settings>> daemon_knobs();
std::span<const knob<pool_settings>> pool_knobs();
std::span<const knob<migration_settings>> migration_knobs();

// Sets the knob, or says what is wrong, under the name that the value was given by.
template <class Target>
void turn(const knob<Target>& k,
          const raw_value& value,
          std::string_view path,
          Target& target,
          complaints& wrong)
{
    if (!k.set(target, value))
        wrong.push_back(
            {std::string(path), "is " + shown(value) + "; it must be " + std::string(k.must)});
}

} // namespace weir
