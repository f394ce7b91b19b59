#include "pool/sqlite/dialect/type_rules.hpp"

#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/nodes.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace weir::sqlite {

namespace {

using namespace type;

// PostgreSQL has these and weir does not: 0A000, not "does not exist".
constexpr std::string_view missing_types[] = {
    "bit",       "box",       "cid",       "cidr",     "circle",        "daterange", "inet",
    "int4range", "int8range", "line",      "lseg",     "macaddr",       "macaddr8",  "money",
    "numrange",  "path",      "pg_lsn",    "point",    "polygon",       "regproc",   "tid",
    "tsquery",   "tsrange",   "tstzrange", "tsvector", "txid_snapshot", "varbit",    "xid",
    "xml",       "record",    "hstore",    "citext",
};

int modifier_number(const nodes::node& of, int offset)
{
    if (of.node_case != PG_QUERY__NODE__NODE_A_CONST ||
        of.a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
        refuse("42601", "type modifiers must be simple constants or identifiers", offset);
    return of.a_const->ival->ival;
}

std::int32_t modifier_of(oid of, const std::vector<int>& numbers, int offset)
{
    if (numbers.empty())
        return -1;
    if (of == varchar || of == bpchar) {
        const char* what = of == varchar ? "varchar" : "char";
        if (numbers.size() != 1)
            refuse("22023", "invalid type modifier", offset);
        if (numbers[0] < 1)
            refuse("22023", std::string("length for type ") + what + " must be at least 1", offset);
        if (numbers[0] > 10485760)
            refuse("22023",
                   std::string("length for type ") + what + " cannot exceed 10485760",
                   offset);
        return numbers[0] + 4;
    }
    if (of == numeric) {
        const int precision = numbers[0];
        const int scale = numbers.size() > 1 ? numbers[1] : 0;
        if (precision < 1 || precision > 1000)
            refuse("22023",
                   "NUMERIC precision " + std::to_string(precision) + " must be between 1 and 1000",
                   offset);
        if (scale < -1000 || scale > 1000)
            refuse("22023",
                   "NUMERIC scale " + std::to_string(scale) + " must be between -1000 and 1000",
                   offset);
        return ((precision << 16) | (scale & 0x7ff)) + 4;
    }
    if (of == time || of == type::timestamp || of == type::timestamptz || of == timetz)
        return std::clamp(numbers[0], 0, 6);
    if (of == type::interval)
        refuse_feature("a precision or field of interval", offset);
    refuse("42601", "type modifier is not allowed for type \"" + spelling_of(of) + "\"", offset);
}

} // namespace

bool is_text(oid of) { return of == text || of == varchar || of == bpchar || of == name; }

bool is_integer(oid of) { return of == int2 || of == int4 || of == int8; }

bool is_number(oid of) { return is_integer(of) || of == float4 || of == float8 || of == numeric; }

oid array_of(oid element)
{
    const type_info* known = find_type(element);
    return known ? known->array : none;
}

bool is_array(oid of) { return element_of(of) != none; }

char category_of(oid of)
{
    if (of == none || of == unknown)
        return 'X';
    if (of == any || of == anyarray || of == anyelement || of == anynonarray)
        return 'P';
    if (is_array(of))
        return 'A';
    const type_info* known = find_type(of);
    return known ? known->category : 'U';
}

bool is_preferred(oid of)
{
    return of == boolean || of == text || of == float8 || of == oid_ || of == type::timestamptz ||
           of == type::interval;
}

std::string spelling_of(oid of)
{
    if (of == none || of == unknown)
        return "unknown";
    if (of == anyarray)
        return "anyarray";
    if (of == anynonarray)
        return "anynonarray";
    if (const oid element = element_of(of); element != none)
        return spelling_of(element) + "[]";
    const type_info* known = find_type(of);
    return known ? std::string(known->sql_name) : "record";
}

modifier_numbers numbers_of(oid of, std::int32_t modifier)
{
    if (modifier < 0)
        return {};
    if (of == numeric) {
        const std::int32_t packed = modifier - 4;
        return {packed >> 16, ((packed & 0x7ff) ^ 1024) - 1024};
    }
    if (of == varchar || of == bpchar)
        return {modifier - 4, -1};
    return {modifier, -1};
}

type_use type_named(const PgQuery__TypeName& spelled)
{
    const auto parts = nodes::names(spelled.n_names, spelled.names);
    const int offset = spelled.location;
    if (spelled.setof)
        refuse_feature("SETOF", offset);
    if (spelled.pct_type)
        refuse_feature("%TYPE", offset);
    const bool in_catalog = parts.size() == 1 || (parts.size() == 2 && parts[0] == "pg_catalog");
    const type_info* known = in_catalog ? find_type(parts.back()) : nullptr;
    if (!known) {
        if (in_catalog && std::ranges::find(missing_types, parts.back()) != std::end(missing_types))
            refuse_feature("type " + std::string(parts.back()), offset);
        std::string whole;
        for (const std::string_view part : parts)
            whole += (whole.empty() ? "" : ".") + std::string(part);
        refuse("42704", "type \"" + whole + "\" does not exist", offset);
    }
    std::vector<int> numbers;
    // INTERVAL DAY comes with a mask of fields; the full range is what plain INTERVAL means.
    constexpr int full_range = 0x7fff;
    for (const nodes::node* each : nodes::items(spelled.n_typmods, spelled.typmods)) {
        const int number = modifier_number(*each, offset);
        if (!(known->id == type::interval && number == full_range))
            numbers.push_back(number);
    }
    type_use found{known->id, modifier_of(known->id, numbers, offset)};
    if (spelled.n_array_bounds > 0) {
        found.type = array_of(found.type);
        if (found.type == none)
            refuse_feature("an array of " + std::string(known->sql_name), offset);
    }
    return found;
}

} // namespace weir::sqlite
