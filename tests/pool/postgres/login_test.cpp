#include "pool/postgres/server_backend.hpp"
#include "tests/pool/postgres/conversation.hpp"
#include "tests/pool/postgres/fake_server.hpp"
#include "tests/pool/postgres/test_cluster.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <sys/stat.h>
#include <thread>

namespace weir::test {

namespace {

bool says(const error& e, std::string_view words)
{
    return e.message.find(words) != std::string::npos;
}

std::string reported(const link& server, std::string_view name)
{
    for (const auto& [known, value] : server.parameters())
        if (known == name)
            return value;
    return "(not reported)";
}

// Logs in and asks the server something about this very connection.
std::string ask(parameter_list options, std::string_view sql)
{
    const auto server = log_in(std::move(options));
    if (!server)
        return std::string{server.error().code.text()} + " " + server.error().message;
    return conversation{**server}.value(sql);
}

constexpr std::string_view tls_version =
    "SELECT coalesce(version, 'none') FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

} // namespace

TEST_SUITE_BEGIN("postgres: login");

TEST_CASE("a server lets us in over the Unix socket, over TCP with SCRAM, and over TLS")
{
    CHECK(ask(over_unix(), "SELECT current_user") == "postgres");
    CHECK(ask(over_unix(), tls_version) == "none");
    CHECK(ask(over_tcp(), "SELECT current_user") == "scram_user");
    CHECK(ask(over_tcp(), tls_version) == "none");
    CHECK(ask(over_tls("require", "ca.crt"), tls_version).starts_with("TLSv1."));
    CHECK(ask(over_tls("verify-full", "ca.crt"), tls_version).starts_with("TLSv1."));
    CHECK(ask(over_tls("verify-full", "ca.crt"), "SELECT current_user") == "tls_user");
    CHECK(ask(with(over_tls(), "ssl_max_protocol_version", "TLSv1.2"), tls_version) == "TLSv1.2");
}

TEST_CASE("a server that cannot prove who it is gets nothing from us")
{
    const auto wrong_authority = log_in(over_tls("verify-full", "other_ca.crt"));
    REQUIRE(wrong_authority.has_error());
    CHECK(wrong_authority.error().code == sqlstate{"08001"});
    CHECK(says(wrong_authority.error(), "certificate verify failed"));

    const auto wrong_name =
        log_in(with(with(over_tls(), "host", "db.example"), "hostaddr", "127.0.0.1"));
    REQUIRE(wrong_name.has_error());
    CHECK(wrong_name.error().code == sqlstate{"08001"});
    CHECK(says(wrong_name.error(), "does not match host name \"db.example\""));
}

TEST_CASE("a refusal carries the server's words and its SQLSTATE")
{
    SUBCASE("a wrong password, said once even when TLS and then plain text was tried")
    {
        for (const char* sslmode : {"disable", "prefer"}) {
            CAPTURE(sslmode);
            const auto refused = log_in(with(over_tcp("canary-password"), "sslmode", sslmode));
            REQUIRE(refused.has_error());
            const error why = refused.error();
            CHECK(why.code == sqlstate{"28P01"});
            CHECK(why.message == "connection to server at \"127.0.0.1\", port " +
                                     told("WEIR_TEST_PG_PORT") +
                                     " failed: FATAL:  password authentication failed for user "
                                     "\"scram_user\"");
            CHECK(why.detail.find("canary") == std::string::npos);
        }
    }
    SUBCASE("no password at all")
    {
        const auto refused = log_in(over_tcp(""));
        REQUIRE(refused.has_error());
        CHECK(refused.error().code == sqlstate{"28P01"});
        CHECK(says(refused.error(), "no password supplied"));
    }
    SUBCASE("an unknown database")
    {
        const auto refused = log_in(with(over_unix(), "dbname", "nope"));
        REQUIRE(refused.has_error());
        CHECK(refused.error().code == sqlstate{"3D000"});
        CHECK(says(refused.error(), "database \"nope\" does not exist"));
    }
    SUBCASE("an unknown role")
    {
        const auto refused = log_in(with(over_unix(), "user", "nobody_here"));
        REQUIRE(refused.has_error());
        CHECK(refused.error().code == sqlstate{"28000"});
    }
    SUBCASE("a role that pg_hba.conf admits over TLS only")
    {
        const auto refused = log_in(with(over_tls(), "sslmode", "disable"));
        REQUIRE(refused.has_error());
        CHECK(refused.error().code == sqlstate{"28000"});
        CHECK(says(refused.error(), "no pg_hba.conf entry"));
    }
    SUBCASE("nobody listens")
    {
        for (const auto& option : parameter_list{{"port", "1"}, {"host", "/nonexistent"}}) {
            CAPTURE(option.first);
            const auto refused = log_in(with(over_tcp(), option.first, option.second));
            REQUIRE(refused.has_error());
            CHECK(refused.error().code == sqlstate{"08001"});
            CHECK(says(refused.error(), option.second));
        }
    }
    SUBCASE("an option that libpq does not know, or a value that it refuses")
    {
        for (const auto& option :
             parameter_list{{"prepared_statements", "false"}, {"sslmode", "sometimes"}}) {
            CAPTURE(option.first);
            const auto refused = log_in(with(over_unix(), option.first, option.second));
            REQUIRE(refused.has_error());
            CHECK(refused.error().code == sqlstate{"08001"});
            CHECK(says(refused.error(), option.first));
        }
        const auto no_number = log_in(with(over_unix(), "connect_timeout", "soon"));
        REQUIRE(no_number.has_error());
        CHECK(says(no_number.error(), "connect_timeout"));
    }
}

TEST_CASE("a full server says 53300, to its superusers as well in the end")
{
    std::vector<std::unique_ptr<link>> crowd;
    const auto fill = [&](const parameter_list& options) {
        for (;;) {
            auto server = log_in(options);
            if (!server)
                return server.error();
            crowd.push_back(std::move(*server));
            REQUIRE(crowd.size() < 100); // the cluster must be started with max_connections = 20
        }
    };
    const error reserved = fill(over_tcp());
    CHECK(reserved.code == sqlstate{"53300"});
    CHECK(says(reserved, "remaining connection slots are reserved"));
    const error full = fill(over_unix());
    CHECK(full.code == sqlstate{"53300"});
    CHECK(says(full, "too many clients already"));
}

TEST_CASE("a passfile has the password")
{
    const std::string path = told("WEIR_TEST_PG_DIR") + "/passfile-" + std::to_string(::getpid());
    std::ofstream{path} << "127.0.0.1:*:*:scram_user:scram\\:p@ss/word 100%\n";
    ::chmod(path.c_str(), 0600);
    CHECK(ask(with(over_tcp(""), "passfile", path), "SELECT current_user") == "scram_user");
    std::remove(path.c_str());
}

TEST_CASE("what the server reports at login is known")
{
    const auto server = log_in(with(over_unix(), "options", "-c DateStyle=German"));
    REQUIRE(server.has_value());
    CHECK(reported(**server, "server_version").starts_with("1"));
    CHECK(reported(**server, "client_encoding") == "UTF8");
    CHECK(reported(**server, "DateStyle") == "German, DMY");
    CHECK(reported(**server, "is_superuser") == "on");
    CHECK(reported(**server, "in_hot_standby") == "off");
    CHECK((*server)->parameters().size() >= 13);
}

TEST_CASE("the server knows us as weir, unless the settings give another name")
{
    CHECK(ask(over_unix(), "SHOW application_name") == "weir");
    CHECK(ask(with(over_unix(), "application_name", "shop"), "SHOW application_name") == "shop");
}

TEST_CASE("of several hosts, the first that takes us wins")
{
    const std::string dead_first = "/nonexistent,127.0.0.1," + told("WEIR_TEST_PG_DIR");
    const std::string ports = "1,1," + told("WEIR_TEST_PG_PORT");
    const parameter_list hosts = with(with(over_unix(), "host", dead_first), "port", ports);
    CHECK(ask(hosts, "SELECT 1") == "1");

    // The dead ones and then TLS: the socket is another one at each step, often under one number.
    const parameter_list tls =
        with(with(over_tls(), "host", "/nonexistent,127.0.0.1,localhost"), "port", ports);
    CHECK(ask(tls, tls_version).starts_with("TLSv1."));

    const auto refused = log_in(with(hosts, "dbname", "nope"));
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == sqlstate{"3D000"});
    CHECK(says(refused.error(), "/nonexistent/.s.PGSQL.1"));
    CHECK(says(refused.error(), "Connection refused"));
}

TEST_CASE("target_session_attrs chooses among servers")
{
    CHECK(ask(with(over_unix(), "target_session_attrs", "primary"), "SELECT 1") == "1");
    CHECK(ask(with(over_unix(), "target_session_attrs", "read-write"), "SELECT 1") == "1");
    CHECK(ask(with(over_unix(), "target_session_attrs", "prefer-standby"), "SELECT 1") == "1");

    const auto standby = log_in(with(over_unix(), "target_session_attrs", "standby"));
    REQUIRE(standby.has_error());
    CHECK(standby.error().code == sqlstate{"08001"});
    CHECK(says(standby.error(), "not in hot standby mode"));

    const auto read_only = log_in(with(with(over_unix(), "target_session_attrs", "read-write"),
                                       "options",
                                       "-c default_transaction_read_only=on"));
    REQUIRE(read_only.has_error());
    CHECK(says(read_only.error(), "session is read-only"));
}

TEST_CASE("a server that accepts and stays silent costs the time limit and no more")
{
    const fake_server silent; // the kernel takes the connection; nobody answers
    const auto late = log_in(silent.options(), 200ms);
    REQUIRE(late.has_error());
    CHECK(late.error().code == sqlstate{"08001"});
    CHECK(late.error().message.starts_with("connection to server on socket \"" +
                                           silent.directory() +
                                           "/.s.PGSQL.5432\" failed: no answer within "));
    CHECK(log_in(silent.options(), 0ms).has_error());
}

TEST_CASE("a server that talks without end, but never lets us in, is given up too")
{
    fake_server talker;
    auto refused = std::async(std::launch::async, [&] { return log_in(talker.options(), 300ms); });
    talker.accept();
    std::string let_in, notice;
    pgwire::message{let_in, 'R'}.u32(0);
    talker.send(let_in); // before this libpq takes no notice
    pgwire::write_error(notice, {"00000", "patience"}, pgwire::severity::notice);
    CHECK_THROWS([&] { // until it hangs up
        for (;;) {
            talker.send(notice);
            std::this_thread::sleep_for(5ms);
        }
    }());
    const auto late = refused.get();
    REQUIRE(late.has_error());
    CHECK(says(late.error(), "no answer within "));
}

TEST_CASE("a silent host uses up its own share of the time, and the next one is tried")
{
    const fake_server silent;
    const auto behind = [&](const parameter_list& options) {
        return with(with(options, "host", silent.directory() + "," + options[0].second),
                    "port",
                    "5432," + told("WEIR_TEST_PG_PORT"));
    };
    const auto server = log_in(behind(over_unix()), 4s);
    REQUIRE(server.has_value());
    CHECK(conversation{**server}.value("SELECT current_user") == "postgres");

    const auto refused = log_in(behind(with(over_unix(), "dbname", "nope")), 2s);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == sqlstate{"3D000"});
    CHECK(says(refused.error(), "no answer within"));
    CHECK(says(refused.error(), "database \"nope\" does not exist"));
}

TEST_CASE("connect_timeout limits a single host further")
{
    const fake_server silent;
    const auto late = log_in(with(silent.options(), "connect_timeout", "1"), 1h);
    REQUIRE(late.has_error());
    CHECK(says(late.error(), "no answer within 2000 ms")); // libpq: 1 counts as 2
}

TEST_CASE("a login that is stopped returns early")
{
    const fake_server silent;
    std::stop_source stop;
    auto login = std::async(std::launch::async,
                            [&] { return log_in(silent.options(), 1h, stop.get_token()); });
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
    const auto stopped = login.get();
    REQUIRE(stopped.has_error());
    CHECK(stopped.error().code == sqlstate{"57P01"});

    const auto at_once = log_in(silent.options(), 1h, stop.get_token());
    REQUIRE(at_once.has_error());
    CHECK(at_once.error().code == sqlstate{"57P01"});
}

TEST_CASE("notices that a server sends at login are heard, and later ones are not")
{
    std::vector<std::string> heard;
    postgres::server_backend backend{with(over_unix(), "options", "-c client_min_messages=debug5"),
                                     "postgresql://test",
                                     [&](std::string_view notice) { heard.emplace_back(notice); }};
    CHECK(backend.address() == "postgresql://test");
    const auto server = backend.log_in(30s, {});
    REQUIRE(server.has_value());
    REQUIRE_FALSE(heard.empty());
    CHECK(heard.front().starts_with("DEBUG: "));
    const std::size_t at_login = heard.size();
    CHECK(conversation{**server}.value("SELECT 1") == "1");
    CHECK(heard.size() == at_login);
}

TEST_CASE("weir asks for protocol 3.0 under its own name, and a server that hangs up is 08006")
{
    fake_server fake;
    auto login = std::async(std::launch::async, [&] { return log_in(fake.options()); });
    const std::string startup = fake.accept();
    CHECK(pgwire::load_u32(pgwire::as_bytes(startup)) == 0x0003'0000);
    using namespace std::string_literals;
    CHECK(startup.find("application_name\0weir\0"s) != std::string::npos);
    fake.hang_up();
    const auto refused = login.get();
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == sqlstate{"08006"});
}

TEST_CASE("messages right behind the login's end are taken in, half of one passes for no frame")
{
    std::string setting;
    pgwire::write_parameter_status(setting, "TimeZone", "Europe/Berlin");

    SUBCASE("whole")
    {
        fake_server fake;
        auto login = std::async(std::launch::async, [&] { return log_in(fake.options()); });
        fake.accept();
        fake.send(welcome() + setting);
        const auto server = login.get();
        REQUIRE(server.has_value());
        CHECK(reported(**server, "TimeZone") == "Europe/Berlin");
        fake.send(setting);
        conversation relay{**server};
        REQUIRE(relay.read_some());
        CHECK(relay.received() == setting);
    }
    SUBCASE("cut anywhere, the rest is nothing that an idle server may say")
    {
        for (std::size_t cut = 1; cut < setting.size(); ++cut) {
            CAPTURE(cut);
            fake_server fake;
            auto login = std::async(std::launch::async, [&] { return log_in(fake.options()); });
            fake.accept();
            fake.send(welcome() + setting.substr(0, cut));
            const auto server = login.get();
            REQUIRE(server.has_value());
            CHECK(reported(**server, "TimeZone") == "UTC");

            fake.send(setting.substr(cut));
            std::string ready;
            pgwire::write_ready(ready, 'I');
            fake.send(ready);
            conversation relay{**server};
            while (relay.received().size() < setting.size() - cut + ready.size())
                REQUIRE(relay.read_some());
            pgwire::frame_header header;
            const auto status = pgwire::scan_header(pgwire::as_bytes(relay.received()), header);
            // A server that owes no answer may send these four alone.
            const bool may_come =
                std::string_view{"SNAE"}.find(header.type) != std::string_view::npos;
            CHECK((status == pgwire::scan_status::malformed || !may_come));
        }
    }
}

TEST_CASE("several logins at a time do not disturb each other")
{
    std::vector<std::future<std::string>> answers;
    for (int i = 0; i < 8; ++i)
        answers.push_back(std::async(std::launch::async, [i] {
            return ask(i % 2 ? over_tls() : over_tcp(), "SELECT " + std::to_string(i));
        }));
    for (int i = 0; i < 8; ++i)
        CHECK(answers[i].get() == std::to_string(i));
}

TEST_SUITE_END();

} // namespace weir::test
