// Casts through text, as PostgreSQL's input and output functions do them, and type modifiers.
#include "pool/sqlite/datetime.hpp"
#include "pool/sqlite/functions_call.hpp"
#include "pool/sqlite/functions_utf8.hpp"
#include "pool/sqlite/types.hpp"
#include "pool/sqlite/values.hpp"

#include <sqlite3.h>

namespace weir::sqlite {

namespace {

std::string regtype_name(std::int64_t id)
{
    const type_info* const known = find_type(oid{static_cast<std::uint32_t>(id)});
    return known != nullptr ? std::string(known->sql_name) : std::to_string(id);
}

std::string regclass_name(const function_call& call, std::int64_t id)
{
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(call.db(),
                           "SELECT relname FROM \"pg_catalog.pg_class\" WHERE oid = ?1",
                           -1,
                           &prepared,
                           nullptr) != SQLITE_OK)
        refuse("XX000", sqlite3_errmsg(call.db()));
    statement query(prepared);
    query.bind(1, {.is = value::kind::integer, .integer = id});
    return must(query.step()) == step_result::row ? std::string(query.column(0).bytes)
                                                  : std::to_string(id);
}

// text, the type's number -> the value as it is stored
void input(function_call& call)
{
    const oid type{static_cast<std::uint32_t>(call.integer(1))};
    const std::string_view text = call.text(0);
    if (type == type::regtype) {
        const type_info* const known = find_type(text);
        if (known == nullptr)
            refuse("42704", "type \"" + std::string(text) + "\" does not exist");
        return call.give(static_cast<std::int64_t>(known->id));
    }
    std::string storage;
    call.give(must(decode(text, type, wire_format::text, call.settings(), storage)));
}

void output(function_call& call)
{
    const oid type{static_cast<std::uint32_t>(call.integer(1))};
    if (type == type::regtype)
        return call.give(regtype_name(call.integer(0)));
    if (type == type::regclass)
        return call.give(regclass_name(call, call.integer(0)));
    std::string out;
    encode(out, call.argument(0), type, wire_format::text, call.settings());
    call.give(out);
}

// varchar(n) and char(n) in a column: only blanks may be lost.
std::string_view fit_text(std::string_view text, std::int64_t characters, std::string_view type)
{
    const std::size_t size = utf8::prefix_size(text, characters);
    if (text.find_first_not_of(' ', size) != std::string_view::npos)
        refuse("22001",
               "value too long for type " + std::string(type) + '(' + std::to_string(characters) +
                   ')');
    return text.substr(0, size);
}

void fit_bpchar(function_call& call)
{
    const std::int64_t characters = call.integer(1);
    std::string out(fit_text(call.text(0), characters, "character"));
    const std::int64_t missing = characters - utf8::length(out);
    out.append(static_cast<std::size_t>(std::max<std::int64_t>(missing, 0)), ' ');
    call.give(out);
}

void to_name(function_call& call)
{
    constexpr std::size_t most = 63; // bytes; whole characters are cut
    std::string_view text = call.text(0);
    if (text.size() > most) {
        std::size_t size = most;
        while (size > 0 && utf8::continues(text[size]))
            --size;
        text = text.substr(0, size);
    }
    call.give(text);
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_input", 2, input, stable},
    {"pg_output", 2, output, stable},
    {"pg_varchar",
     2,
     [](function_call& c) { c.give(fit_text(c.text(0), c.integer(1), "character varying")); }},
    {"pg_bpchar", 2, fit_bpchar},
    {"pg_name", 1, to_name},
};

} // namespace

void register_cast_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
