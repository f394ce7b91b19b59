#include "daemon/budget_watch.hpp"

#include "daemon/doctor/findings.hpp"
#include "daemon/log.hpp"
#include "daemon/server_survey.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace weir {
namespace {

constexpr std::string_view application_name = "weir: budget";

constexpr std::chrono::seconds pause{10}; // until a server that would not say is asked again

// And of its lane.
void add_connections(const pool_runner& pool, std::vector<doctor::own_connection>& to)
{
    for (const auto& s : pool.servers())
        if (s)
            to.push_back({pool.name(), s->link->process_id()});
    if (pool.listener_pid() != 0)
        to.push_back({pool.name(), pool.listener_pid()});
    if (pool.lane())
        add_connections(*pool.lane(), to);
}

} // namespace

budget_watch::~budget_watch()
{
    stopping_.request_stop();
    thread_.join();
}

void budget_watch::add(pool_runner& pool)
{
    remove(pool.name());
    all_.push_back({&pool});
}

void budget_watch::remove(const std::string& backend)
{
    std::erase_if(all_, [&](const watched& w) { return w.pool->name() == backend; });
}

budget_watch::watched* budget_watch::find(const std::string& backend)
{
    const auto found =
        std::ranges::find_if(all_, [&](const watched& w) { return w.pool->name() == backend; });
    return found == all_.end() ? nullptr : &*found;
}

void budget_watch::tick(time_point now)
{
    for (watched& w : all_)
        if (now >= w.ask_at && w.pool->books().is_up() && w.pool->knows_servers())
            ask(w);
}

void budget_watch::ask_again()
{
    for (watched& w : all_)
        w.ask_at = {};
}

std::optional<doctor::budget> budget_watch::of(const std::string& backend) const
{
    for (const watched& w : all_)
        if (w.pool->name() == backend)
            return w.found;
    return std::nullopt;
}

// Whose a connection is that came or went while the server was asked, only both lists know.
void budget_watch::ask(watched& w)
{
    w.ask_at = time_point::max();
    const connections before = own();
    const auto s = std::ranges::find(backends_, w.pool->name(), &backend_settings::name);
    boost::asio::post(thread_, [this, before, of = *s] {
        auto seen = std::make_shared<result<doctor::server_facts>>(
            survey_server(of, application_name, stopping_.get_token()));
        loop_.post([this, before, seen, name = of.name, url = of.url] {
            watched* const asked = find(name);
            const auto now = std::ranges::find(backends_, name, &backend_settings::name);
            if (!asked || now->url != url)
                return; // a reload came between
            if (!*seen)
                return note_failure(*asked, seen->error());
            connections both = own();
            both.insert(both.end(), before.begin(), before.end());
            note(*asked, **seen, both);
        });
    });
}

budget_watch::connections budget_watch::own() const
{
    connections all;
    for (const watched& w : all_)
        add_connections(*w.pool, all);
    return all;
}

// A server that is full has no place for the question either, and is asked until it has.
void budget_watch::note_failure(watched& w, const error& why)
{
    w.ask_at = std::min(w.ask_at, std::chrono::steady_clock::now() + pause);
    if (!std::exchange(w.has_failed, true))
        log::warning("cannot find out how many connections the server has to spare",
                     {{"backend", w.pool->name()}, {"error", why.message}, {"asked_every", pause}});
}

void budget_watch::note(watched& w, const doctor::server_facts& seen, const connections& own)
{
    w.has_failed = false;
    const auto s = std::ranges::find(backends_, w.pool->name(), &backend_settings::name);
    log_findings(doctor::judge(s->name, seen));
    doctor::budget_facts facts = doctor::count(seen, doctor::own_pids_at(*s, backends_, own));
    facts.siblings = siblings_of(*s, backends_);
    w.found = doctor::weigh(s->pool, facts);
    answered_(s->name);
}

result<doctor::budget> ask_for_budget(const backend_settings& s,
                                      const std::vector<backend_settings>& all,
                                      const std::vector<int>& leaving)
{
    const auto seen = survey_server(s, application_name, {});
    if (!seen)
        return seen.error();
    doctor::budget_facts facts = doctor::count(*seen, leaving);
    facts.siblings = siblings_of(s, all);
    return doctor::weigh(s.pool, facts);
}

void log_findings(const doctor::findings& all)
{
    for (const doctor::finding& f : all)
        if (f.is >= doctor::severity::warning)
            log::warning(f.what, {{"backend", f.backend}, {"check", f.check}, {"fix", f.fix}});
}

} // namespace weir
