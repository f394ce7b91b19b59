#include "pool/pgwire/writer.hpp"
#include "tests/daemon/migrations/databases.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <sys/socket.h>
#include <thread>

namespace weir::test {

namespace {

// A server that says what a test tells it to, whatever it is asked.
class scripted_link : public link {
public:
    explicit scripted_link(std::string_view script, bool hangs_up = false)
    {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_) != 0)
            throw std::runtime_error("socketpair");
        say(script);
        if (hangs_up)
            ::shutdown(ends_[1], SHUT_WR);
    }
    ~scripted_link() override
    {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }

    std::size_t at_once = 7; // a few bytes, so that every message is split somewhere

    void say(std::string_view words)
    {
        REQUIRE(::send(ends_[1], words.data(), words.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(words.size()));
    }

    int descriptor() const override { return ends_[0]; }
    io_result read(std::span<std::byte> into) override
    {
        return moved(::recv(ends_[0], into.data(), std::min(into.size(), at_once), 0));
    }
    io_result write(std::span<const iovec> from) override
    {
        return moved(::send(ends_[0], from[0].iov_base, from[0].iov_len, MSG_NOSIGNAL));
    }
    result<void> cancel() override { return {}; }
    const parameter_list& parameters() const override { return none_; }

private:
    static io_result moved(ssize_t n)
    {
        if (n > 0)
            return {static_cast<std::size_t>(n), io_status::done};
        return {0, n < 0 && errno == EAGAIN ? io_status::blocked : io_status::closed};
    }

    int ends_[2];
    parameter_list none_;
};

} // namespace

TEST_SUITE("direct_connection")
{
    TEST_CASE_TEMPLATE("rows, NULLs, names and tags come back as the server said them",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        where database;
        const auto db = connect(database.behind());
        const auto answer = db->query("SELECT 1 AS one, NULL AS nothing, 'a''b' AS text");
        REQUIRE(answer.has_value());
        CHECK(answer->columns == std::vector<std::string>{"one", "nothing", "text"});
        REQUIRE(answer->rows.size() == 1);
        CHECK(answer->rows[0][0] == "1");
        CHECK_FALSE(answer->rows[0][1]);
        CHECK(answer->rows[0][2] == "a'b");
        CHECK(answer->tag == "SELECT 1");

        CHECK(ask(*db, "") == "");
        CHECK(ask(*db, "SELECT 1; SELECT 2 AS x; SELECT 3, 4") == "3,4"); // the last one's
        CHECK(run(*db, "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)") == "INSERT 0 2");
        CHECK(db->query("SELECT 1; DELETE FROM t")->rows.empty());
    }

    TEST_CASE_TEMPLATE("a result larger than the buffer arrives whole",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        where database;
        const auto db = connect(database.behind());
        const auto answer = db->query("SELECT g, repeat('x', 200000) FROM generate_series(1, 5) g");
        REQUIRE(answer.has_value());
        REQUIRE(answer->rows.size() == 5);
        CHECK(answer->rows[4][1]->size() == 200'000);
    }

    TEST_CASE_TEMPLATE("a long text leaves in as many writes as it takes",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        where database;
        const auto db = connect(database.behind());
        CHECK(ask(*db, "SELECT length('" + std::string(3'000'000, 'y') + "')") == "3000000");
    }

    TEST_CASE_TEMPLATE("an error has the server's code, words and position; the next query works",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        where database;
        const auto db = connect(database.behind());
        const auto answer = db->query("SELECT * FROM missing");
        REQUIRE_FALSE(answer.has_value());
        CHECK(words(answer.error()) == "42P01 relation \"missing\" does not exist");
        CHECK(answer.error().position == 15);
        CHECK_FALSE(db->is_lost());
        CHECK(ask(*db, "SELECT 1") == "1");
    }

    TEST_CASE_TEMPLATE("it knows whether a transaction is open", where, on_postgresql, on_sqlite)
    {
        where database;
        const auto db = connect(database.behind());
        CHECK_FALSE(db->in_transaction());
        CHECK(db->execute("BEGIN").has_value());
        CHECK(db->in_transaction());
        CHECK_FALSE(db->execute("SELECT * FROM missing").has_value());
        CHECK(db->in_transaction());
        CHECK(db->execute("ROLLBACK").has_value());
        CHECK_FALSE(db->in_transaction());
    }

    TEST_CASE_TEMPLATE("a stop cancels what runs, and the connection lives on",
                       where,
                       on_postgresql,
                       on_sqlite)
    {
        where database;
        const auto db = connect(database.behind());
        std::stop_source stop;
        std::jthread later{[&] {
            std::this_thread::sleep_for(100ms);
            stop.request_stop();
        }};
        const auto answer =
            db->query("SELECT count(*) FROM generate_series(1, 10000000000) a", stop.get_token());
        REQUIRE_FALSE(answer.has_value());
        CHECK(words(answer.error()) == "57014 canceling statement due to user request");
        CHECK_FALSE(db->query("SELECT 1", stop.get_token()).has_value()); // still asked for
        CHECK(ask(*db, "SELECT 1") == "1");
    }

    TEST_CASE("a server that says nothing is given up when its time is over")
    {
        direct_connection db{std::make_unique<scripted_link>("")};
        const auto answer = db.query("SELECT 1", {}, 20ms);
        REQUIRE_FALSE(answer.has_value());
        CHECK(words(answer.error()) == "08006 no answer within 20 ms");
        CHECK(db.is_lost());
    }

    TEST_CASE("a stop leaves at once a server that knows no cancel request")
    {
        direct_connection db{std::make_unique<scripted_link>(""),
                             direct_connection::when_stopped::leave};
        std::stop_source stop;
        const std::jthread later{[&] { stop.request_stop(); }};
        CHECK(words(db.query("SHOW POOLS", stop.get_token()).error()) ==
              "57014 canceling statement due to user request");
        CHECK(ask(db, "SHOW POOLS").starts_with(db.is_lost() ? "08006" : "57014"));
    }

    TEST_CASE("a server that ends the session says so, and so does every query after")
    {
        on_postgresql database;
        const auto db = connect(database.behind());
        const std::string pid = ask(*db, "SELECT pg_backend_pid()");
        CHECK(db->listen());
        CHECK(ask(database.admin(), "SELECT pg_terminate_backend(" + pid + ", 30000)") == "t");
        CHECK(ask(*db, "SELECT 1") == "57P01 terminating connection due to administrator command");
        CHECK(db->is_lost());
        CHECK(ask(*db, "SELECT 1") == "08006 the connection to the database is lost: terminating "
                                      "connection due to administrator command");
    }

    TEST_CASE("between queries a loss is noticed by listening")
    {
        on_postgresql database;
        const auto db = connect(database.behind());
        const std::string pid = ask(*db, "SELECT pg_backend_pid()");
        CHECK(ask(database.admin(), "SELECT pg_terminate_backend(" + pid + ", 30000)") == "t");
        for (int tries = 0; tries < 600 && db->listen(); ++tries)
            std::this_thread::sleep_for(50ms);
        CHECK(db->is_lost());
    }

    TEST_CASE("notices are handed on")
    {
        on_postgresql database;
        const auto db = connect(database.behind());
        std::string heard;
        db->on_notice([&](std::string_view severity, std::string_view said) {
            heard.append(severity).append(": ").append(said);
        });
        CHECK(db->execute("DROP TABLE IF EXISTS missing").has_value());
        CHECK(heard == "NOTICE: table \"missing\" does not exist, skipping");
    }

    TEST_CASE("COPY FROM STDIN is refused, since nobody has data for it")
    {
        on_postgresql database;
        const auto db = connect(database.behind());
        CHECK(db->execute("CREATE TABLE t (a int)").has_value());
        const auto copied = db->execute("COPY t FROM STDIN");
        REQUIRE_FALSE(copied.has_value());
        CHECK(copied.error().code == sqlstate{"57014"});
        CHECK(db->execute("COPY t TO STDOUT").has_value());
        CHECK(ask(*db, "SELECT count(*) FROM t") == "0");
    }

    TEST_CASE("a malformed message, or an end in the middle of one, loses the connection")
    {
        std::string row;
        pgwire::message{row, 'D'}.u16(1).u32(100).raw("short");
        std::string complete;
        pgwire::write_command_complete(complete, "SELECT 1");
        std::string error_without_end;
        pgwire::message{error_without_end, 'E'}.raw("Mwords");
        for (const auto& entry : std::vector<std::pair<std::string, std::string>>{
                 {"", "08006"},
                 {"D", "08006"},
                 {row, "08P01"},
                 {complete, "08006"}, // no ReadyForQuery
                 {complete.substr(0, 9), "08006"},
                 {error_without_end, "08P01"},
                 {"HTTP/1.1 400 Bad Request\r\n\r\n", "08P01"}}) {
            const auto& script = entry.first;
            const auto& code = entry.second;
            CAPTURE(script);
            direct_connection db{std::make_unique<scripted_link>(script, true)};
            const auto answer = db.query("SELECT 1");
            REQUIRE_FALSE(answer.has_value());
            CHECK(answer.error().code.text() == code);
            CHECK(db.is_lost());
            CHECK(db.query("SELECT 1").error().code == sqlstate{"08006"});
        }
    }

    TEST_CASE("a farewell that comes along with an answer does not take it away")
    {
        std::string script;
        pgwire::write_command_complete(script, "SHUTDOWN");
        pgwire::write_ready(script, 'I');
        pgwire::write_error(script, {"57P01", "weir is shutting down"}, pgwire::severity::fatal);
        auto server = std::make_unique<scripted_link>(script, true);
        server->at_once = script.size();
        direct_connection db{std::move(server)};
        const auto answer = db.execute("SHUTDOWN WAIT_FOR_SERVERS");
        REQUIRE(answer.has_value());
        CHECK(*answer == "SHUTDOWN");
        CHECK(db.is_lost());
        CHECK(ask(db, "SELECT 1") ==
              "08006 the connection to the database is lost: weir is shutting down");
    }

    TEST_CASE("replies split anywhere add up to the same")
    {
        std::string script;
        {
            pgwire::message columns{script, 'T'};
            columns.u16(1).text("a name longer than a read").raw(std::string(18, '\0'));
        }
        pgwire::message{script, 'D'}.u16(1).u32(11).raw("hello world");
        pgwire::write_parameter_status(script, "TimeZone", "UTC");
        pgwire::write_command_complete(script, "SELECT 1");
        pgwire::write_ready(script, 'T');
        direct_connection db{std::make_unique<scripted_link>(script)};
        CHECK(ask(db, "SELECT") == "hello world");
        CHECK(db.in_transaction());
    }
}

} // namespace weir::test
