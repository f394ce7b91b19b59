#include "daemon/view/status_page.hpp"

#include "daemon/view/brief.hpp"

#include <chrono>

namespace weir::view {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using align = text_table::align;

cell state_of(const answer& backends, std::size_t row)
{
    const std::string_view is = backends.text(row, "state");
    const std::string_view clients_are = backends.text(row, "clients_are");
    if (is != "up")
        return {std::string(is), tone::bad};
    if (clients_are == "served")
        return {"up", tone::good};
    return {std::string("up, ").append(clients_are), tone::warning};
}

std::string limit_of(const answer& backends, std::size_t row)
{
    const std::int64_t size = backends.number(row, "size");
    const std::int64_t overflow = backends.number(row, "max_overflow");
    if (size == 0)
        return "no limit";
    std::string words = std::to_string(size);
    words += '+';
    return words += overflow < 0 ? "any" : std::to_string(overflow);
}

cell migrations_of(const answer& migrations, std::string_view backend)
{
    const std::size_t row = migrations.find("backend", backend);
    if (row == migrations.size())
        return {"-", tone::faint};
    const std::string_view state = migrations.text(row, "state");
    const std::int64_t pending = migrations.number(row, "pending");
    if (state == "open")
        return pending == 0 ? cell{"none pending", tone::plain}
                            : cell{std::to_string(pending) + " pending", tone::warning};
    std::string words(state);
    if (const std::int64_t total = migrations.number(row, "total"); total > 0)
        words.append(" ")
            .append(migrations.text(row, "number"))
            .append(" of ")
            .append(migrations.text(row, "total"));
    return {std::move(words), state == "closed" ? tone::bad : tone::warning};
}

bool is_an_unused_lane(const answer& backends, std::size_t row)
{
    return backends.text(row, "backend").ends_with(":session") &&
           backends.number(row, "clients") + backends.number(row, "active") +
                   backends.number(row, "pinned") + backends.number(row, "idle") ==
               0;
}

// With a tone that says whether there is anything to see.
cell count(const answer& of, std::size_t row, std::string_view column, tone when_any = tone::plain)
{
    const std::int64_t n = of.number(row, column);
    return {std::to_string(n), n == 0 ? tone::faint : when_any};
}

std::string time(const answer& of, std::size_t row, std::string_view column)
{
    return brief(milliseconds{of.number(row, column)});
}

std::string process_of(const answer& of, std::size_t row)
{
    const std::string_view name = of.text(row, "process");
    return name.empty() ? "process " + std::string(of.text(row, "pid")) : std::string(name);
}

void append(lines& to, const lines& more) { to.insert(to.end(), more.begin(), more.end()); }

} // namespace

answer backends_in_use(const answer& backends)
{
    console::rows used;
    for (std::size_t i = 0; i < backends.size(); ++i)
        if (!is_an_unused_lane(backends, i))
            used.push_back(backends.rows()[i]);
    return {backends.columns(), std::move(used)};
}

text_table table_of_pools(const pools_answer& now)
{
    text_table made{{"BACKEND", align::left},
                    {"STATE", align::left},
                    {"CLIENTS"},
                    {"WAITING"},
                    {"MAXWAIT"},
                    {"ACTIVE"},
                    {"PINNED"},
                    {"IDLE"},
                    {"SIZE"},
                    {"XACT/S"},
                    {"QUERY/S"},
                    {"XACT_TIME"},
                    {"MIGRATIONS", align::left}};
    const answer backends = backends_in_use(now.backends);
    for (std::size_t i = 0; i < backends.size(); ++i) {
        const std::string_view name = backends.text(i, "backend");
        microseconds longest{0};
        if (const auto p = now.pools.find("database", name); p < now.pools.size())
            longest = seconds{now.pools.number(p, "maxwait")} +
                      microseconds{now.pools.number(p, "maxwait_us")};
        std::string transactions = "0";
        std::string queries = "0";
        std::string duration = "0";
        if (const auto a = now.averages.find("database", name); a < now.averages.size()) {
            transactions = now.averages.text(a, "xact_count");
            queries = now.averages.text(a, "query_count");
            duration = brief(microseconds{now.averages.number(a, "xact_time")});
        }
        made.add({{std::string(name)},
                  state_of(backends, i),
                  count(backends, i, "clients"),
                  count(backends, i, "waiting", tone::warning),
                  {brief(longest), longest > seconds{5} ? tone::bad : tone::plain},
                  count(backends, i, "active"),
                  count(backends, i, "pinned", tone::warning),
                  count(backends, i, "idle"),
                  {limit_of(backends, i)},
                  {std::move(transactions)},
                  {std::move(queries)},
                  {std::move(duration)},
                  migrations_of(now.migrations, name)});
    }
    return made;
}

text_table table_of_holders(const holders_answer& now)
{
    text_table made{{"HELD"},
                    {"BACKEND", align::left},
                    {"SERVER_PID"},
                    {"CLIENT", align::left},
                    {"PROCESS", align::left},
                    {"DOING", align::left},
                    {"SILENT"},
                    {"PINNED FOR", align::left}};
    for (std::size_t i = 0; i < now.holders.size(); ++i) {
        const auto p = now.pins.find("server", now.holders.text(i, "server"));
        const std::string_view doing = now.holders.text(i, "doing");
        made.add({{time(now.holders, i, "held_ms")},
                  {std::string(now.holders.text(i, "backend"))},
                  {std::string(now.holders.text(i, "server_pid"))},
                  {std::string(now.holders.text(i, "client"))},
                  {process_of(now.holders, i)},
                  {std::string(doing), doing.starts_with("idle") ? tone::warning : tone::plain},
                  {time(now.holders, i, "silent_ms")},
                  {p < now.pins.size() ? std::string(now.pins.text(p, "for")) : std::string{}}});
    }
    return made;
}

text_table table_of_waiters(const holders_answer& now)
{
    text_table made{{"WAITED"},
                    {"BACKEND", align::left},
                    {"CLIENT", align::left},
                    {"PROCESS", align::left},
                    {"APPLICATION_NAME", align::left}};
    for (std::size_t i = 0; i < now.waiters.size(); ++i)
        made.add({{time(now.waiters, i, "waited_ms")},
                  {std::string(now.waiters.text(i, "backend"))},
                  {std::string(now.waiters.text(i, "client"))},
                  {process_of(now.waiters, i)},
                  {std::string(now.waiters.text(i, "application_name"))}});
    return made;
}

lines troubles(const pools_answer& now)
{
    lines made;
    const auto tell = [&](const answer& of, std::size_t row, std::string_view column, auto words) {
        if (const std::string_view why = of.text(row, column); !why.empty())
            made.push_back(
                printable(std::string(of.text(row, "backend")) + words + std::string(why)));
    };
    for (std::size_t i = 0; i < now.backends.size(); ++i) {
        if (now.backends.text(i, "state") != "up")
            tell(now.backends, i, "down_because", " is down: ");
        tell(now.backends, i, "migration_error", ": the migrations failed: ");
    }
    return made;
}

lines status_page(const pools_answer& now, bool has_colours)
{
    lines page = table_of_pools(now).lines(has_colours);
    const lines wrong = troubles(now);
    if (!wrong.empty())
        page.emplace_back();
    for (const std::string& line : wrong)
        page.push_back(has_colours ? coloured(line, tone::bad) : line);
    return page;
}

lines who_page(const holders_answer& now, bool has_colours)
{
    const text_table holders = table_of_holders(now);
    const text_table waiters = table_of_waiters(now);
    lines page;
    if (holders.is_empty())
        page.emplace_back("no client holds a server");
    else
        append(page, holders.lines(has_colours));
    page.emplace_back();
    if (waiters.is_empty())
        page.emplace_back("no client waits for a server");
    else
        append(page, waiters.lines(has_colours));
    return page;
}

} // namespace weir::view
