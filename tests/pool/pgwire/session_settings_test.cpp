#include "pool/pgwire/session_settings.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: session settings");

namespace {

result<settings_map> from_options(std::string_view options)
{
    return startup_settings({{"user", "app"}, {"options", options}});
}

} // namespace

TEST_CASE("the startup parameters that are settings are taken, by name in lower case")
{
    const auto s = startup_settings({{"user", "app"},
                                     {"database", "main"},
                                     {"replication", "false"},
                                     {"_pq_.feature", "on"},
                                     {"DateStyle", "ISO"},
                                     {"search_path", "a, b"},
                                     {"application_name", ""}});
    REQUIRE(s.has_value());
    CHECK(*s ==
          settings_map{{"datestyle", "ISO"}, {"search_path", "a, b"}, {"application_name", ""}});
}

TEST_CASE("options are read as PostgreSQL reads them")
{
    struct {
        std::string options;
        settings_map expected;
    } const cases[] = {
        {"", {}},
        {"  ", {}},
        {"-c geqo=off", {{"geqo", "off"}}},
        {"-cgeqo=off", {{"geqo", "off"}}},
        {"--geqo=off", {{"geqo", "off"}}},
        {"-c\tgeqo=off\n -c\r\v\fTimeZone=UTC", {{"geqo", "off"}, {"timezone", "UTC"}}},
        {"--search-path=x", {{"search_path", "x"}}},
        {"-c search-path=a-b", {{"search_path", "a-b"}}},
        {"-c search_path=a,\\ b", {{"search_path", "a, b"}}},
        {"-c a.b=one\\ two\\\\three", {{"a.b", "one two\\three"}}},
        {"-c a=b=c", {{"a", "b=c"}}},
        {"-c a=", {{"a", ""}}},
        {"-c a=1 -c a=2", {{"a", "2"}}},
        {"-c a=1\\", {{"a", "1"}}}, // an escape of nothing
    };
    for (const auto& c : cases) {
        CAPTURE(c.options);
        const auto s = from_options(c.options);
        REQUIRE(s.has_value());
        CHECK(*s == c.expected);
    }
}

TEST_CASE("a parameter of its own wins over the same one in options")
{
    const auto s = startup_settings({{"TimeZone", "UTC"}, {"options", "-c timezone=CET"}});
    REQUIRE(s.has_value());
    CHECK(*s == settings_map{{"timezone", "UTC"}});
}

TEST_CASE("options that cannot be read are refused with PostgreSQL's codes")
{
    struct {
        std::string options;
        sqlstate code;
    } const cases[] = {
        {"-c", "42601"},
        {"-c geqo", "42601"},
        {"--geqo", "42601"},
        {"-c =off", "42601"},
        {"-B 5", "0A000"}, // a switch of the server's, not a setting
        {"geqo=off", "0A000"},
        {"-c geqo=off x", "0A000"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.options);
        const auto s = from_options(c.options);
        REQUIRE(s.has_error());
        CHECK(s.error().code == c.code);
    }
}

TEST_CASE("the replay names what differs, and nothing else")
{
    struct {
        std::string title;
        settings_map have;
        settings_map want;
        std::string sql;
    } const cases[] = {
        {"nothing", {}, {}, ""},
        {"the same", {{"timezone", "UTC"}}, {{"timezone", "UTC"}}, ""},
        {"another value",
         {{"datestyle", "ISO"}, {"timezone", "UTC"}},
         {{"datestyle", "ISO"}, {"timezone", "CET"}},
         "SET timezone='CET';"},
        {"a quote", {}, {{"timezone", "it's"}}, "SET timezone='it''s';"},
        {"a backslash", {}, {{"application_name", "a\\'b"}}, "SET application_name= E'a\\\\''b';"},
        {"an empty value", {}, {{"application_name", ""}}, "SET application_name='';"},
        {"a list, which SET would quote into one name",
         {},
         {{"search_path", "a, b"}},
         "SELECT pg_catalog.set_config('search_path','a, b',false);"},
        {"a name like no other",
         {},
         {{"a'b\\", "1"}},
         "SELECT pg_catalog.set_config( E'a''b\\\\','1',false);"},
        {"not wanted", {{"search_path", "x"}}, {}, "RESET \"search_path\";"},
        {"not wanted, quoted", {{"a\".b", "x"}}, {}, "RESET \"a\"\".b\";"},
        {"resets come first",
         {{"geqo", "off"}, {"timezone", "UTC"}},
         {{"application_name", "x"}, {"timezone", "CET"}},
         "RESET \"geqo\";SET application_name='x';SET timezone='CET';"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.title);
        CHECK(replay(c.have, c.want) == c.sql);
    }
}

TEST_CASE("settings are made by the user that logged in, and the role is taken up last")
{
    const settings_map nobody{{"session_authorization", "app"}};
    const settings_map role{{"role", "r"}, {"session_authorization", "app"}};
    const settings_map user{{"session_authorization", "u"}};
    const settings_map both{{"role", "r"}, {"session_authorization", "u"}, {"work_mem", "1MB"}};
    struct {
        const settings_map& have;
        const settings_map& want;
        std::string sql;
    } const cases[] = {
        {nobody, role, "SET ROLE 'r';"},
        {role, nobody, "RESET ROLE;"},
        {role, role, ""},
        {nobody, user, "RESET SESSION AUTHORIZATION;SET SESSION AUTHORIZATION 'u';"},
        {role, user, "RESET ROLE;RESET SESSION AUTHORIZATION;SET SESSION AUTHORIZATION 'u';"},
        {role,
         both,
         "RESET ROLE;RESET SESSION AUTHORIZATION;"
         "SELECT pg_catalog.set_config('work_mem','1MB',false);"
         "SET SESSION AUTHORIZATION 'u';SET ROLE 'r';"},
    };
    for (const auto& c : cases) {
        CHECK(replay(c.have, c.want) == c.sql);
        CHECK(differ_in_identity(c.have, c.want) == !c.sql.empty());
    }
    settings_map other = role;
    other["work_mem"] = "1MB";
    CHECK_FALSE(differ_in_identity(role, other));
    CHECK(replay(role, other) ==
          "RESET ROLE;SELECT pg_catalog.set_config('work_mem','1MB',false);SET ROLE 'r';");
}

TEST_CASE("what the server reports and a client may set is tracked, in any case")
{
    for (const char* name : {"application_name",
                             "client_encoding",
                             "DateStyle",
                             "default_transaction_read_only",
                             "IntervalStyle",
                             "session_authorization",
                             "standard_conforming_strings",
                             "TimeZone",
                             "TIMEZONE"})
        CHECK(is_tracked(name));
    for (const char* name : {"", "server_version", "is_superuser", "search_path", "timezones"})
        CHECK_FALSE(is_tracked(name));
    CHECK(tracked_settings({{"TimeZone", "UTC"}, {"server_version", "15"}, {"DateStyle", "ISO"}}) ==
          settings_map{{"timezone", "UTC"}, {"datestyle", "ISO"}});
}

TEST_CASE("equal settings are the same pointer")
{
    settings_registry registry;
    const settings_ptr a = registry.intern({{"timezone", "UTC"}});
    CHECK(registry.intern({{"timezone", "UTC"}}) == a);
    CHECK(registry.intern({{"timezone", "CET"}}) != a);
    CHECK(registry.intern({}) != a);
    // A name and a value cannot be mistaken for each other.
    CHECK(registry.intern({{"a", "bc"}}) != registry.intern({{"ab", "c"}}));
}

TEST_CASE("one changed setting leads to the set of those who have it already")
{
    settings_registry registry;
    const settings_ptr utc = registry.intern({{"timezone", "UTC"}});
    const settings_ptr cet = registry.intern({{"timezone", "CET"}});
    CHECK(registry.with(utc, "TimeZone", "CET") == cet);
    CHECK(registry.with(utc, "TimeZone", "UTC") == utc);
    CHECK(utc->at("timezone") == "UTC"); // sets never change
    CHECK(*registry.with(utc, "DateStyle", "ISO") ==
          settings_map{{"timezone", "UTC"}, {"datestyle", "ISO"}});
}

TEST_CASE("sets that nobody uses are forgotten, those in use are not")
{
    settings_registry registry;
    const settings_ptr kept = registry.intern({{"application_name", "kept"}});
    std::weak_ptr<const settings_map> gone;
    for (int i = 0; i < 1000; ++i)
        gone = registry.intern({{"application_name", std::to_string(i)}});
    CHECK(gone.expired());
    CHECK(registry.intern({{"application_name", "kept"}}) == kept);
}

TEST_SUITE_END();

} // namespace weir::pgwire
