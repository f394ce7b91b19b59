// check: the doctor. It looks at the settings, the socket and every backend, and says what to do.
#include "config/print.hpp"
#include "daemon/access_list.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/console_request.hpp"
#include "daemon/commands/json_document.hpp"
#include "daemon/commands/migrate_options.hpp"
#include "daemon/commands/outcome.hpp"
#include "daemon/commands/settings_options.hpp"
#include "daemon/doctor/connection_advice.hpp"
#include "daemon/doctor/findings.hpp"
#include "daemon/doctor/own_connections.hpp"
#include "daemon/doctor/report.hpp"
#include "daemon/file_survey.hpp"
#include "daemon/http_server.hpp"
#include "daemon/migration_gate.hpp"
#include "daemon/server_survey.hpp"
#include "daemon/view/text_table.hpp"

#include <filesystem>
#include <iostream>
#include <memory>

namespace weir::commands {
namespace {

using doctor::findings;
using doctor::severity;

struct check_options {
    settings_options settings;
    bool prints_settings = false;
    bool wants_json = false;
};

// By what listens there, of which it is not known that it is a weir.
error said(error refusal)
{
    constexpr std::string_view end = " refuses: ";
    if (const std::size_t at = refusal.message.find(end); at != refusal.message.npos)
        refusal.message.erase(0, at + end.size());
    return refusal;
}

class examination {
public:
    explicit examination(const settings& all) : all_(all) {}

    findings run()
    {
        found_.push_back({severity::ok, {}, "settings", source()});
        look_at_accounts();
        look_at_socket();
        look_at_metrics();
        for (const backend_settings& s : all_.backends)
            look_at(s);
        return std::move(found_);
    }

private:
    void add(const findings& more) { found_.insert(found_.end(), more.begin(), more.end()); }

    std::string source() const
    {
        return std::to_string(all_.backends.size()) +
               (all_.backends.size() == 1 ? " backend, from " : " backends, from ") +
               (all_.file.empty() ? "the environment and the defaults" : all_.file);
    }

    // What weir serve looks up as it starts.
    void look_at_accounts()
    {
        for (const auto make : {allowed_clients, operators})
            if (const auto known = make(all_); !known)
                found_.push_back(doctor::refusal("accounts", known.error()));
    }

    // A weir that runs knows which of the server's connections are its own.
    void look_at_socket()
    {
        doctor::socket_facts seen = survey_socket(all_.listen);
        if (seen.served_by)
            seen.served_by->refusal = ask_the_weir();
        may_be_served_ = seen.served_by && doctor::may_be_weir(*seen.served_by);
        add(doctor::judge(seen));
    }

    // Nothing: it has told us what it knows.
    std::optional<error> ask_the_weir()
    {
        const auto console = connect_to_console(all_.listen, "weir check", {});
        if (!console)
            return said(console.error());
        if (!*console)
            return error{"08001", "it has just ended"};
        const auto servers = ask(**console, "SHOW SERVERS");
        const auto backends = servers ? ask(**console, "SHOW BACKENDS") : servers;
        const auto config = backends ? ask(**console, "SHOW CONFIG") : backends;
        if (!config)
            return config.error();
        note_connections(*servers, *backends);
        config_ = *config;
        return std::nullopt;
    }

    void look_at_metrics()
    {
        if (!all_.metrics)
            return;
        const std::string setting = "metrics.listen";
        const auto settings = list(all_);
        const auto ours = std::ranges::find(settings, setting, &listed_setting::path);
        const std::size_t theirs = config_.find("key", setting);
        doctor::metrics_facts seen{.address = ours->value,
                                   .is_served = theirs < config_.size() &&
                                                config_.text(theirs, "value") == ours->value,
                                   .may_be_served = may_be_served_ && config_.size() == 0};
        if (!seen.is_served)
            if (const auto free = http_server::check(all_.metrics->address, all_.metrics->port);
                !free)
                seen.obstacle = free.error();
        found_.push_back(doctor::judge(seen));
    }

    void look_at(const backend_settings& s)
    {
        switch (s.url.kind) {
        case database_kind::postgresql: return look_at_server(s);
        case database_kind::sqlite: return look_at_file(s);
        case database_kind::mysql: break; // refused with the settings
        }
    }

    void look_at_server(const backend_settings& s)
    {
        const auto seen = survey_server(s, "weir check", {});
        if (!seen)
            return found_.push_back(doctor::failed_connection(s.name, seen.error()));
        found_.push_back({severity::ok, s.name, "connection", masked(s.url)});
        add(doctor::judge(s.name, *seen));
        doctor::budget_facts facts =
            doctor::count(*seen, doctor::own_pids_at(s, all_.backends, own_));
        facts.siblings = siblings_of(s, all_.backends);
        found_.push_back(doctor::judge(s.name, s.pool, doctor::weigh(s.pool, facts)));
        look_at_migrations(s);
    }

    void look_at_file(const backend_settings& s)
    {
        if (s.url.database.empty()) // in memory
            return;
        const doctor::file_facts seen = survey_file(s.url.database);
        const findings of_file = doctor::judge(s.name, seen);
        add(of_file);
        // To look into a file that is not there would make it.
        if (seen.exists && doctor::worst_of(of_file) != severity::error)
            look_at_migrations(s);
    }

    void look_at_migrations(const backend_settings& s)
    {
        if (!has_migrations(s.migrations))
            return;
        const auto files = read_files(s.migrations);
        const auto is = files ? inspect(s, files->graph)
                              : migrations::attempt<migrations::state>(files.error());
        if (!is)
            return found_.push_back(
                doctor::failed_inspection(s.name, is.error().what, has_several()));
        const bool has_files = !files->graph.is_empty();
        using policy = migration_settings::edit_policy;
        add(doctor::judge(
            s.name,
            doctor::migration_facts{.current = is->current,
                                    .pending = is->pending,
                                    .edited = is->edited,
                                    .unknown = has_files ? is->unknown : std::vector<std::string>{},
                                    .half_done = is->half_done,
                                    .is_unstamped =
                                        has_files && !is->has_version_table && is->has_other_tables,
                                    .edited_are_refused = s.migrations.on_edited == policy::refuse,
                                    .runs_at_boot = s.migrations.on_boot,
                                    .command_is_at_head = is->command_is_at_head.value_or(true),
                                    .directory = s.migrations.dir,
                                    .is_one_of_several = has_several()}));
    }

    bool has_several() const { return all_.backends.size() > 1; }

    void note_connections(const view::answer& servers, const view::answer& backends)
    {
        for (std::size_t i = 0; i < servers.size(); ++i)
            own_.push_back({std::string(servers.text(i, "database")),
                            static_cast<int>(servers.number(i, "remote_pid"))});
        for (std::size_t i = 0; i < backends.size(); ++i)
            if (const auto pid = backends.number(i, "listener_pid"))
                own_.push_back({std::string(backends.text(i, "backend")), static_cast<int>(pid)});
    }

    const settings& all_;
    bool may_be_served_ = false;              // by a weir
    std::vector<doctor::own_connection> own_; // of the weir that runs
    view::answer config_;                     // its SHOW CONFIG
    findings found_;
};

std::string to_json(const findings& all)
{
    json listed = json::array();
    for (const doctor::finding& f : all) {
        json one{{"severity", doctor::to_string(f.is)},
                 {"backend", nullptr},
                 {"check", f.check},
                 {"what", f.what},
                 {"fix", nullptr}};
        if (!f.backend.empty())
            one["backend"] = f.backend;
        if (!f.fix.empty())
            one["fix"] = f.fix;
        listed.push_back(std::move(one));
    }
    return printed(
        {{"ok", doctor::worst_of(all) != severity::error}, {"findings", std::move(listed)}});
}

findings complaints_of(const complaints& all)
{
    findings made;
    for (const complaint& c : all)
        made.push_back({severity::error,
                        {},
                        "settings",
                        to_text(c),
                        "mend it; nothing else has been looked at"});
    return made;
}

int print_findings(const findings& all, bool wants_json)
{
    if (wants_json)
        std::cout << to_json(all);
    else
        for (const std::string& line : doctor::lines(all))
            std::cout << view::printable(line) << '\n';
    return doctor::worst_of(all) == severity::error ? 1 : 0;
}

int run(const check_options& wanted)
{
    if (wanted.prints_settings) {
        const std::optional<settings> all = wanted.settings.load_or_complain();
        if (all)
            std::cout << weir::to_json(*all);
        return all ? 0 : 1;
    }
    const checked<settings> all = wanted.settings.load();
    return print_findings(all ? examination(*all).run() : complaints_of(all.error()),
                          wanted.wants_json);
}

} // namespace

void add_check(CLI::App& app, int& status)
{
    CLI::App* verb = app.add_subcommand(
        "check",
        "Look at the settings, the socket and every backend; say what is wrong and what "
        "to do.");
    const auto options = std::make_shared<check_options>();
    options->settings.add_config(*verb);
    options->settings.seek_the_socket();
    auto* const prints = verb->add_flag("--settings",
                                        options->prints_settings,
                                        "print the effective ones as JSON, secrets masked, and "
                                        "look at nothing");
    verb->add_flag("--json", options->wants_json, "print for a program")->excludes(prints);
    verb->footer("Exit status: 0, or 1 if there is an error; warnings and notes do not count.");
    verb->callback([options, &status] { status = run(*options); });
}

} // namespace weir::commands
