#include "pool/sqlite/write_queue.hpp"
#include "tests/support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace weir;
using namespace weir::sqlite;
using namespace std::chrono_literals;

namespace {

struct world {
    test::temporary_directory directory;
    write_queue queue{open()};

    std::unique_ptr<open_file> open()
    {
        auto opened = open_file::open(directory.path() + "/a.db", open_file::access::read_write);
        REQUIRE(opened.has_value());
        return std::move(*opened);
    }
    void wait_for_waiters(std::size_t count)
    {
        while (queue.waiting() != count)
            std::this_thread::sleep_for(1ms);
    }
};

} // namespace

TEST_SUITE("sqlite write queue")
{
    TEST_CASE("who came first is served first")
    {
        world w;
        cancellation never;
        auto held = w.queue.acquire(never, 0ms);
        REQUIRE(held.has_value());
        std::mutex guard;
        std::vector<int> order;
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&, i] {
                cancellation mine;
                const auto permit = w.queue.acquire(mine, 0ms);
                const std::lock_guard lock{guard};
                order.push_back(permit ? i : -1);
            });
            w.wait_for_waiters(static_cast<std::size_t>(i) + 1);
        }
        *held = {};
        for (std::thread& t : threads)
            t.join();
        CHECK(order == std::vector{0, 1, 2, 3, 4, 5, 6, 7});
    }

    TEST_CASE("a waiter that is cancelled or gone leaves the line at once; the others stay")
    {
        world w;
        cancellation never, cancelled, gone, patient;
        auto held = w.queue.acquire(never, 0ms);
        std::string said[3];
        const auto wait = [&](cancellation& who, std::string& answer) {
            who.begin_statement();
            const auto got = w.queue.acquire(who, 0ms);
            answer = got ? "granted" : std::string{got.error().code.text()};
        };
        std::thread a{[&] { wait(cancelled, said[0]); }};
        w.wait_for_waiters(1);
        std::thread b{[&] { wait(gone, said[1]); }};
        w.wait_for_waiters(2);
        std::thread c{[&] { wait(patient, said[2]); }};
        w.wait_for_waiters(3);
        cancelled.cancel();
        w.queue.wake();
        a.join();
        CHECK(w.queue.waiting() == 2);
        gone.close();
        w.queue.wake();
        b.join();
        CHECK(w.queue.waiting() == 1);
        *held = {};
        c.join();
        CHECK(said[0] == "57014");
        CHECK(said[1] == "57014");
        CHECK(said[2] == "granted");
    }

    TEST_CASE("waiting ends with the lock timeout or the statement's deadline")
    {
        world w;
        cancellation never, other;
        auto held = w.queue.acquire(never, 0ms);
        const auto late = w.queue.acquire(other, 5ms);
        REQUIRE(late.has_error());
        CHECK(late.error().code == sqlstate{"55P03"});
        other.begin_statement(cancellation::clock::now() + 5ms);
        const auto timed_out = w.queue.acquire(other, 0ms);
        REQUIRE(timed_out.has_error());
        CHECK(timed_out.error().code == sqlstate{"57014"});
        CHECK(w.queue.waiting() == 0);
    }

    TEST_CASE("a permit that is dropped takes back what was not committed")
    {
        world w;
        cancellation never;
        {
            const auto permit = w.queue.acquire(never, 0ms);
            open_file& file = permit->file();
            REQUIRE(file.db.execute("CREATE TABLE t (a)").has_value());
            REQUIRE(file.run("BEGIN IMMEDIATE").has_value());
            REQUIRE(file.run("INSERT INTO t VALUES (1)").has_value());
        }
        const auto permit = w.queue.acquire(never, 0ms);
        CHECK_FALSE(permit->file().db.in_transaction());
        auto count = permit->file().db.prepare("SELECT count(*) FROM t");
        REQUIRE(count->step().has_value());
        CHECK(count->column(0).integer == 0);
    }
}
