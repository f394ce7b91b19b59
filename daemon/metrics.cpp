#include "daemon/metrics.hpp"

#include "daemon/migrations/words.hpp"
#include "daemon/version.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <string_view>

namespace weir {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

// One family and its samples; the chain of add() calls reads like the page it makes.
class family {
public:
    family(MetricType type, std::string name, std::string help)
    {
        made_.name = std::move(name);
        made_.help = std::move(help);
        made_.type = type;
    }

    template <class Number>
    void add(labels with, Number value)
    {
        ClientMetric metric;
        metric.label = std::move(with);
        if (made_.type == MetricType::Counter)
            metric.counter.value = static_cast<double>(value);
        else
            metric.gauge.value = static_cast<double>(value);
        made_.metric.push_back(std::move(metric));
    }

    void add(labels with, const histogram& measured)
    {
        ClientMetric metric;
        metric.label = std::move(with);
        metric.histogram.sample_count = measured.count();
        metric.histogram.sample_sum = std::chrono::duration<double>{measured.sum()}.count();
        std::uint64_t so_far = 0; // Prometheus's buckets include the smaller ones
        for (std::size_t i = 0; i < measured.buckets().size(); ++i) {
            so_far += measured.buckets()[i];
            const double bound = i < histogram::bounds.size()
                                     ? histogram::bounds[i]
                                     : std::numeric_limits<double>::infinity();
            metric.histogram.bucket.push_back({so_far, bound});
        }
        made_.metric.push_back(std::move(metric));
    }

    MetricFamily take() && { return std::move(made_); }

private:
    MetricFamily made_;
};

class page {
public:
    explicit page(const metrics_snapshot& now) : now_(now) {}

    // A family with whatever samples `fill(family, labels, backend)` adds for each backend.
    template <class Fill>
    void each_backend(MetricType type, std::string name, std::string help, Fill fill)
    {
        family made(type, std::move(name), std::move(help));
        for (const backend_snapshot& b : now_.backends)
            fill(made, labels{{"backend", b.name}}, b);
        add(std::move(made));
    }

    void add(family made) { families_.push_back(std::move(made).take()); }

    std::string text() const { return prometheus::TextSerializer{}.Serialize(families_); }

private:
    const metrics_snapshot& now_;
    std::vector<MetricFamily> families_;
};

labels operator+(labels base, ClientMetric::Label more)
{
    base.push_back(std::move(more));
    return base;
}

void add_pools(page& out)
{
    using enum MetricType;
    out.each_backend(Gauge,
                     "weir_backend_up",
                     "1 while the backend can be reached.",
                     [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.is_up); });
    out.each_backend(Gauge,
                     "weir_pool_size",
                     "Connections kept, as set; 0 means no limit.",
                     [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.pool.size); });
    out.each_backend(
        Gauge,
        "weir_pool_max_overflow",
        "Connections beyond the size, as set; -1 means no limit.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.pool.max_overflow); });
    out.each_backend(Gauge,
                     "weir_pool_budget_configured_connections",
                     "Connections that the settings allow, all in all; +Inf means no limit.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         if (b.budget)
                             f.add(l,
                                   b.budget->configured ? static_cast<double>(*b.budget->configured)
                                                        : std::numeric_limits<double>::infinity());
                     });
    out.each_backend(Gauge,
                     "weir_pool_budget_available_connections",
                     "Connections that the server had for the pool when it was last asked: at boot "
                     "and at a reload.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         if (b.budget)
                             f.add(l, b.budget->available);
                     });
    out.each_backend(Gauge,
                     "weir_pool_connections",
                     "Connections to the backend by state.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         f.add(l + ClientMetric::Label{"state", "idle"}, b.pool.idle);
                         f.add(l + ClientMetric::Label{"state", "active"}, b.pool.active);
                         f.add(l + ClientMetric::Label{"state", "pinned"}, b.pool.pinned);
                         f.add(l + ClientMetric::Label{"state", "connecting"}, b.pool.connecting);
                         f.add(l + ClientMetric::Label{"state", "resetting"}, b.pool.resetting);
                     });
    out.each_backend(
        Gauge,
        "weir_pool_waiting",
        "Clients in the queue for a connection.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.pool.waiting); });
    out.each_backend(Gauge,
                     "weir_pool_paused",
                     "1 while an operator's PAUSE keeps clients waiting.",
                     [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.is_paused); });
    out.each_backend(
        Gauge,
        "weir_pool_disabled",
        "1 while an operator's DISABLE keeps new clients out.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.is_disabled); });
    out.each_backend(
        Gauge,
        "weir_pool_suspended",
        "1 while an operator's SUSPEND stops all that clients and servers send.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.is_suspended); });
    out.each_backend(
        Counter,
        "weir_pool_timeouts_total",
        "Clients refused because no connection came free in time.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.pool.timeouts); });
    out.each_backend(
        Counter,
        "weir_pool_turned_away_total",
        "Clients refused at once: max_waiting was reached, the wait would have been too long, or "
        "the pool was shut.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.pool.turned_away); });
    out.each_backend(Counter,
                     "weir_pool_connects_total",
                     "Logins to the backend by result.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         f.add(l + ClientMetric::Label{"result", "ok"}, b.pool.logins_ok);
                         f.add(l + ClientMetric::Label{"result", "failed"}, b.pool.logins_failed);
                     });
    out.each_backend(Counter,
                     "weir_pool_closes_total",
                     "Connections closed by reason.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         for (std::size_t i = 0; i < close_reason_count; ++i) {
                             const auto why = static_cast<close_reason>(i);
                             f.add(l + ClientMetric::Label{"reason", std::string{to_string(why)}},
                                   b.pool.closed(why));
                         }
                     });
}

void add_times(page& out)
{
    using enum MetricType;
    out.each_backend(
        Histogram,
        "weir_pool_checkout_seconds",
        "From asking for a connection to holding it.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.pool.checkout_seconds); });
    out.each_backend(
        Histogram,
        "weir_pool_hold_seconds",
        "From holding a connection to giving it back.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.pool.hold_seconds); });
    out.each_backend(Histogram,
                     "weir_transaction_seconds",
                     "From the first message that needed a connection to the end of the "
                     "transaction.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         f.add(l, b.traffic.transaction_seconds);
                     });
    out.each_backend(
        Histogram,
        "weir_pool_connect_seconds",
        "Logins that succeeded.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.pool.connect_seconds); });
}

void add_migrations(page& out)
{
    using enum MetricType;
    out.each_backend(
        Gauge,
        "weir_migration_info",
        "Always 1; the labels say where the schema is and where its revisions lead.",
        [](family& f, labels l, const backend_snapshot& b) {
            f.add(l + ClientMetric::Label{"head", migrations::listed(b.migrations.heads)} +
                      ClientMetric::Label{"current", migrations::listed(b.migrations.current)},
                  1);
        });
    out.each_backend(
        Gauge,
        "weir_migrations_pending",
        "Revisions that are not applied yet, as last seen.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.migrations.pending); });
    out.each_backend(Gauge,
                     "weir_migration_running",
                     "1 while migrations run, or wait for their turn.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         f.add(l, b.migrations.is == migration_status::phase::running);
                     });
    out.each_backend(
        Gauge,
        "weir_migration_gate_open",
        "1 while clients are served, 0 while migrations keep them waiting or out.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.migrations.is_open); });
    out.each_backend(
        Counter,
        "weir_migrations_applied_total",
        "Revisions applied, taken back or stamped.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.migrations.applied); });
    out.each_backend(
        Counter,
        "weir_migration_failures_total",
        "Runs of migrations that failed.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.migrations.failures); });
    out.each_backend(
        Histogram,
        "weir_migration_seconds",
        "How long each revision took.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.migrations.seconds); });
}

void add_errors(family& f, const labels& with, const error_counts& errors)
{
    for (const auto& [its_class, count] : errors.counts())
        f.add(with + ClientMetric::Label{"sqlstate_class", {its_class.data(), its_class.size()}},
              count);
    if (errors.others() > 0)
        f.add(with + ClientMetric::Label{"sqlstate_class", "other"}, errors.others());
}

void add_traffic(page& out, const metrics_snapshot& now)
{
    using enum MetricType;
    out.each_backend(
        Counter,
        "weir_transactions_total",
        "Transactions that came to their end; not those cut off with their client or server.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.traffic.transactions()); });
    out.each_backend(
        Counter,
        "weir_queries_total",
        "Simple queries and executions of statements that needed a connection.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.traffic.queries); });
    out.each_backend(Counter,
                     "weir_query_seconds_total",
                     "Time that servers have had something to do for a client.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         f.add(l, std::chrono::duration<double>{b.traffic.query_time}.count());
                     });
    out.each_backend(Counter,
                     "weir_limits_total",
                     "Times that a client was stopped by a limit, by the setting's name.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         for (const hold_limit passed : {hold_limit::query_timeout,
                                                         hold_limit::idle_transaction_timeout,
                                                         hold_limit::transaction_timeout})
                             f.add(l + ClientMetric::Label{"limit", std::string{to_string(passed)}},
                                   b.traffic.limits[static_cast<std::size_t>(passed)]);
                     });
    out.each_backend(Counter,
                     "weir_bytes_total",
                     "Bytes from clients (in) and to them (out).",
                     [](family& f, labels l, const backend_snapshot& b) {
                         f.add(l + ClientMetric::Label{"direction", "in"}, b.traffic.bytes_in);
                         f.add(l + ClientMetric::Label{"direction", "out"}, b.traffic.bytes_out);
                     });
    out.each_backend(Counter,
                     "weir_pins_total",
                     "Times that a client began to keep its connection, by what lives there.",
                     [](family& f, labels l, const backend_snapshot& b) {
                         pgwire::state_set::all().each([&](pgwire::state_kind kind) {
                             const std::string reason{to_string(kind)};
                             if (kind != pgwire::state_kind::channels)
                                 f.add(l + ClientMetric::Label{"reason", reason},
                                       b.traffic.pins[static_cast<std::size_t>(kind)]);
                         });
                     });
    out.each_backend(
        Counter,
        "weir_resets_total",
        "Connections cleaned before their next client: of all (DISCARD ALL), or of what was left.",
        [](family& f, labels l, const backend_snapshot& b) {
            f.add(l + ClientMetric::Label{"kind", "discard_all"}, b.traffic.full_resets);
            f.add(l + ClientMetric::Label{"kind", "targeted"}, b.traffic.targeted_resets);
        });
    out.each_backend(
        Counter,
        "weir_inventories_total",
        "Times that a server was asked what a client's statements have left in its session.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.traffic.inventories); });
    out.each_backend(
        Gauge,
        "weir_listening_channels",
        "Channels listened to for clients, all on one connection.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.listening_channels); });
    out.each_backend(
        Counter,
        "weir_notifications_total",
        "Notifications sent to clients that LISTEN.",
        [](family& f, labels l, const backend_snapshot& b) { f.add(l, b.traffic.notifications); });
    family errors(
        Counter,
        "weir_errors_total",
        "Errors sent to clients by SQLSTATE class; backend is empty for clients that were "
        "refused before they got one.");
    for (const backend_snapshot& b : now.backends)
        add_errors(errors, {{"backend", b.name}}, b.traffic.errors);
    add_errors(errors, {{"backend", ""}}, now.errors_before_backend);
    out.add(std::move(errors));

    family clients(Gauge,
                   "weir_client_connections",
                   "Clients that hold a connection (active), wait for one, or do neither (idle).");
    clients.add({{"state", "active"}}, now.clients.active);
    clients.add({{"state", "waiting"}}, now.clients.waiting);
    clients.add({{"state", "idle"}}, now.clients.idle);
    out.add(std::move(clients));
    family limit(Gauge,
                 "weir_max_client_connections",
                 "Clients that may be connected (max_client_conn); further ones are refused.");
    limit.add({}, now.clients.limit);
    out.add(std::move(limit));
}

// In the words that Prometheus has for its own settings.
void add_settings(page& out, const reload_counts& reloads)
{
    using enum MetricType;
    family went_well(Gauge,
                     "weir_config_last_reload_successful",
                     "0 after a reload whose settings were refused: the old ones are in use.");
    went_well.add({}, !reloads.last_was_refused);
    out.add(std::move(went_well));
    family since(Gauge,
                 "weir_config_last_reload_success_timestamp_seconds",
                 "When the settings in use were read.");
    since.add({}, std::chrono::duration<double>{reloads.in_use_since.time_since_epoch()}.count());
    out.add(std::move(since));
}

} // namespace

std::string to_prometheus(const metrics_snapshot& now)
{
    page out(now);
    add_pools(out);
    add_times(out);
    add_migrations(out);
    add_traffic(out, now);
    add_settings(out, now.reloads);
    family build(MetricType::Gauge, "weir_build_info", "Always 1; the labels say what runs.");
    build.add({{"version", std::string{version()}}, {"compiler", std::string{compiler()}}}, 1);
    out.add(std::move(build));
    return out.text();
}

} // namespace weir
