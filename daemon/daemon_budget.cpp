// What the servers have to spare for our pools, and what follows from too little.
#include "daemon/daemon.hpp"
#include "daemon/doctor/findings.hpp"
#include "daemon/log.hpp"

#include <algorithm>

namespace weir {

namespace {

using namespace std::chrono_literals;

constexpr auto time_to_look = 30s; // at a server's limits, once logged in

error too_small(const std::string& backend, const doctor::finding& f)
{
    return {"53300", "backend \"" + backend + "\": " + f.what, {}, "To mend it, " + f.fix + "."};
}

} // namespace

using std::chrono::steady_clock;

// Before anybody is served. A server that is down is asked when it is up.
result<void> daemon::refuse_small_budgets()
{
    for (const backend_settings& s : settings_.backends) {
        if (s.pool.budget != budget_policy::refuse || s.url.kind != database_kind::postgresql)
            continue;
        // One after the other, and each may take as long as a login does.
        service_manager::extend_timeout(s.pool.connect_timeout + time_to_look);
        const auto found = ask_for_budget(s,
                                          settings_.backends,
                                          other_ ? other_->itself().servers : std::vector<int>{});
        if (found && !found->is_enough())
            return too_small(s.name, doctor::judge(s.name, s.pool, *found));
        if (found)
            started_with_.insert(s.name);
        else
            log::warning("the budget is looked at when the backend is up",
                         {{"backend", s.name}, {"error", found.error().message}});
    }
    return {};
}

void daemon::on_budget(const std::string& backend)
{
    const auto s = std::ranges::find(settings_.backends, backend, &backend_settings::name);
    const doctor::budget found = *budgets_.of(backend);
    const doctor::finding f = doctor::judge(backend, s->pool, found);
    if (found.is_enough()) {
        log::info("the budget is enough", {{"backend", backend}, {"budget", f.what}});
    } else if (s->pool.budget == budget_policy::refuse && !started_with_.contains(backend)) {
        return exit(too_small(backend, f));
    } else if (s->pool.budget != budget_policy::fit) {
        log_findings({f});
    } else {
        const pool_settings fitted = effective(*s);
        log::warning("the pool is made smaller, to fit the budget",
                     {{"backend", backend},
                      {"size", fitted.size},
                      {"max_overflow", fitted.max_overflow},
                      {"session_pool_size", fitted.session_pool_size},
                      {"because", f.what}});
    }
    started_with_.insert(backend);
    if (s->pool.budget == budget_policy::fit)
        pools_.retune(backend, effective(*s));
    relay_.tick(steady_clock::now());
}

// With budget = "fit", no more than the server has.
pool_settings daemon::effective(const backend_settings& s) const
{
    const auto found = budgets_.of(s.name);
    if (s.pool.budget != budget_policy::fit || !found)
        return s.pool;
    return doctor::fitted(s.pool, found->available);
}

} // namespace weir
