#include "pool/sqlite/dialect/operator_table.hpp"

#include "pool/sqlite/dialect/function_table.hpp"

#include <algorithm>

namespace weir::sqlite {

namespace {

using namespace type;

constexpr operator_entry table[] = {
    // Integers. SQLite counts in 64 bits and turns what does not fit into a float: pg_int4() and
    // its
    // kin let nothing but a number of the type through.
    {"+", none, int2, int2, "%2"},
    {"+", none, int4, int4, "%2"},
    {"+", none, int8, int8, "%2"},
    {"-", none, int2, int2, "pg_int2(-%2)"},
    {"-", none, int4, int4, "pg_int4(-%2)"},
    {"-", none, int8, int8, "pg_int8(-%2)"},
    {"+", int2, int2, int2, "pg_int2(%1 + %2)"},
    {"+", int4, int4, int4, "pg_int4(%1 + %2)"},
    {"+", int8, int8, int8, "pg_int8(%1 + %2)"},
    {"-", int2, int2, int2, "pg_int2(%1 - %2)"},
    {"-", int4, int4, int4, "pg_int4(%1 - %2)"},
    {"-", int8, int8, int8, "pg_int8(%1 - %2)"},
    {"*", int2, int2, int2, "pg_int2(%1 * %2)"},
    {"*", int4, int4, int4, "pg_int4(%1 * %2)"},
    {"*", int8, int8, int8, "pg_int8(%1 * %2)"},
    {"/", int2, int2, int2, "pg_int2(pg_int_divide(%1, %2))"},
    {"/", int4, int4, int4, "pg_int4(pg_int_divide(%1, %2))"},
    {"/", int8, int8, int8, "pg_int_divide(%1, %2)"},
    {"%", int2, int2, int2, "pg_int_modulo(%1, %2)"},
    {"%", int4, int4, int4, "pg_int_modulo(%1, %2)"},
    {"%", int8, int8, int8, "pg_int_modulo(%1, %2)"},
    {"&", int2, int2, int2, "(%1 & %2)"},
    {"&", int4, int4, int4, "(%1 & %2)"},
    {"&", int8, int8, int8, "(%1 & %2)"},
    {"|", int2, int2, int2, "(%1 | %2)"},
    {"|", int4, int4, int4, "(%1 | %2)"},
    {"|", int8, int8, int8, "(%1 | %2)"},
    {"#", int2, int2, int2, "((%1 | %2) - (%1 & %2))"},
    {"#", int4, int4, int4, "((%1 | %2) - (%1 & %2))"},
    {"#", int8, int8, int8, "((%1 | %2) - (%1 & %2))"},
    {"~", none, int2, int2, "(~%2)"},
    {"~", none, int4, int4, "(~%2)"},
    {"~", none, int8, int8, "(~%2)"},
    {"<<", int4, int4, int4, "pg_int4_shift(%1, %2)"},
    {"<<", int8, int4, int8, "pg_int8_shift(%1, %2)"},
    {">>", int4, int4, int4, "pg_int4_shift(%1, -%2)"},
    {">>", int8, int4, int8, "pg_int8_shift(%1, -%2)"},

    // Floats. Overflow and division by zero are errors there, infinities and NULL here.
    {"+", none, float4, float4, "%2"},
    {"+", none, float8, float8, "%2"},
    {"-", none, float4, float4, "(-%2)"},
    {"-", none, float8, float8, "(-%2)"},
    {"+", float4, float4, float4, "pg_float4(pg_float8_add(%1, %2))"},
    {"+", float8, float8, float8, "pg_float8_add(%1, %2)"},
    {"-", float4, float4, float4, "pg_float4(pg_float8_subtract(%1, %2))"},
    {"-", float8, float8, float8, "pg_float8_subtract(%1, %2)"},
    {"*", float4, float4, float4, "pg_float4(pg_float8_multiply(%1, %2))"},
    {"*", float8, float8, float8, "pg_float8_multiply(%1, %2)"},
    {"/", float4, float4, float4, "pg_float4(pg_float8_divide(%1, %2))"},
    {"/", float8, float8, float8, "pg_float8_divide(%1, %2)"},
    {"^", float8, float8, float8, "pg_float8_power(%1, %2)"},
    {"|/", none, float8, float8, "pg_float8_sqrt(%2)"},
    {"@", none, float8, float8, "abs(%2)"},
    {"@", none, int4, int4, "pg_int4(abs(%2))"},
    {"@", none, int8, int8, "pg_int8_abs(%2)"},

    // Exact decimals.
    {"+", none, numeric, numeric, "%2"},
    {"-", none, numeric, numeric, "pg_numeric_negate(%2)"},
    {"+", numeric, numeric, numeric, "pg_numeric_add(%1, %2)"},
    {"-", numeric, numeric, numeric, "pg_numeric_subtract(%1, %2)"},
    {"*", numeric, numeric, numeric, "pg_numeric_multiply(%1, %2)"},
    {"/", numeric, numeric, numeric, "pg_numeric_divide(%1, %2)"},
    {"%", numeric, numeric, numeric, "pg_numeric_modulo(%1, %2)"},
    {"@", none, numeric, numeric, "ltrim(%2, '-')"},
    {"^", numeric, numeric, numeric, "pg_numeric_power(%1, %2)"},

    // Text. SQLite's LIKE folds case, so patterns go to functions.
    {"||", text, text, text, "(%1 || %2)"},
    {"||", text, anynonarray, text, "(%1 || %t2)"},
    {"||", anynonarray, text, text, "(%t1 || %2)"},
    {"||", bytea, bytea, bytea, "CAST(%1 || %2 AS BLOB)"},
    {"~~", text, text, boolean, "pg_like(%1, %2)"},
    {"~~", bpchar, text, boolean, "pg_like(%1, %2)"},
    {"!~~", text, text, boolean, "(NOT pg_like(%1, %2))"},
    {"!~~", bpchar, text, boolean, "(NOT pg_like(%1, %2))"},
    {"~~*", text, text, boolean, "pg_ilike(%1, %2)"},
    {"~~*", bpchar, text, boolean, "pg_ilike(%1, %2)"},
    {"!~~*", text, text, boolean, "(NOT pg_ilike(%1, %2))"},
    {"!~~*", bpchar, text, boolean, "(NOT pg_ilike(%1, %2))"},
    {"~", text, text, boolean, "pg_regex(%1, %2, '')"},
    {"!~", text, text, boolean, "(NOT pg_regex(%1, %2, ''))"},
    {"~*", text, text, boolean, "pg_regex(%1, %2, 'i')"},
    {"!~*", text, text, boolean, "(NOT pg_regex(%1, %2, 'i'))"},
    {"^@", text, text, boolean, "(substr(%1, 1, length(%2)) = %2)"},

    // Dates and times. The last argument says how the text before it is to be read.
    {"+", date, int4, date, "pg_date_add(%1, %2)"},
    {"+", int4, date, date, "pg_date_add(%2, %1)"},
    {"-", date, int4, date, "pg_date_add(%1, -%2)"},
    {"-", date, date, int4, "pg_date_subtract(%1, %2)"},
    {"+", date, time, timestamp, "(%1 || ' ' || %2)"},
    {"+", date, interval, timestamp, "pg_add_interval(pg_date_to_timestamp(%1), %2, 'timestamp')"},
    {"+", interval, date, timestamp, "pg_add_interval(pg_date_to_timestamp(%2), %1, 'timestamp')"},
    {"-",
     date,
     interval,
     timestamp,
     "pg_add_interval(pg_date_to_timestamp(%1), pg_interval_negate(%2), 'timestamp')"},
    {"+", timestamp, interval, timestamp, "pg_add_interval(%1, %2, 'timestamp')"},
    {"+", interval, timestamp, timestamp, "pg_add_interval(%2, %1, 'timestamp')"},
    {"-",
     timestamp,
     interval,
     timestamp,
     "pg_add_interval(%1, pg_interval_negate(%2), 'timestamp')"},
    {"-", timestamp, timestamp, interval, "pg_timestamp_subtract(%1, %2)"},
    {"+", timestamptz, interval, timestamptz, "pg_add_interval(%1, %2, 'timestamptz')"},
    {"+", interval, timestamptz, timestamptz, "pg_add_interval(%2, %1, 'timestamptz')"},
    {"-",
     timestamptz,
     interval,
     timestamptz,
     "pg_add_interval(%1, pg_interval_negate(%2), 'timestamptz')"},
    {"-", timestamptz, timestamptz, interval, "pg_timestamp_subtract(%1, %2)"},
    {"+", time, interval, time, "pg_add_interval(%1, %2, 'time')"},
    {"-", time, interval, time, "pg_add_interval(%1, pg_interval_negate(%2), 'time')"},
    {"+", interval, time, time, "pg_add_interval(%2, %1, 'time')"},
    {"+", time, date, timestamp, "(%2 || ' ' || %1)"},
    {"-", time, time, interval, "pg_time_subtract(%1, %2)"},
    {"-", none, interval, interval, "pg_interval_negate(%2)"},
    {"+", interval, interval, interval, "pg_interval_add(%1, %2)"},
    {"-", interval, interval, interval, "pg_interval_add(%1, pg_interval_negate(%2))"},
    {"*", interval, float8, interval, "pg_interval_multiply(%1, %2)"},
    {"*", float8, interval, interval, "pg_interval_multiply(%2, %1)"},
    {"/", interval, float8, interval, "pg_interval_divide(%1, %2)"},

    // Arrays: PostgreSQL has these and weir has not.
    {"||", anyarray, anyarray, anyarray, {}},
    {"||", anyarray, anynonarray, anyarray, {}},
    {"||", anynonarray, anyarray, anyarray, {}},
    {"@>", anyarray, anyarray, boolean, {}},
    {"<@", anyarray, anyarray, boolean, {}},
    {"~~", bytea, bytea, boolean, {}},

    // JSON.
    {"->", json, text, json, "pg_json_get(%1, %2)"},
    {"->", json, int4, json, "pg_json_get(%1, %2)"},
    {"->", jsonb, text, jsonb, "pg_json_get(%1, %2)"},
    {"->", jsonb, int4, jsonb, "pg_json_get(%1, %2)"},
    {"->>", json, text, text, "pg_json_get_text(%1, %2)"},
    {"->>", json, int4, text, "pg_json_get_text(%1, %2)"},
    {"->>", jsonb, text, text, "pg_json_get_text(%1, %2)"},
    {"->>", jsonb, int4, text, "pg_json_get_text(%1, %2)"},
    {"#>", json, text_array, json, "pg_json_get_path(%1, %2)"},
    {"#>", jsonb, text_array, jsonb, "pg_json_get_path(%1, %2)"},
    {"#>>", json, text_array, text, "pg_json_get_path_text(%1, %2)"},
    {"#>>", jsonb, text_array, text, "pg_json_get_path_text(%1, %2)"},
    {"@>", jsonb, jsonb, boolean, "pg_jsonb_contains(%1, %2)"},
    {"<@", jsonb, jsonb, boolean, "pg_jsonb_contains(%2, %1)"},
    {"?", jsonb, text, boolean, "pg_jsonb_exists(%1, %2)"},
    {"?|", jsonb, text_array, boolean, "pg_jsonb_exists_any(%1, %2)"},
    {"?&", jsonb, text_array, boolean, "pg_jsonb_exists_all(%1, %2)"},
    {"||", jsonb, jsonb, jsonb, "pg_jsonb_concat(%1, %2)"},
    {"-", jsonb, text, jsonb, "pg_jsonb_delete(%1, %2)"},
    {"-", jsonb, int4, jsonb, "pg_jsonb_delete(%1, %2)"},
    {"-", jsonb, text_array, jsonb, {}},
    {"#-", jsonb, text_array, jsonb, {}},
};

constexpr comparable_type comparables[] = {
    {boolean, ""},     {int2, ""},
    {int4, ""},        {int8, ""},
    {oid_, ""},        {float4, ""},
    {float8, ""},      {numeric, "pg_numeric"},
    {text, ""},        {bpchar, "RTRIM"},
    {name, ""},        {char_, ""},
    {bytea, ""},       {date, ""},
    {time, ""},        {timestamp, ""},
    {timestamptz, ""}, {interval, "pg_interval"},
    {uuid, ""},        {jsonb, "", false},
};

} // namespace

std::span<const operator_entry> operator_table() { return table; }
std::span<const comparable_type> comparable_types() { return comparables; }

const comparable_type* find_comparable(oid of)
{
    const auto found = std::ranges::find(comparables, of, &comparable_type::type);
    return found == std::end(comparables) ? nullptr : &*found;
}

} // namespace weir::sqlite
