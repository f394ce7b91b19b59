// Sequences. Unlike PostgreSQL's they are part of the transaction: SQLite has one writer, so nobody
// waits for a number, and a rollback leaves no gap.
#include "pool/sqlite/functions_call.hpp"

#include <sqlite3.h>

#include <string>

namespace weir::sqlite {

namespace {

statement prepared(const function_call& call, const char* sql)
{
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v2(call.db(), sql, -1, &made, nullptr) != SQLITE_OK)
        refuse("XX000", sqlite3_errmsg(call.db()));
    return statement(made);
}

struct sequence {
    std::string name;
    std::int64_t increment, largest, smallest;
    bool cycles;
    std::int64_t last;
    bool is_called;
};

sequence find_sequence(const function_call& call, std::int64_t id)
{
    statement query = prepared(
        call,
        "SELECT c.relname, s.seqincrement, s.seqmax, s.seqmin, s.seqcycle, w.last_value, "
        "w.is_called FROM \"pg_catalog.pg_sequence\" s JOIN \"pg_catalog.weir_sequence\" w "
        "ON w.seqrelid = s.seqrelid JOIN \"pg_catalog.pg_class\" c ON c.oid = s.seqrelid "
        "WHERE s.seqrelid = ?1");
    query.bind(1, {.is = value::kind::integer, .integer = id});
    if (must(query.step()) != step_result::row)
        refuse("42809", "relation with OID " + std::to_string(id) + " is not a sequence");
    const auto number = [&query](int i) { return query.column(i).integer; };
    return {std::string(query.column(0).bytes),
            number(1),
            number(2),
            number(3),
            number(4) != 0,
            number(5),
            number(6) != 0};
}

void store(const function_call& call, std::int64_t id, std::int64_t last, bool is_called)
{
    statement update = prepared(call,
                                "UPDATE \"pg_catalog.weir_sequence\" SET last_value = ?2, "
                                "is_called = ?3 WHERE seqrelid = ?1");
    update.bind(1, {.is = value::kind::integer, .integer = id});
    update.bind(2, {.is = value::kind::integer, .integer = last});
    update.bind(3, {.is = value::kind::integer, .integer = is_called ? 1 : 0});
    must(update.step());
}

[[noreturn]] void refuse_limit(const sequence& s, bool upper)
{
    refuse("2200H",
           std::string("nextval: reached ") + (upper ? "maximum" : "minimum") +
               " value of sequence \"" + s.name + "\" (" +
               std::to_string(upper ? s.largest : s.smallest) + ')');
}

void nextval(function_call& call)
{
    const std::int64_t id = call.integer(0);
    const sequence s = find_sequence(call, id);
    std::int64_t next = s.last;
    if (s.is_called) {
        const bool up = s.increment > 0;
        if (__builtin_add_overflow(s.last, s.increment, &next) || next > s.largest ||
            next < s.smallest) {
            if (!s.cycles)
                refuse_limit(s, up);
            next = up ? s.smallest : s.largest;
        }
    }
    store(call, id, next, true);
    sequence_memory& memory = *call.session().sequences;
    memory.last_values[id] = next;
    memory.last_used = id;
    call.give(next);
}

void currval(function_call& call)
{
    const auto& known = call.session().sequences->last_values;
    const auto found = known.find(call.integer(0));
    if (found == known.end())
        refuse("55000",
               "currval of sequence \"" + find_sequence(call, call.integer(0)).name +
                   "\" is not yet defined in this session");
    call.give(found->second);
}

void lastval(function_call& call)
{
    const sequence_memory& memory = *call.session().sequences;
    if (memory.last_used == 0)
        refuse("55000", "lastval is not yet defined in this session");
    call.give(memory.last_values.at(memory.last_used));
}

void setval(function_call& call)
{
    const std::int64_t id = call.integer(0);
    const std::int64_t wanted = call.integer(1);
    const bool is_called = call.integer(2) != 0;
    const sequence s = find_sequence(call, id);
    if (wanted < s.smallest || wanted > s.largest)
        refuse("22003",
               "setval: value " + std::to_string(wanted) + " is out of bounds for sequence \"" +
                   s.name + "\" (" + std::to_string(s.smallest) + ".." + std::to_string(s.largest) +
                   ')');
    store(call, id, wanted, is_called);
    if (is_called)
        call.session().sequences->last_values[id] = wanted;
    call.give(wanted);
}

// 'users', 'id' -> public.users_id_seq
void owned_sequence(function_call& call)
{
    statement query = prepared(
        call,
        "SELECT s.relname FROM \"pg_catalog.pg_class\" t JOIN \"pg_catalog.pg_attribute\" a ON "
        "a.attrelid = t.oid AND a.attname = ?2 JOIN \"pg_catalog.pg_depend\" d ON d.refobjid = "
        "t.oid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i') JOIN "
        "\"pg_catalog.pg_class\" s ON s.oid = d.objid AND s.relkind = 'S' WHERE t.relname = ?1");
    std::string_view table = call.text(0);
    if (table.starts_with("public."))
        table.remove_prefix(7);
    if (table.size() > 1 && table.starts_with('"') && table.ends_with('"'))
        table = table.substr(1, table.size() - 2);
    query.bind(1, {.is = value::kind::text, .bytes = table});
    query.bind(2, {.is = value::kind::text, .bytes = call.text(1)});
    if (must(query.step()) == step_result::row)
        call.give("public." + std::string(query.column(0).bytes));
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_nextval", 1, nextval, stable},
    {"pg_currval", 1, currval, stable},
    {"pg_lastval", 0, lastval, stable},
    {"pg_setval", 3, setval, stable},
    {"pg_get_serial_sequence", 2, owned_sequence, stable},
};

} // namespace

void register_sequence_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
