// The load generator: raw connections to a pooler, a script for each, and how long it took. It
// talks with whoever started it, so that others can be looked at around the transactions that
// count:
//
//   it prints "ready"    every client has logged in, made its settings and warmed up
//   a line comes in      the transactions run; for each further line again
//   it prints JSON       one line; the clients stay connected, idle, until the standard input ends
//
//   load PATH [--NAME VALUE]...     PATH is the pooler's socket; the names are those of `options`
#include "benchmarks/generator.hpp"
#include "benchmarks/script.hpp"
#include "benchmarks/words.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::bench {

namespace {

struct options {
    explicit options(const words& given)
        : socket(given.operand()), databases(given.all("database")),
          clients(given.number("clients", 1)), applications(given.number("applications", 1)),
          settings(given.all("setting")), work(given.text("work", "simple")),
          sql(given.text("sql", "SELECT abalance FROM pgbench_accounts WHERE aid = 1")),
          warm_up(given.number("warm-up", 0)), transactions(given.number("transactions", 1000))
    {
        if (databases.empty())
            databases.emplace_back("null");
    }

    std::string socket;
    std::vector<std::string> databases; // of the clients, in turns
    std::uint64_t clients;
    std::uint64_t applications;        // so many application_names among them
    std::vector<std::string> settings; // statements that each of them runs once
    std::string work;                  // simple, extended, transaction, connect or copy-in
    std::string sql;
    std::uint64_t warm_up;      // transactions that do not count
    std::uint64_t transactions; // that count
};

constexpr std::array<std::string_view, 8> option_names{
    "database", "clients", "applications", "setting", "work", "sql", "warm-up", "transactions"};

constexpr std::string_view user = "bench";
constexpr std::size_t copy_size = 1024 * 1024; // of one COPY

script work_of(const options& o)
{
    if (o.work == "extended")
        return extended(o.sql);
    if (o.work == "transaction")
        return transaction(o.sql);
    if (o.work == "copy-in")
        return copy_in(o.sql, copy_size);
    script work = simple(o.sql);
    if (o.work == "simple")
        return work;
    if (o.work != "connect")
        throw std::invalid_argument("--work " + o.work + " is not known");
    work.front().closes = true;
    work.insert(work.begin(), log_in(user, o.databases.front(), {}).front());
    return work;
}

// Each client logs in, to one database after the other, and makes its settings.
void open_all(generator& load, const options& o)
{
    std::vector<script> logins;
    for (std::size_t i = 0; i < o.databases.size() * o.applications; ++i)
        logins.push_back(
            log_in(user,
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
    for (std::string line; std::getline(std::cin, line);) {
        print(load.run(o.transactions, same));
        std::fflush(stdout);
    }
}

} // namespace

} // namespace weir::bench

int main(int count, char** arguments)
{
    try {
        weir::bench::run(weir::bench::options{{count, arguments, weir::bench::option_names}});
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "load: %s\n", failed.what());
        return 1;
    }
}
