// What functions say about the session, the clock and the catalog.
#include "pool/sqlite/datetime.hpp"
#include "pool/sqlite/functions_call.hpp"
#include "pool/sqlite/types.hpp"

#include <sqlite3.h>

#include <chrono>
#include <random>

namespace weir::sqlite {

namespace {

timestamptz to_timestamptz(std::chrono::system_clock::time_point at)
{
    const auto since_1970 =
        std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
    return {since_1970 - unix_epoch_seconds * microseconds_per_second};
}

const time_zone& zone_of(const function_call& call)
{
    const time_zone* const zone = time_zone::find(call.session().time_zone);
    return zone != nullptr ? *zone : time_zone::utc();
}

timestamp local_now(const function_call& call)
{
    return at_zone(to_timestamptz(call.session().transaction_start), zone_of(call));
}

std::mt19937_64& dice()
{
    thread_local std::mt19937_64 engine{std::random_device{}()};
    return engine;
}

// Version 4: 122 bits of the operating system's randomness, since ids must not be guessed.
void give_uuid(function_call& call)
{
    unsigned char bytes[16];
    sqlite3_randomness(sizeof bytes, bytes);
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    std::string out;
    for (std::size_t i = 0; i < sizeof bytes; ++i) {
        constexpr std::string_view figures = "0123456789abcdef";
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out.push_back('-');
        out.push_back(figures[bytes[i] >> 4]);
        out.push_back(figures[bytes[i] & 15]);
    }
    call.give(out);
}

// format_type(): with its modifier's numbers, as psql shows a column's type.
void give_format_type(function_call& call)
{
    if (call.is_null(0))
        return;
    const oid id{static_cast<std::uint32_t>(call.integer(0))};
    const auto modifier = static_cast<std::int32_t>(call.is_null(1) ? -1 : call.integer(1));
    const type_info* info = find_type(id);
    if (info == nullptr)
        return call.give(call.integer(0) == 0 ? "-" : "???");
    std::string brackets;
    if (info->category == 'A' && info->name.starts_with('_')) {
        info = find_type(info->name.substr(1));
        brackets = "[]";
    }
    std::string out(info->sql_name);
    if (info->id == type::bpchar && modifier < 0 && !call.is_null(1) && brackets.empty())
        out = "bpchar"; // char without a length is not character(1)
    if (modifier >= 0) {
        if (info->id == type::varchar || info->id == type::bpchar) {
            out += '(' + std::to_string(modifier - 4) + ')';
        } else if (info->id == type::numeric) {
            const std::int32_t scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
            out += '(' + std::to_string(((modifier - 4) >> 16) & 0xffff) + ',' +
                   std::to_string(scale) + ')';
        } else if (const std::size_t zone = out.find(" with"); zone != std::string::npos) {
            out.insert(zone, '(' + std::to_string(modifier) + ')'); // timestamp(3) with time zone
        }
    }
    call.give(out + brackets);
}

// 'users', 'public.users', '"Users"' or a number -> pg_class.oid
void give_regclass(function_call& call)
{
    const std::string_view text = call.text(0);
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos)
        return call.give(call.integer(0));
    std::vector<std::string> parts(1);
    bool quoted = false;
    for (const char c : text) {
        if (c == '"')
            quoted = !quoted;
        else if (c == '.' && !quoted)
            parts.emplace_back();
        else
            parts.back().push_back(
                !quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    if (parts.size() > 2)
        refuse("0A000", "cross-database references are not implemented: " + std::string(text));
    // Without a schema pg_catalog comes first; its oid is the smallest too.
    constexpr auto sql =
        "SELECT c.oid FROM \"pg_catalog.pg_class\" c JOIN "
        "\"pg_catalog.pg_namespace\" n ON n.oid = c.relnamespace WHERE c.relname = "
        "?1 AND (?2 = '' OR n.nspname = ?2) ORDER BY n.oid";
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(call.db(), sql, -1, &prepared, nullptr) != SQLITE_OK)
        refuse("XX000", sqlite3_errmsg(call.db()));
    statement query(prepared);
    query.bind(1, {.is = value::kind::text, .bytes = parts.back()});
    query.bind(2, {.is = value::kind::text, .bytes = parts.size() == 2 ? parts.front() : ""});
    if (must(query.step()) != step_result::row)
        refuse("42P01", "relation \"" + std::string(text) + "\" does not exist");
    call.give(query.column(0).integer);
}

void give_setting(function_call& call)
{
    const function_context& session = call.session();
    const auto found =
        session.setting ? session.setting(call.text(0)) : std::optional<std::string>{};
    if (found)
        return call.give(*found);
    if (call.integer(1) == 0)
        refuse("42704",
               "unrecognized configuration parameter \"" + std::string(call.text(0)) + '"');
}

using enum scalar_function::kind;

constexpr scalar_function functions[] = {
    {"pg_now",
     0,
     [](function_call& c) { c.give(to_text(to_timestamptz(c.session().transaction_start))); },
     stable},
    {"pg_statement_timestamp",
     0,
     [](function_call& c) { c.give(to_text(to_timestamptz(c.session().statement_start))); },
     stable},
    {"pg_clock_timestamp",
     0,
     [](function_call& c) { c.give(to_text(to_timestamptz(std::chrono::system_clock::now()))); },
     stable},
    {"pg_current_date",
     0,
     [](function_call& c) { c.give(to_text(to_date(local_now(c)))); },
     stable},
    {"pg_current_time",
     0,
     [](function_call& c) { c.give(to_text(to_time(local_now(c)))); },
     stable},
    {"pg_current_user", 0, [](function_call& c) { c.give(c.session().user); }, stable},
    {"pg_current_database", 0, [](function_call& c) { c.give(c.session().database); }, stable},
    {"pg_backend_pid",
     0,
     [](function_call& c) { c.give(std::int64_t{c.session().process_id}); },
     stable},
    {"pg_version",
     0,
     [](function_call& c) { c.give("PostgreSQL 15.0 (weir, SQLite " SQLITE_VERSION ")"); }},
    {"pg_current_setting", 2, give_setting, stable},
    {"pg_format_type", 2, give_format_type, pure, false},
    {"pg_typeof", 1, [](function_call& c) { c.give_argument(0); }, pure, false},
    {"pg_to_regclass", 1, give_regclass, stable},
    {"pg_gen_random_uuid", 0, give_uuid, stable},
    {"pg_random",
     0,
     [](function_call& c) { c.give_real(std::uniform_real_distribution<double>{}(dice())); },
     stable},
};

} // namespace

void register_session_functions(connection& into, const function_context* context)
{
    register_scalars(into, context, functions);
}

} // namespace weir::sqlite
