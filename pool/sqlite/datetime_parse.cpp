// Reading dates and times in the forms that PostgreSQL takes (documentation, 8.5.1 and B.1): first
// the ISO form that nearly all are in, then word by word. Intervals have a file of their own.
#include "pool/sqlite/datetime.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace weir::sqlite {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

int to_int(std::string_view figures) // digits only; what is too long is out of range anyway
{
    int n = -1;
    std::from_chars(figures.data(), figures.data() + figures.size(), n);
    return n;
}

// 1 to 12 for "jan", "sept", "december"; 0 for anything else.
int month_number(std::string_view word)
{
    static constexpr std::array<std::string_view, 12> names{"january",
                                                            "february",
                                                            "march",
                                                            "april",
                                                            "may",
                                                            "june",
                                                            "july",
                                                            "august",
                                                            "september",
                                                            "october",
                                                            "november",
                                                            "december"};
    if (word == "sept")
        return 9;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (word == names[i] || word == names[i].substr(0, 3))
            return static_cast<int>(i) + 1;
    return 0;
}

bool is_weekday(std::string_view word)
{
    static constexpr std::array<std::string_view, 7>
        names{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
    return word == "tues" || word == "wednes" || word == "weds" || word == "thur" ||
           word == "thurs" || std::ranges::any_of(names, [word](std::string_view name) {
               return word == name || word == name.substr(0, 3);
           });
}

// What a text said, before a type is made of it.
struct reading {
    enum class special : std::uint8_t {
        none,
        now,
        today,
        tomorrow,
        yesterday,
        epoch,
        infinity,
        minus_infinity
    };
    special is = special::none;
    std::optional<civil> day; // its date fields
    std::optional<std::int64_t> clock;
    std::optional<std::int32_t> offset; // seconds east
    const time_zone* zone = nullptr;
};

enum class outcome : std::uint8_t { ok, syntax, field_range, displacement, zone_unknown };

class reader {
public:
    reader(std::string_view text, date_order order, bool clock_only)
        : rest_(text), order_(order), clock_only_(clock_only)
    {
    }

    outcome read(reading& out)
    {
        if (const outcome o = words(); o != outcome::ok)
            return o;
        if (out_.is == reading::special::none) {
            if (const outcome o = resolve_day(); o != outcome::ok)
                return o;
            if (meridian_ != 0 && !out_.clock)
                return outcome::syntax;
            if (meridian_ != 0) {
                const std::int64_t hour = *out_.clock / (3600 * microseconds_per_second);
                if (hour > 12 || hour < 1)
                    return outcome::field_range;
                const int shift = meridian_ == 'p' ? (hour == 12 ? 0 : 12) : (hour == 12 ? -12 : 0);
                *out_.clock += shift * 3600 * microseconds_per_second;
            }
        }
        out = std::move(out_);
        return outcome::ok;
    }

    const std::string& unknown_zone() const { return unknown_zone_; }

private:
    outcome words()
    {
        while (true) {
            while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == ','))
                rest_.remove_prefix(1);
            if (rest_.empty())
                return outcome::ok;
            const char c = rest_.front();
            outcome o = outcome::syntax;
            if (is_digit(c))
                o = figures();
            else if (c == '+' || c == '-')
                o = signed_word();
            else if (is_letter(c))
                o = word();
            if (o != outcome::ok)
                return o;
        }
    }

    template <class Predicate>
    std::string_view take_while(Predicate wanted)
    {
        const auto end = std::ranges::find_if_not(rest_, wanted);
        const std::string_view taken =
            rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    // A number, a date with separators, or a clock.
    outcome figures()
    {
        std::size_t end = 0;
        while (end < rest_.size() && is_digit(rest_[end]))
            ++end;
        const char next = end < rest_.size() ? rest_[end] : ' ';
        const char beyond = end + 1 < rest_.size() ? rest_[end + 1] : ' ';
        if (next == ':')
            return clock();
        const bool separated = next == '-' || next == '/' || next == '.';
        if (separated && (is_digit(beyond) || is_letter(beyond)) && day_parts_.empty() &&
            !(next == '.' && end >= 6) && !clock_only_)
            return day_with_separators(next);
        const std::string_view digits = take_while(is_digit);
        const bool clock_expected = clock_only_ || after_t_ || day_parts_.size() == 3;
        if (clock_expected && !out_.clock)
            return compact_clock(digits);
        if (digits.size() == 8 && day_parts_.empty()) {
            day_parts_ = {{digits.substr(0, 4), 0},
                          {digits.substr(4, 2), 0},
                          {digits.substr(6), 0}};
            year_first_ = true;
            return outcome::ok;
        }
        if (digits.size() == 6 && day_parts_.empty()) {
            day_parts_ = {{digits.substr(0, 2), 0},
                          {digits.substr(2, 2), 0},
                          {digits.substr(4), 0}};
            year_first_ = true;
            return outcome::ok;
        }
        if (day_parts_.size() >= 3)
            return outcome::syntax;
        day_parts_.push_back({digits, 0});
        return outcome::ok;
    }

    // 2024-02-29, 29.2.2024, 08-Jan-1999
    outcome day_with_separators(char separator)
    {
        while (true) {
            if (!rest_.empty() && is_letter(rest_.front())) {
                const std::string_view name = take_while(is_letter);
                const int month = month_number(lower(name));
                if (month == 0)
                    return outcome::syntax;
                day_parts_.push_back({name, month});
            } else {
                const std::string_view digits = take_while(is_digit);
                if (digits.empty())
                    return outcome::syntax;
                day_parts_.push_back({digits, 0});
            }
            if (day_parts_.size() == 3 || rest_.empty() || rest_.front() != separator)
                break;
            rest_.remove_prefix(1);
        }
        return day_parts_.size() == 3 ? outcome::ok : outcome::syntax;
    }

    // 13:14, 13:14:15.678
    outcome clock()
    {
        if (out_.clock)
            return outcome::syntax;
        const std::string_view hours = take_while(is_digit);
        rest_.remove_prefix(1);
        const std::string_view minutes = take_while(is_digit);
        std::string_view seconds = "0";
        if (minutes.empty())
            return outcome::syntax;
        if (rest_.starts_with(':')) {
            rest_.remove_prefix(1);
            seconds = take_while(is_digit);
            if (seconds.empty())
                return outcome::syntax;
        }
        return set_clock(to_int(hours), to_int(minutes), to_int(seconds));
    }

    // 131415.678 or 1314
    outcome compact_clock(std::string_view digits)
    {
        if (digits.size() != 4 && digits.size() != 6)
            return outcome::syntax;
        return set_clock(to_int(digits.substr(0, 2)),
                         to_int(digits.substr(2, 2)),
                         digits.size() == 6 ? to_int(digits.substr(4)) : 0);
    }

    outcome set_clock(int hour, int minute, int second)
    {
        std::int64_t fraction = 0;
        if (rest_.starts_with('.')) {
            rest_.remove_prefix(1);
            const std::string_view digits = take_while(is_digit);
            std::int64_t unit = microseconds_per_second;
            for (const char c : digits.substr(0, 6))
                fraction += (c - '0') * (unit /= 10);
            // As a double would: a half goes to the even neighbour.
            if (const std::string_view beyond =
                    digits.substr(std::min<std::size_t>(digits.size(), 6));
                !beyond.empty() && beyond[0] >= '5')
                fraction += beyond.find_first_not_of('0', 1) != std::string_view::npos ||
                                    beyond[0] > '5' || fraction % 2 != 0
                                ? 1
                                : 0;
        }
        if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
            (hour == 24 && (minute > 0 || second > 0 || fraction > 0)))
            return outcome::field_range;
        out_.clock =
            (std::int64_t{hour} * 3600 + minute * 60 + second) * microseconds_per_second + fraction;
        after_t_ = false;
        return outcome::ok;
    }

    // A zone's offset, or -infinity.
    outcome signed_word()
    {
        const bool negative = rest_.front() == '-';
        rest_.remove_prefix(1);
        if (!rest_.empty() && is_letter(rest_.front())) {
            const std::string name = lower(take_while(is_letter));
            if (name != "infinity" && name != "inf")
                return outcome::syntax;
            return set_special(negative ? reading::special::minus_infinity
                                        : reading::special::infinity);
        }
        const std::string_view digits = take_while(is_digit);
        if (digits.empty() || out_.offset || out_.zone != nullptr ||
            (!out_.clock && day_parts_.empty()))
            return outcome::syntax;
        int hours = to_int(digits), minutes = 0, seconds = 0;
        if (rest_.starts_with(':')) {
            rest_.remove_prefix(1);
            minutes = to_int(take_while(is_digit));
            if (rest_.starts_with(':')) {
                rest_.remove_prefix(1);
                seconds = to_int(take_while(is_digit));
            }
        } else if (digits.size() > 2) { // 0530
            if (digits.size() > 4)
                return outcome::syntax;
            minutes = to_int(digits.substr(digits.size() - 2));
            hours = to_int(digits.substr(0, digits.size() - 2));
        }
        if (minutes < 0 || seconds < 0)
            return outcome::syntax;
        if (hours < 0 || hours > 15 || minutes > 59 || seconds > 59)
            return outcome::displacement;
        const std::int32_t size = hours * 3600 + minutes * 60 + seconds;
        out_.offset = negative ? -size : size;
        return outcome::ok;
    }

    outcome word()
    {
        const std::string_view before = rest_;
        const std::string name = lower(take_while(is_letter));
        if (name == "t" && !rest_.empty() && is_digit(rest_.front())) {
            after_t_ = true;
            return outcome::ok;
        }
        if (const int month = month_number(name); month != 0) {
            if (day_parts_.size() >= 3)
                return outcome::syntax;
            if (rest_.size() > 1 && rest_.front() == '-' && is_digit(rest_[1])) { // Jan-08-1999
                rest_ = before;
                return day_with_separators('-');
            }
            day_parts_.push_back({before.substr(0, name.size()), month});
            return outcome::ok;
        }
        if (is_weekday(name) || name == "at" || name == "on" || name == "ad")
            return outcome::ok;
        if (name == "am" || name == "pm") {
            meridian_ = name.front();
            return outcome::ok;
        }
        if (name == "bc") {
            before_christ_ = true;
            return outcome::ok;
        }
        if (name == "allballs" && !out_.clock) {
            out_.clock = 0;
            out_.offset = 0;
            return outcome::ok;
        }
        static constexpr std::array<std::pair<std::string_view, reading::special>, 7> specials{
            {{"now", reading::special::now},
             {"today", reading::special::today},
             {"tomorrow", reading::special::tomorrow},
             {"yesterday", reading::special::yesterday},
             {"epoch", reading::special::epoch},
             {"infinity", reading::special::infinity},
             {"inf", reading::special::infinity}}};
        for (const auto& [text, special] : specials)
            if (name == text)
                return set_special(special);
        return zone_name(before);
    }

    outcome set_special(reading::special special)
    {
        if (out_.is != reading::special::none || !day_parts_.empty())
            return outcome::syntax;
        out_.is = special;
        return outcome::ok;
    }

    outcome zone_name(std::string_view before)
    {
        if (out_.zone != nullptr || out_.offset || (!out_.clock && day_parts_.empty()))
            return outcome::syntax;
        rest_ = before;
        const std::string_view name = take_while([](char c) {
            return is_letter(c) || is_digit(c) || c == '/' || c == '_' || c == '+' || c == '-';
        });
        out_.zone = time_zone::from_abbreviation(name);
        if (out_.zone == nullptr)
            out_.zone = time_zone::find(name);
        if (out_.zone == nullptr && name.find('/') != std::string_view::npos) {
            unknown_zone_ = lower(name);
            return outcome::zone_unknown;
        }
        return out_.zone == nullptr ? outcome::syntax : outcome::ok;
    }

    outcome resolve_day()
    {
        if (day_parts_.empty())
            return outcome::ok;
        if (day_parts_.size() != 3)
            return outcome::syntax;
        std::array<std::size_t, 3> at{}; // where year, month and day are
        const auto named =
            std::ranges::find_if(day_parts_, [](const part& p) { return p.month != 0; });
        if (named != day_parts_.end()) {
            at[1] = static_cast<std::size_t>(named - day_parts_.begin());
            const std::size_t first = at[1] == 0 ? 1 : 0;
            const std::size_t second = 3 - at[1] - first;
            const bool year_first =
                day_parts_[first].text.size() > 2 ||
                (order_ == date_order::ymd && day_parts_[second].text.size() <= 2);
            at[0] = year_first ? first : second;
            at[2] = year_first ? second : first;
        } else if (year_first_ || day_parts_[0].text.size() > 2 || order_ == date_order::ymd) {
            at = {0, 1, 2};
        } else if (order_ == date_order::dmy) {
            at = {2, 1, 0};
        } else {
            at = {2, 0, 1};
        }
        const part& year = day_parts_[at[0]];
        const part& month = day_parts_[at[1]];
        if (day_parts_[at[2]].month != 0 || year.month != 0)
            return outcome::syntax; // two names of months
        civil c;
        c.year = to_int(year.text);
        if (year.text.size() <= 2)
            c.year += c.year < 70 ? 2000 : 1900;
        c.month = month.month != 0 ? month.month : to_int(month.text);
        c.day = to_int(day_parts_[at[2]].text);
        if (c.year < 1 || c.year > 9999 || before_christ_ || !is_valid_day(c.year, c.month, c.day))
            return outcome::field_range;
        out_.day = c;
        return outcome::ok;
    }

    struct part {
        std::string_view text;
        int month = 0; // when it is a name
    };
    std::string_view rest_;
    date_order order_;
    bool clock_only_;
    bool after_t_ = false;
    bool year_first_ = false;
    bool before_christ_ = false;
    char meridian_ = 0;
    std::vector<part> day_parts_;
    std::string unknown_zone_;
    reading out_;
};

// 2024-02-29 13:14:15.5+01 and its beginnings; false for anything else, whatever that is.
bool read_iso(std::string_view text, reading& out)
{
    const auto number = [text](std::size_t at, std::size_t size) {
        int n = 0;
        for (std::size_t i = at; i < at + size; ++i) {
            if (i >= text.size() || !is_digit(text[i]))
                return -1;
            n = n * 10 + (text[i] - '0');
        }
        return n;
    };
    const auto is_at = [text](std::size_t at, char c) { return at < text.size() && text[at] == c; };
    civil c;
    c.year = number(0, 4);
    c.month = number(5, 2);
    c.day = number(8, 2);
    if (!is_at(4, '-') || !is_at(7, '-') || c.year < 1 || !is_valid_day(c.year, c.month, c.day))
        return false;
    out.day = c;
    if (text.size() == 10)
        return true;
    const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    if ((text[10] != ' ' && text[10] != 'T') || !is_at(13, ':') || !is_at(16, ':') || hour < 0 ||
        hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    std::size_t at = 19;
    std::int64_t fraction = 0;
    if (is_at(at, '.')) {
        std::int64_t unit = microseconds_per_second;
        for (++at; at < text.size() && is_digit(text[at]); ++at) {
            unit /= 10;
            if (unit == 0)
                return false; // to be rounded
            fraction += (text[at] - '0') * unit;
        }
    }
    out.clock =
        (hour * std::int64_t{3600} + minute * 60 + second) * microseconds_per_second + fraction;
    if (at == text.size())
        return true;
    const int zone_hours = number(at + 1, 2);
    const bool has_minutes = is_at(at + 3, ':');
    const int zone_minutes = has_minutes ? number(at + 4, 2) : 0;
    if ((text[at] != '+' && text[at] != '-') || zone_hours < 0 || zone_hours > 15 ||
        zone_minutes < 0 || zone_minutes > 59 || text.size() != at + (has_minutes ? 6 : 3))
        return false;
    const std::int32_t size = zone_hours * 3600 + zone_minutes * 60;
    out.offset = text[at] == '-' ? -size : size;
    return true;
}

error no_such(std::string_view type, std::string_view text)
{
    return {sqlstate{"22007"},
            "invalid input syntax for type " + std::string(type) + ": \"" + std::string(text) +
                '"'};
}

error out_of_range(std::string_view what, std::string_view text)
{
    return {sqlstate{"22008"}, std::string(what) + " out of range: \"" + std::string(text) + '"'};
}

result<reading>
read(std::string_view text, std::string_view type, date_order order, bool clock_only)
{
    reading out;
    if (!clock_only && read_iso(text, out))
        return out;
    out = {};
    reader r{text, order, clock_only};
    switch (r.read(out)) {
    case outcome::ok: break;
    case outcome::syntax: return no_such(type, text);
    case outcome::field_range: return out_of_range("date/time field value", text);
    case outcome::displacement:
        return error{sqlstate{"22009"},
                     "time zone displacement out of range: \"" + std::string(text) + '"'};
    case outcome::zone_unknown:
        return error{sqlstate{"22023"}, "time zone \"" + r.unknown_zone() + "\" not recognized"};
    }
    return out;
}

// Midnights of words like 'today' are those of the session's zone.
std::optional<timestamp> special_time(reading::special is, const datetime_context& context)
{
    const timestamp now = at_zone(context.now, *context.zone);
    const auto midnight = [now](int days) {
        return timestamp{to_timestamp(to_date(now)).microseconds + days * microseconds_per_day};
    };
    switch (is) {
    case reading::special::none: return std::nullopt;
    case reading::special::now: return now;
    case reading::special::today: return midnight(0);
    case reading::special::tomorrow: return midnight(1);
    case reading::special::yesterday: return midnight(-1);
    case reading::special::epoch: return timestamp{-unix_epoch_seconds * microseconds_per_second};
    case reading::special::infinity: return timestamp::infinity();
    case reading::special::minus_infinity: return timestamp::minus_infinity();
    }
    return std::nullopt;
}

date day_of(const reading& r) { return to_date(r.day->year, r.day->month, r.day->day); }

timestamp clock_of(const reading& r)
{
    return {to_timestamp(day_of(r)).microseconds + r.clock.value_or(0)};
}

bool in_calendar(std::int64_t microseconds)
{
    static const std::int64_t first = to_timestamp(to_date(1, 1, 1)).microseconds;
    static const std::int64_t end =
        to_timestamp(to_date(9999, 12, 31)).microseconds + microseconds_per_day;
    return microseconds >= first && microseconds < end;
}

} // namespace

result<date> parse_date(std::string_view text, const datetime_context& context)
{
    const result<reading> r = read(text, "date", context.order, false);
    if (!r)
        return r.error();
    if (const auto special = special_time(r->is, context))
        return to_date(*special);
    if (!r->day)
        return no_such("date", text);
    return day_of(*r);
}

result<time_of_day> parse_time(std::string_view text, const datetime_context& context)
{
    result<reading> r = read(text, "time", context.order, true);
    if (!r) // a whole timestamp has a time too
        r = read(text, "time", context.order, false);
    if (!r)
        return r.error();
    if (r->is == reading::special::now)
        return to_time(at_zone(context.now, *context.zone));
    if (!r->clock)
        return no_such("time", text);
    return time_of_day{*r->clock};
}

result<timestamp> parse_timestamp(std::string_view text, const datetime_context& context)
{
    const result<reading> r = read(text, "timestamp", context.order, false);
    if (!r)
        return r.error();
    if (const auto special = special_time(r->is, context))
        return *special;
    if (!r->day)
        return no_such("timestamp", text);
    const timestamp out = clock_of(*r);
    if (!in_calendar(out.microseconds)) // 9999-12-31 24:00
        return out_of_range("timestamp", text);
    return out;
}

result<timestamptz> parse_timestamptz(std::string_view text, const datetime_context& context)
{
    constexpr std::string_view name = "timestamp with time zone";
    const result<reading> r = read(text, name, context.order, false);
    if (!r)
        return r.error();
    if (r->is == reading::special::now)
        return context.now;
    if (r->is == reading::special::epoch)
        return timestamptz{-unix_epoch_seconds * microseconds_per_second};
    if (const auto special = special_time(r->is, context))
        return from_zone(*special, *context.zone);
    if (!r->day)
        return no_such(name, text);
    const timestamp local = clock_of(*r);
    const timestamptz out =
        r->offset ? timestamptz{local.microseconds - *r->offset * microseconds_per_second}
                  : from_zone(local, r->zone != nullptr ? *r->zone : *context.zone);
    if (!in_calendar(out.microseconds))
        return out_of_range("timestamp", text);
    return out;
}

} // namespace weir::sqlite
