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

const output_settings stored_form; // what elements look like on disk

bool is_null(std::string_view word)
{
    return std::ranges::equal(word, std::string_view{"NULL"}, [](char a, char b) {
        return a == b || a == b + 32;
    });
}

// Reads {1, "two, three", NULL}, one dimension, as array_in does: white space around elements does
// not count, a backslash takes the next character as it is.
class array_reader {
public:
    explicit array_reader(std::string_view text) : rest_(trimmed(text)) {}

    std::optional<std::vector<array_element>> read()
    {
        std::vector<array_element> found;
        if (!accept('{'))
            return std::nullopt;
        skip_space();
        if (accept('}'))
            return rest_.empty() ? std::optional{found} : std::nullopt;
        do {
            skip_space();
            array_element element;
            if (!(rest_.starts_with('"') ? read_quoted(element) : read_plain(element)))
                return std::nullopt;
            found.push_back(std::move(element));
            skip_space();
        } while (accept(','));
        return accept('}') && rest_.empty() ? std::optional{found} : std::nullopt;
    }

private:
    bool read_quoted(array_element& element)
    {
        rest_.remove_prefix(1);
        element.emplace();
        while (!rest_.empty() && rest_.front() != '"')
            if (!take(*element))
                return false;
        return accept('"');
    }

    bool read_plain(array_element& element)
    {
        element.emplace();
        bool escaped = false;
        while (!rest_.empty() && rest_.front() != ',' && rest_.front() != '}') {
            if (rest_.front() == '{' || rest_.front() == '"')
                return false;
            escaped |= rest_.front() == '\\';
            if (!take(*element))
                return false;
        }
        if (!escaped)
            *element = std::string{trimmed(*element)};
        if (element->empty())
            return false;
        if (!escaped && is_null(*element))
            element.reset();
        return true;
    }

    bool take(std::string& into)
    {
        accept('\\');
        if (rest_.empty())
            return false;
        into.push_back(rest_.front());
        rest_.remove_prefix(1);
        return true;
    }
    bool accept(char c)
    {
        if (!rest_.starts_with(c))
            return false;
        rest_.remove_prefix(1);
        return true;
    }
    void skip_space()
    {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r\v\f"), rest_.size()));
    }

    std::string_view rest_;
};

} // namespace

std::optional<std::vector<array_element>> split_array(std::string_view text)
{
    return array_reader{text}.read();
}

result<std::string>
normalise_array(std::string_view text, oid element, const output_settings& settings)
{
    const auto elements = split_array(text);
    if (!elements && trimmed(text).find('{', 1) != std::string_view::npos)
        return error{"0A000", "arrays of several dimensions are not supported"};
    if (!elements)
        return error{"22P02", "malformed array literal: \"" + std::string{text} + '"'};
    std::string out = "{";
    for (const array_element& one : *elements) {
        out.append(out.size() > 1 ? "," : "");
        if (!one) {
            out.append("NULL");
            continue;
        }
        std::string storage, printed;
        const auto v = decode(*one, element, wire_format::text, settings, storage);
        if (!v)
            return v.error();
        encode(printed, *v, element, wire_format::text, stored_form);
        append_array_element(out, printed);
    }
    return out + "}";
}

void append_array_element(std::string& out, std::string_view element)
{
    const bool plain = !element.empty() && !is_null(element) &&
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
        encode(text, *v, element, wire_format::text, stored_form);
        append_array_element(out, text);
        in.remove_prefix(size);
    }
    return out + "}";
}

} // namespace weir::sqlite
