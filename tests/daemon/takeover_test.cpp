#include "daemon/takeover.hpp"
#include "tests/daemon/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// One that asks, and what the door has made of it.
struct encounter {
    explicit encounter(result<introduction> said)
    {
        const std::string path = home.path() + "/door";
        const auto opened =
            door.open(path,
                      {.knocked = [said] { return said; },
                       .asked = [this]() -> result<void> { return ++asked, result<void>{}; },
                       .taken = [this] { ++taken; },
                       .left = [this] { ++left; }});
        REQUIRE(opened.has_value());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, path.size());
        REQUIRE(::connect(asker, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    }
    encounter(const encounter&) = delete;
    encounter& operator=(const encounter&) = delete;
    ~encounter() { ::close(asker); }

    void says(std::string_view word) const
    {
        CHECK(::send(asker, word.data(), word.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(word.size()));
    }
    std::string hears() // empty: the end
    {
        char text[256];
        ssize_t n = -1;
        for (int turn = 0; n < 0 && turn < 1'000; ++turn) {
            loop.run_one_for(10ms);
            n = ::recv(asker, text, sizeof text, MSG_DONTWAIT);
        }
        return n < 0 ? "(nothing)" : std::string(text, static_cast<std::size_t>(n));
    }
    void until(const int& has_happened)
    {
        for (int turn = 0; !has_happened && turn < 1'000; ++turn)
            loop.run_one_for(10ms);
        CHECK(has_happened == 1);
    }

    test::temporary_directory home;
    boost::asio::io_context loop;
    takeover_door door{loop};
    int asked = 0, taken = 0, left = 0;
    int asker = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
};

} // namespace

TEST_SUITE("takeover")
{
    TEST_CASE("word by word")
    {
        encounter e{introduction{.servers = {7}}};
        CHECK(e.hears() == "servers 7");
        CHECK(!e.door.is_asked());
        e.says("go");
        e.until(e.asked);
        CHECK(e.door.is_asked());
        REQUIRE(e.door.end().has_value());
        CHECK(e.door.has_passed());
        CHECK(e.hears() == "end");
        e.says("taken");
        e.until(e.taken);
        REQUIRE(e.door.confirm().has_value());
        CHECK(e.hears() == "yours");
        CHECK(e.left == 0);
    }

    TEST_CASE("who is told no has not asked, and the next one may")
    {
        encounter e{error{"57P01", "it is shutting down", {}, "Wait."}};
        CHECK(e.hears() == "no it is shutting down\nWait.");
        CHECK(e.hears().empty());
        CHECK(!e.door.is_asked());
        CHECK(e.left == 0);
    }

    TEST_CASE("a word out of turn is taken for a farewell")
    {
        encounter e{introduction{}};
        e.hears();
        SUBCASE("taken, before anything was passed")
        {
            e.says("go");
            e.until(e.asked);
            e.says("taken");
            e.until(e.left);
        }
        SUBCASE("taken, before it has asked")
        {
            e.says("taken");
            CHECK(e.hears().empty());
            CHECK(e.left == 0);
        }
        SUBCASE("go, once more")
        {
            e.says("go");
            e.until(e.asked);
            e.says("go");
            e.until(e.left);
        }
        CHECK(e.taken == 0);
        CHECK(!e.door.is_asked());
    }

    TEST_CASE("one that is gone when all is its own has got nothing")
    {
        encounter e{introduction{}};
        e.hears();
        e.says("go");
        e.until(e.asked);
        REQUIRE(e.door.end().has_value());
        e.says("taken");
        e.until(e.taken);
        ::shutdown(e.asker, SHUT_RDWR);
        CHECK(!e.door.confirm());
        CHECK(!e.door.is_asked());
    }

    TEST_CASE("one that is slow to read gets everything")
    {
        encounter e{introduction{}};
        e.hears();
        e.says("go");
        e.until(e.asked);
        constexpr int messages = 2'000; // some hundreds fit in between
        int heard = 0;
        std::thread reads{[&] {
            char text[64];
            std::this_thread::sleep_for(50ms);
            while (heard<messages&& ::recv(e.asker, text, sizeof text, 0)> 0)
                ++heard;
        }};
        const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        result<void> done;
        for (int i = 0; done && i < messages; ++i)
            done = e.door.pass("weir-clients", {&null, 1});
        CHECK(done.has_value());
        e.door.refuse({"57P01", "that was all"});
        reads.join();
        CHECK(heard == messages);
        ::close(null);
    }

    TEST_CASE("one that does not read is not waited for for ever")
    {
        encounter e{introduction{}};
        e.says("go");
        e.until(e.asked);
        const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        result<void> done;
        for (int i = 0; done && i < 100'000; ++i)
            done = e.door.pass("weir-clients", {&null, 1});
        CHECK(!done);
        ::close(null);
    }
}
