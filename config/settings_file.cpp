#include "config/settings_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

namespace weir {

namespace {

using nlohmann::json;
using std::string_view;

// Watches the parser: in JSON a later key silently replaces an earlier one of the same name.
class repeated_keys {
public:
    explicit repeated_keys(complaints& wrong) : wrong_(wrong) {}

    bool operator()(int, json::parse_event_t event, json& parsed)
    {
        switch (event) {
        case json::parse_event_t::object_start: open_.emplace_back(); break;
        case json::parse_event_t::object_end: open_.pop_back(); break;
        case json::parse_event_t::key: see(parsed.get<std::string>()); break;
        default: break;
        }
        return true;
    }

private:
    struct open_object {
        std::set<std::string> keys = {};
        std::string current = {};
    };

    void see(std::string key)
    {
        const bool is_new = open_.back().keys.insert(key).second;
        open_.back().current = std::move(key);
        if (is_new)
            return;
        std::string path;
        for (const open_object& object : open_)
            path += (path.empty() ? "" : ".") + object.current;
        wrong_.push_back({std::move(path), "is given twice"});
    }

    std::vector<open_object> open_;
    complaints& wrong_;
};

// The parser's own words are not repeated: they quote the text, which may be a password.
std::string syntax_problem(string_view text, std::size_t byte)
{
    const string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
    const auto line = std::ranges::count(before, '\n') + 1;
    const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
    return "is not valid JSON at line " + std::to_string(line) + ", column " +
           std::to_string(column) + "; look for a comma too many or too few, or a missing quote";
}

std::vector<std::pair<std::string, std::string>> entries(const json& object)
{
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [key, value] : object.items())
        out.emplace_back(key, value.get<std::string>());
    return out;
}

raw_value scalar(const json& node)
{
    using kind = raw_value::kind;
    if (node.is_string())
        return {.is = kind::text, .is_typed = true, .text = node.get<std::string>()};
    if (node.is_boolean())
        return {.is = kind::boolean, .is_typed = true, .boolean = node.get<bool>()};
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (node.is_number_unsigned() && node.get<std::uint64_t>() > most)
        return {.is = kind::other, .is_typed = true, .text = "too large a number"};
    if (node.is_number_integer())
        return {.is = kind::integer, .is_typed = true, .integer = node.get<std::int64_t>()};
    if (node.is_array() && std::ranges::all_of(node, [](const json& j) { return j.is_string(); }))
        return {.is = kind::list, .is_typed = true, .list = node.get<std::vector<std::string>>()};
    if (node.is_array())
        return {.is = kind::other, .is_typed = true, .text = "a list of other things than texts"};
    if (node.is_object() && std::ranges::all_of(node, [](const json& j) { return j.is_string(); }))
        return {.is = kind::table, .is_typed = true, .table = entries(node)};
    if (node.is_object())
        return {.is = kind::other, .is_typed = true, .text = "an object"};
    return {.is = kind::other, .is_typed = true, .text = node.dump()}; // null, 1.5
}

// No setting lies deeper than backends.NAME.pool.KEY; what does is reported by its parent's path.
constexpr int deepest = 8;

file_node to_tree(const json& node, int depth = 0)
{
    file_node out{.value = scalar(node), .is_object = node.is_object()};
    if (node.is_object() && depth < deepest)
        for (const auto& [key, child] : node.items())
            out.children.emplace_back(key, to_tree(child, depth + 1));
    return out;
}

} // namespace

std::optional<file_node>
parse_settings_file(string_view text, const std::string& name, complaints& wrong)
{
    constexpr bool throwing = true, with_comments = true;
    repeated_keys watch(wrong);
    try {
        const json root = json::parse(text, std::ref(watch), throwing, with_comments);
        if (root.is_object())
            return to_tree(root);
        wrong.push_back({name, "is " + shown(scalar(root)) + "; it must be an object: {...}"});
    } catch (const json::parse_error& e) {
        wrong.push_back({name, syntax_problem(text, e.byte)});
    } catch (const json::out_of_range&) {
        wrong.push_back({name, "holds a number too large to read"});
    }
    return std::nullopt;
}

} // namespace weir
