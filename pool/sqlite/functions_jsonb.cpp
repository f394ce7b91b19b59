// What jsonb alone can do. Results are put together as texts and brought into jsonb's form at the
// end, which sorts keys and drops repeated ones.
#include "pool/sqlite/functions_call.hpp"
#include "pool/sqlite/json_text.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <charconv>

namespace weir::sqlite {

namespace {

using json_text::kind;

void give_jsonb(function_call& call, std::string_view json)
{
    call.give(must(normalise_jsonb(json)));
}

std::string object_of(const std::vector<std::pair<std::string, std::string>>& members)
{
    std::string out = "{";
    for (const auto& [key, value] : members)
        out += (out.size() > 1 ? ", " : "") + json_text::quoted(key) + ": " + value;
    return out + '}';
}

std::string array_of(const std::vector<std::string>& elements)
{
    std::string out = "[";
    for (const std::string& each : elements)
        out += (out.size() > 1 ? ", " : "") + each;
    return out + ']';
}

std::vector<std::pair<std::string, std::string>> members_of(std::string_view object)
{
    std::vector<std::pair<std::string, std::string>> out;
    for (const json_text::member& each : json_text::members(object))
        out.emplace_back(each.key, each.value);
    return out;
}

std::vector<std::string> elements_of(std::string_view array)
{
    std::vector<std::string> out;
    for (const std::string_view each : json_text::elements(array))
        out.emplace_back(each);
    return out;
}

bool same_scalar(std::string_view a, std::string_view b)
{
    if (json_text::kind_of(a) != json_text::kind_of(b))
        return false;
    if (json_text::kind_of(a) == kind::number)
        return compare(must(decimal::parse(a)), must(decimal::parse(b))) == 0;
    return json_text::trimmed(a) == json_text::trimmed(b); // both are normal forms
}

// a @> b: every member or element of b has its match in a.
bool contains(std::string_view a, std::string_view b)
{
    const kind of_a = json_text::kind_of(a), of_b = json_text::kind_of(b);
    if (of_a == kind::object && of_b == kind::object)
        return std::ranges::all_of(json_text::members(b), [a](const json_text::member& wanted) {
            const auto found = json_text::find(a, wanted.key);
            return found && contains(*found, wanted.value);
        });
    if (of_a == kind::array && of_b == kind::array) {
        const auto have = json_text::elements(a);
        return std::ranges::all_of(json_text::elements(b), [&have](std::string_view wanted) {
            return std::ranges::any_of(have, [wanted](std::string_view each) {
                const kind k = json_text::kind_of(each);
                return k == json_text::kind_of(wanted) && contains(each, wanted);
            });
        });
    }
    return of_a == of_b && same_scalar(a, b);
}

// An array contains a scalar that is among its elements; only at the top.
void give_contains(function_call& call)
{
    const std::string_view a = call.text(0), b = call.text(1);
    const kind of_b = json_text::kind_of(b);
    if (json_text::kind_of(a) == kind::array && of_b != kind::array && of_b != kind::object)
        return call.give(std::ranges::any_of(json_text::elements(a), [b](std::string_view each) {
            return same_scalar(each, b);
        }));
    call.give(contains(a, b));
}

bool exists(std::string_view json, std::string_view key)
{
    switch (json_text::kind_of(json)) {
    case kind::object: return json_text::find(json, key).has_value();
    case kind::array:
        return std::ranges::any_of(json_text::elements(json), [key](std::string_view each) {
            return json_text::kind_of(each) == kind::string && json_text::unquoted(each) == key;
        });
    case kind::string: return json_text::unquoted(json) == key;
    default: return false;
    }
}

std::vector<std::string> keys_at(const function_call& call, std::size_t i)
{
    const auto elements = split_array(call.text(i));
    if (!elements)
        refuse("22P02", "malformed array literal: \"" + std::string(call.text(i)) + '"');
    std::vector<std::string> out;
    for (const array_element& each : *elements)
        if (each)
            out.push_back(*each);
    return out;
}

void exists_any(function_call& call)
{
    call.give(std::ranges::any_of(keys_at(call, 1), [&](const std::string& key) {
        return exists(call.text(0), key);
    }));
}

void exists_all(function_call& call)
{
    call.give(std::ranges::all_of(keys_at(call, 1), [&](const std::string& key) {
        return exists(call.text(0), key);
    }));
}

// Objects are merged; anything else becomes one array, where arrays give their elements.
void concatenate(function_call& call)
{
    const std::string_view a = call.text(0), b = call.text(1);
    if (json_text::kind_of(a) == kind::object && json_text::kind_of(b) == kind::object) {
        auto members = members_of(a);
        std::ranges::move(members_of(b), std::back_inserter(members));
        return give_jsonb(call, object_of(members)); // of equal keys the last stays
    }
    const auto as_elements = [](std::string_view json) {
        return json_text::kind_of(json) == kind::array ? elements_of(json)
                                                       : std::vector{std::string(json)};
    };
    std::vector<std::string> all = as_elements(a);
    std::ranges::move(as_elements(b), std::back_inserter(all));
    give_jsonb(call, array_of(all));
}

void remove(function_call& call)
{
    const std::string_view json = call.text(0);
    const bool by_number = call.argument(1).is == value::kind::integer;
    const std::string key(call.text(1));
    switch (json_text::kind_of(json)) {
    case kind::object: {
        if (by_number)
            refuse("22023", "cannot delete from object using integer index");
        auto members = members_of(json);
        std::erase_if(members, [&key](const auto& each) { return each.first == key; });
        return give_jsonb(call, object_of(members));
    }
    case kind::array: {
        auto elements = elements_of(json);
        if (by_number) {
            const auto size = static_cast<std::int64_t>(elements.size());
            std::int64_t index = call.integer(1);
            index += index < 0 ? size : 0;
            if (index >= 0 && index < size)
                elements.erase(elements.begin() + index);
        } else {
            std::erase_if(elements, [&key](const std::string& each) {
                return json_text::kind_of(each) == kind::string && json_text::unquoted(each) == key;
            });
        }
        return give_jsonb(call, array_of(elements));
    }
    default: refuse("22023", "cannot delete from scalar");
    }
}

// The path's last step may be new; before it everything must be there.
std::string with_value(std::string_view json,
                       std::span<const std::string> path,
                       std::string_view value,
                       bool create)
{
    const bool last = path.size() == 1;
    if (json_text::kind_of(json) == kind::object) {
        auto members = members_of(json);
        const auto found = std::ranges::find(members, path[0], [](const auto& each) {
            return std::string_view(each.first);
        });
        if (found != members.end())
            found->second = last ? std::string(value)
                                 : with_value(found->second, path.subspan(1), value, create);
        else if (last && create)
            members.emplace_back(path[0], value);
        return object_of(members);
    }
    if (json_text::kind_of(json) != kind::array)
        return std::string(json);
    auto elements = elements_of(json);
    std::int64_t index = 0;
    const auto [end, failure] =
        std::from_chars(path[0].data(), path[0].data() + path[0].size(), index);
    if (failure != std::errc{} || end != path[0].data() + path[0].size())
        refuse("22P02", "path element at position 1 is not an integer: \"" + path[0] + '"');
    const auto size = static_cast<std::int64_t>(elements.size());
    index += index < 0 ? size : 0;
    if (index >= 0 && index < size) {
        std::string& element = elements[static_cast<std::size_t>(index)];
        element = last ? std::string(value) : with_value(element, path.subspan(1), value, create);
    } else if (last && create) {
        elements.emplace(index < 0 ? elements.begin() : elements.end(), value);
    }
    return array_of(elements);
}

void set_value(function_call& call)
{
    const kind of = json_text::kind_of(call.text(0));
    if (of != kind::object && of != kind::array)
        refuse("22023", "cannot set path in scalar");
    const std::vector<std::string> path = keys_at(call, 1);
    if (path.empty())
        return call.give_argument(0);
    const std::string json(call.text(0)), value(call.text(2));
    give_jsonb(call, with_value(json, path, value, call.integer(3) != 0));
}

std::string without_nulls(std::string_view json)
{
    if (json_text::kind_of(json) == kind::object) {
        std::vector<std::pair<std::string, std::string>> kept;
        for (const json_text::member& each : json_text::members(json))
            if (json_text::kind_of(each.value) != kind::null)
                kept.emplace_back(each.key, without_nulls(each.value));
        return object_of(kept);
    }
    if (json_text::kind_of(json) == kind::array) {
        std::vector<std::string> all;
        for (const std::string_view each : json_text::elements(json))
            all.push_back(without_nulls(each));
        return array_of(all);
    }
    return std::string(json);
}

void append_pretty(std::string& out, std::string_view json, std::size_t depth)
{
    const auto indent = [&out](std::size_t by) { out += '\n' + std::string(by * 4, ' '); };
    const kind of = json_text::kind_of(json);
    if (of != kind::object && of != kind::array) {
        out += json_text::trimmed(json);
        return;
    }
    bool first = true;
    const auto next = [&] {
        out += first ? "" : ",";
        first = false;
        indent(depth + 1);
    };
    out.push_back(of == kind::object ? '{' : '[');
    if (of == kind::object)
        for (const json_text::member& each : json_text::members(json)) {
            next();
            out += json_text::quoted(each.key) + ": ";
            append_pretty(out, each.value, depth + 1);
        }
    else
        for (const std::string_view each : json_text::elements(json)) {
            next();
            append_pretty(out, each, depth + 1);
        }
    indent(depth);
    out.push_back(of == kind::object ? '}' : ']');
}

void pretty(function_call& call)
{
    std::string out;
    append_pretty(out, call.text(0), 0);
    call.give(out);
}

// A scalar as the SQL type that the second argument names.
void to_scalar(function_call& call)
{
    const std::string_view json = json_text::trimmed(call.text(0));
    const kind of = json_text::kind_of(json);
    const std::string_view wanted = call.text(1);
    if (of == kind::boolean && wanted == "boolean")
        return call.give(json == "true");
    if (of == kind::number && wanted != "boolean")
        return call.give(json);
    constexpr std::string_view names[] =
        {"object", "array", "string", "numeric", "boolean", "null"};
    const std::string_view name = names[static_cast<std::size_t>(of)];
    refuse("22023", "cannot cast jsonb " + std::string(name) + " to type " + std::string(wanted));
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_jsonb", 1, [](function_call& c) { give_jsonb(c, c.text(0)); }},
    {"pg_jsonb_contains", 2, give_contains},
    {"pg_jsonb_exists", 2, [](function_call& c) { c.give(exists(c.text(0), c.text(1))); }},
    {"pg_jsonb_exists_any", 2, exists_any},
    {"pg_jsonb_exists_all", 2, exists_all},
    {"pg_jsonb_concat", 2, concatenate},
    {"pg_jsonb_delete", 2, remove},
    {"pg_jsonb_set", 4, set_value},
    {"pg_jsonb_strip_nulls", 1, [](function_call& c) { give_jsonb(c, without_nulls(c.text(0))); }},
    {"pg_jsonb_pretty", 1, pretty},
    {"pg_jsonb_to", 2, to_scalar},
};

} // namespace

void register_jsonb_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
