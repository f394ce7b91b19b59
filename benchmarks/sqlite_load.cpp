// N processes that use one SQLite file at once for some seconds, through weir or by opening it
// themselves: how many transactions they get done, how long one takes, and how often they are told
// that the database is locked. Prints one line of JSON.
//
// The tables are
//   CREATE TABLE counter (id integer PRIMARY KEY, n integer NOT NULL)      rows 0 to 999
//   CREATE TABLE entries (who integer NOT NULL, turn integer NOT NULL)
#include "benchmarks/generator.hpp"
#include "benchmarks/latencies.hpp"
#include "benchmarks/script.hpp"
#include "benchmarks/sqlite_file.hpp"
#include "benchmarks/words.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace weir::bench {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t most_processes = 256;

struct options {
    explicit options(const words& given)
        : path(given.operand()), database(given.text("database", "")),
          work(given.text("work", "select")), processes(given.number("processes", 1)),
          seconds(given.seconds("seconds", 1))
    {
        if (processes > most_processes)
            throw std::invalid_argument("--processes: at most " + std::to_string(most_processes));
    }

    std::string path;     // of the file, or of weir's socket
    std::string database; // through weir, by this name
    std::string work;     // select, insert or read-modify-write
    std::uint64_t processes;
    double seconds;
};

constexpr std::array<std::string_view, 4> option_names{"database", "work", "processes", "seconds"};

// In memory that all processes share.
struct place {
    latencies latency;
    std::uint64_t locked = 0;
    bool failed = false;
    std::atomic<bool> ready{false};
};

struct shared_memory {
    std::atomic<bool> begun{false};
    place places[most_processes];
};

std::vector<std::string> statements_of(const options& o, unsigned process)
{
    const std::string id = std::to_string(process);
    const std::string select = "SELECT n FROM counter WHERE id = " + id;
    if (o.work == "select")
        return {select};
    if (o.work == "insert")
        return {"INSERT INTO entries (who, turn) VALUES (" + id + ", 1)"};
    if (o.work != "read-modify-write")
        throw std::invalid_argument("--work " + o.work + " is not known");
    // Without weir a transaction that reads before it writes must say so at its beginning, or it is
    // locked out nearly always.
    const std::string begin = o.database.empty() ? "BEGIN IMMEDIATE" : "BEGIN";
    return {begin, select, "UPDATE counter SET n = n + 1 WHERE id = " + id, "COMMIT"};
}

void work(const options& o, shared_memory& shared, place& mine, const std::function<bool()>& once)
{
    once();
    mine.ready = true;
    while (!shared.begun)
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    const auto end = clock::now() + std::chrono::duration<double>(o.seconds);
    for (clock::time_point now = clock::now(); now < end;) {
        const clock::time_point began = now;
        if (!once())
            ++mine.locked;
        now = clock::now();
        mine.latency.add(now - began);
    }
}

void use_file(const options& o, shared_memory& shared, place& mine, unsigned process)
{
    sqlite_file file{o.path, statements_of(o, process)};
    work(o, shared, mine, [&file] { return file.run(); });
}

// weir's errors end it: none is expected.
void use_weir(const options& o, shared_memory& shared, place& mine, unsigned process)
{
    generator connection{o.path, 1};
    script all;
    for (const std::string& sql : statements_of(o, process))
        all.push_back(simple(sql).front());
    const script login = log_in("bench", o.database, {});
    connection.run(1, [&login](std::size_t) -> const script& { return login; });
    work(o, shared, mine, [&] {
        connection.run(1, [&all](std::size_t) -> const script& { return all; });
        return true;
    });
}

void be_a_process(const options& o, shared_memory& shared, place& mine, unsigned process)
{
    try {
        (o.database.empty() ? use_file : use_weir)(o, shared, mine, process);
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "process %u: %s\n", process, failed.what());
        mine.failed = true;
        mine.ready = true;
    }
}

bool run(const options& o)
{
    void* memory = ::mmap(nullptr,
                          sizeof(shared_memory),
                          PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS,
                          -1,
                          0);
    if (memory == MAP_FAILED)
        throw std::bad_alloc{};
    auto& shared = *new (memory) shared_memory;
    for (unsigned i = 0; i < o.processes; ++i)
        if (::fork() == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL); // nobody would tell it to begin, or to end
            be_a_process(o, shared, shared.places[i], i);
            ::_exit(0);
        }
    for (unsigned i = 0; i < o.processes; ++i)
        while (!shared.places[i].ready)
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
    const clock::time_point began = clock::now();
    shared.begun = true;
    while (::wait(nullptr) > 0)
        continue;
    const std::chrono::duration<double> took = clock::now() - began;
    latencies all;
    std::uint64_t locked = 0;
    bool failed = false;
    for (unsigned i = 0; i < o.processes; ++i) {
        all.add(shared.places[i].latency);
        locked += shared.places[i].locked;
        failed = failed || shared.places[i].failed;
    }
    const auto milliseconds = [](std::chrono::nanoseconds time) {
        return std::chrono::duration<double, std::milli>(time).count();
    };
    std::printf("{\"rate\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"longest_ms\": %.3f, "
                "\"locked\": %llu}\n",
                static_cast<double>(all.count() - locked) / took.count(),
                milliseconds(all.percentile(0.5)),
                milliseconds(all.percentile(0.99)),
                milliseconds(all.longest()),
                static_cast<unsigned long long>(locked));
    return !failed;
}

} // namespace

} // namespace weir::bench

int main(int count, char** arguments)
{
    try {
        return weir::bench::run(weir::bench::options{{count, arguments, weir::bench::option_names}})
                   ? 0
                   : 1;
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "sqlite_load: %s\n", failed.what());
        return 1;
    }
}
