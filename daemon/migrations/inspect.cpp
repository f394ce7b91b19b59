// Looks at a database without its lock, and changes nothing.
#include "daemon/migrations/backend_wait.hpp"
#include "daemon/migrations/command_step.hpp"
#include "daemon/migrations/migrator.hpp"
#include "daemon/migrations/request_plan.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace weir::migrations {

namespace {

struct seen {
    std::unique_ptr<direct_connection> connection;
    database_state database;
};

attempt<seen> look(const target& t, std::stop_token stop)
{
    auto logged_in = wait_for_backend(
        t.behind,
        std::chrono::milliseconds{0},
        [](const std::string&) {},
        stop);
    if (!logged_in)
        return as_failure(logged_in.error());
    auto connection = std::make_unique<direct_connection>(std::move(*logged_in));
    auto database = read_database_state(*connection, table_of(t.settings), stop);
    if (!database)
        return as_failure(database.error());
    return seen{std::move(connection), std::move(*database)};
}

std::vector<std::string> ids_of(const std::vector<step>& steps)
{
    std::vector<std::string> ids;
    for (const step& s : steps)
        ids.push_back(s.what->id);
    return ids;
}

attempt<void> ask_command(const target& t, std::stop_token stop, state& out)
{
    const auto what = command_for(t.url, t.settings, t.settings.current_command);
    if (!what)
        return as_failure(what.error());
    const auto done = migrations::run(
        *what,
        [&](std::string_view line) { out.command_lines.emplace_back(line); },
        {},
        std::move(stop));
    if (!done)
        return as_failure(done.error());
    out.command_is_at_head = std::ranges::any_of(out.command_lines, [](const auto& line) {
        return line.find("(head)") != line.npos;
    });
    return {};
}

} // namespace

attempt<state> inspect(const target& t, const revision_graph& graph, std::stop_token stop)
{
    state out;
    out.heads = graph.heads();
    auto now = look(t, stop);
    if (!now)
        return now.error();
    out.current = now->database.rows;
    out.has_version_table = now->database.has_version_table;
    out.has_other_tables = !now->database.other_tables.empty();
    if (!t.settings.current_command.empty())
        if (auto asked = ask_command(t, stop, out); !asked)
            return asked.error();
    if (graph.is_empty())
        return out; // the rows, if any, are the command's
    const comparison found = compare(now->database, graph);
    out.unknown = found.unknown;
    for (const revision* const r : found.edited)
        out.edited.push_back(r->id);
    for (const note& n : found.half_done)
        out.half_done.push_back(n.revision);
    if (!found.unknown.empty())
        return out; // what follows on a row that nobody knows, nobody knows either
    const auto pending = plan_upgrade(graph, now->database.rows, "heads");
    if (!pending)
        return as_failure(pending.error());
    out.pending = ids_of(pending->steps);
    return out;
}

attempt<plan>
preview(const target& t, const revision_graph& graph, const request& wanted, std::stop_token stop)
{
    const auto now = look(t, std::move(stop));
    if (!now)
        return now.error();
    const comparison found = compare(now->database, graph);
    if (auto wrong = objection(now->database, found, t.settings, wanted.way))
        return as_failure(std::move(*wrong));
    auto planned = plan_of(graph, now->database.rows, wanted);
    if (!planned)
        return as_failure(planned.error());
    return std::move(*planned);
}

} // namespace weir::migrations
