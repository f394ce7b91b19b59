// Arrays, which are stored as PostgreSQL prints them: {1,2,NULL}. One dimension.
#include "pool/sqlite/functions_call.hpp"
#include "pool/sqlite/functions_utf8.hpp"
#include "pool/sqlite/json_text.hpp"
#include "pool/sqlite/value_codecs.hpp"
#include "pool/sqlite/values.hpp"

#include <utility>

namespace weir::sqlite {

namespace {

std::vector<array_element> elements_at(const function_call& call, std::size_t i)
{
    auto elements = split_array(call.text(i));
    if (!elements)
        refuse("22P02", "malformed array literal: \"" + std::string(call.text(i)) + '"');
    return std::move(*elements);
}

std::string array_of(const std::vector<array_element>& elements)
{
    std::string out = "{";
    for (const array_element& each : elements) {
        if (out.size() > 1)
            out.push_back(',');
        if (each)
            append_array_element(out, *each);
        else
            out += "NULL";
    }
    return out + '}';
}

// ARRAY[...]; its elements come as they are printed.
void build(function_call& call)
{
    std::vector<array_element> elements;
    for (std::size_t i = 0; i < call.size(); ++i)
        elements.push_back(call.is_null(i) ? array_element{} : array_element{call.text(i)});
    call.give(array_of(elements));
}

// array[n] as a value of the type whose number is the third argument.
void get(function_call& call)
{
    const auto elements = elements_at(call, 0);
    const std::int64_t index = call.integer(1);
    if (index < 1 || index > static_cast<std::int64_t>(elements.size()))
        return;
    const array_element& found = elements[static_cast<std::size_t>(index - 1)];
    if (!found)
        return;
    const oid type{static_cast<std::uint32_t>(call.integer(2))};
    std::string storage;
    call.give(must(decode(*found, type, wire_format::text, call.settings(), storage)));
}

std::string json_of(const array_element& element, oid type, const output_settings& settings)
{
    if (!element)
        return "null";
    if (type == type::json || type == type::jsonb)
        return *element;
    std::string storage;
    const value v = must(decode(*element, type, wire_format::text, settings, storage));
    if (type == type::boolean)
        return v.integer != 0 ? "true" : "false";
    if (v.is == value::kind::integer)
        return std::to_string(v.integer);
    const bool is_number = type == type::numeric || v.is == value::kind::real;
    if (is_number && element->find_first_of("Nn") == std::string::npos) // NaN, Infinity
        return *element;
    return json_text::quoted(v.is == value::kind::text ? v.bytes : std::string_view(*element));
}

void to_json(function_call& call)
{
    const oid type{static_cast<std::uint32_t>(call.integer(1))};
    const output_settings settings = call.settings();
    std::string out = "[";
    for (const array_element& each : elements_at(call, 0))
        out += (out.size() > 1 ? "," : "") + json_of(each, type, settings);
    call.give(out + ']');
}

void give_length(function_call& call)
{
    const std::size_t size = elements_at(call, 0).size();
    if (call.integer(1) == 1 && size > 0)
        call.give(static_cast<std::int64_t>(size));
}

// array_to_string(array, separator [, what NULL becomes])
void to_text(function_call& call)
{
    if (call.is_null(0) || call.is_null(1))
        return;
    const bool shows_nulls = call.size() == 3 && !call.is_null(2);
    std::string out;
    bool first = true;
    for (const array_element& each : elements_at(call, 0)) {
        if (!each && !shows_nulls)
            continue;
        if (!std::exchange(first, false))
            out += call.text(1);
        out += each ? *each : std::string(call.text(2));
    }
    call.give(out);
}

// string_to_array(text, separator); without a separator each character is an element.
void from_text(function_call& call)
{
    if (call.is_null(0))
        return;
    std::string_view text = call.text(0);
    std::vector<array_element> elements;
    if (call.is_null(1)) {
        for (std::size_t at = 0; at < text.size(); at += utf8::size_at(text, at))
            elements.emplace_back(text.substr(at, utf8::size_at(text, at)));
        return call.give(array_of(elements));
    }
    const std::string_view separator = call.text(1);
    if (!text.empty()) {
        for (std::size_t at = 0;
             !separator.empty() && (at = text.find(separator)) != std::string_view::npos;) {
            elements.emplace_back(text.substr(0, at));
            text.remove_prefix(at + separator.size());
        }
        elements.emplace_back(text);
    }
    call.give(array_of(elements));
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_array", -1, build, pure, false},
    {"pg_array_get", 3, get, stable},
    {"pg_array_to_json", 2, to_json, stable},
    {"pg_array_length", 2, give_length},
    {"pg_array_to_string", 2, to_text, pure, false},
    {"pg_array_to_string", 3, to_text, pure, false},
    {"pg_string_to_array", 2, from_text, pure, false},
};

} // namespace

void register_array_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
