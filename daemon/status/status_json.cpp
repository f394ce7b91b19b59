#include "daemon/status/holders.hpp"
#include "daemon/status/status_board.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace weir::status {
namespace {

using nlohmann::json;

constexpr std::size_t rows_shown = 10;

double seconds(std::chrono::duration<double> length) { return length.count(); }

double unix_time(std::chrono::system_clock::time_point at)
{
    return std::chrono::duration<double>{at.time_since_epoch()}.count();
}

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json object_of(const percentiles& p)
{
    return {{"count", p.count},
            {"p50", or_null(p.p50)},
            {"p95", or_null(p.p95)},
            {"p99", or_null(p.p99)}};
}

json object_of(const recent_figures& r)
{
    return {{"seconds", r.seconds},
            {"transactions_per_second", r.transactions_per_second},
            {"queries_per_second", r.queries_per_second},
            {"errors", r.errors},
            {"refused", r.refused},
            {"checkout", object_of(r.checkout)},
            {"hold", object_of(r.hold)},
            {"transaction", object_of(r.transaction)},
            {"rates", r.rates}};
}

json pool_object(const board& known, const moment& m, const backend_snapshot& b)
{
    const pool_stats& p = b.pool;
    const bool has_limit = p.size > 0 && p.max_overflow >= 0;
    json out{
        {"name", b.name},
        {"up", b.is_up},
        {"gate", b.migrations.is_open ? "open" : "closed"},
        {"paused", b.is_paused},
        {"disabled", b.is_disabled},
        {"suspended", b.is_suspended},
        {"size", p.size},
        {"limit", has_limit ? json(p.size + static_cast<unsigned>(p.max_overflow)) : json(nullptr)},
        {"clients", b.clients},
        {"idle", p.idle},
        {"active", p.active},
        {"pinned", p.pinned},
        {"connecting", p.connecting},
        {"resetting", p.resetting},
        {"waiting", p.waiting},
        {"recent", object_of(known.recent(m, b))}};
    if (p.waiting_since)
        out["waiting_seconds"] = seconds(std::max(m.now - *p.waiting_since, {}));
    if (!b.is_up)
        out["down_because"] = b.down_because;
    return out;
}

// Why a gate is closed can be a server's words about a revision's text: /readyz has them.
json migrations_object(const backend_snapshot& b)
{
    const migration_status& s = b.migrations;
    return {{"backend", b.name},
            {"phase", to_string(s.is)},
            {"gate", s.is_open ? "open" : "closed"},
            {"has_failed", !s.error.empty()},
            {"failed_revision", s.failed_revision},
            {"revision", s.revision},
            {"number", s.number},
            {"total", s.total},
            {"current", s.current},
            {"heads", s.heads},
            {"pending", s.pending}};
}

json object_of(const holder& h)
{
    return {{"backend", h.backend},
            {"process", h.process},
            {"pid", h.pid},
            {"connections", h.connections},
            {"held_seconds", seconds(h.longest)}};
}

json transaction_object(const console::socket& s)
{
    return {{"backend", s.database},
            {"process", s.process},
            {"pid", s.pid},
            {"doing", s.doing},
            {"pins", s.pins},
            {"open_seconds", seconds(s.transaction)},
            {"asked_seconds", seconds(s.asked)}};
}

json object_of(const event& e)
{
    return {{"at", unix_time(e.at)},
            {"backend", e.backend},
            {"level", to_string(e.level)},
            {"what", e.what},
            {"detail", e.detail},
            {"times", e.times}};
}

template <class Range, class Print>
json list_of(const Range& rows, Print print)
{
    json out = json::array();
    for (const auto& row : rows)
        out.push_back(print(row));
    return out;
}

} // namespace

std::string to_json(const board& known, const moment& m)
{
    const metrics_snapshot& n = m.numbers;
    std::vector<backend_snapshot> with_revisions;
    std::ranges::copy_if(n.backends,
                         std::back_inserter(with_revisions),
                         [](const backend_snapshot& b) {
                             return !b.migrations.heads.empty() || !b.migrations.current.empty() ||
                                    !b.migrations.is_open || !b.migrations.error.empty();
                         });
    const json out{
        {"version", m.version},
        {"host", m.host},
        {"at", unix_time(m.today)},
        {"closed_because", n.closed_because},
        {"settings_since", unix_time(n.reloads.in_use_since)},
        {"settings_refused", n.reloads.last_was_refused},
        {"clients",
         {{"active", n.clients.active},
          {"waiting", n.clients.waiting},
          {"idle", n.clients.idle},
          {"limit", n.clients.limit}}},
        {"pools",
         list_of(n.backends, [&](const backend_snapshot& b) { return pool_object(known, m, b); })},
        {"holders",
         list_of(top_holders(m.held, rows_shown), [](const holder& h) { return object_of(h); })},
        {"transactions", list_of(longest_transactions(m.held, rows_shown), transaction_object)},
        {"migrations", list_of(with_revisions, migrations_object)},
        {"events", list_of(known.events().all(), [](const event& e) { return object_of(e); })}};
    // Bytes that are not UTF-8 (a process may have any name) are replaced rather than thrown over.
    return out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace weir::status
