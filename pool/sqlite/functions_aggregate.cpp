// Aggregates that SQLite has not or does otherwise. Each can also run over a window's frame: rows
// leave it in the order in which they came.
#include "pool/sqlite/datetime.hpp"
#include "pool/sqlite/functions_call.hpp"
#include "pool/sqlite/json_text.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <sqlite3.h>

#include <deque>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace weir::sqlite {

namespace {

// A State has add(call) and remove(call) for rows, and give(call) for what they come to so far.
template <class State>
class aggregate {
public:
    static void install(connection& into, const char* name, int arguments)
    {
        if (sqlite3_create_window_function(into.get(),
                                           name,
                                           arguments,
                                           SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC,
                                           nullptr,
                                           step,
                                           finish,
                                           current,
                                           inverse,
                                           nullptr) != SQLITE_OK)
            throw refusal{into.last_error()};
    }

private:
    // SQLite keeps a zeroed pointer for each group; nothing is made before the first row.
    static State** slot(sqlite3_context* sqlite, bool create)
    {
        return static_cast<State**>(
            sqlite3_aggregate_context(sqlite, create ? static_cast<int>(sizeof(State*)) : 0));
    }

    template <class Work>
    static void guarded(sqlite3_context* sqlite, Work work)
    {
        try {
            work();
        } catch (const refusal& why) {
            const std::string text = text_for_sqlite(why.what);
            sqlite3_result_error(sqlite, text.data(), static_cast<int>(text.size()));
        } catch (const std::exception&) {
            sqlite3_result_error_nomem(sqlite);
        }
    }

    static void step(sqlite3_context* sqlite, int count, sqlite3_value** values)
    {
        guarded(sqlite, [&] {
            State** const state = slot(sqlite, true);
            if (state == nullptr)
                throw std::bad_alloc();
            if (*state == nullptr)
                *state = std::make_unique<State>().release();
            (*state)->add(function_call(sqlite, {values, static_cast<std::size_t>(count)}));
        });
    }

    static void inverse(sqlite3_context* sqlite, int count, sqlite3_value** values)
    {
        guarded(sqlite, [&] {
            (*slot(sqlite, true))
                ->remove(function_call(sqlite, {values, static_cast<std::size_t>(count)}));
        });
    }

    static void give(sqlite3_context* sqlite, State** state)
    {
        guarded(sqlite, [&] {
            function_call call(sqlite, {});
            if (state != nullptr && *state != nullptr)
                (*state)->give(call);
        });
    }

    static void current(sqlite3_context* sqlite) { give(sqlite, slot(sqlite, true)); }

    static void finish(sqlite3_context* sqlite)
    {
        State** const state = slot(sqlite, false);
        const std::unique_ptr<State> owned(state != nullptr ? std::exchange(*state, nullptr)
                                                            : nullptr);
        if (owned) {
            State* bare = owned.get();
            give(sqlite, &bare);
        }
    }
};

// Sums of exact decimals. NaN and infinities are counted apart, since they cannot be subtracted.
class numeric_total {
public:
    void add(const function_call& call) { change(call, 1); }
    void remove(const function_call& call) { change(call, -1); }

protected:
    std::int64_t count() const { return count_; }

    decimal total() const
    {
        if (nans_ > 0 || (infinities_ > 0 && minus_infinities_ > 0))
            return decimal::special(decimal::kind::nan);
        if (infinities_ > 0 || minus_infinities_ > 0)
            return decimal::special(infinities_ > 0 ? decimal::kind::infinity
                                                    : decimal::kind::minus_infinity);
        // Of the scale of the rows there are, which may be less than of those that left.
        std::int32_t scale = 0;
        for (std::size_t s = 0; s < by_scale_.size(); ++s)
            if (by_scale_[s] > 0)
                scale = static_cast<std::int32_t>(s);
        return sum_.rounded(scale);
    }

private:
    void change(const function_call& call, int by)
    {
        if (call.is_null(0))
            return;
        const decimal d = call.number(0);
        count_ += by;
        switch (d.is) {
        case decimal::kind::nan: nans_ += by; return;
        case decimal::kind::infinity: infinities_ += by; return;
        case decimal::kind::minus_infinity: minus_infinities_ += by; return;
        case decimal::kind::finite: break;
        }
        const auto scale = static_cast<std::size_t>(d.scale);
        if (by_scale_.size() <= scale)
            by_scale_.resize(scale + 1);
        by_scale_[scale] += by;
        sum_ = by > 0 ? weir::sqlite::add(sum_, d) : subtract(sum_, d);
    }

    decimal sum_;
    std::int64_t count_ = 0, nans_ = 0, infinities_ = 0, minus_infinities_ = 0;
    std::vector<std::int64_t> by_scale_; // how many rows have each scale
};

struct numeric_sum : numeric_total {
    void give(function_call& call) const
    {
        if (count() > 0)
            call.give(total());
    }
};

struct numeric_average : numeric_total {
    void give(function_call& call) const
    {
        if (count() > 0)
            call.give(must(divide(total(), decimal{count()})));
    }
};

class interval_sum {
public:
    void add(const function_call& call) { change(call, false); }
    void remove(const function_call& call) { change(call, true); }
    void give(function_call& call) const
    {
        if (count_ > 0)
            call.give(to_text(sum_));
    }

private:
    void change(const function_call& call, bool leaves)
    {
        if (call.is_null(0))
            return;
        const interval i = must(parse_interval(call.text(0)));
        count_ += leaves ? -1 : 1;
        sum_ = must(weir::sqlite::add(sum_, leaves ? negate(i) : i));
    }

    interval sum_;
    std::int64_t count_ = 0;
};

// string_agg(text, separator): a separator stands before its own text, except the first's.
class string_list {
public:
    void add(const function_call& call)
    {
        if (!call.is_null(0))
            parts_.emplace_back(call.text(1), call.text(0));
    }
    void remove(const function_call& call)
    {
        if (!call.is_null(0))
            parts_.pop_front();
    }
    void give(function_call& call) const
    {
        if (parts_.empty())
            return;
        std::string out = parts_.front().second;
        for (std::size_t i = 1; i < parts_.size(); ++i)
            out += parts_[i].first + parts_[i].second;
        call.give(out);
    }

private:
    std::deque<std::pair<std::string, std::string>> parts_; // separator, text
};

// What collects all rows, NULLs too.
class row_list {
public:
    void add(const function_call& call)
    {
        rows_.push_back(call.is_null(0) ? array_element{} : array_element{call.text(0)});
    }
    void remove(const function_call&) { rows_.pop_front(); }

protected:
    std::deque<array_element> rows_;
};

struct array_list : row_list {
    void give(function_call& call) const
    {
        if (rows_.empty())
            return;
        std::string out = "{";
        for (const array_element& each : rows_) {
            if (out.size() > 1)
                out.push_back(',');
            if (each)
                append_array_element(out, *each);
            else
                out += "NULL";
        }
        call.give(out + '}');
    }
};

struct json_list : row_list {
    void give(function_call& call) const
    {
        if (rows_.empty())
            return;
        std::string out = "[";
        for (const array_element& each : rows_)
            out += (out.size() > 1 ? ", " : "") + each.value_or("null");
        call.give(out + ']');
    }
};

class json_members {
public:
    void add(const function_call& call)
    {
        if (call.is_null(0))
            refuse("22023", "field name must not be null");
        members_.emplace_back(json_text::quoted(call.text(0)),
                              call.is_null(1) ? "null" : call.text(1));
    }
    void remove(const function_call&) { members_.pop_front(); }
    void give(function_call& call) const
    {
        if (members_.empty())
            return;
        std::string out = "{ ";
        for (const auto& [key, value] : members_)
            out += (out.size() > 2 ? ", " : "") + key + " : " + value;
        call.give(out + " }");
    }

private:
    std::deque<std::pair<std::string, std::string>> members_;
};

// A subquery where one value is wanted.
class only_row {
public:
    void add(const function_call& call)
    {
        if (++count_ > 1)
            refuse("21000", "more than one row returned by a subquery used as an expression");
        const value v = call.argument(0);
        text_ = v.bytes;
        value_ = v;
    }
    void remove(const function_call&) { --count_; }
    void give(function_call& call) const
    {
        value v = value_;
        v.bytes = text_;
        call.give(v);
    }

private:
    std::int64_t count_ = 0;
    std::string text_;
    value value_;
};

} // namespace

void register_aggregates(connection& into, const function_context*)
{
    aggregate<numeric_sum>::install(into, "pg_numeric_sum", 1);
    aggregate<numeric_average>::install(into, "pg_numeric_avg", 1);
    aggregate<interval_sum>::install(into, "pg_interval_sum", 1);
    aggregate<string_list>::install(into, "pg_string_agg", 2);
    aggregate<array_list>::install(into, "pg_array_agg", 1);
    aggregate<json_list>::install(into, "pg_json_agg", 1);
    aggregate<json_members>::install(into, "pg_json_object_agg", 2);
    aggregate<only_row>::install(into, "pg_only_row", 1);
}

} // namespace weir::sqlite
