// A time zone: when its clocks show what. Read from the TZif files of /usr/share/zoneinfo (the
// standard library here has no zones), or a fixed offset. Times are microseconds since 2000-01-01.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

class time_zone {
public:
    // "Europe/Berlin", "utc", "+02", "-03:30", "UTC+3" (POSIX: west of Greenwich), "EST". Kept for
    // good once read. nullptr when there is no such zone.
    static const time_zone* find(std::string_view name);
    static const time_zone& utc();
    static const time_zone& fixed(std::int32_t seconds_east);

    std::string_view name() const { return name_; }

    struct period {
        std::int32_t seconds_east = 0;
        bool daylight_saving = false;
        std::string abbreviation; // "CET"
    };
    const period& at_instant(std::int64_t utc_microseconds) const;
    // What PostgreSQL takes for a clock time that exists twice or never: the standard time.
    const period& at_local(std::int64_t local_microseconds) const;

private:
    friend class time_zone_reader;
    time_zone() = default;

    std::string name_;
    std::vector<period> periods_;
    struct change {
        std::int64_t at;  // seconds since 1970, UTC
        std::uint32_t to; // index into periods_
    };
    std::vector<change> changes_; // the file's, and its rule's until far ahead
    std::uint32_t first_ = 0;     // before all changes
};

} // namespace weir::sqlite
