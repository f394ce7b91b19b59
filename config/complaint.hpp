// What is wrong with a setting: where it is, and what would be right. All of them are collected
// before anything is refused, so that a newcomer mends his settings in one go.
#pragma once

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace weir {

struct complaint {
    std::string path;    // "backends.main.pool.size", "DB_POOL_SIZE", "/etc/weir/weir.json"
    std::string problem; // reads on from the path: "is -1; it must be 0 (no limit) or more"

    friend bool operator==(const complaint&, const complaint&) = default;
};

inline std::string to_text(const complaint& c) { return c.path + " " + c.problem; }

using complaints = std::vector<complaint>;

template <class T>
using checked = boost::system::result<T, complaints>;

// value() on complaints is a mistake of the caller's.
[[noreturn]] inline void throw_exception_from_error(const complaints& all,
                                                    const boost::source_location&)
{
    throw std::logic_error(all.empty() ? "no complaint" : to_text(all.front()));
}

} // namespace weir
