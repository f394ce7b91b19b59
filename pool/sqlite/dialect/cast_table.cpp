#include "pool/sqlite/dialect/cast_table.hpp"

#include <algorithm>

namespace weir::sqlite {

namespace {

using namespace type;
using enum cast_context;

// pg_int2(), pg_int4() and pg_int8() take any number: an integer is checked for its range, a float
// rounds to even and the text of a numeric away from zero, as PostgreSQL's casts do.
constexpr cast_entry table[] = {
    {int2, int4, implicit, "%1"},
    {int2, int8, implicit, "%1"},
    {int4, int8, implicit, "%1"},
    {int4, int2, assignment, "pg_int2(%1)"},
    {int8, int2, assignment, "pg_int2(%1)"},
    {int8, int4, assignment, "pg_int4(%1)"},
    {int2, float4, implicit, "CAST(%1 AS REAL)"},
    {int4, float4, implicit, "pg_float4(CAST(%1 AS REAL))"},
    {int8, float4, implicit, "pg_float4(CAST(%1 AS REAL))"},
    {int2, float8, implicit, "CAST(%1 AS REAL)"},
    {int4, float8, implicit, "CAST(%1 AS REAL)"},
    {int8, float8, implicit, "CAST(%1 AS REAL)"},
    {int2, numeric, implicit, "CAST(%1 AS TEXT)"},
    {int4, numeric, implicit, "CAST(%1 AS TEXT)"},
    {int8, numeric, implicit, "CAST(%1 AS TEXT)"},
    {numeric, int2, assignment, "pg_int2(%1)"},
    {numeric, int4, assignment, "pg_int4(%1)"},
    {numeric, int8, assignment, "pg_int8(%1)"},
    {numeric, float4, implicit, "pg_float4(CAST(%1 AS REAL))"},
    {numeric, float8, implicit, "pg_numeric_to_float8(%1)"},
    {float4, float8, implicit, "%1"},
    {float8, float4, assignment, "pg_float4(%1)"},
    {float4, int2, assignment, "pg_int2(%1)"},
    {float4, int4, assignment, "pg_int4(%1)"},
    {float4, int8, assignment, "pg_int8(%1)"},
    {float8, int2, assignment, "pg_int2(%1)"},
    {float8, int4, assignment, "pg_int4(%1)"},
    {float8, int8, assignment, "pg_int8(%1)"},
    {float4, numeric, assignment, "pg_float_to_numeric(%1, 6)"},
    {float8, numeric, assignment, "pg_float_to_numeric(%1, 15)"},
    {int4, boolean, explicit_, "(%1 <> 0)"},
    {boolean, int4, explicit_, "%1"},
    {int2, oid_, implicit, "%1"},
    {int4, oid_, implicit, "(%1 & 4294967295)"},
    {int8, oid_, implicit, "pg_oid(%1)"},
    {oid_, int4, assignment, "pg_int4(%1)"},
    {oid_, int8, assignment, "%1"},
    {oid_, regclass, implicit, "%1"},
    {oid_, regtype, implicit, "%1"},
    {oid_, regproc, implicit, "%1"},
    {regclass, oid_, implicit, "%1"},
    {regtype, oid_, implicit, "%1"},
    {regproc, oid_, implicit, "%1"},
    {int4, regclass, implicit, "%1"},
    {int8, regclass, implicit, "%1"},
    {regclass, int4, assignment, "pg_int4(%1)"},
    {regclass, int8, assignment, "%1"},
    {text, regclass, implicit, "pg_to_regclass(%1)"},
    {varchar, regclass, implicit, "pg_to_regclass(%1)"},

    {text, varchar, implicit, "%1"},
    {text, bpchar, implicit, "%1"},
    {text, name, implicit, "pg_name(%1)"},
    {text, char_, assignment, "substr(%1, 1, 1)"},
    {varchar, text, implicit, "%1"},
    {varchar, bpchar, implicit, "%1"},
    {varchar, name, implicit, "pg_name(%1)"},
    {bpchar, text, implicit, "rtrim(%1, ' ')"},
    {bpchar, varchar, implicit, "rtrim(%1, ' ')"},
    {bpchar, name, implicit, "pg_name(rtrim(%1, ' '))"},
    {name, text, implicit, "%1"},
    {name, varchar, assignment, "%1"},
    {name, bpchar, assignment, "%1"},
    {char_, text, implicit, "%1"},

    {date, timestamp, implicit, "pg_date_to_timestamp(%1)"},
    {date, timestamptz, implicit, "pg_timestamp_to_timestamptz(pg_date_to_timestamp(%1))"},
    {timestamp, date, assignment, "pg_timestamp_to_date(%1)"},
    {timestamp, time, assignment, "pg_timestamp_to_time(%1)"},
    {timestamp, timestamptz, implicit, "pg_timestamp_to_timestamptz(%1)"},
    {timestamptz, date, assignment, "pg_timestamp_to_date(pg_timestamptz_to_timestamp(%1))"},
    {timestamptz, time, assignment, "pg_timestamp_to_time(pg_timestamptz_to_timestamp(%1))"},
    {timestamptz, timestamp, assignment, "pg_timestamptz_to_timestamp(%1)"},
    {time, interval, implicit, "pg_time_to_interval(%1)"},
    {interval, time, assignment, "pg_interval_to_time(%1)"},

    {json, jsonb, assignment, "pg_jsonb(%1)"},
    {jsonb, json, assignment, "%1"},
    {jsonb, boolean, explicit_, "pg_jsonb_to(%1, 'boolean')"},
    {jsonb, numeric, explicit_, "pg_jsonb_to(%1, 'numeric')"},
    {jsonb, int4, explicit_, "pg_int4(pg_jsonb_to(%1, 'integer'))"},
    {jsonb, int8, explicit_, "pg_int8(pg_jsonb_to(%1, 'bigint'))"},
    {jsonb, float8, explicit_, "CAST(pg_jsonb_to(%1, 'double precision') AS REAL)"},

    // Through text, as PostgreSQL does when pg_cast has no better way: any type to text here, text
    // to any type with pg_input(), which is the type's input function.
    {boolean, text, assignment, "CASE %1 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"},
    {int2, text, assignment, "CAST(%1 AS TEXT)"},
    {int4, text, assignment, "CAST(%1 AS TEXT)"},
    {int8, text, assignment, "CAST(%1 AS TEXT)"},
    {oid_, text, assignment, "CAST(%1 AS TEXT)"},
    {numeric, text, assignment, "(%1 || '')"},
    {date, text, assignment, "pg_output(%1, %T1)"},
    {time, text, assignment, "%1"},
    {json, text, assignment, "%1"},
    {jsonb, text, assignment, "%1"},
    {uuid, text, assignment, "%1"},
};

constexpr modifier_entry modifiers[] = {
    {varchar, "pg_varchar(%1, %2)", "substr(%1, 1, %2)"},
    {bpchar, "pg_bpchar(%1, %2)", "pg_bpchar(substr(%1, 1, %2), %2)"},
    {numeric, "pg_numeric_fit(%1, %2, %3)", "pg_numeric_fit(%1, %2, %3)"},
    {time, "pg_round_time(%1, %2, 'time')", "pg_round_time(%1, %2, 'time')"},
    {timestamp, "pg_round_time(%1, %2, 'timestamp')", "pg_round_time(%1, %2, 'timestamp')"},
    {timestamptz, "pg_round_time(%1, %2, 'timestamptz')", "pg_round_time(%1, %2, 'timestamptz')"},
};

} // namespace

std::span<const modifier_entry> modifier_table() { return modifiers; }
std::span<const cast_entry> cast_table() { return table; }

const cast_entry* find_cast(oid from, oid to)
{
    const auto found = std::ranges::find_if(table, [&](const cast_entry& each) {
        return each.from == from && each.to == to;
    });
    return found == std::end(table) ? nullptr : &*found;
}

} // namespace weir::sqlite
