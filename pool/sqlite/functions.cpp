#include "pool/sqlite/functions.hpp"

#include "pool/sqlite/datetime.hpp"
#include "pool/sqlite/functions_call.hpp"

#include <sqlite3.h>

namespace weir::sqlite {

namespace {

template <class Parse>
int compare_parsed(int a_size, const void* a, int b_size, const void* b, Parse parse)
{
    const std::string_view x(static_cast<const char*>(a), static_cast<std::size_t>(a_size));
    const std::string_view y(static_cast<const char*>(b), static_cast<std::size_t>(b_size));
    const auto left = parse(x);
    const auto right = parse(y);
    // What is no value of the type sorts after all that are, by its bytes: an order it has to be.
    if (!left || !right)
        return left.has_value() != right.has_value() ? (left.has_value() ? -1 : 1) : x.compare(y);
    return *left == *right ? 0 : *left < *right ? -1 : 1;
}

struct comparable_decimal {
    decimal d;
    bool operator==(const comparable_decimal& o) const { return compare(d, o.d) == 0; }
    bool operator<(const comparable_decimal& o) const { return compare(d, o.d) < 0; }
};

int compare_numerics(void*, int a_size, const void* a, int b_size, const void* b)
{
    return compare_parsed(a_size,
                          a,
                          b_size,
                          b,
                          [](std::string_view text) -> result<comparable_decimal> {
                              result<decimal> parsed = decimal::parse(text);
                              if (!parsed)
                                  return parsed.error();
                              return comparable_decimal{std::move(*parsed)};
                          });
}

int compare_intervals(void*, int a_size, const void* a, int b_size, const void* b)
{
    return compare_parsed(a_size, a, b_size, b, parse_interval);
}

void register_collation(connection& into,
                        const char* name,
                        int (*compare)(void*, int, const void*, int, const void*))
{
    if (sqlite3_create_collation_v2(into.get(), name, SQLITE_UTF8, nullptr, compare, nullptr) !=
        SQLITE_OK)
        throw refusal{into.last_error()};
}

} // namespace

result<void> register_functions(connection& into, const function_context* context)
{
    try {
        register_collation(into, "pg_numeric", compare_numerics);
        register_collation(into, "pg_interval", compare_intervals);
        register_aggregates(into, context);
        register_array_functions(into, context);
        register_cast_functions(into, context);
        register_datetime_functions(into, context);
        register_digest_functions(into, context);
        register_json_functions(into, context);
        register_jsonb_functions(into, context);
        register_number_functions(into, context);
        register_pattern_functions(into, context);
        register_sequence_functions(into, context);
        register_session_functions(into, context);
        register_text_functions(into, context);
        register_time_format_functions(into, context);
    } catch (const refusal& why) {
        return why.what;
    }
    return {};
}

} // namespace weir::sqlite
