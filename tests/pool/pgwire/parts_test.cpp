#include "pool/pgwire/prepared_statements.hpp"
#include "pool/pgwire/ring.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <random>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: parts");

using test::wire::text;

TEST_CASE("a message gets its length when it is complete, wherever in the string it stands")
{
    std::string out = "before";
    {
        message m{out, 'x'};
        m.u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b'0c0d0e0f).text("t").raw("r");
        m.raw(as_bytes("s"));
    }
    CHECK(out == std::string{"beforex\0\0\0\x17\1\2\3\4\5\6\7\b\t\n\v\f\r\16\17t\0rs", 30});
}

TEST_CASE("a NUL inside a text ends it, so that no field can run into the next")
{
    std::string out;
    message{out, 'x'}.text(std::string_view{"a\0b", 3});
    CHECK(out == std::string{"x\0\0\0\6a\0", 7});
}

TEST_CASE("an error carries what is there, both severities, and its terminator")
{
    std::string out;
    SUBCASE("everything")
    {
        write_error(out, {"42703", "no such column", "Detail.", "Hint.", 8}, severity::fatal);
        CHECK(out.substr(5) == text("SFATAL") + text("VFATAL") + text("C42703") +
                                   text("Mno such column") + text("DDetail.") + text("HHint.") +
                                   text("P8") + '\0');
        CHECK(out[0] == 'E');
    }
    SUBCASE("only what must be")
    {
        write_error(out, {"57014", "m"});
        CHECK(out.substr(5) ==
              text("SERROR") + text("VERROR") + text("C57014") + text("Mm") + '\0');
    }
    SUBCASE("notices and warnings have another type")
    {
        write_error(out, {"00000", "m"}, severity::notice);
        CHECK(out[0] == 'N');
        out.clear();
        write_error(out, {"01000", "m"}, severity::warning);
        CHECK(out[0] == 'N');
    }
}

TEST_CASE("the small messages")
{
    std::string out;
    write_ready(out, 'T');
    write_command_complete(out, "SELECT 1");
    write_parameter_status(out, "TimeZone", "UTC");
    write_query(out, ";");
    write_header(out, 'd', 2);
    CHECK(out == test::wire::ready('T') + test::wire::complete("SELECT 1") +
                     test::wire::parameter_status("TimeZone", "UTC") + test::wire::query(";") +
                     std::string{"d\0\0\0\6", 5});
}

TEST_CASE("a ring does what a deque does, however it is turned")
{
    ring<std::shared_ptr<int>> ours;
    std::deque<std::shared_ptr<int>> theirs;
    std::minstd_rand dice{7};
    for (int i = 0; i < 20'000; ++i) {
        const std::size_t chance = dice() % 100;
        if (chance < 50 || theirs.empty()) {
            const auto value = std::make_shared<int>(i);
            ours.push_back(value);
            theirs.push_back(value);
        } else if (chance < 80) {
            ours.pop_front();
            theirs.pop_front();
        } else if (chance < 90) {
            ours.pop_back();
            theirs.pop_back();
        } else {
            const std::size_t at = dice() % theirs.size();
            ours.erase(at);
            theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(at));
        }
        REQUIRE(ours.size() == theirs.size());
        REQUIRE(ours.empty() == theirs.empty());
        if (theirs.empty())
            continue;
        REQUIRE(ours.front() == theirs.front());
        REQUIRE(ours.back() == theirs.back());
        const std::size_t at = dice() % theirs.size();
        REQUIRE(ours[at] == theirs[at]);
        REQUIRE(theirs[at].use_count() == 2); // what was taken out is not kept in a slot
    }
}

namespace {

statement_ptr statement(std::string_view tail)
{
    return std::make_shared<prepared_statement>(prepared_statement{std::string(tail), {}});
}

} // namespace

TEST_CASE("statements are kept by name, the unnamed one among them")
{
    prepared_statements names;
    CHECK(names.find("") == nullptr);
    CHECK(names.find("a") == nullptr);
    const statement_ptr one = statement("one");
    const statement_ptr two = statement("two");
    names.put("", one);
    names.put("a", two);
    CHECK(names.find("") == one);
    CHECK(names.find("a") == two);
    CHECK(names.count() == 1);
    names.put("a", one);
    CHECK(names.find("a") == one);
    CHECK(names.count() == 1);
    names.put("a", nullptr);
    CHECK(names.find("a") == nullptr);
    names.put("never", nullptr);
    CHECK(names.count() == 0);
    names.put("b", two);
    names.clear_named();
    CHECK(names.find("b") == nullptr);
    CHECK(names.find("") == one);
}

TEST_CASE("a client may keep ten thousand statements, or 64 MB of them")
{
    prepared_statements names;
    SUBCASE("by number")
    {
        for (std::size_t i = 0; i < prepared_statements::max_count; ++i) {
            REQUIRE(names.has_room_for(1));
            names.put(std::to_string(i), statement("x"));
        }
        CHECK_FALSE(names.has_room_for(1));
        names.put("7", nullptr);
        CHECK(names.has_room_for(1));
    }
    SUBCASE("by size, which is given back with the name")
    {
        names.put("a", statement(std::string(prepared_statements::max_bytes - 10, 'x')));
        CHECK(names.has_room_for(10));
        CHECK_FALSE(names.has_room_for(11));
        names.put("a", statement("x"));
        CHECK(names.has_room_for(11));
        names.put("b", statement(std::string(prepared_statements::max_bytes - 1, 'x')));
        CHECK_FALSE(names.has_room_for(1));
        names.clear_named();
        CHECK(names.has_room_for(prepared_statements::max_bytes));
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
