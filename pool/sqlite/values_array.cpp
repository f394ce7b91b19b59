#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace weir::sqlite {

namespace {

// pg_type.oid of the arrays whose elements values.cpp knows.
constexpr std::array<std::pair<std::uint32_t, oid>, 21> arrays{{
    {1000, type::boolean},   {1001, type::bytea},   {1003, type::name},   {1005, type::int2},
    {1007, type::int4},      {1009, type::text},    {1014, type::bpchar}, {1015, type::varchar},
    {1016, type::int8},      {1021, type::float4},  {1022, type::float8}, {1028, type::oid_},
    {1115, type::timestamp}, {1182, type::date},    {1183, type::time},   {1185, type::timestamptz},
    {1187, type::interval},  {1231, type::numeric}, {2951, type::uuid},   {3807, type::jsonb},
    {199, type::json},
}};

} // namespace

std::optional<std::vector<array_element>> split_array(std::string_view text)
{
    if (text.size() < 2 || text.front() != '{' || text.back() != '}')
        return std::nullopt;
    text = text.substr(1, text.size() - 2);
    std::vector<array_element> found;
    while (!text.empty()) {
        std::string element;
        bool quoted = false;
        if (text.front() == '"') {
            quoted = true;
            text.remove_prefix(1);
            while (!text.empty() && text.front() != '"') {
                if (text.front() == '\\' && text.size() > 1)
                    text.remove_prefix(1);
                element.push_back(text.front());
                text.remove_prefix(1);
            }
            if (text.empty())
                return std::nullopt;
            text.remove_prefix(1);
        } else {
            const std::size_t size = std::min(text.find(','), text.size());
            element = text.substr(0, size);
            text.remove_prefix(size);
            if (element.empty() || element.front() == '{')
                return std::nullopt; // more dimensions are not stored
        }
        found.push_back(!quoted && element == "NULL" ? array_element{} : array_element{element});
        if (!text.empty() && (text.front() != ',' || text.size() == 1))
            return std::nullopt;
        if (!text.empty())
            text.remove_prefix(1);
    }
    return found;
}

void append_array_element(std::string& out, std::string_view element)
{
    const bool plain = !element.empty() && element != "NULL" && element != "null" &&
                       element.find_first_of("{},\"\\ \t\n\r\v\f") == std::string_view::npos;
    if (plain) {
        out.append(element);
        return;
    }
    out.push_back('"');
    for (const char c : element) {
        if (c == '"' || c == '\\')
            out.push_back('\\');
        out.push_back(c);
    }
    out.push_back('"');
}

oid element_of(oid array)
{
    const auto found = std::ranges::find(arrays,
                                         static_cast<std::uint32_t>(array),
                                         &std::pair<std::uint32_t, oid>::first);
    return found == arrays.end() ? type::none : found->second;
}

void append_array_binary(std::string& out,
                         std::string_view text,
                         oid element,
                         const output_settings& settings)
{
    const auto elements = split_array(text);
    const std::size_t count = elements ? elements->size() : 0;
    const bool has_null =
        elements && std::ranges::find(*elements, array_element{}) != elements->end();
    append_big_endian(out, std::uint32_t{count > 0}); // dimensions
    append_big_endian(out, std::uint32_t{has_null});
    append_big_endian(out, static_cast<std::uint32_t>(element));
    if (count == 0)
        return;
    append_big_endian(out, static_cast<std::uint32_t>(count));
    append_big_endian(out, std::uint32_t{1}); // the first index
    for (const array_element& one : *elements) {
        if (!one) {
            append_big_endian(out, ~std::uint32_t{0});
            continue;
        }
        std::string storage, field;
        const auto v = decode(*one, element, wire_format::text, settings, storage);
        if (v)
            encode(field, *v, element, wire_format::binary, settings);
        append_big_endian(out, static_cast<std::uint32_t>(field.size()));
        out.append(field);
    }
}

result<std::string>
array_from_binary(std::string_view in, oid element, const output_settings& settings)
{
    if (in.size() < 12)
        return invalid_binary();
    const auto dimensions = load_big_endian<std::uint32_t>(in);
    if (load_big_endian<std::uint32_t>(in.substr(8)) != static_cast<std::uint32_t>(element))
        return error{"42804", "binary data has array element type that is not the expected one"};
    if (dimensions == 0)
        return std::string{"{}"};
    if (dimensions > 1)
        return error{"0A000", "arrays of several dimensions are not supported"};
    if (in.size() < 20)
        return invalid_binary();
    auto count = load_big_endian<std::uint32_t>(in.substr(12));
    in.remove_prefix(20);
    std::string out = "{";
    for (; count > 0; --count) {
        if (in.size() < 4)
            return invalid_binary();
        const auto size = load_big_endian<std::uint32_t>(in);
        in.remove_prefix(4);
        if (out.size() > 1)
            out.push_back(',');
        if (size == ~std::uint32_t{0}) {
            out.append("NULL");
            continue;
        }
        if (in.size() < size)
            return invalid_binary();
        std::string storage, text;
        const auto v = decode(in.substr(0, size), element, wire_format::binary, settings, storage);
        if (!v)
            return v.error();
        encode(text, *v, element, wire_format::text, settings);
        append_array_element(out, text);
        in.remove_prefix(size);
    }
    return out + "}";
}

} // namespace weir::sqlite
