#include "daemon/console/command.hpp"

#include "daemon/console/columns.hpp"
#include "daemon/console/words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace weir::console {
namespace {

using words = std::span<const word>;
using reader = result<command> (*)(command made, words rest); // of what follows the name

struct entry {
    std::array<std::string_view, 2> name; // the second word may be empty
    command makes;
    reader read;
    std::string_view syntax = {}; // empty: its name
    std::string_view does = {};   // empty: not in SHOW HELP
};

error syntax_error(const word& near)
{
    return {"42601",
            "syntax error at or near \"" + near.text + "\"",
            {},
            "SHOW HELP lists the commands."};
}

error syntax_error_at_end()
{
    return {"42601", "syntax error at end of input", {}, "SHOW HELP lists the commands."};
}

result<command> alone(command made, words rest)
{
    if (!rest.empty())
        return syntax_error(rest.front());
    return made;
}

// Whatever is set: the console has no such settings, and a driver does not mind.
result<command> with_anything(command made, words) { return made; }

result<command> with_subject(command made, words rest)
{
    if (rest.empty())
        return syntax_error_at_end();
    if (rest[0].is == word::kind::literal)
        return syntax_error(rest[0]);
    made.subject = rest[0].text;
    return alone(std::move(made), rest.subspan(1));
}

result<command> with_subject_or_all(command made, words rest)
{
    return rest.empty() ? made : with_subject(std::move(made), rest);
}

// What drivers SET in any session (SET SESSION CHARACTERISTICS, SET TIME ZONE, SET NAMES); the
// console has none.
bool is_a_sessions(const word& w)
{
    constexpr std::array names{"application_name",
                               "bytea_output",
                               "characteristics",
                               "client_encoding",
                               "client_min_messages",
                               "datestyle",
                               "default_transaction_isolation",
                               "default_transaction_read_only",
                               "extra_float_digits",
                               "idle_in_transaction_session_timeout",
                               "intervalstyle",
                               "jit",
                               "lock_timeout",
                               "names",
                               "search_path",
                               "standard_conforming_strings",
                               "statement_timeout",
                               "time",
                               "timezone",
                               "transaction"};
    return std::ranges::any_of(names, [&](auto name) { return w.is_bare(name); });
}

// SET [SESSION|LOCAL] name = value, or TO.
result<command> read_set(command made, words rest)
{
    if (rest.size() > 1 && (rest[0].is_bare("session") || rest[0].is_bare("local")))
        rest = rest.subspan(1);
    if (!rest.empty() && is_a_sessions(rest[0])) {
        made.verb = verb::courtesy;
        made.is_for_all = true;
        return made;
    }
    if (rest.size() < 3)
        return syntax_error_at_end();
    if (rest[1].text != "=" && !rest[1].is_bare("to"))
        return syntax_error(rest[1]);
    made.subject = rest[0].text;
    made.value = rest[2].text;
    return alone(std::move(made), rest.subspan(3));
}

result<command> read_shut_down(command made, words rest)
{
    if (rest.empty())
        return made;
    if (rest[0].is_bare("wait_for_servers"))
        made.verb = verb::shut_down_after_servers;
    else if (rest[0].is_bare("wait_for_clients"))
        made.verb = verb::shut_down_after_clients;
    else
        return syntax_error(rest[0]);
    return alone(std::move(made), rest.subspan(1));
}

result<migrations::direction> direction_of(const word& w)
{
    using enum migrations::direction;
    if (w.is_bare("upgrade"))
        return upgrade;
    if (w.is_bare("downgrade"))
        return downgrade;
    if (w.is_bare("stamp"))
        return stamp;
    return syntax_error(w);
}

result<command> read_migrate(command made, words rest)
{
    if (rest.size() < 3)
        return syntax_error_at_end();
    if (rest[0].is == word::kind::literal)
        return syntax_error(rest[0]);
    made.wish.backend = rest[0].text;
    const auto way = direction_of(rest[1]);
    if (!way)
        return way.error();
    made.wish.way = *way;
    if (rest[2].is == word::kind::name)
        return syntax_error(rest[2]);
    made.wish.target = rest[2].text;
    for (const word& option : rest.subspan(3)) {
        if (option.is_bare("purge") && *way == migrations::direction::stamp)
            made.wish.purge = true;
        else if (option.is_bare("online"))
            made.wish.online = true;
        else
            return syntax_error(option);
    }
    return made;
}

entry show(verb what, std::string_view name, std::span<const column> with, std::string_view does)
{
    return {{"show", name}, {what, "SHOW", with}, alone, {}, does};
}

entry show_for_all(verb what,
                   std::string_view name,
                   std::span<const column> with,
                   std::string_view does)
{
    entry made = show(what, name, with, does);
    made.makes.is_for_all = true;
    return made;
}

// What a driver sends to any server, and who may ask for nothing else may ask for that.
entry courtesy(std::string_view name, std::string_view tag, char transaction_status_after = {})
{
    command made{verb::courtesy, tag, {}, transaction_status_after};
    made.is_for_all = true;
    return {{name, ""}, made, with_anything};
}

const std::array table{
    show(verb::show_pools, "pools", columns::pools, "each backend's clients and servers by state"),
    show(verb::show_databases,
         "databases",
         columns::databases,
         "the backends, and how large their pools may be"),
    show(verb::show_stats,
         "stats",
         columns::stats,
         "transactions, queries, bytes and time, in all and on average"),
    show(verb::show_stats_totals, "stats_totals", columns::half_stats, "likewise, since the start"),
    show(verb::show_stats_averages, "stats_averages", columns::half_stats, "likewise, on average"),
    show(verb::show_totals, "totals", columns::totals, "the sums of SHOW STATS over all backends"),
    show(verb::show_clients, "clients", columns::ends, "clients one by one"),
    show(verb::show_servers, "servers", columns::ends, "connections to the backends one by one"),
    show(verb::show_sockets, "sockets", columns::sockets, "both"),
    show(verb::show_active_sockets, "active_sockets", columns::sockets, "both, the active ones"),
    show(verb::show_waiters,
         "waiters",
         columns::waiters,
         "who waits for a server, the longest first"),
    show(verb::show_holders,
         "holders",
         columns::holders,
         "who holds a server, the longest first, and what for"),
    show(
        verb::show_pins, "pins", columns::pins, "who keeps a server between transactions, and why"),
    show(verb::show_lists, "lists", columns::lists, "how many there are of what"),
    show(verb::show_users, "users", columns::users, "whom weir logs in as"),
    show(verb::show_config, "config", columns::config, "the settings"),
    show(verb::show_state, "state", columns::state, "active, paused or suspended"),
    show(verb::show_dns_hosts,
         "dns_hosts",
         columns::dns_hosts,
         "nothing: libpq asks for names at each login"),
    show(verb::show_dns_zones, "dns_zones", columns::dns_zones, "likewise"),
    show(verb::show_migrations,
         "migrations",
         columns::migrations,
         "the schema of each backend: where it is, what is pending, what runs now"),
    show(verb::show_backends, "backends", columns::backends, "the backends, and how they are"),
    show(verb::show_queries,
         "queries",
         columns::queries,
         "what the backends are asked, what has taken the most time first"),
    show(verb::show_fds, "fds", columns::fds, "the descriptors of clients and servers"),
    show(verb::show_mem, "mem", columns::mem, "what clients and servers take, by kind"),
    show_for_all(verb::show_version, "version", columns::version, "which weir this is"),
    show_for_all(verb::show_help, "help", columns::help, "this"),
    entry{{"migrate", ""},
          {verb::migrate, "MIGRATE", columns::migrate},
          read_migrate,
          "MIGRATE \"backend\" UPGRADE|DOWNGRADE|STAMP 'target' [PURGE] [ONLINE]",
          "brings the schema there; clients wait meanwhile, but for ONLINE"},
    entry{{"reload", ""},
          {verb::reload, "RELOAD", {}},
          alone,
          "RELOAD",
          "reads the settings anew; if there is anything wrong with them, the old ones stay"},
    entry{{"pause", ""},
          {verb::pause, "PAUSE", {}},
          with_subject_or_all,
          "PAUSE [\"backend\"]",
          "no client gets a server from now on; answered when none holds one"},
    entry{{"resume", ""},
          {verb::resume, "RESUME", {}},
          with_subject_or_all,
          "RESUME [\"backend\"]",
          "ends a PAUSE, a KILL or a SUSPEND"},
    entry{{"disable", ""},
          {verb::disable, "DISABLE", {}},
          with_subject,
          "DISABLE \"backend\"",
          "lets no new client in; those that are there stay"},
    entry{{"enable", ""},
          {verb::enable, "ENABLE", {}},
          with_subject,
          "ENABLE \"backend\"",
          "ends a DISABLE"},
    entry{{"suspend", ""},
          {verb::suspend, "SUSPEND", {}},
          alone,
          "SUSPEND",
          "no byte of a client or server is read until RESUME; answered when all that was read is "
          "sent"},
    entry{{"reconnect", ""},
          {verb::reconnect, "RECONNECT", {}},
          with_subject_or_all,
          "RECONNECT [\"backend\"]",
          "no connection of now is used again: it is closed as soon as nobody holds it"},
    entry{{"wait_close", ""},
          {verb::wait_close, "WAIT_CLOSE", {}},
          with_subject_or_all,
          "WAIT_CLOSE [\"backend\"]",
          "answered when the connections that RECONNECT or RELOAD replaces are closed"},
    entry{{"kill", ""},
          {verb::kill, "KILL", {}},
          with_subject_or_all,
          "KILL [\"backend\"]",
          "ends the connections of all clients and servers, and pauses"},
    entry{{"kill_client", ""},
          {verb::kill_client, "KILL_CLIENT", {}},
          with_subject,
          "KILL_CLIENT client",
          "ends this client's connection; SHOW CLIENTS has its ptr"},
    entry{{"set", ""},
          {verb::set, "SET", {}},
          read_set,
          "SET setting = value",
          "until RELOAD or the end; SHOW CONFIG says which can be changed"},
    entry{{"shutdown", ""},
          {verb::shut_down, "SHUTDOWN", {}},
          read_shut_down,
          "SHUTDOWN [WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS]",
          "ends weir: now, when no client holds a server, or when the last client has left"},
    courtesy("begin", "BEGIN", 'T'),
    courtesy("start", "START TRANSACTION", 'T'),
    courtesy("commit", "COMMIT", 'I'),
    courtesy("end", "COMMIT", 'I'),
    courtesy("rollback", "ROLLBACK", 'I'),
    courtesy("abort", "ROLLBACK", 'I'),
    courtesy("reset", "RESET"),
    courtesy("discard", "DISCARD ALL"),
    courtesy("deallocate", "DEALLOCATE"),
};

// How many of the first words are the entry's name; 0: it is another.
std::size_t matched(const entry& e, words all)
{
    if (!all[0].is_bare(e.name[0]))
        return 0;
    if (e.name[1].empty())
        return 1;
    return all.size() > 1 && all[1].is_bare(e.name[1]) ? 2 : 0;
}

std::string in_capitals(const std::array<std::string_view, 2>& name)
{
    std::string out = std::string(name[0]) + " " + std::string(name[1]);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
    return out;
}

} // namespace

result<command> parse_command(std::string_view sql)
{
    auto split = split_words(sql);
    if (!split)
        return split.error();
    std::vector<word>& all = *split;
    const auto is_semicolon = [](const word& w) { return w.is == word::kind::semicolon; };
    while (!all.empty() && is_semicolon(all.back()))
        all.pop_back();
    if (all.empty())
        return command{};
    if (std::ranges::any_of(all, is_semicolon))
        return error{"0A000", "the console takes one command at a time"};
    for (const entry& e : table)
        if (const std::size_t n = matched(e, all); n > 0)
            return e.read(e.makes, words{all}.subspan(n));
    const bool is_show = all[0].is_bare("show");
    if (is_show && all.size() == 1)
        return syntax_error_at_end();
    return syntax_error(all[is_show ? 1 : 0]);
}

rows help()
{
    rows made;
    for (const entry& e : table)
        if (!e.does.empty())
            made.push_back({e.syntax.empty() ? in_capitals(e.name) : std::string(e.syntax),
                            std::string(e.does)});
    return made;
}

} // namespace weir::console
