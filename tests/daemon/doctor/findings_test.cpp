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
    CHECK(judge(f).is == severity::ok);
    f.others_may_write = true;
    CHECK(judge(f).is == severity::warning);
    f.is_writable = false;
    CHECK(judge(f).is == severity::error);
    f.is_served = true;
    CHECK(judge(f).is == severity::ok);
    f = {.path = "/run/weir/.s.PGSQL.5432", .directory = "/run/weir", .is_writable = true};
    CHECK(judge(f).is == severity::ok); // weir makes it
    f.is_writable = false;
    CHECK(judge(f).is == severity::error);
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
