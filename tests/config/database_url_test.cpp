#include "config/database_url.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <utility>

using namespace weir;

namespace {

std::string joined(const option_list& options)
{
    std::string out;
    for (const auto& [name, value] : options)
        out += (out.empty() ? "" : " ") + name + "='" + value + "'";
    return out;
}

// The parameters for libpq, or the complaints.
std::string outcome(std::string_view text)
{
    const checked<database_url> url = parse_database_url(text, "URL");
    if (url)
        return joined(libpq_parameters(*url));
    std::string lines;
    for (const complaint& c : url.error())
        lines += to_text(c) + "\n";
    return lines;
}

using row = std::pair<const char*, const char*>;

} // namespace

TEST_SUITE_BEGIN("config");

TEST_CASE("a PostgreSQL URL becomes libpq's parameters")
{
    const row table[] = {
        {"postgresql://", ""},
        {"postgresql:///app", "dbname='app'"},
        {"postgres://db/app", "host='db' dbname='app'"},
        {"postgresql+psycopg2://u:p@db/app", "host='db' user='u' password='p' dbname='app'"},
        {"postgresql+asyncpg://u@db:5433/app", "host='db' port='5433' user='u' dbname='app'"},
        {"postgresql://u@db", "host='db' user='u'"},
        {"postgresql://u@/app", "user='u' dbname='app'"},
        {"postgresql://:p@db/app", "host='db' password='p' dbname='app'"},
        // Escapes, and what needs none: as in SQLAlchemy a password runs to the next @.
        {"postgresql://u%40x:p%40%2F%3a@db/a%20b",
         "host='db' user='u@x' password='p@/:' dbname='a b'"},
        {"postgresql://u:p/a:s?s#w+d@db/app",
         "host='db' user='u' password='p/a:s?s#w+d' "
         "dbname='app'"},
        {"postgresql://u@tenant:p@db/app", "host='db' user='u@tenant' password='p' dbname='app'"},
        {"postgresql://u@tenant@db/app", "host='db' user='u@tenant' dbname='app'"},
        // Hosts.
        {"postgresql://[::1]/app", "host='::1' dbname='app'"},
        {"postgresql://u@[fe80::1]:5433/app", "host='fe80::1' port='5433' user='u' dbname='app'"},
        {"postgresql://%2Frun%2Fpostgresql/app", "host='/run/postgresql' dbname='app'"},
        {"postgresql://:5433/app", "host='' port='5433' dbname='app'"},
        {"postgresql://h1:5432,h2:5433/app", "host='h1,h2' port='5432,5433' dbname='app'"},
        {"postgresql://h1,h2:5433/app", "host='h1,h2' port=',5433' dbname='app'"},
        {"postgresql:///app?host=/run/postgresql", "host='/run/postgresql' dbname='app'"},
        {"postgresql://:5433/app?host=/tmp", "host='/tmp' port='5433' dbname='app'"},
        {"postgresql:///app?host=/tmp&port=5433", "host='/tmp' port='5433' dbname='app'"},
        {"postgresql:///app?port=5433,5434&host=h1,h2",
         "host='h1,h2' port='5433,5434' "
         "dbname='app'"},
        {"postgresql:///app?host=h1:5433&host=h2:5434",
         "host='h1,h2' port='5433,5434' "
         "dbname='app'"},
        {"postgresql:///app?host=h1&host=h2&port=5433",
         "host='h1,h2' port='5433,5433' "
         "dbname='app'"},
        {"postgresql:///app?host=::1", "host='::1' dbname='app'"},
        {"postgresql:///app?port=5433", "host='' port='5433' dbname='app'"},
        // Options.
        {"postgresql://db/app?sslmode=verify-full&sslrootcert=/etc/ca.pem",
         "host='db' dbname='app' sslmode='verify-full' sslrootcert='/etc/ca.pem'"},
        {"postgresql://db/?user=u&password=p%26&dbname=app",
         "host='db' user='u' password='p&' dbname='app'"},
        {"postgresql://db/app?options=-c+search_path%3Dx&connect_timeout=5",
         "host='db' dbname='app' options='-c search_path=x' connect_timeout='5'"},
        {"postgresql://db/app?sslcert=c&sslkey=k&sslpassword=x",
         "host='db' dbname='app' sslcert='c' sslkey='k' sslpassword='x'"},
        {"postgresql://db/app?application_name=a@b",
         "host='db' dbname='app' "
         "application_name='a@b'"},
        {"postgresql:///?service=main&passfile=/p&target_session_attrs=read-write",
         "service='main' passfile='/p' target_session_attrs='read-write'"},
        {"postgresql://db/app?keepalives=1&keepalives_idle=30&channel_binding=require",
         "host='db' dbname='app' keepalives='1' keepalives_idle='30' channel_binding='require'"},
        {"postgresql://db/app?prepared_statements=false", "host='db' dbname='app'"},
        {"postgresql://db/app?gssencmode=disable", "host='db' dbname='app'"},
        {"postgresql://db/app?", "host='db' dbname='app'"},
        {"postgresql://db/app?&sslmode=disable&", "host='db' dbname='app' sslmode='disable'"},
    };
    for (const auto& entry : table) {
        const auto& text = entry.first; // no structured binding: clang 14 cannot capture one
        const auto& expected = entry.second;
        CAPTURE(text);
        CHECK(outcome(text) == expected);
    }
}

TEST_CASE("a bad URL is refused with what would be right")
{
    const row table[] = {
        {"",
         "URL is not a URL; it must begin with postgresql://, mysql://, mariadb:// or "
         "sqlite://\n"},
        {"db.example/app",
         "URL is not a URL; it must begin with postgresql://, mysql://, mariadb:// or sqlite://\n"},
        {"oracle://db/app",
         "URL has an unknown kind of database; it must begin with postgresql://, mysql://, "
         "mariadb:// or sqlite://\n"},
        {"postgresql+://db/app",
         "URL has an unknown kind of database; it must begin with postgresql://, mysql://, "
         "mariadb:// or sqlite://\n"},
        {"postgresql://db/app\n", "URL has a line break or another control character in it\n"},
        {"postgresql://db:0/app", "URL has a port that is not a number from 1 to 65535\n"},
        {"postgresql://db:65536/app", "URL has a port that is not a number from 1 to 65535\n"},
        {"postgresql://db:/app", "URL has a port that is not a number from 1 to 65535\n"},
        {"postgresql://u:p@db:54x/app", "URL has a port that is not a number from 1 to 65535\n"},
        {"postgresql://[::1/app", "URL has a port that is not a number from 1 to 65535\n"},
        {"postgresql://h1,/app", "URL has an empty host after its last comma\n"},
        {"postgresql:///app?host=h1,",
         "URL has option host with an empty host after its last comma\n"},
        {"postgresql://h%2C2/app", "URL has a comma inside a host\n"},
        {"postgresql://::1/app",
         "URL has a host with several colons; an IPv6 address is written [::1], and a : in a "
         "password needs an @ after it\n"},
        {"postgresql://db/a%2",
         "URL has a % in its database that does not begin an escape like %40 (%00 is refused); "
         "write %25 for a % itself\n"},
        {"postgresql://u%zz@db/a",
         "URL has a % in its user that does not begin an escape like %40 (%00 is refused); write "
         "%25 for a % itself\n"},
        {"postgresql://db/a%00b",
         "URL has a % in its database that does not begin an escape like %40 (%00 is refused); "
         "write %25 for a % itself\n"},
        {"postgresql://db/app?sslmod=require",
         "URL has option sslmod, which is not known for PostgreSQL; did you mean sslmode?\n"},
        {"postgresql://db/app?load_balance_hosts=random",
         "URL has option load_balance_hosts, which is not known for PostgreSQL\n"},
        {"postgresql://db/app?sslmode=on&connect_timeout=soon&keepalives=yes",
         "URL has option sslmode, which must be one of disable, allow, prefer, require, "
         "verify-ca, verify-full\n"
         "URL has option connect_timeout, which must be a number, 0 or more\n"
         "URL has option keepalives, which must be 0 or 1\n"},
        {"postgresql://db/app?sslmode=require&sslmode=disable", "URL has option sslmode twice\n"},
        {"postgresql://db/app?sslmode", "URL has option sslmode without a value\n"},
        {"postgresql://db/app?sslmode=%2",
         "URL has a % in its option sslmode that does not begin an escape like %40 (%00 is "
         "refused); write %25 for a % itself\n"},
        {"postgresql://db/app?prepared_statements=true",
         "URL has option prepared_statements=true, which weir refuses: it keeps the clients' "
         "prepared statements itself, so that none exists on a server; leave the option out\n"},
        {"postgresql://db/app?prepared_statements=maybe",
         "URL has option prepared_statements, which must be false (the default)\n"},
        {"postgresql://db/app?replication=database",
         "URL has option replication, which weir refuses: a replication stream is not a session "
         "that clients could share\n"},
        {"postgresql://db/app?gssencmode=require",
         "URL has option gssencmode, which must be one of disable, prefer\n"},
        {"postgresql:///app?host=h1,h2&port=1,2,3",
         "URL has option port with 3 ports for 2 hosts; give one for all, or one for each\n"},
        {"postgresql:///app?port=none",
         "URL has option port, which must be a number from 1 to "
         "65535\n"},
        {"postgresql:///app?host=h1:none",
         "URL has option host with a port that is not a number from 1 to 65535\n"},
        {"mysql://h1,h2/app", "URL has several hosts; MySQL takes one\n"},
        {"mysql://db/app?sslmode=require",
         "URL has option sslmode, which is not known for MySQL\n"},
        {"sqlite://app.db",
         "URL has a host; a SQLite URL has three slashes before a relative path "
         "(sqlite:///app.db) and four before an absolute one\n"},
        {"sqlite:///file:app.db?uri=true",
         "URL has option uri; a SQLite URL takes none, as weir opens the file itself\n"},
        {"sqlite:///file:app.db", "URL has a file: URI; give the plain path (sqlite:///app.db)\n"},
        {"sqlite:////var/lib/app/", "URL has a directory where the path of a file must be\n"},
        {"sqlite:///app.db?check_same_thread=false",
         "URL has option check_same_thread; a SQLite URL takes none, as weir opens the file "
         "itself\n"},
    };
    for (const auto& entry : table) {
        const auto& text = entry.first;
        const auto& expected = entry.second;
        CAPTURE(text);
        CHECK(outcome(text) == expected);
    }
}

TEST_CASE("SQLite's URL is a path, or memory")
{
    const row table[] = {
        {"sqlite:///app.db", "app.db"},
        {"sqlite:///./app/database.db", "./app/database.db"},
        {"sqlite:////var/lib/app.db", "/var/lib/app.db"},
        {"sqlite+aiosqlite:///a%20b.db", "a b.db"},
        {"sqlite://", ""},
        {"sqlite:///", ""},
        {"sqlite:///:memory:", ""},
    };
    for (const auto& entry : table) {
        const auto& text = entry.first;
        const auto& path = entry.second;
        CAPTURE(text);
        const database_url url = parse_database_url(text).value();
        CHECK((url.kind == database_kind::sqlite));
        CHECK(url.database == path);
    }
}

TEST_CASE("MySQL's URL is understood under all its names")
{
    for (const char* const scheme :
         {"mysql", "mariadb", "mysql+pymysql", "mariadb+mariadbconnector"}) {
        CAPTURE(scheme);
        const database_url url =
            parse_database_url(std::string(scheme) + "://u:p@db:3307/shop?charset=utf8mb4&"
                                                     "unix_socket=/run/mysqld.sock&ssl_ca=/ca&"
                                                     "ssl_verify_cert=true")
                .value();
        CHECK((url.kind == database_kind::mysql));
        CHECK(url.hosts == std::vector{host_address{"db", 3307}});
        CHECK(joined(url.options) == "charset='utf8mb4' unix_socket='/run/mysqld.sock' "
                                     "ssl_ca='/ca' ssl_verify_cert='true'");
    }
}

TEST_CASE("a URL prints masked, and reads back as what it was but for its secrets")
{
    const row table[] = {
        {"postgres://u:p@db:5433/app?sslmode=require&sslpassword=x",
         "postgresql://u:***@db:5433/app?sslmode=require&sslpassword=***"},
        {"postgresql+psycopg://u%40x@[::1],h2:5433/a%2Fb",
         "postgresql://u%40x@[::1],h2:5433/a%2Fb"},
        {"postgresql://:p@db/app", "postgresql://:***@db/app"},
        {"postgresql:///app?host=/run/pg&password=p", "postgresql://:***@%2Frun%2Fpg/app"},
        {"postgresql:///app?options=-c%20a=b%26c", "postgresql:///app?options=-c%20a%3Db%26c"},
        {"mysql+pymysql://u:p@db/shop?charset=utf8", "mysql://u:***@db/shop?charset=utf8"},
        {"sqlite://", "sqlite:///:memory:"},
        {"sqlite:////var/a%20b.db", "sqlite:////var/a%20b.db"},
    };
    for (const auto& entry : table) {
        const auto& text = entry.first;
        const auto& expected = entry.second;
        CAPTURE(text);
        database_url url = parse_database_url(text).value();
        CHECK(masked(url) == expected);
        database_url again = parse_database_url(masked(url)).value();
        again.password = url.password;
        again.sslpassword = url.sslpassword;
        again.driver = url.driver; // the clients' affair, and not printed
        CHECK((again == url));
    }
}

TEST_CASE("a URL for a program that connects by itself has everything, in a form that all can read")
{
    const row table[] = {
        {"postgres://u:p%40ss@db:5433/app?sslmode=require&sslpassword=x",
         "postgresql://u:p%40ss@db:5433/app?sslmode=require&sslpassword=x"},
        {"postgresql+psycopg://u%40x@db/app", "postgresql+psycopg://u%40x@db/app"},
        {"postgresql://u@h1,h2:5433/app", "postgresql://u@/app?host=h1,h2&port=,5433"},
        {"postgresql:///app?host=/run/pg&port=5433&password=p",
         "postgresql://:p@/app?host=/run/pg&port=5433"},
        {"mysql+pymysql://u:p@db/shop?charset=utf8", "mysql+pymysql://u:p@db/shop?charset=utf8"},
        {"sqlite+pysqlite:////var/a%20b.db", "sqlite+pysqlite:////var/a b.db"},
        {"sqlite:///app.db", "sqlite:///app.db"},
    };
    for (const auto& entry : table) {
        const auto& text = entry.first;
        const auto& expected = entry.second;
        CAPTURE(text);
        const database_url url = parse_database_url(text).value();
        CHECK(in_the_clear(url) == expected);
        CHECK((parse_database_url(in_the_clear(url)).value() == url));
    }
}

TEST_CASE("no complaint and no print shows a password, wherever in the URL it went wrong")
{
    const char* const tails[] = {
        "",
        "@",
        "@db",
        "@db/app",
        "@db:x/app",
        "@db/app?x=1",
        "@@db/app",
        "/@db/app",
        "?@db/app",
        "%zz@db/app",
        "%00@db/app",
        "@db/app?%",
        "@db,/app",
        "@[::1/app",
        "@db/a@b?c=d",
        "@db/%",
        "/app",
        "?sslmode=1",
        ":x@db/app",
        "?host=h:x",
        "&a=b",
        ",h2:1/app",
        "\n@db/app",
        "=1",
        "@db/app?sslpassword=CANARY&sslmode=no",
        "@db/app?password=CANARY&x=CANARY",
    };
    const char* const heads[] = {"postgresql://u:CANARY",
                                 "postgresql://u:p@CANARY",
                                 "postgresql://u:p@h/d@CANARY",
                                 "postgresql://u:p@h?q=@CANARY",
                                 "postgresql://:CANARY",
                                 "postgresql://us/er:CANARY",
                                 "postgres:/u:CANARY",
                                 "mysql://u:CANARY",
                                 "sqlite://u:CANARY",
                                 "oracle://u:CANARY",
                                 "u:CANARY",
                                 "postgresql:/CANARY"};
    for (const char* const head : heads)
        for (const char* const tail : tails) {
            const std::string text = std::string(head) + tail;
            CAPTURE(text);
            const checked<database_url> url = parse_database_url(text);
            if (!url) {
                CHECK_FALSE(url.error().empty());
                for (const complaint& c : url.error())
                    CHECK(to_text(c).find("CANARY") == std::string::npos);
            } else if (std::string_view(head).find("u:CANARY") != std::string_view::npos) {
                CHECK(masked(*url).find("CANARY") == std::string::npos);
            }
        }
    CHECK(outcome("postgresql://u:p@ss?CANARY=1@db/app") ==
          "URL has an @ after its ?, and before it an option that is not right; an @ in a password "
          "is written %40\n");
    std::ostringstream out;
    out << parse_database_url("postgresql://u:CANARY@db/app").value().password;
    CHECK(out.str() == "***");
}

TEST_CASE("a backend without a name is called after its database")
{
    const row table[] = {
        {"postgresql://u@db/shop", "shop"},
        {"postgresql://u@db", "u"},
        {"postgresql://db", ""},
        {"sqlite:///./app/database.db", "database"},
        {"sqlite:////var/lib/a.b.db", "a.b"},
        {"sqlite://", "memory"},
        {"sqlite:///:memory:", "memory"},
        {"mysql://db/shop", "shop"},
    };
    for (const auto& entry : table) {
        const auto& text = entry.first;
        const auto& name = entry.second;
        CAPTURE(text);
        CHECK(default_name(parse_database_url(text).value()) == name);
    }
}

TEST_SUITE_END();
