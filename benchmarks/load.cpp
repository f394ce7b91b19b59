// The load generator: raw connections to a pooler, a script for each, and what it took. The
// pooler's CPU time, and what the null backend has received, are read around the transactions that
// count, so that logins and warming up are no part of them. Prints one line of JSON.
#include "benchmarks/cpu_time.hpp"
#include "benchmarks/generator.hpp"
#include "benchmarks/null_counts.hpp"
#include "benchmarks/script.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace weir::bench {

namespace {

struct options {
    std::string socket;
    std::string user = "bench";
    std::vector<std::string> databases{"null"};
    unsigned clients = 1;
    unsigned applications = 1;
    std::vector<std::string> settings;
    std::string work = "simple";
    std::string sql = "SELECT abalance FROM pgbench_accounts WHERE aid = 1";
    std::size_t copy_bytes = 1024 * 1024;
    std::uint64_t warm_up = 0;
    std::uint64_t transactions = 1000;
    bool stay = false;
    pid_t watched = 0;
    std::string backend;
};

script work_of(const options& o)
{
    if (o.work == "extended")
        return extended(o.sql);
    if (o.work == "transaction")
        return transaction(o.sql);
    if (o.work == "copy-in")
        return copy_in(o.sql, o.copy_bytes);
    script work = simple(o.sql);
    if (o.work == "connect") {
        work.front().closes = true;
        work.insert(work.begin(), log_in(o.user, o.databases.front(), {}).front());
    }
    return work;
}

// Each client logs in, to one database after the other, and makes its settings.
void open_all(generator& load, const options& o)
{
    std::vector<script> logins;
    for (std::size_t i = 0; i < o.databases.size() * o.applications; ++i)
        logins.push_back(
            log_in(o.user,
                   o.databases[i % o.databases.size()],
                   o.applications > 1 ? "application" + std::to_string(i % o.applications) : ""));
    load.run(load.clients(),
             [&](std::size_t i) -> const script& { return logins[i % logins.size()]; });
    for (const std::string& setting : o.settings) {
        const script one = simple(setting);
        load.run(load.clients(), [&](std::size_t) -> const script& { return one; });
    }
}

void print(const generator::outcome& run, const cpu_time& before, const cpu_time& after)
{
    const auto microseconds = [](std::chrono::nanoseconds time) {
        return std::chrono::duration<double, std::micro>(time).count();
    };
    std::printf("{\"transactions\": %llu, \"seconds\": %.6f, \"bytes\": %llu",
                static_cast<unsigned long long>(run.latency.count()),
                run.took.count(),
                static_cast<unsigned long long>(run.bytes));
    for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}})
        std::printf(", \"%s_us\": %.1f", name, microseconds(run.latency.percentile(share)));
    std::printf(", \"longest_us\": %.1f", microseconds(run.latency.longest()));
    std::printf(", \"cpu_us\": %.3f, \"user_ticks\": %llu, \"system_ticks\": %llu",
                microseconds(after.total - before.total),
                static_cast<unsigned long long>(after.user_ticks - before.user_ticks),
                static_cast<unsigned long long>(after.system_ticks - before.system_ticks));
}

void run(const options& o)
{
    generator load{o.socket, o.clients};
    const script work = work_of(o);
    const auto same = [&work](std::size_t) -> const script& { return work; };
    if (o.work != "connect")
        open_all(load, o);
    if (o.warm_up > 0)
        load.run(o.warm_up, same);

    const auto look = [&o] { return o.watched ? cpu_time_of(o.watched) : cpu_time{}; };
    const auto count = [&o] {
        return o.backend.empty() ? null_counts{} : ask_null_backend(o.backend);
    };
    const null_counts counted = count();
    const cpu_time before = look();
    const generator::outcome outcome = load.run(o.transactions, same);
    print(outcome, before, look());
    if (!o.backend.empty()) {
        const null_counts now = count();
        // Of these the last question is not the pooler's.
        std::printf(
            ", \"server_messages\": %llu, \"server_bytes\": %llu",
            static_cast<unsigned long long>(now.messages - counted.messages - 1),
            static_cast<unsigned long long>(now.bytes - counted.bytes - null_question().size()));
    }
    std::puts("}");
    std::fflush(stdout);
    for (char unused = 0; o.stay && ::read(STDIN_FILENO, &unused, 1) > 0;)
        continue;
}

} // namespace

} // namespace weir::bench

int main(int count, char** arguments)
{
    weir::bench::options o;
    CLI::App app{"closed-loop load for a PostgreSQL pooler"};
    app.add_option("socket", o.socket, "path of the pooler's socket")->required();
    app.add_option("--user", o.user);
    app.add_option("--database", o.databases, "of the clients, in turns");
    app.add_option("--clients", o.clients, "connections");
    app.add_option("--applications", o.applications, "so many application_names among the clients");
    app.add_option("--setting", o.settings, "a statement that each client runs once");
    app.add_option("--work", o.work, "of a transaction")
        ->check(CLI::IsMember({"simple", "extended", "transaction", "connect", "copy-in"}));
    app.add_option("--sql", o.sql, "the statement");
    app.add_option("--copy-bytes", o.copy_bytes, "sent by one COPY");
    app.add_option("--warm-up", o.warm_up, "transactions that do not count");
    app.add_option("--transactions", o.transactions, "that count");
    app.add_flag("--stay", o.stay, "keep the connections until the standard input ends");
    app.add_option("--watch", o.watched, "the pooler's process id");
    app.add_option("--backend", o.backend, "path of the null backend's socket");
    CLI11_PARSE(app, count, arguments);
    try {
        weir::bench::run(o);
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "load: %s\n", failed.what());
        return 1;
    }
}
