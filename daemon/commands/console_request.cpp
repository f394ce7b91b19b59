#include "daemon/commands/console_request.hpp"

#include "daemon/accounts.hpp"
#include "daemon/unix_listener.hpp"
#include "pool/postgres/server_backend.hpp"

#include <unistd.h>

#include <filesystem>

namespace weir::commands {
namespace {

constexpr std::chrono::milliseconds patience{10'000}; // for what is answered at once

// Without what libpq puts before them: the path has been said.
std::string_view own_words(std::string_view words)
{
    constexpr std::string_view address_end = " failed: ";
    constexpr std::string_view severity = "FATAL:  ";
    const std::size_t at = words.find(address_end);
    if (words.starts_with("connection to server ") && at != words.npos)
        words.remove_prefix(at + address_end.size());
    if (words.starts_with(severity))
        words.remove_prefix(severity.size());
    return words;
}

// 08...: there were no words of weir's own.
bool is_of_the_connection(const error& e) { return e.code.text().starts_with("08"); }

error no_answer_of(const std::string& weir, error why)
{
    const std::string words(own_words(why.message));
    if (!is_of_the_connection(why)) {
        why.message = weir + " refuses: " + words;
        return why;
    }
    why.message = weir + " does not answer (" + words + ")";
    why.hint = "If it is stuck, systemctl restart weir ends that.";
    return why;
}

struct question {
    std::string_view show;
    view::answer* into;
};

result<void> ask_all(direct_connection& console,
                     const std::stop_token& stop,
                     std::initializer_list<question> all)
{
    for (const question& q : all) {
        auto answered = ask(console, q.show, stop);
        if (!answered)
            return answered.error();
        *q.into = std::move(*answered);
    }
    return {};
}

} // namespace

result<std::unique_ptr<direct_connection>> connect_to_console(const listen_settings& at,
                                                              std::string_view application_name,
                                                              std::stop_token stop)
{
    const std::string path = to_address(at).path();
    const auto listener = who_listens(path);
    if (!listener) {
        error unknown = listener.error();
        unknown.code = sqlstate{"08001"};
        return unknown;
    }
    if (!*listener)
        return std::unique_ptr<direct_connection>{};

    postgres::server_backend console({{"host", std::filesystem::path(path).parent_path()},
                                      {"port", std::to_string(at.port)},
                                      {"dbname", "weir"},
                                      {"user", user_name(::geteuid())},
                                      {"application_name", std::string(application_name)}},
                                     path);
    auto link = console.log_in(patience, stop);
    if (!link && stop.stop_requested())
        return error{"57014", "interrupted before the weir that serves " + path + " answered"};
    if (!link)
        return no_answer_of("the weir that serves " + path, link.error());
    return std::make_unique<direct_connection>(std::move(*link),
                                               direct_connection::when_stopped::leave);
}

result<std::unique_ptr<direct_connection>> demand_console(const settings_options& from,
                                                          std::string_view application_name,
                                                          std::stop_token stop)
{
    const auto at = from.where_weir_listens();
    if (!at)
        return at.error();
    auto console = connect_to_console(*at, application_name, std::move(stop));
    if (!console || *console)
        return console;
    const auto all = from.load_or_fail();
    return error{"08001",
                 "no weir serves " + to_address(*at).path(),
                 all ? std::string{} : all.error().message + "\n" + all.error().detail,
                 "Start one with weir serve; --config, WEIR_SOCKET_DIR and WEIR_PORT say where "
                 "another one is."};
}

result<view::answer>
ask(direct_connection& console, std::string_view show, const std::stop_token& stop)
{
    auto answered = console.query(show, stop, patience);
    if (!answered)
        return is_of_the_connection(answered.error()) ? no_answer_of("weir", answered.error())
                                                      : answered.error();
    return view::answer(std::move(answered->columns), std::move(answered->rows));
}

result<view::pools_answer> ask_for_pools(direct_connection& console, const std::stop_token& stop)
{
    view::pools_answer made;
    const auto asked = ask_all(console,
                               stop,
                               {{"SHOW BACKENDS", &made.backends},
                                {"SHOW POOLS", &made.pools},
                                {"SHOW STATS_AVERAGES", &made.averages},
                                {"SHOW MIGRATIONS", &made.migrations}});
    if (!asked)
        return asked.error();
    return made;
}

result<view::holders_answer> ask_for_holders(direct_connection& console,
                                             const std::stop_token& stop)
{
    view::holders_answer made;
    const auto asked = ask_all(console,
                               stop,
                               {{"SHOW HOLDERS", &made.holders},
                                {"SHOW PINS", &made.pins},
                                {"SHOW WAITERS", &made.waiters}});
    if (!asked)
        return asked.error();
    return made;
}

} // namespace weir::commands
