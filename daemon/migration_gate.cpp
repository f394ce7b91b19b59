#include "daemon/migration_gate.hpp"

#include "daemon/drain_limit.hpp"
#include "daemon/log.hpp"
#include "daemon/migrations/words.hpp"
#include "pool/core/backoff.hpp"
#include "pool/core/refusal.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <filesystem>
#include <random>
#include <utility>

namespace weir {
namespace {

using namespace std::chrono_literals;
using migrations::failure;
using migrations::progress;
using std::chrono::steady_clock;

error cannot_connect_now(std::string words) { return {"57P03", std::move(words)}; }

// What clients of a closed backend hear: the revision and the reason.
error closed_by(const failure& why)
{
    const std::string what =
        why.revision.empty() ? "migrations failed: " : "migration " + why.revision + " failed: ";
    return {.code = "57P03",
            .message = what + why.what.message,
            .detail = why.what.detail,
            .hint = why.what.hint};
}

std::string_view to_string(migrations::direction way)
{
    using enum migrations::direction;
    switch (way) {
    case upgrade: return "upgrade";
    case downgrade: return "downgrade";
    case stamp: break;
    }
    return "stamp";
}

// The answer to MIGRATE: also of schema.sql and of the command.
console::rows with_what_is_no_revision(console::rows steps, const migrations::report& done)
{
    const auto add = [&](const char* step, std::string revision, std::chrono::milliseconds took) {
        steps.push_back({step, std::move(revision), std::nullopt, std::to_string(took.count())});
    };
    if (done.built_from_schema)
        add("schema", migrations::listed(done.after), done.took - done.command_took);
    if (done.ran_command)
        add("command", {}, done.command_took);
    return steps;
}

bool changed_anything(const migrations::report& r)
{
    return !r.applied.empty() || r.built_from_schema || r.ran_command;
}

} // namespace

bool has_migrations(const migration_settings& s)
{
    if (!s.command.empty() || !s.dir_is_default)
        return true;
    std::error_code none; // a default directory that is not there, or is no directory
    const std::filesystem::directory_iterator files{s.dir, none};
    return std::any_of(begin(files), end(files), [](const auto& file) {
        return file.path().extension() == ".sql";
    });
}

// The migrator's observer: on its thread. It logs, and tells the gate on the loop.
class migration_gate::watcher final : public migrations::observer {
public:
    watcher(migration_gate& gate, std::string name) : gate_(gate), name_(std::move(name)) {}

    void on_progress(const progress& now) override
    {
        post([&gate = gate_, now] { gate.on_progress(now); });
    }
    void on_applied(const migrations::step& done, std::chrono::milliseconds took) override
    {
        const std::string revision = done.what ? done.what->id : "base";
        const std::string message = done.what ? done.what->message : "";
        log::info("a migration is done",
                  {{"backend", name_},
                   {"step", to_string(done.way)},
                   {"revision", revision},
                   {"message", message},
                   {"seconds", took}});
        console::row step{std::string(to_string(done.way)),
                          revision,
                          message,
                          std::to_string(took.count())};
        post([&gate = gate_, step = std::move(step), took] { gate.on_applied(step, took); });
    }
    void on_line(std::string_view line) override
    {
        log::info("the migrations' command says", {{"backend", name_}, {"line", line}});
        tell(line);
    }
    void on_notice(std::string_view words) override
    {
        log::info("the server says", {{"backend", name_}, {"notice", words}});
        tell(words);
    }
    void on_warning(std::string_view what) override
    {
        log::warning("migrations", {{"backend", name_}, {"warning", what}});
        tell(what);
    }

private:
    template <class What>
    void post(What what)
    {
        gate_.loop_.post(std::move(what));
    }
    void tell(std::string_view line)
    {
        post([&gate = gate_, line = std::string(line)] { gate.on_words(line); });
    }

    migration_gate& gate_;
    const std::string name_;
};

migration_gate::migration_gate(const backend_settings& s,
                               pool_runner& pool,
                               migration_work work,
                               event_loop& loop,
                               gate_events& events)
    : name_(s.name), url_(s.url), settings_(s.migrations), pool_(pool), work_(std::move(work)),
      loop_(loop),
      events_(events), status_{.backend = s.name, .since = std::chrono::system_clock::now()}
{
}

migration_gate::~migration_gate() = default; // the thread's end: stop, join

// ---- What sets it going.

void migration_gate::boot()
{
    if (settings_.on_boot && has_migrations(settings_))
        start_over();
}

void migration_gate::reload(const migration_settings& s)
{
    settings_ = s;
    if (stopping_)
        return;
    if (is_busy()) {
        again_ = true;
    } else if (!settings_.on_boot || !has_migrations(settings_)) {
        forget_failure(); // by which it may be closed, and it is not wanted any more
        open();
    } else if (is_open()) {
        check();
    } else {
        start_over();
    }
}

void migration_gate::readdress(const backend_settings& s)
{
    url_ = s.url;
    settings_ = s.migrations;
    if (stopping_)
        return;
    elsewhere_ = at_work_;
    if (!at_work_)
        return start_elsewhere();
    thread_.request_stop();
    hold("the backend has another address");
}

// What is known is of the database that was.
void migration_gate::start_elsewhere()
{
    elsewhere_ = false;
    failures_ = 0;
    forget_failure();
    note({});
    answer(error{"57014", "a reload has given backend \"" + name_ + "\" another address"});
    if (settings_.on_boot && has_migrations(settings_))
        start_over();
    else
        open();
}

void migration_gate::migrate(const console::migrate_wish& wish, console::reply to)
{
    if (stopping_)
        return to.done(error{"57P01", "weir is shutting down"});
    if (is_busy())
        return to.done(error{"55006",
                             "backend \"" + name_ + "\" is being migrated already",
                             status_.doing,
                             "SHOW MIGRATIONS says how far it is."});
    was_open_ = is_open();
    asked_ = asking{.wish = wish, .to = std::move(to)};
    log::info("the console asks for migrations",
              {{"backend", name_},
               {"step", to_string(wish.way)},
               {"target", wish.target},
               {"online", wish.online}});
    if (wish.online || !was_open_)
        begin();
    else
        wait_for_holders(steady_clock::now());
}

void migration_gate::start_over()
{
    again_ = false;
    was_open_ = false;
    begin();
    hold("migrations are about to run");
}

void migration_gate::stop()
{
    stopping_ = true;
    thread_.request_stop();
    if (!at_work_) { // nor will it be
        answer(error{"57P01", "weir is shutting down"});
        enter(phase::idle);
    }
    if (!is_open())
        pool_.shut(by_administrator("weir is shutting down."), steady_clock::now());
}

// ---- Its way: wait for holders, run, perhaps try again.

// Those who hold a server finish; new ones wait.
void migration_gate::wait_for_holders(time_point now)
{
    next_step_ = now + drain_limit;
    enter(phase::draining);
    hold("migrations wait for transactions to end");
    if (asked_ && !pool_.books().is_quiet())
        asked_->to.notice("waiting for " + std::to_string(pool_.books().stats().active) +
                          " transaction(s) to end");
}

void migration_gate::tick(time_point now)
{
    if (stopping_)
        return;
    if (status_.is == phase::retrying && now >= next_step_)
        return start_over();
    if (status_.is != phase::draining)
        return;
    if (!pool_.books().is_quiet()) {
        if (now < next_step_)
            return;
        log::warning("migrations begin while transactions are open",
                     {{"backend", name_},
                      {"transactions", pool_.books().stats().active},
                      {"after", drain_limit}});
    }
    begin();
}

migrations::request migration_gate::wanted() const
{
    if (!asked_)
        return {.with_command = true};
    migrations::request r{.way = asked_->wish.way,
                          .target = asked_->wish.target,
                          .purge = asked_->wish.purge};
    r.with_command = r.is_for_heads(); // as at boot
    return r;
}

void migration_gate::begin()
{
    at_work_ = true;
    enter(phase::running);
    thread_ = std::jthread{
        [this, wanted = wanted(), behind = pool_.behind(), url = url_, settings = settings_](
            std::stop_token stop) {
            const migrations::target t{name_, *behind, url, settings};
            watcher watches{*this, name_};
            ending how{work_.migrate(t, wanted, watches, stop), std::nullopt};
            if (how.outcome || !how.outcome.error().may_pass) // else there is nobody to ask
                if (auto seen = work_.inspect(t, stop))
                    how.seen = std::move(*seen);
            loop_.post([this, how = std::move(how)] { on_end(how); });
        }};
}

void migration_gate::check()
{
    at_work_ = true;
    enter(phase::checking);
    thread_ = std::jthread{
        [this, behind = pool_.behind(), url = url_, settings = settings_](std::stop_token stop) {
            const migrations::target t{name_, *behind, url, settings};
            loop_.post([this, seen = work_.inspect(t, stop)] { on_checked(seen); });
        }};
}

// ---- What the migrator says.

void migration_gate::on_progress(const progress& now)
{
    std::string words = to_text(now);
    const bool is_news = words != status_.doing;
    status_.doing = std::move(words);
    const bool counts = now.is == progress::phase::running;
    status_.revision = counts ? now.what : std::string{};
    status_.number = counts ? now.number : 0;
    status_.total = counts ? now.total : 0;
    if (!is_news)
        return;
    log::info(status_.doing, {{"backend", name_}});
    on_words(status_.doing);
    if (!is_open() && !stopping_)
        hold(status_.doing);
}

void migration_gate::on_applied(const console::row& step, std::chrono::milliseconds took)
{
    ++status_.applied;
    status_.seconds.observe(took);
    if (asked_)
        asked_->steps.push_back(step);
}

void migration_gate::on_words(const std::string& line)
{
    if (asked_)
        asked_->to.notice(line);
}

void migration_gate::on_checked(const migrations::attempt<migrations::state>& seen)
{
    at_work_ = false;
    enter(phase::idle);
    if (stopping_)
        return;
    if (elsewhere_)
        return start_elsewhere();
    if (again_)
        return check_again();
    if (!seen) {
        status_.error = seen.error().what.message;
        status_.failed_revision.clear();
        log::error("whether migrations are pending cannot be told: clients are served as before",
                   {{"backend", name_}, {"error", status_.error}});
        return events_.gate_changed();
    }
    note(*seen);
    // What a command would do only current_command could tell.
    const bool has_command_to_run =
        !settings_.command.empty() && !seen->command_is_at_head.value_or(false);
    if (seen->pending.empty() && !has_command_to_run) {
        forget_failure(); // it was put right elsewhere
        return events_.gate_changed();
    }
    log::info("migrations may be pending: clients wait",
              {{"backend", name_}, {"pending", seen->pending.size()}});
    was_open_ = true;
    wait_for_holders(steady_clock::now());
}

void migration_gate::on_end(const ending& how)
{
    at_work_ = false;
    status_.doing.clear();
    status_.revision.clear();
    status_.number = status_.total = 0;
    enter(phase::idle);
    if (elsewhere_ && !stopping_)
        return start_elsewhere();
    if (how.seen)
        note(*how.seen);
    if (how.outcome)
        on_success(*how.outcome, how.seen);
    else
        on_failure(how.outcome.error());
    if (again_ && !at_work_)
        check_again();
}

void migration_gate::check_again()
{
    again_ = false;
    reload(migration_settings{settings_});
}

void migration_gate::on_success(const migrations::report& done,
                                const std::optional<migrations::state>& seen)
{
    failures_ = 0;
    forget_failure();
    log::info("migrations are done",
              {{"backend", name_},
               {"applied", done.applied.size()},
               {"from_schema", done.built_from_schema},
               {"seconds", done.took}});
    // What pooled connections know of the schema (plans, catalogs) may be out of date.
    if (changed_anything(done))
        pool_.retire_all(close_reason::migration, steady_clock::now());
    const std::optional<asking> on_behalf = std::exchange(asked_, std::nullopt);
    if (on_behalf)
        on_behalf->to.done(with_what_is_no_revision(on_behalf->steps, done));
    if (stopping_)
        return;
    if (!on_behalf || was_open_)
        return open();
    // An operator has put right what had closed it, or is about to.
    if (seen && seen->pending.empty())
        start_over();
    else
        close(cannot_connect_now("migrations are pending: SHOW MIGRATIONS on the console"));
}

void migration_gate::on_failure(const failure& why)
{
    const std::optional<asking> on_behalf = std::exchange(asked_, std::nullopt);
    if (on_behalf)
        on_behalf->to.done(why.what);
    if (stopping_)
        return log::info("migrations are stopped", {{"backend", name_}, {"why", why.what.message}});
    ++status_.failures;
    const error heard = closed_by(why);
    status_.error = heard.message;
    status_.failed_revision = why.revision;
    log::error("migrations failed",
               {{"backend", name_},
                {"revision", why.revision},
                {"sqlstate", why.what.code.text()},
                {"error", why.what.message},
                {"detail", why.what.detail},
                {"hint", why.what.hint},
                {"may_pass", why.may_pass}});
    // What was served until now goes on to be served: a revision that failed was rolled back. The
    // next SIGHUP tries again.
    if (was_open_)
        return open();
    if (on_behalf && failures_ == 0)
        return close(heard);
    if (on_behalf)
        return retry(heard);
    using policy = migration_settings::failure_policy;
    if (settings_.on_failure == policy::serve)
        return open();
    if (settings_.on_failure == policy::exit) {
        close(heard);
        return events_.gate_demands_exit(heard);
    }
    if (why.may_pass) {
        ++failures_;
        return retry(heard);
    }
    failures_ = 0;
    close(heard);
}

// Clients wait, since it may not take long.
void migration_gate::retry(const error& after)
{
    const double chance = std::uniform_real_distribution{}(dice_);
    next_step_ = steady_clock::now() + reconnect_delay(failures_, longest_pause, chance);
    enter(phase::retrying);
    hold(after.message);
}

// ---- What clients meet.

void migration_gate::open()
{
    if (stopping_)
        return;
    if (!std::exchange(status_.is_open, true))
        log::info("clients are served", {{"backend", name_}});
    status_.closed_because.clear();
    enter(phase::idle);
    pool_.resume(steady_clock::now());
    events_.gate_changed();
}

void migration_gate::close(const error& why)
{
    status_.is_open = false;
    status_.closed_because = why.message;
    pool_.shut(why, steady_clock::now());
    log::warning("clients are not served", {{"backend", name_}, {"why", why.message}});
    events_.gate_changed();
}

void migration_gate::hold(std::string because)
{
    status_.is_open = false;
    status_.closed_because = because;
    pool_.pause(cannot_connect_now(std::move(because)));
    events_.gate_changed();
}

void migration_gate::enter(phase p)
{
    status_.is = p;
    status_.since = std::chrono::system_clock::now();
}

void migration_gate::forget_failure()
{
    status_.error.clear();
    status_.failed_revision.clear();
}

void migration_gate::note(const migrations::state& seen)
{
    status_.current = seen.current;
    status_.heads = seen.heads;
    status_.pending = seen.pending.size();
}

void migration_gate::answer(result<console::rows> outcome)
{
    if (auto on_behalf = std::exchange(asked_, std::nullopt))
        on_behalf->to.done(std::move(outcome));
}

} // namespace weir
