#include "pool/sqlite/dialect/coerce.hpp"

#include "pool/sqlite/dialect/function_table.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/type_rules.hpp"
#include "pool/sqlite/value_codecs.hpp"
#include "pool/sqlite/values.hpp"

#include <algorithm>
#include <utility>

namespace weir::sqlite {

namespace {

using tree::expression_ptr;

bool is_unknown(oid of) { return of == type::none || of == type::unknown; }

// varchar, char(n) and name have most of their casts through text.
bool is_text_like(oid of) { return is_text(of); }

tree::constant stored(const value& v)
{
    switch (v.is) {
    case value::kind::null: return {};
    case value::kind::integer: return {v.integer};
    case value::kind::real: return {v.real};
    case value::kind::text: return {std::string(v.bytes)};
    case value::kind::blob: return {std::vector<char>(v.bytes.begin(), v.bytes.end())};
    }
    return {};
}

std::int64_t relation_named(analysis& all, std::string_view text, int offset)
{
    std::string_view schema;
    std::string_view name = text;
    if (const auto dot = text.find('.'); dot != std::string_view::npos) {
        schema = text.substr(0, dot);
        name = text.substr(dot + 1);
    }
    const auto unquoted = [](std::string_view part) {
        const bool quoted = part.size() > 1 && part.front() == '"' && part.back() == '"';
        return quoted ? part.substr(1, part.size() - 2) : part;
    };
    const relation* found = all.tables.find(unquoted(schema), unquoted(name));
    if (!found)
        refuse("42P01", "relation \"" + std::string(text) + "\" does not exist", offset);
    return static_cast<std::int64_t>(found->id);
}

// A literal's text, read by the input function of the type.
expression_ptr read_literal(analysis& all, const tree::expression& literal, oid to)
{
    tree::expression made{{}, to, -1, literal.offset};
    const auto* text = std::get_if<std::string>(&std::get<tree::constant>(literal.is).stored);
    if (!text) {
        made.is = tree::constant{};
    } else if (to == type::regclass && text->find_first_not_of("0123456789") != std::string::npos) {
        made.is = tree::constant{relation_named(all, *text, literal.offset)};
    } else if (to == type::regtype && find_type(std::string_view(*text))) {
        made.is = tree::constant{static_cast<std::int64_t>(find_type(std::string_view(*text))->id)};
    } else {
        output_settings how;
        how.time_zone = all.settings.time_zone;
        std::string storage;
        const oid as = to == type::regclass || to == type::regtype ? type::oid_ : to;
        const result<value> read = decode(*text, as, wire_format::text, how, storage);
        if (!read)
            throw refusal{read.error(), literal.offset};
        made.is = stored(*read);
    }
    return make(std::move(made));
}

expression_ptr type_parameter(analysis& all, const tree::expression& parameter, oid to)
{
    const int number = std::get<tree::parameter>(parameter.is).number;
    oid& known = all.parameters[static_cast<std::size_t>(number) - 1];
    if (is_unknown(known))
        known = to;
    if (known != to)
        refuse("42P08",
               "inconsistent types deduced for parameter $" + std::to_string(number),
               parameter.offset,
               {},
               spelling_of(known) + " versus " + spelling_of(to));
    return make({parameter.is, to, -1, parameter.offset});
}

// Numbers that are written down become numbers of the other type at once, so that a comparison
// with a column stays one that an index can answer.
expression_ptr convert_constant(const tree::expression& from, oid to)
{
    const auto* written = std::get_if<tree::constant>(&from.is);
    const auto* number = written ? std::get_if<std::int64_t>(&written->stored) : nullptr;
    if (!number || !is_integer(from.type))
        return nullptr;
    if (to == type::numeric)
        return make({tree::constant{std::to_string(*number)}, to, -1, from.offset});
    if (to == type::float8)
        return make({tree::constant{static_cast<double>(*number)}, to, -1, from.offset});
    return nullptr;
}

// text -> any type and any type -> text, when the tables have no better way.
expression_ptr
coerce_through_text(analysis& all, expression_ptr value, oid to, cast_context allowed)
{
    const oid from = value->type;
    const int offset = value->offset;
    if (is_text_like(to)) {
        if (is_text_like(from) || to != type::text) {
            expression_ptr text = coerce(all, std::move(value), type::text, allowed);
            return text ? coerce(all, std::move(text), to, allowed) : nullptr;
        }
        const auto number = static_cast<std::int64_t>(from);
        return make_call(form::output,
                         {std::move(value), make_integer(number, type::int4)},
                         to,
                         offset);
    }
    if (from != type::text) {
        expression_ptr text = coerce(all, std::move(value), type::text, allowed);
        return text ? coerce(all, std::move(text), to, allowed) : nullptr;
    }
    const auto number = static_cast<std::int64_t>(to);
    return make_call(form::input, {std::move(value), make_integer(number, type::int4)}, to, offset);
}

} // namespace

expression_ptr make(tree::expression of)
{
    return std::make_shared<tree::expression>(std::move(of));
}

expression_ptr make_call(std::string_view sqlite,
                         std::vector<expression_ptr> arguments,
                         oid type,
                         int offset,
                         std::int32_t modifier)
{
    return make({tree::call{sqlite, std::move(arguments)}, type, modifier, offset});
}

expression_ptr make_integer(std::int64_t number, oid type, int offset)
{
    return make({tree::constant{number}, type, -1, offset});
}

expression_ptr make_null(oid type, int offset)
{
    return make({tree::constant{}, type, -1, offset});
}

bool can_coerce(oid from, oid to, cast_context allowed)
{
    if (from == to || is_unknown(from) || to == type::any)
        return true;
    if (to == type::anyelement)
        return true;
    if (to == type::anynonarray)
        return !is_array(from);
    if (to == type::anyarray)
        return is_array(from);
    if (const cast_entry* known = find_cast(from, to))
        return known->allowed <= allowed;
    if (is_text_like(from) && is_text_like(to))
        return true;
    if (from == type::void_ || to == type::void_ || from == type::record || to == type::record)
        return false;
    if (is_text_like(to) && allowed >= cast_context::assignment)
        return true;
    if (is_text_like(from) && allowed == cast_context::explicit_)
        return true;
    return is_array(from) && is_array(to) && allowed == cast_context::explicit_ &&
           can_coerce(element_of(from), element_of(to), allowed);
}

expression_ptr coerce(analysis& all, expression_ptr value, oid to, cast_context allowed)
{
    if (value->type == to)
        return value;
    if (std::holds_alternative<tree::parameter>(value->is) && is_unknown(value->type))
        return type_parameter(all, *value, to);
    if (std::holds_alternative<tree::constant>(value->is) && is_unknown(value->type))
        return read_literal(all, *value, to);
    if (!can_coerce(value->type, to, allowed))
        return nullptr;
    if (is_array(value->type) && is_array(to)) {
        // '{1,2}' is the same text whatever the elements are, so long as both print alike.
        auto same = std::make_shared<tree::expression>(*value);
        same->type = to;
        return same;
    }
    if (expression_ptr converted = convert_constant(*value, to))
        return converted;
    if (const cast_entry* known = find_cast(value->type, to)) {
        const int offset = value->offset;
        if (known->sqlite == "%1") {
            auto same = std::make_shared<tree::expression>(*value);
            same->type = to;
            same->modifier = is_text_like(to) ? same->modifier : -1;
            return same;
        }
        return make_call(known->sqlite, {std::move(value)}, to, offset);
    }
    return coerce_through_text(all, std::move(value), to, allowed);
}

expression_ptr apply_modifier(expression_ptr value, std::int32_t modifier, bool is_stored)
{
    if (modifier < 0 || value->modifier == modifier)
        return value;
    const auto rule = std::ranges::find(modifier_table(), value->type, &modifier_entry::of);
    if (rule == modifier_table().end())
        return value;
    const modifier_numbers numbers = numbers_of(value->type, modifier);
    const oid type = value->type;
    const int offset = value->offset;
    return make_call(is_stored ? rule->stored : rule->asked,
                     {std::move(value),
                      make_integer(numbers.first, type::int4),
                      make_integer(numbers.second, type::int4)},
                     type,
                     offset,
                     modifier);
}

expression_ptr cast(analysis& all, expression_ptr value, type_use to, int offset)
{
    const oid from = value->type;
    expression_ptr made = coerce(all, value, to.type, cast_context::explicit_);
    if (!made)
        refuse("42846",
               "cannot cast type " + spelling_of(from) + " to " + spelling_of(to.type),
               offset);
    if (made == value) // the cast may name the column anew, the value itself stays as it is
        made = std::make_shared<tree::expression>(*value);
    if (to.modifier < 0)
        made->modifier = -1;
    return apply_modifier(std::move(made), to.modifier, false);
}

expression_ptr assign(
    analysis& all, expression_ptr value, std::string_view column, oid type, std::int32_t modifier)
{
    const oid from = value->type;
    const int offset = value->offset;
    expression_ptr made = coerce(all, std::move(value), type, cast_context::assignment);
    if (!made)
        refuse("42804",
               "column \"" + std::string(column) + "\" is of type " + spelling_of(type) +
                   " but expression is of type " + spelling_of(from),
               offset,
               "You will need to rewrite or cast the expression.");
    return apply_modifier(std::move(made), modifier, true);
}

expression_ptr coerce_to_boolean(analysis& all, expression_ptr value, std::string_view where)
{
    const oid from = value->type;
    const int offset = value->offset;
    expression_ptr made = coerce(all, std::move(value), type::boolean, cast_context::implicit);
    if (!made)
        refuse("42804",
               "argument of " + std::string(where) + " must be type boolean, not type " +
                   spelling_of(from),
               offset);
    return made;
}

expression_ptr coerce_to_count(analysis& all, expression_ptr value, std::string_view where)
{
    const oid from = value->type;
    const int offset = value->offset;
    expression_ptr made = coerce(all, std::move(value), type::int8, cast_context::assignment);
    if (!made)
        refuse("42804",
               "argument of " + std::string(where) + " must be type bigint, not type " +
                   spelling_of(from),
               offset);
    return made;
}

oid common_type(std::span<const expression_ptr> values, std::string_view context)
{
    oid chosen = type::none;
    for (const expression_ptr& each : values) {
        const oid next = each->type;
        if (is_unknown(next) || next == chosen)
            continue;
        if (is_unknown(chosen)) {
            chosen = next;
        } else if (category_of(next) != category_of(chosen)) {
            if (context.empty())
                return type::none;
            refuse("42804",
                   std::string(context) + " types " + spelling_of(chosen) + " and " +
                       spelling_of(next) + " cannot be matched",
                   each->offset);
        } else if (!is_preferred(chosen) && can_coerce(chosen, next, cast_context::implicit) &&
                   !can_coerce(next, chosen, cast_context::implicit)) {
            chosen = next;
        }
    }
    return is_unknown(chosen) ? type::text : chosen;
}

expression_ptr
coerce_to_common(analysis& all, expression_ptr value, oid to, std::string_view context)
{
    const oid from = value->type;
    const int offset = value->offset;
    expression_ptr made = coerce(all, std::move(value), to, cast_context::implicit);
    if (!made)
        refuse("42846",
               std::string(context) + " could not convert type " + spelling_of(from) + " to " +
                   spelling_of(to),
               offset);
    return made;
}

expression_ptr settle(analysis& all, expression_ptr value)
{
    if (!is_unknown(value->type))
        return value;
    return coerce(all, std::move(value), type::text, cast_context::implicit);
}

std::int32_t common_modifier(std::span<const expression_ptr> values)
{
    if (values.empty())
        return -1;
    const std::int32_t first = values.front()->modifier;
    const bool same = std::ranges::all_of(values, [&](const expression_ptr& each) {
        return each->modifier == first;
    });
    return same ? first : -1;
}

} // namespace weir::sqlite
