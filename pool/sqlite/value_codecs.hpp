// The families of types behind values.hpp: what each appends for a value and takes from a client.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/datetime.hpp"
#include "pool/sqlite/values.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

// A field of a message as a number, most significant byte first.
template <class Unsigned>
void append_big_endian(std::string& out, Unsigned v)
{
    for (unsigned i = sizeof v; i-- > 0;)
        out.push_back(static_cast<char>(v >> (8 * i)));
}

template <class Unsigned>
Unsigned load_big_endian(std::string_view in)
{
    Unsigned v = 0;
    for (unsigned i = 0; i < sizeof v; ++i)
        v = static_cast<Unsigned>(v << 8 | static_cast<unsigned char>(in[i]));
    return v;
}

std::string_view trimmed(std::string_view text); // of the white space that PostgreSQL ignores

error invalid_text(std::string_view type, std::string_view text);             // 22P02
error out_of_type(std::string_view text, std::string_view type);              // 22003
error invalid_binary(std::string_view what = "incorrect binary data format"); // 22P03

// Numbers. `text_of` is what PostgreSQL prints.
std::string text_of_double(double v, int extra_float_digits);
std::string text_of_float(float v, int extra_float_digits);
result<std::int64_t> parse_integer(std::string_view text, oid type); // int2, int4, int8, oid
result<double> parse_double(std::string_view text);
result<float> parse_float(std::string_view text);
void append_numeric_binary(std::string& out, const decimal& d);
result<decimal> numeric_from_binary(std::string_view in);

// Texts and bytes.
bool is_valid_utf8(std::string_view text); // and without NUL
result<bool> parse_boolean(std::string_view text);
result<std::string> parse_uuid(std::string_view text);
std::string uuid_from_bytes(std::string_view bytes);
std::string bytes_of_uuid(std::string_view uuid);
result<std::string> parse_bytea(std::string_view text);
void append_bytea(std::string& out, std::string_view bytes, std::string_view bytea_output);

// JSON: checked, or in jsonb's normal form (keys sorted by length and bytes, the last of equals).
result<void> check_json(std::string_view text);
result<std::string> normalise_jsonb(std::string_view text);

// Arrays of the simple types: stored in PostgreSQL's text form, {1,2,NULL}.
oid element_of(oid array);                        // type::none when it is no array
using array_element = std::optional<std::string>; // nothing is NULL
std::optional<std::vector<array_element>> split_array(std::string_view text); // of one dimension
void append_array_element(std::string& out, std::string_view element);        // in quotes if needed
result<std::string>
normalise_array(std::string_view text, oid element, const output_settings& settings);
void append_array_binary(std::string& out,
                         std::string_view text,
                         oid element,
                         const output_settings&);
result<std::string> array_from_binary(std::string_view in, oid element, const output_settings&);

// Dates, times and intervals.
bool is_datetime(oid t);
// Whether the text on disk is already what the settings ask for.
bool is_stored_form(oid t, const output_settings& settings);
std::string datetime_text(std::string_view stored, oid t, const output_settings& settings);
void append_datetime_binary(std::string& out, std::string_view stored, oid t);
result<std::string> stored_datetime(std::string_view text, oid t, const output_settings& settings);
result<std::string> datetime_from_binary(std::string_view in, oid t); // as it is stored
// What the settings mean for them.
datetime_context reading(const output_settings& settings);
date_format printing(const output_settings& settings);
const time_zone& zone_of(const output_settings& settings);

} // namespace weir::sqlite
