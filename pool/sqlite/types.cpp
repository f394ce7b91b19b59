#include "pool/sqlite/types.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::sqlite {

namespace {

// As pg_type of PostgreSQL 15 has them. Arrays are stored as texts: {1,2,NULL}.
constexpr type_info types[] = {
    {oid{16}, "bool", "boolean", 1, 'B', oid{1000}, "INTEGER"},
    {oid{17}, "bytea", "bytea", -1, 'U', oid{1001}, "BLOB"},
    {oid{18}, "char", "\"char\"", 1, 'Z', oid{1002}, "TEXT"},
    {oid{19}, "name", "name", 64, 'S', oid{1003}, "TEXT"},
    {oid{20}, "int8", "bigint", 8, 'N', oid{1016}, "INTEGER"},
    {oid{21}, "int2", "smallint", 2, 'N', oid{1005}, "INTEGER"},
    {oid{23}, "int4", "integer", 4, 'N', oid{1007}, "INTEGER"},
    {oid{24}, "regproc", "regproc", 4, 'N', oid{1008}, "INTEGER"},
    {oid{25}, "text", "text", -1, 'S', oid{1009}, "TEXT"},
    {oid{26}, "oid", "oid", 4, 'N', oid{1028}, "INTEGER"},
    {oid{28}, "xid", "xid", 4, 'U', oid{1011}, "INTEGER"},
    {oid{114}, "json", "json", -1, 'U', oid{199}, "TEXT"},
    {oid{194}, "pg_node_tree", "pg_node_tree", -1, 'Z', oid{0}, "TEXT"},
    {oid{700}, "float4", "real", 4, 'N', oid{1021}, "REAL"},
    {oid{701}, "float8", "double precision", 8, 'N', oid{1022}, "REAL"},
    {oid{705}, "unknown", "unknown", -2, 'X', oid{0}, "TEXT"},
    {oid{1042}, "bpchar", "character", -1, 'S', oid{1014}, "TEXT"},
    {oid{1043}, "varchar", "character varying", -1, 'S', oid{1015}, "TEXT"},
    {oid{1082}, "date", "date", 4, 'D', oid{1182}, "TEXT"},
    {oid{1083}, "time", "time without time zone", 8, 'D', oid{1183}, "TEXT"},
    {oid{1114}, "timestamp", "timestamp without time zone", 8, 'D', oid{1115}, "TEXT"},
    {oid{1184}, "timestamptz", "timestamp with time zone", 8, 'D', oid{1185}, "TEXT"},
    {oid{1186}, "interval", "interval", 16, 'T', oid{1187}, "TEXT"},
    {oid{1266}, "timetz", "time with time zone", 12, 'D', oid{1270}, "TEXT"},
    {oid{1700}, "numeric", "numeric", -1, 'N', oid{1231}, "TEXT"},
    {oid{2205}, "regclass", "regclass", 4, 'N', oid{2210}, "INTEGER"},
    {oid{2206}, "regtype", "regtype", 4, 'N', oid{2211}, "INTEGER"},
    {oid{2249}, "record", "record", -1, 'P', oid{2287}, "TEXT"},
    {oid{2275}, "cstring", "cstring", -2, 'P', oid{1263}, "TEXT"},
    {oid{2276}, "any", "\"any\"", 4, 'P', oid{0}, "TEXT"},
    {oid{2277}, "anyarray", "anyarray", -1, 'P', oid{0}, "TEXT"},
    {oid{2278}, "void", "void", 4, 'P', oid{0}, "TEXT"},
    {oid{2283}, "anyelement", "anyelement", 4, 'P', oid{0}, "TEXT"},
    {oid{2950}, "uuid", "uuid", 16, 'U', oid{2951}, "TEXT"},
    {oid{3802}, "jsonb", "jsonb", -1, 'U', oid{3807}, "TEXT"},
    {oid{4089}, "regnamespace", "regnamespace", 4, 'N', oid{4090}, "INTEGER"},
    {oid{22}, "int2vector", "int2vector", -1, 'A', oid{1006}, "TEXT"},
    {oid{30}, "oidvector", "oidvector", -1, 'A', oid{1013}, "TEXT"},
    {oid{199}, "_json", "json[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1000}, "_bool", "boolean[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1001}, "_bytea", "bytea[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1002}, "_char", "\"char\"[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1003}, "_name", "name[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1005}, "_int2", "smallint[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1007}, "_int4", "integer[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1009}, "_text", "text[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1014}, "_bpchar", "character[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1015}, "_varchar", "character varying[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1016}, "_int8", "bigint[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1021}, "_float4", "real[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1022}, "_float8", "double precision[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1028}, "_oid", "oid[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1115}, "_timestamp", "timestamp without time zone[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1182}, "_date", "date[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1183}, "_time", "time without time zone[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1185}, "_timestamptz", "timestamp with time zone[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1187}, "_interval", "interval[]", -1, 'A', oid{0}, "TEXT"},
    {oid{1231}, "_numeric", "numeric[]", -1, 'A', oid{0}, "TEXT"},
    {oid{2951}, "_uuid", "uuid[]", -1, 'A', oid{0}, "TEXT"},
    {oid{3807}, "_jsonb", "jsonb[]", -1, 'A', oid{0}, "TEXT"},
};

// Other spellings that are not format_type's; serial and its kin are no types.
constexpr std::pair<std::string_view, std::string_view> aliases[] = {
    {"int", "int4"},
    {"decimal", "numeric"},
    {"dec", "numeric"},
    {"float", "float8"},
    {"char", "bpchar"}, // the keyword; "char" in quotes is typname char
};

} // namespace

const type_info* find_type(oid id)
{
    const auto* const found = std::ranges::find(types, id, &type_info::id);
    return found == std::end(types) ? nullptr : found;
}

const type_info* find_type(std::string_view name)
{
    const auto* found = std::ranges::find(types, name, &type_info::name);
    if (found == std::end(types))
        found = std::ranges::find(types, name, &type_info::sql_name);
    if (found != std::end(types))
        return found;
    const auto* const alias =
        std::ranges::find(aliases, name, [](const auto& pair) { return pair.first; });
    return alias == std::end(aliases) ? nullptr : find_type(alias->second);
}

std::span<const type_info> all_types() { return types; }

} // namespace weir::sqlite
