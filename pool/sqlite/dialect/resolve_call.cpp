#include "pool/sqlite/dialect/resolve_call.hpp"

#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/operator_table.hpp"
#include "pool/sqlite/dialect/postgres_names.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"
#include "pool/sqlite/value_codecs.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using tree::expression_ptr;

// An overload that fits the number of arguments; `index` leads back to its table.
struct candidate {
    std::vector<oid> types;
    std::size_t index = 0;
};

using candidates = std::vector<candidate>;

bool is_unknown(oid of) { return of == type::none || of == type::unknown; }

std::vector<oid> types_of(std::span<const expression_ptr> values)
{
    std::vector<oid> types;
    for (const expression_ptr& each : values)
        types.push_back(each->type == type::none ? type::unknown : each->type);
    return types;
}

// Keeps the candidates that score highest.
template <class Score>
void keep_best(candidates& among, Score score)
{
    int best = 0;
    for (const candidate& each : among)
        best = std::max(best, score(each));
    std::erase_if(among, [&](const candidate& each) { return score(each) < best; });
}

int exact_matches(const candidate& of, std::span<const oid> given)
{
    int matches = 0;
    for (std::size_t i = 0; i < given.size(); ++i)
        matches += !is_unknown(given[i]) && of.types[i] == given[i];
    return matches;
}

int preferred_matches(const candidate& of, std::span<const oid> given)
{
    int matches = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (is_unknown(given[i]))
            continue;
        matches += of.types[i] == given[i] ||
                   (is_preferred(of.types[i]) && category_of(of.types[i]) == category_of(given[i]));
    }
    return matches;
}

// Rule 4e: a literal's category is text when any candidate takes text there, else the one category
// that all candidates agree on; then preferred types win.
bool settle_unknowns(candidates& among, std::span<const oid> given)
{
    struct slot {
        char category = 0;
        bool preferred = false;
    };
    std::vector<slot> slots(given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (!is_unknown(given[i]))
            continue;
        bool agreed = true;
        for (const candidate& each : among) {
            const char category = category_of(each.types[i]);
            if (slots[i].category == 0 || slots[i].category == category) {
                slots[i].preferred |= is_preferred(each.types[i]);
                slots[i].category = category;
            } else if (category == 'S') {
                slots[i] = {category, is_preferred(each.types[i])};
                agreed = true;
            } else if (slots[i].category != 'S') {
                agreed = false;
            }
        }
        if (!agreed)
            return false;
    }
    candidates kept;
    std::ranges::copy_if(among, std::back_inserter(kept), [&](const candidate& each) {
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (!is_unknown(given[i]))
                continue;
            if (category_of(each.types[i]) != slots[i].category ||
                (slots[i].preferred && !is_preferred(each.types[i])))
                return false;
        }
        return true;
    });
    if (!kept.empty())
        among = std::move(kept);
    return true;
}

// Rule 4f: when all known arguments have one type, the unknown ones are taken to have it too.
void assume_one_type(candidates& among, std::span<const oid> given)
{
    oid known = type::none;
    for (const oid each : given) {
        if (is_unknown(each))
            continue;
        if (known != type::none && known != each)
            return;
        known = each;
    }
    if (known == type::none)
        return;
    candidates kept;
    std::ranges::copy_if(among, std::back_inserter(kept), [&](const candidate& each) {
        return std::ranges::all_of(each.types, [&](oid to) {
            return can_coerce(known, to, cast_context::implicit);
        });
    });
    if (kept.size() == 1)
        among = std::move(kept);
}

enum class choice : std::uint8_t { found, none, several };

// The one candidate left in `among` when the answer is `found`.
choice choose(candidates& among, std::span<const oid> given)
{
    for (const candidate& each : among) {
        if (std::ranges::equal(each.types, given)) {
            among = {each};
            return choice::found;
        }
    }
    std::erase_if(among, [&](const candidate& each) {
        for (std::size_t i = 0; i < given.size(); ++i)
            if (!can_coerce(given[i], each.types[i], cast_context::implicit))
                return true;
        return false;
    });
    const auto decided = [&] { return among.size() <= 1; };
    if (!decided())
        keep_best(among, [&](const candidate& each) { return exact_matches(each, given); });
    if (!decided())
        keep_best(among, [&](const candidate& each) { return preferred_matches(each, given); });
    if (!decided() && std::ranges::any_of(given, is_unknown)) {
        settle_unknowns(among, given);
        if (!decided())
            assume_one_type(among, given);
    }
    if (among.empty())
        return choice::none;
    return among.size() == 1 ? choice::found : choice::several;
}

constexpr std::string_view function_hint =
    "No function matches the given name and argument types. You might need to add explicit type "
    "casts.";
constexpr std::string_view operator_hint =
    "No operator matches the given name and argument type%. You might need to add explicit type "
    "cast%.";

[[noreturn]] void
refuse_operator(choice why, std::string_view name, const std::vector<oid>& given, int offset)
{
    std::string spelled = given.size() == 2 ? spelling_of(given[0]) + " " : "";
    spelled += std::string(name) + " " + spelling_of(given.back());
    if (why == choice::several)
        refuse("42725",
               "operator is not unique: " + spelled,
               offset,
               "Could not choose a best candidate operator. You might need to add explicit type "
               "casts.");
    std::string hint;
    for (const char c : operator_hint) {
        if (c != '%')
            hint += c;
        else if (given.size() == 2)
            hint += 's';
    }
    refuse("42883", "operator does not exist: " + spelled, offset, std::move(hint));
}

std::string spelled(std::string_view function, const std::vector<oid>& given)
{
    std::string all{function};
    all += '(';
    for (const oid each : given)
        all += (all.back() == '(' ? "" : ", ") + spelling_of(each);
    return all += ')';
}

[[noreturn]] void
refuse_function(choice why, std::string_view name, const std::vector<oid>& given, int offset)
{
    if (why == choice::several)
        refuse("42725",
               "function " + spelled(name, given) + " is not unique",
               offset,
               "Could not choose a best candidate function. You might need to add explicit type "
               "casts.");
    refuse("42883",
           "function " + spelled(name, given) + " does not exist",
           offset,
           std::string(function_hint));
}

constexpr std::array<std::string_view, 6> comparisons{"=", "<>", "<", "<=", ">", ">="};

bool orders(std::string_view comparison) { return comparison != "=" && comparison != "<>"; }

// Comparisons stand for whole types; IS and IS NOT resolve like = does.
expression_ptr resolve_comparison(
    analysis& all, std::string_view name, expression_ptr left, expression_ptr right, int offset)
{
    std::vector<oid> given{left->type, right->type};
    if (is_unknown(given[0]) && !is_unknown(given[1]))
        given[0] = is_text(given[1]) ? given[0] : given[1];
    else if (is_unknown(given[1]) && !is_unknown(given[0]))
        given[1] = is_text(given[0]) ? given[1] : given[0];
    candidates among;
    for (const comparable_type& each : comparable_types())
        if (each.ordered || !orders(name))
            among.push_back({{each.type, each.type}, 0});
    choice found = choose(among, given);
    oid as = type::none;
    if (found == choice::found) {
        as = among[0].types[0];
    } else if (is_array(left->type) && (left->type == right->type || is_unknown(right->type)) &&
               !orders(name)) {
        as = left->type; // arrays of one type are equal when they print alike
    } else {
        refuse_operator(found, name, types_of(std::array{left, right}), offset);
    }
    return make({tree::comparison{name,
                                  coerce(all, std::move(left), as, cast_context::implicit),
                                  coerce(all, std::move(right), as, cast_context::implicit)},
                 type::boolean,
                 -1,
                 offset});
}

// The types of one overload for `count` arguments, or nothing when it does not take that many.
std::optional<std::vector<oid>> expanded(const function_entry& of, std::size_t count)
{
    const auto fixed = of.arguments.types();
    if (of.kind != call_kind::variadic)
        return fixed.size() == count ? std::optional{std::vector<oid>(fixed.begin(), fixed.end())}
                                     : std::nullopt;
    if (count < fixed.size())
        return std::nullopt;
    std::vector<oid> all{fixed.begin(), fixed.end()};
    all.resize(count, fixed.back());
    return all;
}

// anyelement becomes what the arguments have in common; anyarray's element likewise.
oid bind_polymorphic(std::span<const oid> signature, std::span<const expression_ptr> arguments)
{
    std::vector<expression_ptr> elements;
    for (std::size_t i = 0; i < signature.size(); ++i) {
        if (signature[i] == type::anyelement || signature[i] == type::anynonarray)
            elements.push_back(arguments[i]);
        if (signature[i] == type::anyarray)
            return element_of(arguments[i]->type);
    }
    return elements.empty() ? type::none : common_type(elements, "anyelement");
}

} // namespace

expression_ptr resolve_operator(
    analysis& all, std::string_view name, expression_ptr left, expression_ptr right, int offset)
{
    const auto compared = std::ranges::find(comparisons, name);
    if (left && compared != comparisons.end())
        return resolve_comparison(all, *compared, std::move(left), std::move(right), offset);
    if (left && (name == "IS" || name == "IS NOT"))
        return resolve_comparison(all,
                                  name == "IS" ? "IS" : "IS NOT",
                                  std::move(left),
                                  std::move(right),
                                  offset);

    std::vector<oid> given = left ? types_of(std::array{left, right}) : types_of(std::array{right});
    candidates among;
    const auto table = operator_table();
    bool named = false;
    for (std::size_t i = 0; i < table.size(); ++i) {
        named |= table[i].name == name;
        if (table[i].name != name || (table[i].left == type::none) == static_cast<bool>(left))
            continue;
        if (left)
            among.push_back({{table[i].left, table[i].right}, i});
        else
            among.push_back({{table[i].right}, i});
    }
    if (!named && is_postgres_operator(name))
        refuse_feature("operator " + std::string(name), offset);
    // Before anything else a literal is taken to have the type of the other side.
    std::vector<oid> assumed = given;
    if (left && is_unknown(given[0]) != is_unknown(given[1])) {
        assumed[0] = is_unknown(given[0]) ? given[1] : given[0];
        assumed[1] = assumed[0];
    }
    const bool exact =
        std::ranges::any_of(among, [&](const candidate& each) { return each.types == assumed; });
    const choice found = choose(among, exact ? assumed : given);
    if (found != choice::found)
        refuse_operator(found, name, given, offset);
    const operator_entry& chosen = table[among[0].index];
    if (chosen.sqlite.empty())
        refuse_feature("operator " + spelling_of(chosen.left) + " " + std::string(name) + " " +
                           spelling_of(chosen.right),
                       offset);
    const auto as = [&](expression_ptr value, oid to) {
        if (to == type::anynonarray)
            return settle(all, std::move(value));
        return coerce(all, std::move(value), to, cast_context::implicit);
    };
    // Templates call the operands %1 and %2, a prefix operator's %2; %1 then stands for nothing.
    expression_ptr first = left ? as(std::move(left), chosen.left) : make_null(type::text);
    expression_ptr second = as(std::move(right), chosen.right);
    return make_call(chosen.sqlite, {std::move(first), std::move(second)}, chosen.result, offset);
}

bool is_function_name(std::string_view name)
{
    return std::ranges::find(function_table(), name, &function_entry::name) !=
           function_table().end();
}

resolved_function resolve_function(analysis& all,
                                   std::string_view name,
                                   std::vector<expression_ptr> arguments,
                                   int offset)
{
    const auto table = function_table();
    candidates among;
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i].name == name)
            if (auto types = expanded(table[i], arguments.size()))
                among.push_back({std::move(*types), i});
    const std::vector<oid> given = types_of(arguments);
    if (among.empty() && !is_function_name(name) && is_postgres_function(name))
        refuse_feature("function " + std::string(name), offset);
    const choice found = choose(among, given);
    if (found != choice::found)
        refuse_function(found, name, given, offset);

    const function_entry& chosen = table[among[0].index];
    if (chosen.sqlite.empty())
        refuse_feature("function " + spelled(name, given), offset);
    const std::vector<oid>& signature = among[0].types;
    const oid element = bind_polymorphic(signature, arguments);
    resolved_function made{&chosen, {}, chosen.result};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        oid to = signature[i];
        if (to == type::anyelement || to == type::anynonarray)
            to = element;
        const bool as_is = to == type::any || to == type::anyarray;
        made.arguments.push_back(
            as_is ? settle(all, std::move(arguments[i]))
                  : coerce(all, std::move(arguments[i]), to, cast_context::implicit));
    }
    if (made.result == type::anyelement)
        made.result = element;
    if (made.result == type::anyarray)
        made.result = array_of(element);
    if (made.result == type::none)
        refuse_feature("an array of " + spelling_of(element), offset);
    all.needs_writer |= chosen.writes;
    return made;
}

} // namespace weir::sqlite
