#include "pool/sqlite/values.hpp"

#include "pool/sqlite/value_codecs.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace weir::sqlite {

namespace {

// What a value is as text whatever SQLite made of it: an expression's result may come in another
// storage class than a column of the same type would.
std::string plain_text(const value& v, const output_settings& settings)
{
    switch (v.is) {
    case value::kind::integer: return std::to_string(v.integer);
    case value::kind::real: return text_of_double(v.real, settings.extra_float_digits);
    default: return std::string{v.bytes};
    }
}

std::int64_t as_integer(const value& v)
{
    if (v.is == value::kind::integer)
        return v.integer;
    if (v.is == value::kind::real)
        return std::llrint(v.real);
    std::int64_t parsed = 0;
    std::from_chars(v.bytes.data(), v.bytes.data() + v.bytes.size(), parsed);
    return parsed;
}

double as_double(const value& v)
{
    if (v.is == value::kind::real)
        return v.real;
    if (v.is == value::kind::integer)
        return static_cast<double>(v.integer);
    return std::strtod(std::string{v.bytes}.c_str(), nullptr);
}

decimal as_decimal(const value& v)
{
    if (v.is == value::kind::integer)
        return decimal{v.integer};
    if (v.is == value::kind::real)
        return decimal::from_double(v.real);
    const auto parsed = decimal::parse(v.bytes);
    return parsed ? *parsed : decimal::special(decimal::kind::nan);
}

// Values on disk were checked when they came in; a text that is none of its type is shown as it is.
void append_text(std::string& out, const value& v, oid t, const output_settings& settings)
{
    if (t == type::boolean) {
        if (v.is == value::kind::text)
            out.append(v.bytes);
        else
            out.push_back(as_integer(v) != 0 ? 't' : 'f');
    } else if (t == type::float8 && v.is != value::kind::text) {
        out.append(text_of_double(as_double(v), settings.extra_float_digits));
    } else if (t == type::float4 && v.is != value::kind::text) {
        out.append(text_of_float(static_cast<float>(as_double(v)), settings.extra_float_digits));
    } else if (t == type::bytea) {
        append_bytea(out, v.bytes, settings.bytea_output);
    } else if (is_datetime(t) && !is_stored_form(t, settings)) {
        out.append(datetime_text(v.bytes, t, settings));
    } else {
        out.append(plain_text(v, settings));
    }
}

bool is_four_bytes(oid t)
{
    return t == type::int4 || t == type::oid_ || t == type::regproc || t == type::regclass ||
           t == type::regtype;
}

void append_binary(std::string& out, const value& v, oid t, const output_settings& settings)
{
    if (t == type::boolean)
        out.push_back(as_integer(v) != 0 || v.bytes == "t" ? '\1' : '\0');
    else if (t == type::int2)
        append_big_endian(out, static_cast<std::uint16_t>(as_integer(v)));
    else if (is_four_bytes(t))
        append_big_endian(out, static_cast<std::uint32_t>(as_integer(v)));
    else if (t == type::int8)
        append_big_endian(out, static_cast<std::uint64_t>(as_integer(v)));
    else if (t == type::float4)
        append_big_endian(out, std::bit_cast<std::uint32_t>(static_cast<float>(as_double(v))));
    else if (t == type::float8)
        append_big_endian(out, std::bit_cast<std::uint64_t>(as_double(v)));
    else if (t == type::numeric)
        append_numeric_binary(out, as_decimal(v));
    else if (t == type::uuid)
        out.append(bytes_of_uuid(v.bytes));
    else if (t == type::jsonb)
        out.append("\1").append(plain_text(v, settings));
    else if (is_datetime(t))
        append_datetime_binary(out, v.bytes, t);
    else if (const oid element = element_of(t); element != type::none)
        append_array_binary(out, v.bytes, element, settings);
    else
        out.append(plain_text(v, settings)); // texts, bytea, json: their bytes
}

result<std::string> text_of(const result<decimal>& d)
{
    if (!d)
        return d.error();
    return d->text();
}

value text_value(std::string&& text, std::string& storage)
{
    storage = std::move(text);
    return {.is = value::kind::text, .bytes = storage};
}

result<value> text_value(result<std::string>&& text, std::string& storage)
{
    if (!text)
        return text.error();
    return text_value(std::move(*text), storage);
}

value integer_value(std::int64_t i) { return {.is = value::kind::integer, .integer = i}; }

// SQLite has no NaN: it would store NULL in its place.
result<value> real_value(double d)
{
    if (std::isnan(d))
        return error{"0A000", "NaN of type double precision cannot be stored in SQLite"};
    return value{.is = value::kind::real, .real = d};
}

result<value>
decode_text(std::string_view in, oid t, const output_settings& settings, std::string& storage)
{
    if (t == type::bytea) {
        auto bytes = parse_bytea(in);
        if (!bytes)
            return bytes.error();
        storage = std::move(*bytes);
        return value{.is = value::kind::blob, .bytes = storage};
    }
    if (!is_valid_utf8(in))
        return error{"22021", "invalid byte sequence for encoding \"UTF8\""};
    if (t == type::boolean) {
        const auto b = parse_boolean(in);
        if (!b)
            return b.error();
        return integer_value(*b ? 1 : 0);
    }
    if (t == type::int2 || t == type::int4 || t == type::int8 || t == type::oid_) {
        const auto i = parse_integer(in, t);
        if (!i)
            return i.error();
        return integer_value(*i);
    }
    if (t == type::float8 || t == type::float4) {
        const auto d = t == type::float8 ? parse_double(in) : [&]() -> result<double> {
            const auto f = parse_float(in);
            if (!f)
                return f.error();
            return static_cast<double>(*f);
        }();
        if (!d)
            return d.error();
        return real_value(*d);
    }
    if (t == type::numeric)
        return text_value(text_of(decimal::parse(in)), storage);
    if (t == type::uuid)
        return text_value(parse_uuid(in), storage);
    if (t == type::jsonb)
        return text_value(normalise_jsonb(in), storage);
    if (is_datetime(t))
        return text_value(stored_datetime(in, t, settings), storage);
    if (const oid element = element_of(t); element != type::none)
        return text_value(normalise_array(in, element, settings), storage);
    if (t == type::json)
        if (const auto checked = check_json(in); !checked)
            return checked.error();
    return text_value(std::string{in}, storage);
}

template <class Unsigned>
result<Unsigned> exactly(std::string_view in)
{
    if (in.size() != sizeof(Unsigned))
        return invalid_binary();
    return load_big_endian<Unsigned>(in);
}

result<value>
decode_binary(std::string_view in, oid t, const output_settings& settings, std::string& storage)
{
    const auto integer = [](const auto& loaded, auto widen) -> result<value> {
        if (!loaded)
            return loaded.error();
        return integer_value(widen(*loaded));
    };
    if (t == type::boolean)
        return integer(exactly<std::uint8_t>(in), [](std::uint8_t b) { return b != 0; });
    if (t == type::int2)
        return integer(exactly<std::uint16_t>(in),
                       [](std::uint16_t u) { return static_cast<std::int16_t>(u); });
    if (t == type::int4)
        return integer(exactly<std::uint32_t>(in),
                       [](std::uint32_t u) { return static_cast<std::int32_t>(u); });
    if (is_four_bytes(t))
        return integer(exactly<std::uint32_t>(in), [](std::uint32_t u) { return std::int64_t{u}; });
    if (t == type::int8)
        return integer(exactly<std::uint64_t>(in),
                       [](std::uint64_t u) { return static_cast<std::int64_t>(u); });
    if (t == type::float4) {
        const auto bits = exactly<std::uint32_t>(in);
        if (!bits)
            return bits.error();
        return real_value(std::bit_cast<float>(*bits));
    }
    if (t == type::float8) {
        const auto bits = exactly<std::uint64_t>(in);
        if (!bits)
            return bits.error();
        return real_value(std::bit_cast<double>(*bits));
    }
    if (t == type::numeric)
        return text_value(text_of(numeric_from_binary(in)), storage);
    if (t == type::uuid) {
        if (in.size() != 16)
            return invalid_binary();
        return text_value(uuid_from_bytes(in), storage);
    }
    if (t == type::bytea) {
        storage = in;
        return value{.is = value::kind::blob, .bytes = storage};
    }
    if (is_datetime(t))
        return text_value(datetime_from_binary(in, t), storage);
    if (t == type::jsonb) {
        if (!in.starts_with('\1'))
            return invalid_binary("unsupported jsonb version number");
        return decode_text(in.substr(1), t, settings, storage);
    }
    if (const oid element = element_of(t); element != type::none)
        return text_value(array_from_binary(in, element, settings), storage);
    return decode_text(in, t, settings, storage);
}

} // namespace

void encode(
    std::string& out, const value& v, oid t, wire_format format, const output_settings& settings)
{
    if (format == wire_format::text)
        append_text(out, v, t, settings);
    else
        append_binary(out, v, t, settings);
}

result<value> decode(std::string_view in,
                     oid t,
                     wire_format format,
                     const output_settings& settings,
                     std::string& storage)
{
    return format == wire_format::text ? decode_text(in, t, settings, storage)
                                       : decode_binary(in, t, settings, storage);
}

} // namespace weir::sqlite
