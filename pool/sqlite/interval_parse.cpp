// Reading intervals: "1 year -2 days 03:04:05.6 ago", ISO 8601's P1Y2DT3H, SQL's 1-2 and 3 4:05.
#include "pool/sqlite/datetime.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

enum class unit : std::uint8_t {
    microsecond,
    millisecond,
    second,
    minute,
    hour,
    day,
    week,
    month,
    year,
    decade,
    century,
    millennium
};

std::optional<unit> unit_named(std::string_view word)
{
    static constexpr auto names = std::to_array<std::pair<std::string_view, unit>>({
        {"us", unit::microsecond},
        {"usec", unit::microsecond},
        {"usecs", unit::microsecond},
        {"usecond", unit::microsecond},
        {"useconds", unit::microsecond},
        {"microsecon", unit::microsecond},
        {"microsecond", unit::microsecond},
        {"microseconds", unit::microsecond},
        {"ms", unit::millisecond},
        {"msec", unit::millisecond},
        {"msecs", unit::millisecond},
        {"msecond", unit::millisecond},
        {"mseconds", unit::millisecond},
        {"millisecond", unit::millisecond},
        {"milliseconds", unit::millisecond},
        {"s", unit::second},
        {"sec", unit::second},
        {"secs", unit::second},
        {"second", unit::second},
        {"seconds", unit::second},
        {"m", unit::minute},
        {"min", unit::minute},
        {"mins", unit::minute},
        {"minute", unit::minute},
        {"minutes", unit::minute},
        {"h", unit::hour},
        {"hr", unit::hour},
        {"hrs", unit::hour},
        {"hour", unit::hour},
        {"hours", unit::hour},
        {"d", unit::day},
        {"day", unit::day},
        {"days", unit::day},
        {"w", unit::week},
        {"week", unit::week},
        {"weeks", unit::week},
        {"mon", unit::month},
        {"mons", unit::month},
        {"month", unit::month},
        {"months", unit::month},
        {"y", unit::year},
        {"yr", unit::year},
        {"yrs", unit::year},
        {"year", unit::year},
        {"years", unit::year},
        {"dec", unit::decade},
        {"decs", unit::decade},
        {"decade", unit::decade},
        {"decades", unit::decade},
        {"c", unit::century},
        {"cent", unit::century},
        {"century", unit::century},
        {"centuries", unit::century},
        {"mil", unit::millennium},
        {"mils", unit::millennium},
        {"millennia", unit::millennium},
        {"millennium", unit::millennium},
        {"millenniums", unit::millennium},
    });
    std::string lower(word);
    for (char& c : lower)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto* const found =
        std::ranges::find(names, lower, [](const auto& n) { return n.first; });
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

// 1.5 as its whole part and its fraction, both with the sign, so that no digit is lost.
struct quantity {
    std::int64_t whole = 0;
    double fraction = 0;
    bool negative = false;
};

class interval_reader {
public:
    explicit interval_reader(std::string_view text) : rest_(text) {}

    enum class outcome : std::uint8_t { ok, syntax, range };

    outcome read(interval& out)
    {
        skip_space();
        outcome o = rest_.starts_with('P') ? iso() : words();
        if (o == outcome::ok && repeated_)
            o = outcome::syntax;
        if (o == outcome::ok && overflow_)
            o = outcome::range;
        out = {microseconds_, days_, months_};
        return o;
    }

private:
    void skip_space()
    {
        while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == ','))
            rest_.remove_prefix(1);
    }

    bool take(char c)
    {
        if (!rest_.starts_with(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool read_whole(std::int64_t& out)
    {
        const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
        if (failure == std::errc::result_out_of_range)
            overflow_ = true;
        else if (failure != std::errc{})
            return false;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return true;
    }

    bool read_fraction(double& out)
    {
        const char* const begin = rest_.data();
        rest_.remove_prefix(1);
        while (!rest_.empty() && is_digit(rest_.front()))
            rest_.remove_prefix(1);
        out = rest_.data() - begin == 1 ? 0 : std::stod("0" + std::string(begin, rest_.data()));
        return true;
    }

    bool read_quantity(quantity& out)
    {
        out = {};
        if (rest_.starts_with('-') || rest_.starts_with('+')) {
            out.negative = rest_.front() == '-';
            rest_.remove_prefix(1);
            skip_space();
        }
        if (rest_.empty() || (!is_digit(rest_.front()) && rest_.front() != '.'))
            return false;
        if (is_digit(rest_.front()) && !read_whole(out.whole))
            return false;
        if (rest_.starts_with('.'))
            read_fraction(out.fraction);
        if (out.negative) {
            out.whole = -out.whole;
            out.fraction = -out.fraction;
        }
        return true;
    }

    template <class Integer>
    void sum(Integer& field, std::int64_t amount, std::int64_t factor)
    {
        std::int64_t product = 0;
        if (__builtin_mul_overflow(amount, factor, &product) ||
            __builtin_add_overflow(field, product, &field))
            overflow_ = true;
    }

    void add_seconds(double seconds)
    {
        const double microseconds = std::rint(seconds * 1e6);
        if (!(std::fabs(microseconds) < 9.2e18))
            overflow_ = true;
        else
            sum(microseconds_, static_cast<std::int64_t>(microseconds), 1);
    }

    // What is left of a day goes to the time, what is left of a month to days and time.
    void add_day_fraction(double days)
    {
        const double whole = std::trunc(days);
        sum(days_, static_cast<std::int64_t>(whole), 1);
        add_seconds((days - whole) * 86'400);
    }

    void note(unit u)
    {
        const unsigned bit = 1u << static_cast<unsigned>(u);
        repeated_ = repeated_ || (seen_ & bit) != 0;
        seen_ |= bit;
    }

    void add_quantity(const quantity& q, unit u)
    {
        note(u);
        const auto time = [&](std::int64_t microseconds) {
            sum(microseconds_, q.whole, microseconds);
            add_seconds(q.fraction * static_cast<double>(microseconds) / 1e6);
        };
        const auto years = [&](int count) {
            sum(months_, q.whole, count * 12);
            sum(months_, static_cast<std::int64_t>(std::rint(q.fraction * count * 12)), 1);
        };
        switch (u) {
        case unit::microsecond: return time(1);
        case unit::millisecond: return time(1000);
        case unit::second: return time(microseconds_per_second);
        case unit::minute: return time(60 * microseconds_per_second);
        case unit::hour: return time(3600 * microseconds_per_second);
        case unit::day: sum(days_, q.whole, 1); return add_day_fraction(q.fraction);
        case unit::week: sum(days_, q.whole, 7); return add_day_fraction(q.fraction * 7);
        case unit::month: sum(months_, q.whole, 1); return add_day_fraction(q.fraction * 30);
        case unit::year: return years(1);
        case unit::decade: return years(10);
        case unit::century: return years(100);
        case unit::millennium: return years(1000);
        }
    }

    // The rest of 4:05, 4:05:06.7 after its hours.
    outcome clock(const quantity& hours)
    {
        std::int64_t minutes = 0, seconds = 0;
        double fraction = 0;
        rest_.remove_prefix(1);
        if (rest_.empty() || !is_digit(rest_.front()) || !read_whole(minutes))
            return outcome::syntax;
        bool only_two = true;
        if (take(':')) {
            only_two = false;
            if (rest_.empty() || !is_digit(rest_.front()) || !read_whole(seconds))
                return outcome::syntax;
        }
        if (rest_.starts_with('.'))
            read_fraction(fraction);
        std::int64_t whole_hours = std::abs(hours.whole);
        if (only_two && fraction != 0) { // with a fraction two numbers are minutes and seconds
            seconds = minutes;
            minutes = whole_hours;
            whole_hours = 0;
        }
        if (minutes > 59 || seconds > 59)
            return outcome::range;
        note(unit::hour);
        note(unit::minute);
        note(unit::second);
        const int sign = hours.negative ? -1 : 1;
        sum(microseconds_, whole_hours * sign, 3600 * microseconds_per_second);
        sum(microseconds_, (minutes * 60 + seconds) * sign, microseconds_per_second);
        add_seconds(fraction * sign);
        return outcome::ok;
    }

    outcome words()
    {
        bool any = false;
        if (take('@'))
            skip_space();
        while (skip_space(), !rest_.empty()) {
            if (is_letter(rest_.front())) {
                const std::string_view word = take_word();
                if (word != "ago" && word != "AGO" && word != "Ago")
                    return outcome::syntax;
                skip_space();
                if (!rest_.empty() || !any)
                    return outcome::syntax;
                const interval turned = negate({microseconds_, days_, months_});
                microseconds_ = turned.microseconds;
                days_ = turned.days;
                months_ = turned.months;
                return outcome::ok;
            }
            quantity q;
            if (!read_quantity(q))
                return outcome::syntax;
            any = true;
            if (rest_.starts_with(':')) {
                if (const outcome o = clock(q); o != outcome::ok)
                    return o;
                continue;
            }
            if (rest_.starts_with('-') && rest_.size() > 1 && is_digit(rest_[1])) { // SQL's 1-2
                std::int64_t months = 0;
                rest_.remove_prefix(1);
                if (!read_whole(months))
                    return outcome::syntax;
                if (months > 11)
                    return outcome::range;
                sum(months_, q.whole, 12);
                sum(months_, q.negative ? -months : months, 1);
                continue;
            }
            skip_space();
            if (!rest_.empty() && is_letter(rest_.front())) {
                const std::string_view before = rest_;
                const auto u = unit_named(take_word());
                if (u) {
                    add_quantity(q, *u);
                    continue;
                }
                rest_ = before; // "ago" after a number without its unit
            }
            // SQL's 3 4:05:06 begins with days; a number alone is seconds.
            const bool clock_follows = !rest_.empty() && is_digit(rest_.front()) &&
                                       rest_.find(':') != std::string_view::npos;
            add_quantity(q, clock_follows ? unit::day : unit::second);
        }
        return any ? outcome::ok : outcome::syntax;
    }

    std::string_view take_word()
    {
        const auto end = std::ranges::find_if_not(rest_, is_letter);
        const std::string_view word =
            rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(word.size());
        return word;
    }

    // P1Y2M3W4DT5H6M7.8S
    outcome iso()
    {
        rest_.remove_prefix(1);
        bool time = false;
        bool any = false;
        while (!rest_.empty() && !is_space(rest_.front())) {
            if (!time && take('T')) {
                time = true;
                any = true; // PT is nothing at all
                continue;
            }
            quantity q;
            if (!read_quantity(q) || rest_.empty())
                return outcome::syntax;
            any = true;
            const char letter = rest_.front();
            rest_.remove_prefix(1);
            switch (letter) {
            case 'Y': add_quantity(q, unit::year); break;
            case 'M': add_quantity(q, time ? unit::minute : unit::month); break;
            case 'W': add_quantity(q, unit::week); break;
            case 'D': add_quantity(q, unit::day); break;
            case 'H': add_quantity(q, unit::hour); break;
            case 'S': add_quantity(q, unit::second); break;
            default: return outcome::syntax;
            }
            const bool of_time = letter == 'H' || letter == 'S';
            if (letter != 'M' && of_time != time)
                return outcome::syntax;
        }
        skip_space();
        return any && rest_.empty() ? outcome::ok : outcome::syntax;
    }

    std::string_view rest_;
    bool overflow_ = false;
    bool repeated_ = false; // a unit twice is a mistake
    unsigned seen_ = 0;     // a bit for each unit
    std::int64_t microseconds_ = 0;
    std::int32_t days_ = 0;
    std::int32_t months_ = 0;
};

} // namespace

result<interval> parse_interval(std::string_view text)
{
    interval out;
    switch (interval_reader{text}.read(out)) {
    case interval_reader::outcome::ok: break;
    case interval_reader::outcome::syntax:
        return error{sqlstate{"22007"},
                     "invalid input syntax for type interval: \"" + std::string(text) + '"'};
    case interval_reader::outcome::range:
        return error{sqlstate{"22008"},
                     "interval field value out of range: \"" + std::string(text) + '"'};
    }
    return out;
}

} // namespace weir::sqlite
