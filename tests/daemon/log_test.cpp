#include "daemon/line_writer.hpp"
#include "daemon/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <sys/stat.h>

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace weir;

namespace {

// What one log writes into a pipe. Afterwards the log is as before start().
class captured_log {
public:
    explicit captured_log(log::format f, log::level least = log::level::info)
    {
        REQUIRE(::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0);
        log::start({f, least, pipe_[1]});
    }
    captured_log(const captured_log&) = delete;
    captured_log& operator=(const captured_log&) = delete;
    ~captured_log()
    {
        log::start({});
        ::close(pipe_[0]);
        ::close(pipe_[1]);
    }

    int write_end() const { return pipe_[1]; }

    std::string read()
    {
        std::string text;
        char piece[4096];
        for (ssize_t n; (n = ::read(pipe_[0], piece, sizeof piece)) > 0;)
            text.append(piece, static_cast<std::size_t>(n));
        return text;
    }

    // Without the time, which is a test's enemy.
    std::string read_after_time()
    {
        const std::string text = read();
        const std::string::size_type z = text.find("Z");
        return z == std::string::npos ? text : text.substr(z + 1);
    }

private:
    int pipe_[2] = {-1, -1};
};

} // namespace

TEST_SUITE("log")
{
    TEST_CASE("text and JSON carry the same fields")
    {
        const auto say = [] {
            log::info("client connected",
                      {{"backend", "main"}, {"pid", 12}, {"waited", 250ms}, {"pinned", false}});
        };
        SUBCASE("text")
        {
            captured_log out(log::format::text);
            say();
            CHECK(out.read_after_time() ==
                  " info client connected backend=main pid=12 waited=0.25 pinned=false\n");
        }
        SUBCASE("json")
        {
            captured_log out(log::format::json);
            say();
            CHECK(out.read_after_time() ==
                  R"(","level":"info","message":"client connected","backend":"main","pid":12,)"
                  R"("waited":0.25,"pinned":false})"
                  "\n");
        }
        SUBCASE("journal")
        {
            captured_log out(log::format::journal);
            say();
            CHECK(out.read() ==
                  "<6>client connected backend=main pid=12 waited=0.25 pinned=false\n");
        }
    }

    TEST_CASE("a line starts with the time in UTC, to the millisecond")
    {
        captured_log out(log::format::text);
        log::info("x");
        const std::string line = out.read();
        const std::string like = "0000-00-00T00:00:00.000Z info x\n";
        REQUIRE(line.size() == like.size());
        for (std::size_t i = 0; i < like.size(); ++i)
            CHECK((like[i] == '0' ? line[i] >= '0' && line[i] <= '9' : line[i] == like[i]));
    }

    TEST_CASE("each level has syslog's priority in the journal")
    {
        captured_log out(log::format::journal, log::level::debug);
        log::debug("a");
        log::info("b");
        log::warning("c");
        log::error("d");
        CHECK(out.read() == "<7>a\n<6>b\n<4>c\n<3>d\n");
    }

    TEST_CASE("what is below the level is not written")
    {
        captured_log out(log::format::journal, log::level::warning);
        log::debug("a");
        log::info("b");
        log::warning("c");
        CHECK(out.read() == "<4>c\n");
    }

    TEST_CASE("nothing that a stranger sends can end a line or break the JSON")
    {
        const std::string nasty = "a\"b\\c\nd\te\x01\x7f \xc2\x9b[31m \xff \xed\xa0\x80 \xc3\xa9 "
                                  "\xf0\x9f\x92\xa7\0z"s;
        SUBCASE("json")
        {
            captured_log out(log::format::json);
            log::info(nasty, {{"name", nasty}});
            const std::string escaped =
                "\"a\\\"b\\\\c\\nd\\te\\u0001\\u007f \\u009b[31m \xef\xbf\xbd "
                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xc3\xa9 "
                "\xf0\x9f\x92\xa7\\u0000z\"";
            CHECK(out.read_after_time() ==
                  R"(","level":"info","message":)" + escaped + ",\"name\":" + escaped + "}\n");
        }
        SUBCASE("text")
        {
            captured_log out(log::format::journal);
            log::info(nasty, {{"name", "two words"}, {"empty", ""}});
            CHECK(out.read() == "<6>a\"b\\c\\nd\\te\\u0001\\u007f \\u009b[31m \xef\xbf\xbd "
                                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xc3\xa9 "
                                "\xf0\x9f\x92\xa7\\u0000z name=\"two words\" empty=\"\"\n");
        }
    }

    TEST_CASE("numbers keep their edges")
    {
        captured_log out(log::format::json);
        log::info("n",
                  {{"least", std::numeric_limits<std::int64_t>::min()},
                   {"most", std::numeric_limits<std::uint64_t>::max()},
                   {"none", std::numeric_limits<double>::quiet_NaN()}});
        CHECK(out.read_after_time() ==
              R"(","level":"info","message":"n","least":-9223372036854775808,)"
              R"("most":18446744073709551615,"none":"not a number"})"
              "\n");
    }

    TEST_CASE("a text without end is cut, and says so")
    {
        captured_log out(log::format::journal);
        log::info("q", {{"statement", std::string(5'000, 'x')}});
        CHECK(out.read() ==
              "<6>q statement=\"" + std::string(2048, 'x') + "... (2952 bytes more)\"\n");
    }

    TEST_CASE("a secret is masked wherever it turns up")
    {
        log::never_show("canary-7\"31");
        log::never_show("canary-7\"31-and-more");
        log::never_show("main"); // too short to be hidden without harm
        for (const log::format f : {log::format::text, log::format::json, log::format::journal}) {
            captured_log out(f);
            log::error("login with canary-7\"31 failed",
                       {{"url", "postgresql://app:canary-7\"31@db/main"},
                        {"other", "canary-7\"31-and-more"}});
            const std::string line = out.read();
            CAPTURE(line);
            CHECK(line.find("canary") == std::string::npos);
            CHECK(line.find("and-more") == std::string::npos);
            CHECK(line.find("postgresql://app:***@db/main") != std::string::npos);
        }
    }

    TEST_CASE("a secret that the cut would halve is masked before it is cut")
    {
        log::never_show("canary-at-the-edge");
        captured_log out(log::format::journal);
        log::info(std::string(2'040, 'x') + "canary-at-the-edge");
        CHECK(out.read().find("canary") == std::string::npos);
    }

    TEST_CASE("stderr is taken for the journal only when JOURNAL_STREAM names it")
    {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
        struct stat s {};
        REQUIRE(::fstat(ends[1], &s) == 0);
        const std::string here = std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino);
        struct {
            std::string stream;
            bool is_journal;
        } const cases[] = {{here, true}, {"8:1234567", false}, {"", false}};
        for (const auto& c : cases) {
            CAPTURE(c.stream);
            ::setenv("JOURNAL_STREAM", c.stream.c_str(), 1);
            log::start({log::format::text, log::level::info, ends[1]});
            log::info("x");
            char line[256] = {};
            REQUIRE(::read(ends[0], line, sizeof line) > 0);
            CHECK((std::string{line} == "<6>x\n") == c.is_journal);
            log::start({log::format::json, log::level::info, ends[1]});
            log::error("y");
            std::memset(line, 0, sizeof line);
            REQUIRE(::read(ends[0], line, sizeof line) > 0);
            CHECK(std::string{line}.starts_with("<3>{\"time\":") == c.is_journal);
            CHECK(std::string{line}.starts_with("{\"time\":") != c.is_journal);
        }
        ::unsetenv("JOURNAL_STREAM");
        log::start({});
        ::close(ends[0]);
        ::close(ends[1]);
    }

    TEST_CASE("a reader that stalls costs lines, never the writer, and the loss is logged")
    {
        captured_log out(log::format::journal);
        REQUIRE(::fcntl(out.write_end(), F_SETPIPE_SZ, 8192) == 8192);
        // From here on a write to the full pipe would block for ever.
        REQUIRE(::fcntl(out.write_end(), F_SETFL, O_CLOEXEC) == 0);
        for (int i = 0; i < 100; ++i)
            log::info(std::string(200, 'x'));
        const std::string first = out.read();
        CHECK(first.size() <= 8192);
        log::info("again");
        log::info("and again");
        const std::string second = out.read();
        CHECK(second.find("<6>again\n<4>log lines were lost, nobody read them lost=") !=
              std::string::npos);
        CHECK(second.ends_with("\n<6>and again\n"));
    }

    TEST_CASE("a line that was cut short is ended before the next one begins")
    {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        REQUIRE(::fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
        REQUIRE(::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
        log::line_writer out(ends[1]);
        CHECK_FALSE(out.write(std::string(6'000, 'x') + "\n"));
        char first[8192];
        CHECK(::read(ends[0], first, sizeof first) == 4096);
        CHECK(out.write("next\n"));
        char second[64] = {};
        CHECK(::read(ends[0], second, sizeof second) == 6);
        CHECK(std::string{second} == "\nnext\n");
        CHECK(out.lost() == 1);
        ::close(ends[0]);
        ::close(ends[1]);
    }

    TEST_CASE("once_per lets one line a period through, which says how many it stands for")
    {
        log::once_per limit(10s);
        const log::once_per::time_point start{};
        CHECK(limit.pass(start) == 0);
        CHECK_FALSE(limit.pass(start + 1s));
        CHECK_FALSE(limit.pass(start + 9'999ms));
        CHECK(limit.pass(start + 10s) == 2);
        CHECK(limit.pass(start + 20s) == 0);
    }
}
