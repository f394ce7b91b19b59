#include "daemon/migrations/outside_command.hpp"
#include "tests/daemon/migrations/databases.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sys/stat.h>
#include <thread>

namespace weir::test {

using namespace migrations;

namespace {

struct ran {
    std::vector<std::string> lines;
    error what; // code 00000: it went well
};

outside_command program(std::vector<std::string> argv)
{
    outside_command what;
    what.argv = std::move(argv);
    return what;
}

outside_command shell(const std::string& text) { return program({"/bin/sh", "-c", text}); }

ran carry_out(const outside_command& what, const lifeline& needed = {}, std::stop_token stop = {})
{
    ran all;
    const auto done = migrations::run(
        what,
        [&](std::string_view line) { all.lines.emplace_back(line); },
        needed,
        stop);
    if (!done)
        all.what = done.error();
    return all;
}

using lines = std::vector<std::string>;

// Until the process is gone; a zombie is.
bool is_gone(const std::string& pid)
{
    for (int tries = 0; tries < 600; ++tries, std::this_thread::sleep_for(50ms)) {
        std::ifstream stat{"/proc/" + pid + "/stat"};
        std::string text;
        std::getline(stat, text);
        if (text.empty() || text.find(") Z ") != text.npos)
            return true;
    }
    return false;
}

} // namespace

TEST_SUITE("outside_command")
{
    TEST_CASE("its output comes line by line, from both streams, the last one whole or not")
    {
        const ran all = carry_out(shell("echo one; echo two >&2; printf 'three\\r\\n\\nfour'"));
        CHECK(words(all.what) == "00000 ");
        CHECK(all.lines == lines{"one", "two", "three", "", "four"});
    }

    TEST_CASE("a line without end comes in pieces")
    {
        const ran all = carry_out(shell("head -c 20000 /dev/zero | tr '\\0' x; echo; echo end"));
        REQUIRE(all.lines.size() == 4);
        CHECK(all.lines[0] == std::string(8192, 'x'));
        CHECK(all.lines[1] == std::string(8192, 'x'));
        CHECK(all.lines[2] == std::string(20'000 - 2 * 8192, 'x'));
        CHECK(all.lines[3] == "end");
    }

    TEST_CASE("an exit status or a signal fails it, with its last lines")
    {
        const ran failed = carry_out(shell("seq 1 20; exit 3"));
        CHECK(words(failed.what) ==
              "38000 the command \"seq 1 20; exit 3\" failed with exit status 3");
        CHECK(failed.what.detail == "Its last lines:\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20");
        const ran ended = carry_out(shell("kill -KILL $$"));
        CHECK(words(ended.what) ==
              "38000 the command \"kill -KILL $$\" was ended by signal 9 (Killed)");
        CHECK(ended.what.detail == "It printed nothing.");
    }

    TEST_CASE("a program or a directory that is not there is said to be so")
    {
        CHECK(words(carry_out(program({"/no/such/program", "upgrade"})).what) ==
              "58P01 could not start \"/no/such/program upgrade\": No such file or directory");
        outside_command elsewhere = shell("true");
        elsewhere.cwd = "/no/such/directory";
        CHECK(words(carry_out(elsewhere).what) ==
              "58P01 could not enter the directory /no/such/directory: No such file or directory");
    }

    TEST_CASE("it has its environment, its directory, no input, and nothing private to systemd")
    {
        ::setenv("NOTIFY_SOCKET", "/run/x", 1);
        ::setenv("WEIR_TEST_KEPT", "kept", 1);
        ::setenv("WEIR_TEST_REPLACED", "old", 1);
        outside_command what =
            shell("echo $WEIR_TEST_KEPT $WEIR_TEST_REPLACED; echo "
                  "[$NOTIFY_SOCKET]; pwd; cat; env | grep -c ^WEIR_TEST_REPLACED");
        what.env = {{"WEIR_TEST_REPLACED", "new"}};
        what.cwd = "/";
        CHECK(carry_out(what).lines == lines{"kept new", "[]", "/", "1"});
        ::unsetenv("NOTIFY_SOCKET");
    }

    TEST_CASE("it is looked for in its own PATH")
    {
        temporary_directory directory;
        const std::string path = directory.path() + "/my-migrations";
        std::ofstream{path} << "#!/bin/sh\necho found\n";
        ::chmod(path.c_str(), 0755);
        outside_command what = program({"my-migrations"});
        what.env = {{"PATH", directory.path() + ":/usr/bin:/bin"}};
        CHECK(carry_out(what).lines == lines{"found"});
    }

    TEST_CASE("no descriptor of ours is open in it, and no signal blocked or ignored")
    {
        const int leaky = ::open("/dev/null", O_RDONLY); // as a careless library would
        REQUIRE(leaky > 2);
        sigset_t all, before;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before);
        const auto old = ::signal(SIGPIPE, SIG_IGN);
        const ran said =
            carry_out(shell("ls /proc/self/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status"));
        ::signal(SIGPIPE, old);
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        ::close(leaky);
        // 3 is the directory that ls reads.
        CHECK(said.lines ==
              lines{"0", "1", "2", "3", "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"});
    }

    TEST_CASE("secrets are not in its lines, nor in what is said of its failure")
    {
        outside_command what = shell("echo connecting to $URL; exit 1");
        what.env = {{"URL", "postgresql://u:p4ssw0rd@db/app"}};
        what.secrets = {"p4ssw0rd", ""};
        const ran all = carry_out(what);
        CHECK(all.lines == lines{"connecting to postgresql://u:***@db/app"});
        CHECK(all.what.detail == "Its last lines:\nconnecting to postgresql://u:***@db/app");
    }

    TEST_CASE("at the time limit its whole group is ended")
    {
        outside_command what = shell("sleep 1000 & echo $!; echo waiting; wait");
        what.timeout = 300ms;
        const ran all = carry_out(what);
        CHECK(words(all.what) ==
              "38000 the command \"" + what.shown() + "\" took longer than 300 ms and was ended");
        REQUIRE(all.lines.size() == 2);
        CHECK(is_gone(all.lines[0]));
    }

    TEST_CASE("a chatterer does not outlive its time")
    {
        outside_command what = program({"yes"});
        what.timeout = 200ms;
        CHECK(carry_out(what).what.code == sqlstate{"38000"});
    }

    TEST_CASE("one that ignores SIGTERM is killed")
    {
        outside_command what = shell("trap '' TERM; while :; do sleep 1; done");
        what.timeout = 200ms;
        CHECK(carry_out(what).what.code == sqlstate{"38000"});
    }

    TEST_CASE("a stop ends it")
    {
        std::stop_source stop;
        std::jthread later{[&] {
            std::this_thread::sleep_for(100ms);
            stop.request_stop();
        }};
        CHECK(carry_out(shell("sleep 1000"), {}, stop.get_token()).what.code == sqlstate{"57014"});
    }

    TEST_CASE("without its lifeline it is killed at once; other words on it do no harm")
    {
        int line[2];
        REQUIRE(::pipe2(line, O_CLOEXEC) == 0);
        REQUIRE(::write(line[1], "12", 2) == 2);
        int heard = 0;
        const lifeline needed{line[0], [&] {
                                  char one;
                                  return ::read(line[0], &one, 1) == 1 && ++heard < 2;
                              }};
        const ran all = carry_out(shell("trap '' TERM; sleep 1000; echo unreached"), needed);
        CHECK(all.what.code == sqlstate{"08006"});
        CHECK(heard == 2);
        CHECK(all.lines.empty());
        ::close(line[0]);
        ::close(line[1]);
    }

    TEST_CASE("what it leaves running does not keep us")
    {
        const ran all = carry_out(shell("sleep 1000 & echo $!"));
        REQUIRE(all.lines.size() == 1);
        CHECK(words(all.what) == "00000 ");
        CHECK(::kill(std::stoi(all.lines[0]), SIGKILL) == 0);
    }
}

} // namespace weir::test
