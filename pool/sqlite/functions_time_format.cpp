// to_char() of dates, times and intervals (documentation, 9.8, tables 9.27 and 9.28).
#include "pool/sqlite/datetime.hpp"
#include "pool/sqlite/functions_call.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

namespace weir::sqlite {

namespace {

constexpr std::array<std::string_view, 12> month_names{"January",
                                                       "February",
                                                       "March",
                                                       "April",
                                                       "May",
                                                       "June",
                                                       "July",
                                                       "August",
                                                       "September",
                                                       "October",
                                                       "November",
                                                       "December"};
constexpr std::array<std::string_view, 7> day_names{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

// What is to be printed: a moment, or an interval's fields.
struct subject {
    civil fields;
    std::int64_t hours = 0;  // of an interval they may exceed a day
    std::optional<date> day; // not of an interval
    const time_zone::period* zone = nullptr;
};

std::string cased(std::string_view name, std::string_view like)
{
    std::string out(name);
    const bool upper = like.size() > 1 && like[1] >= 'A' && like[1] <= 'Z';
    const bool lower = like[0] >= 'a' && like[0] <= 'z';
    for (char& c : out) {
        if (upper && c >= 'a' && c <= 'z')
            c = static_cast<char>(c - 'a' + 'A');
        if (lower && c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

class printer {
public:
    printer(const subject& what, std::string_view pattern) : what_(what), rest_(pattern) {}

    std::string run()
    {
        while (!rest_.empty())
            next();
        return std::move(out_);
    }

private:
    bool take(std::string_view word)
    {
        if (rest_.size() < word.size())
            return false;
        const std::string_view head = rest_.substr(0, word.size());
        const bool same = std::ranges::equal(head, word, [](char a, char b) {
            return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
        });
        if (!same)
            return false;
        taken_ = head;
        rest_.remove_prefix(word.size());
        return true;
    }

    // A number of so many figures; FM drops the zeros, TH adds an ordinal's ending.
    void number(std::int64_t n, std::size_t width)
    {
        std::string figures = std::to_string(std::abs(n));
        if (!fill_ && figures.size() < width)
            figures.insert(0, width - figures.size(), '0');
        if (n < 0)
            figures.insert(0, 1, '-');
        out_ += figures;
        if (rest_.starts_with("TH") || rest_.starts_with("th")) {
            const bool upper = rest_.front() == 'T';
            rest_.remove_prefix(2);
            const std::int64_t last_two = std::abs(n) % 100, last = last_two % 10;
            const bool teen = last_two / 10 == 1;
            std::string_view ending = upper ? "TH" : "th";
            if (!teen && last == 1)
                ending = upper ? "ST" : "st";
            else if (!teen && last == 2)
                ending = upper ? "ND" : "nd";
            else if (!teen && last == 3)
                ending = upper ? "RD" : "rd";
            out_ += ending;
        }
        fill_ = false;
    }

    void word(std::string_view name, std::size_t width)
    {
        out_ += cased(name, taken_);
        if (!fill_ && name.size() < width)
            out_.append(width - name.size(), ' ');
        fill_ = false;
    }

    std::int64_t field(std::string_view name) const // of the day
    {
        return must(must(extract(name, day()))->to_int64());
    }

    std::size_t month_index() const { return static_cast<std::size_t>(field("month") - 1); }

    date day() const
    {
        if (!what_.day)
            refuse("22007",
                   "invalid format specification for an interval value",
                   -1,
                   "Intervals are not tied to specific calendar dates.");
        return *what_.day;
    }

    void literal()
    {
        rest_.remove_prefix(1);
        while (!rest_.empty() && rest_.front() != '"') {
            if (rest_.front() == '\\' && rest_.size() > 1)
                rest_.remove_prefix(1);
            out_.push_back(rest_.front());
            rest_.remove_prefix(1);
        }
        rest_.remove_prefix(std::min<std::size_t>(rest_.size(), 1));
    }

    bool clock()
    {
        const civil& c = what_.fields;
        const std::int64_t twelve = what_.hours % 12 == 0 ? 12 : what_.hours % 12;
        if (take("HH24"))
            number(what_.hours, 2);
        else if (take("HH12") || take("HH"))
            number(twelve, 2);
        else if (take("MI"))
            number(c.minute, 2);
        else if (take("SSSSS") || take("SSSS"))
            number(what_.hours * 3600 + c.minute * 60 + c.second, 1);
        else if (take("SS"))
            number(c.second, 2);
        else if (take("MS"))
            number(c.microsecond / 1000, 3);
        else if (take("US"))
            number(c.microsecond, 6);
        else if (take("AM") || take("PM"))
            out_ += cased(what_.hours % 24 >= 12 ? "PM" : "AM", taken_);
        else if (take("A.M.") || take("P.M."))
            out_ += cased(what_.hours % 24 >= 12 ? "P.M." : "A.M.", std::string(2, taken_[0]));
        else
            return false;
        return true;
    }

    bool year()
    {
        const std::int64_t n = what_.fields.year;
        if (take("Y,YYY")) {
            number(n / 1000, 1);
            out_.push_back(',');
            number(n % 1000, 3);
        } else if (take("YYYY"))
            number(n, 4);
        else if (take("YYY"))
            number(n % 1000, 3);
        else if (take("YY"))
            number(n % 100, 2);
        else if (take("Y"))
            number(n % 10, 1);
        else if (take("IYYY"))
            number(field("isoyear"), 4);
        else if (take("CC"))
            number((n + 99) / 100, 2);
        else
            return false;
        return true;
    }

    bool month_or_day()
    {
        const civil& c = what_.fields;
        if (take("MONTH"))
            word(month_names[month_index()], 9);
        else if (take("MON"))
            word(month_names[month_index()].substr(0, 3), 3);
        else if (take("MM"))
            number(c.month, 2);
        else if (take("DAY"))
            word(day_names[static_cast<std::size_t>(field("dow"))], 9);
        else if (take("DDD"))
            number(field("doy"), 3);
        else if (take("DD"))
            number(c.day, 2);
        else if (take("DY"))
            word(day_names[static_cast<std::size_t>(field("dow"))].substr(0, 3), 3);
        else if (take("ID"))
            number(field("isodow"), 1);
        else if (take("IW"))
            number(field("week"), 2);
        else if (take("WW"))
            number((field("doy") - 1) / 7 + 1, 2);
        else if (take("W"))
            number((field("day") - 1) / 7 + 1, 1);
        else if (take("D"))
            number(field("dow") + 1, 1);
        else if (take("Q"))
            number(field("quarter"), 1);
        else if (take("J"))
            number(field("julian"), 1);
        else
            return false;
        return true;
    }

    bool zone()
    {
        const std::int32_t east = what_.zone != nullptr ? what_.zone->seconds_east : 0;
        const std::int32_t size = std::abs(east);
        const auto two = [this](std::int32_t n) {
            out_ += (n < 10 ? "0" : "") + std::to_string(n);
        };
        if (take("TZH")) {
            out_.push_back(east < 0 ? '-' : '+');
            two(size / 3600);
        } else if (take("TZM")) {
            two(size / 60 % 60);
        } else if (take("TZ")) {
            if (what_.zone != nullptr)
                out_ += cased(what_.zone->abbreviation, taken_);
        } else if (take("OF")) {
            out_.push_back(east < 0 ? '-' : '+');
            two(size / 3600);
            if (size % 3600 != 0) {
                out_.push_back(':');
                two(size / 60 % 60);
            }
        } else {
            return false;
        }
        return true;
    }

    void next()
    {
        if (rest_.front() == '"')
            return literal();
        if (take("FM")) {
            fill_ = true;
            return;
        }
        if (clock() || zone() || year() || month_or_day())
            return;
        if (rest_.starts_with('\\') && rest_.size() > 1)
            rest_.remove_prefix(1);
        out_.push_back(rest_.front());
        rest_.remove_prefix(1);
    }

    const subject& what_;
    std::string_view rest_;
    std::string_view taken_;
    bool fill_ = false; // FM was said
    std::string out_;
};

subject subject_of(timestamp t)
{
    subject out;
    out.fields = to_civil(t);
    out.hours = out.fields.hour;
    out.day = to_date(t);
    return out;
}

subject subject_of(const interval& i)
{
    subject out;
    const std::int64_t seconds = i.microseconds / microseconds_per_second;
    out.hours = seconds / 3600;
    out.fields.year = i.months / 12;
    out.fields.month = i.months % 12;
    out.fields.day = i.days;
    out.fields.minute = static_cast<int>(seconds / 60 % 60);
    out.fields.second = static_cast<int>(seconds % 60);
    out.fields.microsecond = static_cast<int>(i.microseconds % microseconds_per_second);
    return out;
}

void to_char(function_call& call)
{
    const std::string pattern(call.text(1));
    const std::string_view type = call.text(2);
    if (type == "interval")
        return call.give(printer{subject_of(must(parse_interval(call.text(0)))), pattern}.run());
    const timestamptz stored = must(parse_timestamptz(call.text(0), {}));
    if (!stored.is_finite())
        return; // NULL
    if (type == "timestamp")
        return call.give(printer{subject_of(timestamp{stored.microseconds}), pattern}.run());
    const time_zone* zone = time_zone::find(call.session().time_zone);
    zone = zone != nullptr ? zone : &time_zone::utc();
    subject what = subject_of(at_zone(stored, *zone));
    what.zone = &zone->at_instant(stored.microseconds);
    call.give(printer{what, pattern}.run());
}

constexpr scalar_function functions[] = {
    {"pg_to_char", 3, to_char, scalar_function::kind::stable},
};

} // namespace

void register_time_format_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
