// A time zone: when its clocks show what. Read from the TZif files of /usr/share/zoneinfo (the
// standard library here has no zones), or a fixed offset. Times are microseconds since 2000-01-01.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

class time_zone {
public:
    // By IANA name in any case ("europe/berlin") or as a POSIX rule ("UTC+3", "+02", "<+02>-02"),
    // whose offsets count westward. nullptr when there is no such zone. Kept for good once read.
    static const time_zone* find(std::string_view name);
    // As SET TIME ZONE reads it: a bare number is hours eastward ("+02" becomes "<+02>-02").
    static const time_zone* from_setting(std::string_view value);
    // As literals and AT TIME ZONE may name an offset: "CEST", "PST", "Z".
    static const time_zone* from_abbreviation(std::string_view name);
    static const time_zone& utc();

    std::string_view name() const { return name_; } // as SHOW TimeZone says it; find() knows it

    struct period {
        std::int32_t seconds_east = 0;
        bool daylight_saving = false;
        std::string abbreviation; // "CET"
    };
    const period& at_instant(std::int64_t utc_microseconds) const;
    // A clock time that exists twice or never is taken as standard time.
    const period& at_local(std::int64_t local_microseconds) const;

private:
    friend class time_zone_reader;
    time_zone() = default;

    struct change {
        std::int64_t at = 0; // seconds since 1970, UTC
        std::size_t to = 0;  // index into periods_
    };
    std::size_t changes_before(std::int64_t unix_seconds) const;
    const period& after(std::size_t changes) const;

    std::string name_;
    std::vector<period> periods_; // [0] holds before the first change
    std::vector<change> changes_; // in order of time
    bool repeats_ = false;        // the last 400 years of changes_ go on for ever
};

} // namespace weir::sqlite
