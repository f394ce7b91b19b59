#include "daemon/backend_pools.hpp"

#include "daemon/doctor/findings.hpp"
#include "daemon/drain_limit.hpp"
#include "daemon/file_survey.hpp"
#include "daemon/log.hpp"
#include "daemon/open_backend.hpp"
#include "pool/core/refusal.hpp"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// Servers for whole sessions: they are opened when asked for, and closed when nobody wants them.
pool_settings lane_settings(pool_settings of)
{
    of.size = of.session_pool_size;
    of.max_overflow = 0;
    of.min_idle = 0;
    of.idle_timeout = of.idle_timeout > 0ms ? of.idle_timeout : 1min;
    of.reset = reset_policy::always;
    return of;
}

backend_address address_of(const database_url& url)
{
    const host_address first = url.hosts.empty() ? host_address{} : url.hosts.front();
    return {first.host, first.port, url.database, url.user};
}

pool_runner::traits traits_of(const database_url& url)
{
    return {.address = address_of(url), .has_catalog = url.kind == database_kind::postgresql};
}

void survey(const backend_settings& s)
{
    if (s.url.kind == database_kind::sqlite && !s.url.database.empty())
        log_findings(doctor::judge(s.name, survey_file(s.url.database)));
}

error cut_off()
{
    return by_administrator(
        "A reload has taken its backend out of the settings, and its time is over.");
}

std::unique_ptr<pool_runner> take(backend_pools::pools& from, const pool_runner& which)
{
    const auto found = std::ranges::find(from, &which, &std::unique_ptr<pool_runner>::get);
    std::unique_ptr<pool_runner> taken = std::move(*found);
    from.erase(found);
    return taken;
}

} // namespace

result<backend_pools::opened> backend_pools::open(const settings_changes& what,
                                                  const std::vector<backend_settings>& all)
{
    opened out;
    for (const backend_settings& s : all) {
        if (!what.added.contains(s.name) && !what.readdressed.contains(s.name))
            continue;
        auto behind = open_backend(s);
        if (!behind)
            return behind.error();
        out[s.name] = std::move(*behind);
    }
    return out;
}

void backend_pools::change(const settings_changes& what,
                           const std::vector<backend_settings>& all,
                           const opened& fresh)
{
    for (const std::string& name : what.removed)
        remove(name);
    for (const backend_settings& s : all) {
        pool_runner* pool = find(s.name);
        if (!pool)
            pool = &add(s, fresh.at(s.name));
        else if (what.readdressed.contains(s.name))
            readdress(*pool, s, fresh.at(s.name));
        relay_.name(*pool, s.aliases);
        have_lane(*pool, s);
    }
}

pool_runner& backend_pools::add(const backend_settings& s, const std::shared_ptr<backend>& behind)
{
    pools_.push_back(
        std::make_unique<pool_runner>(s.name, behind, s.pool, loop_, relay_, traits_of(s.url)));
    pool_runner& pool = *pools_.back();
    relay_.serve(pool);
    if (s.url.kind == database_kind::postgresql)
        budgets_.add(pool);
    survey(s);
    gates_.add(s, pool);
    return pool;
}

void backend_pools::readdress(pool_runner& pool,
                              const backend_settings& s,
                              const std::shared_ptr<backend>& behind)
{
    log::info("backend has another address", {{"backend", s.name}, {"address", behind->address()}});
    for (pool_runner* const one : {&pool, pool.lane()})
        if (one)
            one->readdress(behind, address_of(s.url), steady_clock::now());
    relay_.readdress(pool);
    if (s.url.kind == database_kind::postgresql)
        budgets_.add(pool);
    survey(s);
    gates_.readdress(s);
}

// There is one while session_pool_size is not 0.
void backend_pools::have_lane(pool_runner& pool, const backend_settings& s)
{
    if (pool.lane() && s.pool.session_pool_size == 0)
        return remove_lane(pool);
    if (!pool.lane() && s.pool.session_pool_size > 0) {
        pool_runner::traits what = traits_of(s.url);
        what.is_session_lane = true;
        lanes_.push_back(std::make_unique<pool_runner>(s.name + ":session",
                                                       pool.behind(),
                                                       lane_settings(s.pool),
                                                       loop_,
                                                       relay_,
                                                       what));
        pool.have_lane(lanes_.back().get());
        relay_.serve_sessions(*lanes_.back(), pool);
    }
    if (pool.lane())
        relay_.name(*pool.lane(), s.aliases);
}

void backend_pools::remove(const std::string& backend)
{
    pool_runner& pool = *find(backend);
    log::info("backend is served no more", {{"backend", backend}});
    budgets_.remove(backend);
    if (pool.lane())
        remove_lane(pool);
    retire(take(pools_, pool));
    gates_.remove(pool);
}

void backend_pools::remove_lane(pool_runner& of)
{
    pool_runner& lane = *of.lane();
    of.have_lane(nullptr);
    retire(take(lanes_, lane));
}

void backend_pools::retire(std::unique_ptr<pool_runner> pool)
{
    relay_.retire(*pool);
    removed_.push_back({std::move(pool), steady_clock::now() + drain_limit});
}

void backend_pools::retune(const std::string& backend, const pool_settings& with)
{
    pool_runner* const pool = find(backend);
    pool->reload(with, steady_clock::now());
    if (pool->lane() && with.session_pool_size > 0)
        pool->lane()->reload(lane_settings(with), steady_clock::now());
}

void backend_pools::tick(time_point now)
{
    for (removed& r : removed_)
        if (now >= r.cut_off_at) {
            r.cut_off_at = time_point::max();
            log::warning("transactions are cut off",
                         {{"backend", r.pool->name()}, {"clients", r.pool->clients()}});
            relay_.kill_clients_of(*r.pool, cut_off());
        }
    std::erase_if(removed_, [&](const removed& r) {
        const bool is_over = relay_.is_done_with(*r.pool) && !gates_.has(*r.pool);
        if (is_over)
            relay_.forget(*r.pool);
        return is_over;
    });
}

pool_runner* backend_pools::find(const std::string& backend) const
{
    const auto found =
        std::ranges::find_if(pools_, [&](const auto& pool) { return pool->name() == backend; });
    return found == pools_.end() ? nullptr : found->get();
}

} // namespace weir
