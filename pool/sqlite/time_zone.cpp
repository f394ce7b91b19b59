#include "pool/sqlite/time_zone.hpp"

#include "pool/sqlite/datetime.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace weir::sqlite {

namespace {

constexpr std::int64_t seconds_per_day = 86'400;
// The calendar repeats after 400 years, weekdays included.
constexpr std::int64_t cycle_years = 400;
constexpr std::int64_t cycle_seconds = 146'097 * seconds_per_day;
constexpr std::int32_t offset_max = 15 * 3600 + 59 * 60 + 59; // PostgreSQL's limit

const std::filesystem::path zone_directory = "/usr/share/zoneinfo";

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::int64_t to_unix(std::int64_t microseconds)
{
    return floor_divide(microseconds, microseconds_per_second) + unix_epoch_seconds;
}

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "CET-1CEST,M3.5.0,M10.5.0/3": POSIX's TZ rule, which also ends each TZif file (RFC 8536, 3.3).
struct posix_rule {
    struct day {
        enum class kind : std::uint8_t { month_week, julian, zero_based } is = kind::month_week;
        int month = 0, week = 0, number = 0;
        std::int64_t seconds = 2 * 3600;
    };
    time_zone::period standard;
    std::optional<time_zone::period> daylight;
    day start, end; // of daylight saving

    static std::optional<posix_rule> parse(std::string_view text);
};

class rule_parser {
public:
    explicit rule_parser(std::string_view text) : rest_(text) {}

    std::optional<posix_rule> parse()
    {
        posix_rule rule;
        if (!name(rule.standard.abbreviation) || !offset(rule.standard.seconds_east))
            return std::nullopt;
        if (rest_.empty())
            return rule;
        rule.daylight = time_zone::period{rule.standard.seconds_east + 3600, true, {}};
        if (!name(rule.daylight->abbreviation))
            return std::nullopt;
        if (!rest_.starts_with(',') && !offset(rule.daylight->seconds_east))
            return std::nullopt;
        if (!day(rule.start) || !day(rule.end) || !rest_.empty())
            return std::nullopt;
        return rule;
    }

private:
    bool take(char c)
    {
        if (!rest_.starts_with(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool number(int& out)
    {
        const auto [end, failure] =
            std::from_chars(rest_.data(),
                            rest_.data() + std::min<std::size_t>(rest_.size(), 4),
                            out);
        if (failure != std::errc{} || !is_digit(rest_.front()))
            return false;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return true;
    }

    bool name(std::string& out)
    {
        if (take('<')) {
            const std::size_t end = rest_.find('>');
            if (end == std::string_view::npos)
                return false;
            out = rest_.substr(0, end);
            rest_.remove_prefix(end + 1);
            return true;
        }
        while (!rest_.empty() && is_letter(rest_.front())) {
            out.push_back(rest_.front());
            rest_.remove_prefix(1);
        }
        return true; // PostgreSQL lets it be empty: '+02:00' is a zone
    }

    bool clock(std::int64_t& seconds)
    {
        const bool negative = take('-');
        if (!negative)
            take('+');
        int hours = 0, minutes = 0, rest = 0;
        if (rest_.empty() || !number(hours) ||
            (take(':') && (rest_.empty() || !number(minutes) ||
                           (take(':') && (rest_.empty() || !number(rest))))))
            return false;
        seconds = std::int64_t{hours} * 3600 + minutes * 60 + rest;
        if (negative)
            seconds = -seconds;
        return minutes < 60 && rest < 60 && hours <= 167;
    }

    bool offset(std::int32_t& seconds_east)
    {
        std::int64_t west = 0;
        if (!clock(west) || std::abs(west) > offset_max)
            return false;
        seconds_east = static_cast<std::int32_t>(-west);
        return true;
    }

    bool day(posix_rule::day& out)
    {
        using kind = posix_rule::day::kind;
        if (!take(',') || rest_.empty())
            return false;
        bool ok = false;
        if (take('M')) {
            out.is = kind::month_week;
            ok = !rest_.empty() && number(out.month) && take('.') && !rest_.empty() &&
                 number(out.week) && take('.') && !rest_.empty() && number(out.number) &&
                 out.month >= 1 && out.month <= 12 && out.week >= 1 && out.week <= 5 &&
                 out.number <= 6;
        } else {
            out.is = take('J') ? kind::julian : kind::zero_based;
            ok = !rest_.empty() && number(out.number) && out.number <= 366;
        }
        return ok && (!take('/') || clock(out.seconds));
    }

    std::string_view rest_;
};

std::optional<posix_rule> posix_rule::parse(std::string_view text)
{
    return rule_parser{text}.parse();
}

// Midnight of that day of the year, as if clocks there showed UTC; seconds since 1970.
std::int64_t midnight_of(const posix_rule::day& day, std::int32_t year)
{
    using kind = posix_rule::day::kind;
    const auto unix_day = [](date d) { return d.days + unix_epoch_seconds / seconds_per_day; };
    if (day.is != kind::month_week) {
        // Julian days do not count a leap day.
        const bool skip_leap_day =
            day.is == kind::julian && day.number > 59 && is_valid_day(year, 2, 29);
        const int offset = day.number - (day.is == kind::julian ? 1 : 0) + (skip_leap_day ? 1 : 0);
        return (unix_day(to_date(year, 1, 1)) + offset) * seconds_per_day;
    }
    const std::int64_t first = unix_day(to_date(year, day.month, 1));
    const auto weekday = static_cast<int>((first + 4) % 7); // 1970-01-01 was a Thursday
    int of_month = 1 + (day.number - weekday + 7) % 7 + (day.week - 1) * 7;
    while (!is_valid_day(year, day.month, of_month))
        of_month -= 7; // week 5 is the last one
    return (first + of_month - 1) * seconds_per_day;
}

} // namespace

// Fills a time_zone; apart from it so that the header stays free of file formats.
class time_zone_reader {
public:
    static std::unique_ptr<time_zone> from_rule(std::string name, const posix_rule& rule)
    {
        std::unique_ptr<time_zone> zone(new time_zone);
        zone->name_ = std::move(name);
        zone->periods_.push_back(rule.standard);
        extend(*zone, rule, 1970);
        return zone;
    }

    // A TZif file (RFC 8536), its 64-bit part.
    static std::unique_ptr<time_zone> from_file(std::string name, const std::string& bytes)
    {
        std::unique_ptr<time_zone> zone(new time_zone);
        zone->name_ = std::move(name);
        header first, second;
        std::size_t at = 0;
        if (!read_header(bytes, at, first) || first.version < '2')
            return nullptr;
        at += first.body_size(4);
        if (!read_header(bytes, at, second) || bytes.size() - at < second.body_size(8) ||
            second.types == 0)
            return nullptr;
        read_body(*zone, bytes, at, second);
        std::string_view footer = std::string_view(bytes).substr(at + second.body_size(8));
        if (footer.starts_with('\n') && footer.ends_with('\n') && footer.size() > 2) {
            footer = footer.substr(1, footer.size() - 2);
            const auto rule = posix_rule::parse(footer);
            if (!rule)
                return nullptr;
            if (rule->daylight) {
                const std::int64_t last =
                    zone->changes_.empty() ? 0 : zone->changes_.back().at - unix_epoch_seconds;
                extend(*zone, *rule, to_civil(timestamp{last * microseconds_per_second}).year);
            }
        }
        return zone;
    }

private:
    struct header {
        char version = 0;
        std::uint32_t is_utc = 0, is_standard = 0, leaps = 0, times = 0, types = 0, letters = 0;

        std::size_t body_size(std::size_t time_size) const
        {
            return times * time_size + times + types * std::size_t{6} + letters +
                   leaps * (time_size + 4) + is_standard + is_utc;
        }
    };

    static std::uint64_t load(std::string_view bytes, std::size_t at, std::size_t size)
    {
        std::uint64_t out = 0;
        for (std::size_t i = 0; i < size; ++i)
            out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
        return out;
    }

    static bool read_header(std::string_view bytes, std::size_t& at, header& out)
    {
        constexpr std::size_t size = 44;
        if (at > bytes.size() || bytes.size() - at < size || bytes.substr(at, 4) != "TZif")
            return false;
        out.version = bytes[at + 4];
        const std::array counts{&out.is_utc,
                                &out.is_standard,
                                &out.leaps,
                                &out.times,
                                &out.types,
                                &out.letters};
        for (std::size_t i = 0; i < counts.size(); ++i)
            *counts[i] = static_cast<std::uint32_t>(load(bytes, at + 20 + i * 4, 4));
        at += size;
        return true;
    }

    static void
    read_body(time_zone& zone, std::string_view bytes, std::size_t at, const header& counts)
    {
        const std::size_t kinds = at + counts.times * std::size_t{8};
        const std::size_t types = kinds + counts.times;
        const std::size_t letters = types + counts.types * std::size_t{6};
        for (std::uint32_t i = 0; i < counts.types; ++i) {
            const std::size_t type = types + i * std::size_t{6};
            time_zone::period period;
            period.seconds_east = static_cast<std::int32_t>(load(bytes, type, 4));
            period.daylight_saving = bytes[type + 4] != 0;
            const auto start = static_cast<unsigned char>(bytes[type + 5]);
            if (start < counts.letters) {
                const std::string_view rest = bytes.substr(letters + start, counts.letters - start);
                period.abbreviation = rest.substr(0, rest.find('\0'));
            }
            zone.periods_.push_back(std::move(period));
        }
        for (std::uint32_t i = 0; i < counts.times; ++i) {
            const std::size_t to = static_cast<unsigned char>(bytes[kinds + i]);
            if (to < counts.types)
                zone.changes_.push_back(
                    {static_cast<std::int64_t>(load(bytes, at + i * std::size_t{8}, 8)), to});
        }
    }

    // A whole cycle of the rule's changes, so that any later year has a twin among them.
    static void extend(time_zone& zone, const posix_rule& rule, std::int32_t from_year)
    {
        if (!rule.daylight)
            return;
        zone.periods_.push_back(rule.standard);
        zone.periods_.push_back(*rule.daylight);
        const std::size_t daylight = zone.periods_.size() - 1;
        const std::int64_t last = zone.changes_.empty() ? 0 : zone.changes_.back().at;
        std::vector<time_zone::change> added;
        for (std::int32_t year = from_year; year <= from_year + cycle_years + 1; ++year) {
            added.push_back(
                {midnight_of(rule.start, year) + rule.start.seconds - rule.standard.seconds_east,
                 daylight});
            added.push_back(
                {midnight_of(rule.end, year) + rule.end.seconds - rule.daylight->seconds_east,
                 daylight - 1});
        }
        std::ranges::sort(added, {}, &time_zone::change::at);
        std::ranges::copy_if(added,
                             std::back_inserter(zone.changes_),
                             [last](const time_zone::change& c) { return c.at > last; });
        zone.repeats_ = true;
    }
};

namespace {

// The name as the directory spells it, or nothing; PostgreSQL takes names in any case.
std::optional<std::string> spelling_of(std::string_view name)
{
    if (name.empty() || name.starts_with('/') || name.find("..") != std::string_view::npos)
        return std::nullopt;
    std::error_code failure;
    if (std::filesystem::is_regular_file(zone_directory / name, failure))
        return std::string(name);
    std::string found;
    while (!name.empty()) {
        const std::string_view part = name.substr(0, name.find('/'));
        name.remove_prefix(std::min(part.size() + 1, name.size()));
        std::optional<std::string> match;
        for (const auto& entry :
             std::filesystem::directory_iterator(zone_directory / found, failure))
            if (const std::string file = entry.path().filename().string();
                lower(file) == lower(part))
                match = file;
        if (failure || !match)
            return std::nullopt;
        found += (found.empty() ? "" : "/") + *match;
    }
    if (!std::filesystem::is_regular_file(zone_directory / found, failure))
        return std::nullopt;
    return found;
}

std::unique_ptr<time_zone> read_zone(std::string_view name)
{
    if (const auto spelling = spelling_of(name)) {
        std::ifstream file(zone_directory / *spelling, std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>{file}, {});
        return time_zone_reader::from_file(lower(name) == "utc" ? "UTC" : *spelling, bytes);
    }
    if (const auto rule = posix_rule::parse(name))
        return time_zone_reader::from_rule(std::string(name), *rule);
    if (lower(name) == "utc" || lower(name) == "gmt") // there without the files as well
        return time_zone_reader::from_rule(
            "UTC",
            {.standard = {0, false, "UTC"}, .daylight = {}, .start = {}, .end = {}});
    return nullptr;
}

std::string clock_text(std::int32_t seconds)
{
    const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    const std::int32_t size = std::abs(seconds);
    std::string out = two(size / 3600);
    if (size % 3600 != 0)
        out += ':' + two(size / 60 % 60);
    if (size % 60 != 0)
        out += ':' + two(size % 60);
    return out;
}

// PostgreSQL's default abbreviations that people write; "IST" and its kind depend on who asks.
constexpr std::pair<std::string_view, std::int32_t> abbreviations[] = {
    {"z", 0},         {"zulu", 0},       {"utc", 0},        {"gmt", 0},       {"ut", 0},
    {"wet", 0},       {"west", 3600},    {"bst", 3600},     {"cet", 3600},    {"cest", 7200},
    {"met", 3600},    {"mest", 7200},    {"eet", 7200},     {"eest", 10'800}, {"msk", 10'800},
    {"ist", 7200},    {"jst", 32'400},   {"kst", 32'400},   {"hkt", 28'800},  {"nzst", 43'200},
    {"nzdt", 46'800}, {"aest", 36'000},  {"aedt", 39'600},  {"acst", 34'200}, {"acdt", 37'800},
    {"awst", 28'800}, {"ast", -14'400},  {"adt", -10'800},  {"est", -18'000}, {"edt", -14'400},
    {"cst", -21'600}, {"cdt", -18'000},  {"mst", -25'200},  {"mdt", -21'600}, {"pst", -28'800},
    {"pdt", -25'200}, {"akst", -32'400}, {"akdt", -28'800}, {"hst", -36'000}, {"nst", -12'600},
    {"ndt", -9000},   {"sgt", 28'800},
};

} // namespace

const time_zone* time_zone::find(std::string_view name)
{
    static std::mutex guard;
    static std::map<std::string, std::unique_ptr<time_zone>, std::less<>> known;
    const std::lock_guard lock(guard);
    if (const auto found = known.find(name); found != known.end())
        return found->second.get();
    std::unique_ptr<time_zone> zone = read_zone(name);
    if (!zone)
        return nullptr;
    return known.emplace(std::string(name), std::move(zone)).first->second.get();
}

const time_zone* time_zone::from_setting(std::string_view value)
{
    double hours = 0;
    const std::string_view figures = value.starts_with('+') ? value.substr(1) : value;
    const auto [end, failure] =
        std::from_chars(figures.data(), figures.data() + figures.size(), hours);
    if (figures.empty() || failure != std::errc{} || end != figures.data() + figures.size())
        return find(value);
    const double seconds = hours * 3600;
    if (!(seconds >= -offset_max && seconds <= offset_max))
        return nullptr;
    const auto east = static_cast<std::int32_t>(seconds);
    const std::string clock = clock_text(east);
    return find((east < 0 ? "<-" : "<+") + clock + (east < 0 ? ">+" : ">-") + clock);
}

const time_zone* time_zone::from_abbreviation(std::string_view name)
{
    const auto* const found =
        std::ranges::find(abbreviations, lower(name), [](const auto& a) { return a.first; });
    if (found == std::end(abbreviations))
        return nullptr;
    const std::string clock = clock_text(found->second);
    std::string upper(name);
    for (char& c : upper)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return find('<' + upper + (found->second < 0 ? ">+" : ">-") + clock);
}

const time_zone& time_zone::utc()
{
    static const time_zone* const zone = find("UTC");
    return *zone;
}

std::size_t time_zone::changes_before(std::int64_t unix_seconds) const
{
    if (repeats_ && unix_seconds > changes_.back().at) {
        const std::int64_t beyond = unix_seconds - changes_.back().at;
        unix_seconds -= (beyond + cycle_seconds - 1) / cycle_seconds * cycle_seconds;
    }
    const auto after = std::ranges::upper_bound(changes_, unix_seconds, {}, &change::at);
    return static_cast<std::size_t>(after - changes_.begin());
}

const time_zone::period& time_zone::after(std::size_t changes) const
{
    return periods_[changes == 0 ? 0 : changes_[changes - 1].to];
}

const time_zone::period& time_zone::at_instant(std::int64_t utc_microseconds) const
{
    return after(changes_before(to_unix(utc_microseconds)));
}

const time_zone::period& time_zone::at_local(std::int64_t local_microseconds) const
{
    // The offsets a day before and a day after differ when a change is near; no zone changes twice
    // within two days.
    const std::int64_t day = microseconds_per_second * seconds_per_day;
    const period& before = at_instant(local_microseconds - day);
    const period& later = at_instant(local_microseconds + day);
    const auto holds = [&](const period& p) {
        const std::int64_t at = local_microseconds - p.seconds_east * microseconds_per_second;
        return at_instant(at).seconds_east == p.seconds_east;
    };
    const bool before_holds = holds(before);
    if (before_holds != holds(later))
        return before_holds ? before : later;
    // Neither: clocks jumped over it, they had not yet. Both: clocks showed it twice.
    return before_holds ? later : before;
}

} // namespace weir::sqlite
