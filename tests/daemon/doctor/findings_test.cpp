#include "daemon/doctor/connection_advice.hpp"
#include "daemon/doctor/findings.hpp"
#include "daemon/doctor/report.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace weir::doctor;

namespace {

const finding* find(const findings& all, std::string_view check)
{
    const auto found = std::ranges::find(all, check, &finding::check);
    return found == all.end() ? nullptr : &*found;
}

severity of(const findings& all, std::string_view check)
{
    const finding* f = find(all, check);
    REQUIRE_MESSAGE(f, std::string(check));
    CHECK((f->is == severity::ok) == f->fix.empty()); // whoever complains says what to do
    return f->is;
}

file_facts good_file()
{
    return {.path = "app/database.db",
            .directory = "/srv/app",
            .exists = true,
            .is_readable = true,
            .is_writable = true,
            .directory_is_writable = true,
            .size_bytes = 50'000'000,
            .free_bytes = 5'000'000'000};
}

} // namespace

TEST_SUITE_BEGIN("doctor");

TEST_CASE("the socket: who may make it, and who may replace it")
{
    socket_facts f{.path = "/run/weir/.s.PGSQL.5432",
                   .directory = "/run/weir",
                   .exists = true,
                   .is_writable = true};
    CHECK(worst_of(judge(f)) == severity::ok);
    f.others_may_write = true;
    CHECK(worst_of(judge(f)) == severity::warning);
    f.is_writable = false;
    CHECK(worst_of(judge(f)) == severity::error);
    f.served_by = {.who = "weir, pid 812"};
    CHECK(worst_of(judge(f)) == severity::warning); // whoever serves it, others can replace it
    f.others_may_write = false;
    CHECK(worst_of(judge(f)) == severity::ok);
    f.admits = "everybody";
    f.closed_to_them = "/run";
    CHECK(worst_of(judge(f)) == severity::warning);
    CHECK(judge(f).back().what ==
          "listen.mode lets everybody connect, but not all of them may pass /run");
    f = {.path = "/run/weir/.s.PGSQL.5432", .directory = "/run/weir", .is_writable = true};
    CHECK(worst_of(judge(f)) == severity::ok); // weir makes it
    f.is_writable = false;
    CHECK(worst_of(judge(f)) == severity::error);
}

TEST_CASE("the socket is served by what answers as a weir, and by nothing else")
{
    socket_facts f{.path = "/run/weir/.s.PGSQL.5432",
                   .directory = "/run/weir",
                   .served_by = {{.who = "weir, pid 812"}},
                   .exists = true,
                   .is_writable = true};
    CHECK(judge(f).front().what == "a weir serves /run/weir/.s.PGSQL.5432");
    f.served_by->refusal = {"42501", "FATAL:  permission denied for the console"};
    CHECK(of(judge(f), "socket") == severity::ok);
    CHECK(of(judge(f), "console") == severity::note);
    CHECK(may_be_weir(*f.served_by));
    f.served_by->refusal = {"42501", "FATAL:  permission denied for database \"weir\""};
    CHECK(of(judge(f), "socket") == severity::error); // PostgreSQL's words
    CHECK_FALSE(may_be_weir(*f.served_by));
    f.served_by = {.who = "postgres, pid 7",
                   .refusal = weir::error{"28000", "FATAL:  role \"root\" does not exist"}};
    CHECK(of(judge(f), "socket") == severity::error);
    CHECK(judge(f).front().what == "something else than a weir listens on "
                                   "/run/weir/.s.PGSQL.5432 (postgres, pid 7): FATAL:  role "
                                   "\"root\" does not exist");
    f.served_by = {.who = "weir, pid 812",
                   .refusal = weir::error{"08001", "no answer within 10000 ms"}};
    CHECK(of(judge(f), "socket") == severity::error);
    CHECK(judge(f).front().fix.find("restart it") != std::string::npos);
    CHECK(may_be_weir(*f.served_by));
    f.obstacle = {"58030", "the socket cannot be in /etc/hostname: Not a directory", {}, "Mend."};
    CHECK(judge(f).size() == 1); // all else is beside the point
    CHECK(of(judge(f), "socket") == severity::error);
    CHECK(judge(f).front().fix == "Mend.");
}

TEST_CASE("the metrics' address may be taken, but not by others")
{
    const weir::error taken{"58030",
                            "cannot serve metrics on 127.0.0.1 port 9127: Address already in use",
                            {},
                            "Choose another."};
    metrics_facts f{.address = "127.0.0.1:9127"};
    CHECK(judge(f).what == "127.0.0.1:9127 can be served");
    f.obstacle = taken;
    CHECK(of({judge(f)}, "metrics") == severity::error);
    CHECK(judge(f).fix == "Choose another.");
    f.may_be_served = true;
    CHECK(of({judge(f)}, "metrics") == severity::note);
    f.is_served = true;
    CHECK(of({judge(f)}, "metrics") == severity::ok);
}

TEST_CASE("a server: version, encryption, what is missing")
{
    server_facts f{.version = "15.20",
                   .version_number = 150020,
                   .has_statistics = true,
                   .tls = "TLSv1.3"};
    CHECK(of(judge("b", f), "version") == severity::ok);
    CHECK(of(judge("b", f), "tls") == severity::ok);
    CHECK_FALSE(find(judge("b", f), "pg_stat_statements"));
    f.tls.reset();
    CHECK(of(judge("b", f), "tls") == severity::note);
    f.is_local = true; // nobody listens on a Unix socket
    CHECK_FALSE(find(judge("b", f), "tls"));
    f.has_statistics = false;
    CHECK(of(judge("b", f), "pg_stat_statements") == severity::note);
    f.version_number = 90624;
    CHECK(of(judge("b", f), "version") == severity::warning);
    f.is_in_recovery = true;
    CHECK(of(judge("b", f), "standby") == severity::note);
}

TEST_CASE("a file: its rights, its disk, its clock")
{
    file_facts f = good_file();
    CHECK(worst_of(judge("b", f)) == severity::ok);
    f.ahead = std::chrono::seconds{3600};
    CHECK(of(judge("b", f), "clock") == severity::warning);
    f = good_file();
    f.free_bytes = 60'000'000; // a backup would have room, but 100 MB are wanted
    CHECK(of(judge("b", f), "disk") == severity::warning);
    f.free_bytes = 9'000'000;
    CHECK(of(judge("b", f), "disk") == severity::error);
    f = good_file();
    f.is_remote = true;
    CHECK(of(judge("b", f), "wal") == severity::error);
    f = good_file();
    f.is_writable = false;
    CHECK(of(judge("b", f), "file") == severity::error);
    f = good_file();
    f.directory_is_writable = false;
    CHECK(of(judge("b", f), "file") == severity::error);
    f = good_file();
    f.is_regular = false;
    CHECK(of(judge("b", f), "file") == severity::error);
    f = good_file();
    f.unreadable = {"XX001", "file is not a database"};
    CHECK(of(judge("b", f), "file") == severity::error);
    CHECK(judge("b", f).front().what == "app/database.db: file is not a database");
    f = good_file();
    f.closed_files = {"app/database.db-wal"};
    CHECK(worst_of(judge("b", f)) == severity::error);
    CHECK(judge("b", f).at(1).what ==
          "you may not read and write app/database.db-wal, which belongs to the database");
    f = good_file();
    f.exists = false;
    CHECK(of(judge("b", f), "file") == severity::ok);
}

TEST_CASE("migrations: what is pending, edited, unknown, half done")
{
    migration_facts f{.current = {"a"}, .directory = "./migrations"};
    CHECK(judge("b", f).front().what == "up to date at a");
    f.pending = {"b", "c", "d", "e", "f", "g"};
    CHECK(of(judge("b", f), "migrations") == severity::note);
    CHECK(judge("b", f).front().what ==
          "6 revisions pending: b, c, d, e, f and 1 more; weir applies them when it starts");
    f.runs_at_boot = false;
    CHECK(of(judge("b", f), "migrations") == severity::warning);
    f = {.edited = {"a"}};
    CHECK(of(judge("b", f), "migrations") == severity::warning);
    f.edited_are_refused = true;
    CHECK(of(judge("b", f), "migrations") == severity::error);
    f = {.unknown = {"z"}, .directory = "./migrations"};
    CHECK(judge("b", f).front().what == "the database is ahead of ./migrations: no file has z");
    CHECK(of(judge("b", f), "migrations") == severity::error);
    f = {.half_done = {"a"}};
    CHECK(of(judge("b", f), "migrations") == severity::error);
    f = {.pending = {"a"}, .is_unstamped = true};
    CHECK(judge("b", f).size() == 1); // what is pending, nobody knows
    CHECK(of(judge("b", f), "migrations") == severity::error);
    f = {.pending = {"a"}, .is_one_of_several = true};
    CHECK(judge("two", f).front().fix == "weir migrate upgrade --backend two, or start weir");
    CHECK(failed_inspection("two", {"22023", "mistakes", "a\nb"}, true).fix ==
          "weir migrate check --backend two says more");
    f = {.command_is_at_head = false};
    CHECK(of(judge("b", f), "migrations") == severity::note);
}

TEST_CASE("a login that failed is explained by the server's words")
{
    struct row {
        weir::error why;
        std::string_view advises;
    };
    for (const row& r : {
             row{{"28P01", "password authentication failed for user \"app\""}, "ALTER ROLE"},
             row{{"3D000", "database \"shop\" does not exist"}, "CREATE DATABASE"},
             row{{"28000", "no pg_hba.conf entry for host \"::1\", no encryption"}, "sslmode"},
             row{{"28000",
                  "no pg_hba.conf entry for host \"::1\", SSL encryption; no pg_hba.conf entry for "
                  "host \"::1\", no encryption"},
                 "add a line"},
             row{{"28000", "role \"nouser\" does not exist"}, "CREATE ROLE"},
             row{{"28000", "role \"app\" is not permitted to log in"}, "ALTER ROLE"},
             row{{"28000", "connection requires a valid client certificate"}, "sslcert"},
             row{{"28000", "certificate authentication failed for user \"app\""}, "pg_ident"},
             row{{"42501", "permission denied for database \"shop\""}, "GRANT CONNECT"},
             row{{"55000", "database \"shop\" is not currently accepting connections"},
                 "ALLOW_CONNECTIONS"},
             row{{"08001", "private key file \"/k\" has group or world access"}, "chmod 600"},
             row{{"08001", "certificate present, but not private key file \"/k\""}, "sslkey"},
             row{{"08001", "could not read certificate file \"/c\": no start line"}, "sslcert"},
             row{{"08001", "connection to server failed: session is read-only"},
                 "target_session_attrs"},
             row{{"08001", "connection to server failed: server is not in hot standby mode"},
                 "target_session_attrs"},
             row{{"08001", "server does not support SSL, but SSL was required"}, "lower sslmode"},
             row{{"08001", "SSL error: certificate verify failed"}, "right CA"},
             row{{"08001", "root certificate file \"/x\" does not exist"}, "sslrootcert"},
             row{{"08001", "server certificate for \"a\" does not match host name \"b\""},
                 "server's certificate"},
             row{{"08001", "could not translate host name \"db\" to address"}, "resolver"},
             row{{"08001", "connection to server failed: Connection refused"}, "listen_addresses"},
             row{{"08001", "connection failed: No such file or directory"}, "no server has"},
             row{{"53300", "sorry, too many clients already"}, "max_connections"},
             row{{"08001", "what no libpq has ever said"}, "mend the URL"},
         }) {
        CAPTURE(r.why.message);
        const finding f = failed_connection("b", r.why);
        CHECK(f.is == severity::error);
        CHECK(f.what == r.why.message);
        CHECK(f.fix.find(r.advises) != std::string::npos);
    }
}

TEST_SUITE_END();
