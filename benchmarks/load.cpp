// The load generator: raw connections to a pooler, a script for each, and how long it took. It
// talks with whoever started it, so that others can be looked at around the transactions that
// count:
//
//   it prints "ready"    every client has logged in, made its settings and warmed up
//   a line comes in      the transactions run
//   it prints JSON       one line; the clients stay connected, idle, until the standard input ends
#include "benchmarks/generator.hpp"
#include "benchmarks/script.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
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

void print(const generator::outcome& run)
{
    std::printf("{\"transactions\": %llu, \"seconds\": %.6f, \"bytes\": %llu",
                static_cast<unsigned long long>(run.latency.count()),
                run.took.count(),
                static_cast<unsigned long long>(run.bytes));
    const auto add = [](const char* name, std::chrono::nanoseconds time) {
        std::printf(", \"%s_ms\": %.4f",
                    name,
                    std::chrono::duration<double, std::milli>(time).count());
    };
    for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}})
        add(name, run.latency.percentile(share));
    add("longest", run.latency.longest());
    std::puts("}");
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
    std::puts("ready");
    std::fflush(stdout);
    std::string line;
    if (!std::getline(std::cin, line))
        return;
    print(load.run(o.transactions, same));
    std::fflush(stdout);
    while (std::getline(std::cin, line))
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
    CLI11_PARSE(app, count, arguments);
    try {
        weir::bench::run(o);
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "load: %s\n", failed.what());
        return 1;
    }
}
