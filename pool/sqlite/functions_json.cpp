// What json and jsonb have in common: reading parts of them, and building them.
#include "pool/sqlite/functions_call.hpp"
#include "pool/sqlite/json_text.hpp"
#include "pool/sqlite/value_codecs.hpp"

namespace weir::sqlite {

namespace {

using json_text::kind;

using part = std::optional<std::string_view>;

void give_part(function_call& call, const part& found)
{
    if (found)
        call.give(*found);
}

// ->> : strings without their quotes, and JSON's null is NULL.
void give_part_as_text(function_call& call, const part& found)
{
    if (!found || json_text::kind_of(*found) == kind::null)
        return;
    if (json_text::kind_of(*found) == kind::string)
        return call.give(json_text::unquoted(*found));
    call.give(*found);
}

part get(const function_call& call)
{
    return call.argument(1).is == value::kind::integer
               ? json_text::find(call.text(0), call.integer(1))
               : json_text::find(call.text(0), call.text(1));
}

part get_path(std::string_view json, const std::vector<array_element>& steps)
{
    part found = json;
    for (const array_element& step : steps) {
        if (!step)
            return std::nullopt;
        found = json_text::find_step(*found, *step);
        if (!found)
            break;
    }
    return found;
}

part get_array_path(const function_call& call)
{
    const auto steps = split_array(call.text(1));
    if (!steps)
        refuse("22P02", "malformed array literal: \"" + std::string(call.text(1)) + '"');
    return get_path(call.text(0), *steps);
}

part get_argument_path(const function_call& call)
{
    std::vector<array_element> steps;
    for (std::size_t i = 1; i < call.size(); ++i)
        steps.emplace_back(call.text(i));
    return get_path(call.text(0), steps);
}

std::string_view value_or_null(const function_call& call, std::size_t i)
{
    return call.is_null(i) ? "null" : call.text(i);
}

void build_object(function_call& call)
{
    if (call.size() % 2 != 0)
        refuse("22023",
               "argument list must have even number of elements",
               -1,
               "The arguments of json_build_object() must consist of alternating keys and values.");
    std::string out = "{";
    for (std::size_t i = 0; i < call.size(); i += 2) {
        if (call.is_null(i))
            refuse("22023",
                   "argument " + std::to_string(i + 1) + " cannot be null",
                   -1,
                   "Object keys should be text.");
        out += i == 0 ? "" : ", ";
        out += json_text::quoted(call.text(i)) + " : ";
        out += value_or_null(call, i + 1);
    }
    call.give(out + '}');
}

void build_array(function_call& call)
{
    std::string out = "[";
    for (std::size_t i = 0; i < call.size(); ++i) {
        out += i == 0 ? "" : ", ";
        out += value_or_null(call, i);
    }
    call.give(out + ']');
}

void array_length(function_call& call)
{
    switch (json_text::kind_of(call.text(0))) {
    case kind::array:
        return call.give(static_cast<std::int64_t>(json_text::elements(call.text(0)).size()));
    case kind::object: refuse("22023", "cannot get array length of a non-array");
    default: refuse("22023", "cannot get array length of a scalar");
    }
}

std::string_view name_of(kind k)
{
    switch (k) {
    case kind::object: return "object";
    case kind::array: return "array";
    case kind::string: return "string";
    case kind::number: return "number";
    case kind::boolean: return "boolean";
    case kind::null: return "null";
    }
    return {};
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_json_get", 2, [](function_call& c) { give_part(c, get(c)); }},
    {"pg_json_get_text", 2, [](function_call& c) { give_part_as_text(c, get(c)); }},
    {"pg_json_get_path", 2, [](function_call& c) { give_part(c, get_array_path(c)); }},
    {"pg_json_get_path_text", 2, [](function_call& c) { give_part_as_text(c, get_array_path(c)); }},
    {"pg_json_extract_path", -1, [](function_call& c) { give_part(c, get_argument_path(c)); }},
    {"pg_json_extract_path_text",
     -1,
     [](function_call& c) { give_part_as_text(c, get_argument_path(c)); }},
    {"pg_json_build_object", -1, build_object, pure, false},
    {"pg_json_build_array", -1, build_array, pure, false},
    {"pg_json_array_length", 1, array_length},
    {"pg_json_typeof", 1, [](function_call& c) { c.give(name_of(json_text::kind_of(c.text(0)))); }},
};

} // namespace

void register_json_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
