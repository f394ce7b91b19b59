// PostgreSQL's types, as far as the SQLite backend knows them, and how a value of each is stored.
//
//   bool int2 int4 int8 oid     INTEGER
//   float4 float8               REAL
//   numeric                     TEXT in PostgreSQL's output form, compared with COLLATE pg_numeric
//   text varchar bpchar name    TEXT (binary order, as PostgreSQL's C collation)
//   bytea                       BLOB
//   date                        TEXT 2024-02-29, years 0001 to 9999, so text order is time order
//   time                        TEXT 13:14:15.5, fractions without trailing zeros
//   timestamp                   TEXT 2024-02-29 13:14:15.5; "-infinity" and "infinity" sort at the
//                               ends
//   timestamptz                 the same, in UTC, with +00 at the end
//   interval                    TEXT in PostgreSQL's output form, compared with COLLATE pg_interval
//   json                        TEXT as given; jsonb: TEXT as PostgreSQL prints it
//   uuid                        TEXT, lower case
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace weir::sqlite {

enum class oid : std::uint32_t {};

namespace type {
inline constexpr oid none{0}; // not known yet: PostgreSQL would call a parameter of it "unknown"
inline constexpr oid boolean{16}, bytea{17}, char_{18}, name{19}, int8{20}, int2{21}, int4{23},
    regproc{24}, text{25}, oid_{26}, json{114}, float4{700}, float8{701}, unknown{705},
    bpchar{1042}, varchar{1043}, date{1082}, time{1083}, timestamp{1114}, timestamptz{1184},
    interval{1186}, timetz{1266}, numeric{1700}, regclass{2205}, regtype{2206}, record{2249},
    void_{2278}, uuid{2950}, jsonb{3802}, int4_array{1007}, text_array{1009};
} // namespace type

struct type_info {
    oid id;
    std::string_view name;     // pg_type.typname: "int4"
    std::string_view sql_name; // format_type: "integer"
    std::int16_t length;       // pg_type.typlen: 4, -1 for variable
    char category;             // pg_type.typcategory: 'N', 'S', 'D', 'B', 'U' ...
    oid array;                 // pg_type.typarray
    std::string_view affinity; // what a column of it is declared as in SQLite: "INTEGER"
};

const type_info* find_type(oid id);                // nullptr when unknown
const type_info* find_type(std::string_view name); // pg_type.typname, also "integer", "bigint" ...
std::span<const type_info> all_types();            // pg_type's rows

} // namespace weir::sqlite
