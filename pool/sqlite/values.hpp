// A value on the wire <-> a value in SQLite, in PostgreSQL's text and binary formats
// (PostgreSQL documentation, 55.7 and each type's input and output function).
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::sqlite {

struct output_settings {
    std::string date_style = "ISO, MDY";
    std::string interval_style = "postgres";
    std::string time_zone = "UTC";
    std::string bytea_output = "hex";
    int extra_float_digits = 1;
};

enum class wire_format : std::uint16_t { text = 0, binary = 1 };

// Appends one DataRow field without its length word.
void encode(std::string& out, const value& v, oid type, wire_format format, const output_settings&);

// A Bind parameter; the result's texts live in `storage`. 22P02, 22003, 22007, 22008, 22P03 as
// PostgreSQL says.
result<value> decode(std::string_view in,
                     oid type,
                     wire_format format,
                     const output_settings&,
                     std::string& storage);

} // namespace weir::sqlite
