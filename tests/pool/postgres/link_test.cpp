#include "pool/postgres/connection.hpp"
#include "tests/pool/postgres/conversation.hpp"
#include "tests/pool/postgres/test_cluster.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sys/ioctl.h>
#include <thread>

namespace weir::test {

namespace {

struct transport {
    const char* name;
    parameter_list (*options)();
};

const transport transports[] = {
    {"plain, Unix", [] { return over_unix(); }},
    {"plain, TCP", [] { return over_tcp(); }},
    {"TLS 1.3", [] { return over_tls(); }},
    {"TLS 1.2", [] { return with(over_tls(), "ssl_max_protocol_version", "TLSv1.2"); }},
};

std::unique_ptr<link> open(const parameter_list& options)
{
    auto server = log_in(options);
    if (!server)
        throw std::runtime_error(server.error().message);
    return std::move(*server);
}

// Asks an observer until the answer is the expected one; what it was in the end.
std::string wait_for(std::string_view expected, const std::string& sql)
{
    const auto observer = open(over_unix());
    conversation ask{*observer};
    std::string answer;
    for (int tries = 0; tries < 600; ++tries, std::this_thread::sleep_for(50ms))
        if (answer = ask.value(sql); answer == expected)
            break;
    return answer;
}

std::string is_there(const std::string& pid)
{
    return "SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid;
}

// What the server logged about one of its processes.
std::string log_of(const std::string& pid)
{
    std::ifstream log{told("WEIR_TEST_PG_DIR") + "/server.log"};
    std::string found;
    for (std::string line; std::getline(log, line);)
        if (line.find(" [" + pid + "] ") != std::string::npos)
            found += line + "\n";
    return found;
}

std::string as_message(std::string_view sql)
{
    std::string bytes;
    pgwire::write_query(bytes, sql);
    return bytes;
}

} // namespace

TEST_SUITE_BEGIN("postgres: links");

TEST_CASE("a link moves raw bytes: many rows, large ones, and nothing when there is nothing")
{
    for (const transport& t : transports) {
        CAPTURE(t.name);
        const auto server = open(t.options());
        conversation relay{*server};

        std::array<std::byte, 16> nothing;
        CHECK(server->read(nothing).status == io_status::blocked);
        CHECK(server->read(nothing).bytes == 0);

        const auto frames =
            relay.query("SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) i");
        CHECK(frames.size() == 5003); // description, rows, completion, ready
        CHECK(frames.back().type == 'Z');
        CHECK(frames.back().body == "I");

        const auto large = relay.query("SELECT repeat('x', 300000) FROM generate_series(1, 20)");
        CHECK(large.size() == 23);
        CHECK(large[1].body.size() == 300'006);
        CHECK(server->read(nothing).status == io_status::blocked);
    }
}

TEST_CASE("a read gathers several TLS records of 8 kB")
{
    const auto server = open(over_tls());
    conversation relay{*server};
    relay.send(as_message("SELECT repeat('x', 60000)"));
    int waiting = 0; // until the whole answer is here, so that nothing depends on who is faster
    for (int tries = 0; tries < 6000 && waiting < 60'000;
         ++tries, std::this_thread::sleep_for(10ms))
        REQUIRE(::ioctl(server->descriptor(), FIONREAD, &waiting) == 0);
    std::vector<std::byte> into(64 * 1024);
    CHECK(server->read(into).bytes > 60'000);
}

TEST_CASE("a buffer smaller than a record loses nothing: TLS keeps what poll no longer shows")
{
    for (const transport& t : transports) {
        CAPTURE(t.name);
        const auto server = open(t.options());
        conversation relay{*server};
        relay.send(as_message("SELECT repeat('y', 5000)"));
        std::string bytes;
        std::array<std::byte, 100> small;
        while (!bytes.ends_with(std::string_view{"Z\0\0\0\5I", 6})) {
            const io_result got = server->read(small);
            REQUIRE(got.status != io_status::closed);
            bytes += pgwire::as_text(std::span{small}.first(got.bytes));
            if (got.bytes == 0) {
                pollfd watched{server->descriptor(), POLLIN, 0};
                REQUIRE(::poll(&watched, 1, 60'000) == 1);
            }
        }
        CHECK(bytes.find(std::string(5000, 'y')) != std::string::npos);
    }
}

TEST_CASE("20 MB go both ways, also when the server reads late and the pieces change meanwhile")
{
    std::string payload(20'000'000, ' ');
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
    for (const transport& t : transports) {
        CAPTURE(t.name);
        const auto server = open(t.options());
        conversation relay{*server};
        // While it sleeps, the server reads nothing: the socket fills up and a record gets stuck.
        relay.send(as_message("SELECT pg_sleep(0.3)"));
        relay.send(as_message("SELECT '" + payload + "'"), 7);
        CHECK(relay.blocked() > 0);
        CHECK(relay.receive().back().type == 'Z');
        const auto frames = relay.receive();
        REQUIRE(frames.size() == 4);
        CHECK(frames[0].type == 'T');
        CHECK(frames[1].body.size() == 6 + payload.size());
        CHECK(frames[1].body.compare(6, payload.size(), payload) == 0);
    }
}

TEST_CASE("after a blocked write, fewer bytes may be offered first, and none is sent twice")
{
    for (const transport& t : transports) {
        CAPTURE(t.name);
        const auto server = open(t.options());
        conversation relay{*server};
        const std::string payload(30'000'000, 'z');
        const std::string bytes =
            as_message("SELECT pg_sleep(0.3)") + as_message("SELECT md5('" + payload + "')");
        std::string_view rest = bytes;
        bool was_blocked = false;
        while (!rest.empty()) {
            // One byte after a block, then much: what is stuck inside is not what is offered.
            const std::size_t size =
                was_blocked ? 1 : std::min<std::size_t>(rest.size(), 1'000'000);
            const iovec piece{const_cast<char*>(rest.data()), size};
            const io_result moved = server->write({&piece, 1});
            REQUIRE(moved.status != io_status::closed);
            REQUIRE(moved.bytes <= size);
            rest.remove_prefix(moved.bytes);
            was_blocked = moved.status == io_status::blocked;
            if (was_blocked) {
                pollfd watched{server->descriptor(), POLLOUT, 0};
                REQUIRE(::poll(&watched, 1, 60'000) == 1);
            }
        }
        relay.receive();
        const auto frames = relay.receive();
        REQUIRE(frames.size() == 4);
        CHECK(frames[1].body.substr(6) == relay.value("SELECT md5(repeat('z', 30000000))"));
    }
}

TEST_CASE("a running query is cancelled from another thread, and the server stays usable")
{
    for (const transport& t : transports) {
        CAPTURE(t.name);
        const auto server = open(t.options());
        conversation relay{*server};
        const std::string pid = relay.value("SELECT pg_backend_pid()");
        relay.send(as_message("SELECT pg_sleep(600)"));
        REQUIRE(wait_for("1",
                         "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                         "AND query = 'SELECT pg_sleep(600)' AND pid = " +
                             pid) == "1");
        result<void> cancelled;
        std::thread{[&] { cancelled = server->cancel(); }}.join();
        CHECK(cancelled.has_value());
        const auto frames = relay.receive();
        REQUIRE(frames.size() >= 2);
        CHECK(frames[frames.size() - 2].type == 'E');
        CHECK(conversation::error_field(frames[frames.size() - 2], 'C') == "57014");
        CHECK(relay.value("SELECT 'still here'") == "still here");

        CHECK(server->cancel().has_value()); // when nothing runs, nothing happens
        CHECK(relay.value("SELECT 'still here'") == "still here");
    }
}

TEST_CASE("a query cut short is not completed by closing the link")
{
    const auto owner = open(over_unix());
    conversation control{*owner};
    control.query("DROP TABLE IF EXISTS cut_short");
    control.query("CREATE TABLE cut_short (way text)");
    control.query("GRANT ALL ON cut_short TO PUBLIC");

    // A Terminate is X and four bytes of length: X and 0 are all that this statement lacks.
    const auto all_but_two = [](std::string_view way) {
        const std::string bytes =
            as_message("INSERT INTO cut_short VALUES ('" + std::string{way} + "') -- ");
        return bytes.substr(0, bytes.size() - 2);
    };

    // The trap is real: libpq alone executes it.
    PGconn* alone = PQconnectdb(told("WEIR_TEST_PG_URL").c_str());
    REQUIRE(PQstatus(alone) == CONNECTION_OK);
    const std::string pid_alone = std::to_string(PQbackendPID(alone));
    const std::string cut = all_but_two("PQfinish alone");
    REQUIRE(::send(PQsocket(alone), cut.data(), cut.size(), 0) == static_cast<ssize_t>(cut.size()));
    PQfinish(alone);
    CHECK(wait_for("0", is_there(pid_alone)) == "0");
    CHECK(control.value("SELECT count(*) FROM cut_short") == "1");

    for (const transport& t : transports) {
        CAPTURE(t.name);
        auto server = open(t.options());
        conversation relay{*server};
        const std::string pid = relay.value("SELECT pg_backend_pid()");
        relay.send(all_but_two(t.name));
        server.reset();
        CHECK(wait_for("0", is_there(pid)) == "0");
        CHECK(control.value("SELECT count(*) FROM cut_short") == "1");
    }
}

TEST_CASE("closing a link rolls its transaction back; an idle server ends without complaint")
{
    const auto owner = open(over_unix());
    conversation control{*owner};
    control.query("DROP TABLE IF EXISTS left_open");
    control.query("CREATE TABLE left_open (i int)");
    control.query("GRANT ALL ON left_open TO PUBLIC");
    for (const transport& t : transports) {
        CAPTURE(t.name);
        auto server = open(t.options());
        std::string pid = conversation{*server}.value("SELECT pg_backend_pid()");
        server.reset();
        CHECK(wait_for("0", is_there(pid)) == "0");
        CHECK(log_of(pid) == "");

        server = open(t.options());
        conversation relay{*server};
        pid = relay.value("SELECT pg_backend_pid()");
        relay.query("BEGIN");
        relay.query("INSERT INTO left_open VALUES (1)");
        server.reset();
        CHECK(wait_for("0", is_there(pid)) == "0");
        CHECK(control.value("SELECT count(*) FROM left_open") == "0");
        CHECK(log_of(pid).find("unexpected EOF on client connection with an open transaction") !=
              std::string::npos);
    }
}

TEST_CASE("a Terminate that was written before the link is closed is delivered")
{
    for (const transport& t : transports) {
        CAPTURE(t.name);
        auto server = open(t.options());
        conversation relay{*server};
        const std::string pid = relay.value("SELECT pg_backend_pid()");
        relay.query("BEGIN"); // it would complain about a client that vanishes in a transaction
        relay.send(std::string_view{"X\0\0\0\4", 5});
        server.reset();
        CHECK(wait_for("0", is_there(pid)) == "0");
        CHECK(log_of(pid) == "");
    }
}

TEST_CASE("a server that dies says why; then its read side is closed, whatever writes report")
{
    for (const transport& t : transports) {
        CAPTURE(t.name);
        const auto server = open(t.options());
        conversation relay{*server};
        const std::string pid = relay.value("SELECT pg_backend_pid()");
        CHECK(wait_for("t", "SELECT pg_terminate_backend(" + pid + ", 10000)") == "t");
        CHECK(wait_for("0", is_there(pid)) == "0");

        const auto last_words = relay.receive();
        REQUIRE(last_words.size() == 1);
        CHECK(conversation::error_field(last_words[0], 'C') == "57P01");

        // TLS over libpq claims success for ever; a plain socket admits it at the second write. No
        // signal ends us.
        const std::string query = as_message("SELECT 1");
        const iovec piece{const_cast<char*>(query.data()), query.size()};
        for (int i = 0; i < 3; ++i)
            server->write({&piece, 1});
        std::array<std::byte, 100> some;
        CHECK(server->read(some).status == io_status::closed);
        CHECK(server->read(some).status == io_status::closed);
    }
}

TEST_CASE("a cancel without a server is an error, not a silence")
{
    // The link lives on while nobody can be reached under the server's address.
    const auto server = open(over_unix());
    const std::string socket = told("WEIR_TEST_PG_DIR") + "/.s.PGSQL." + told("WEIR_TEST_PG_PORT");
    REQUIRE(std::rename(socket.c_str(), (socket + ".away").c_str()) == 0);
    const auto cancelled = server->cancel();
    REQUIRE(std::rename((socket + ".away").c_str(), socket.c_str()) == 0);
    REQUIRE(cancelled.has_error());
    CHECK(cancelled.error().code == sqlstate{"08001"});
    CHECK(cancelled.error().message.find("PQcancel") != std::string::npos);
}

TEST_SUITE_END();

} // namespace weir::test
