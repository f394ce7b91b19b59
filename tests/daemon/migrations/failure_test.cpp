#include "daemon/migrations/failure.hpp"

#include <doctest/doctest.h>

namespace weir::test {

using namespace migrations;

TEST_SUITE("failure")
{
    TEST_CASE("the line is that of the server's position, which counts characters, not bytes")
    {
        const statement of{"SELECT 'größer',\n  'größer',\n  missing", 7};
        for (const auto& entry : std::vector<std::pair<int, int>>{{0, 7},
                                                                  {1, 7},
                                                                  {16, 7},
                                                                  {18, 8},
                                                                  {29, 8},
                                                                  {33, 9},
                                                                  {999, 9}}) {
            const int position = entry.first;
            const int line = entry.second;
            CAPTURE(position);
            error said{"42703", "column \"missing\" does not exist"};
            said.position = position;
            CHECK(in_statement(said, of, "m/1_a.sql", direction::upgrade).message ==
                  "m/1_a.sql:" + std::to_string(line) + ": column \"missing\" does not exist");
        }
    }

    TEST_CASE("the statement is shown on one line, shortened between characters")
    {
        const error said{"42601", "syntax error", "the server's detail", "the server's hint"};
        const error what =
            in_statement(said, {"SELECT\n\t 1 ,\n 2", 1}, "m/1_a.sql", direction::upgrade);
        CHECK(what.detail == "Statement: SELECT 1 , 2\nthe server's detail");
        CHECK(what.hint == "the server's hint");
        std::string longest = "x";
        for (int i = 0; i < 200; ++i)
            longest += "ä"; // two bytes, so byte 200 is the middle of one
        const error cut = in_statement(said, {longest, 1}, "m/1_a.sql", direction::upgrade);
        std::string expected = "Statement: x";
        for (int i = 0; i < 99; ++i)
            expected += "ä";
        CHECK(cut.detail == expected + " ...\nthe server's detail");
    }

    TEST_CASE("trying again helps against lost connections and locks, never against the SQL")
    {
        for (const std::string_view code :
             {"08006", "08001", "57P01", "57P03", "53300", "55P03", "40001", "40P01"})
            CHECK(may_pass({sqlstate::from(code), "words"}));
        for (const std::string_view code :
             {"42P07", "23505", "28P01", "3D000", "57014", "08P01", "55000", "38000"})
            CHECK_FALSE(may_pass({sqlstate::from(code), "words"}));
        CHECK_FALSE(may_pass({"08001", "SSL error: certificate verify failed"}));
    }

    TEST_CASE("what exists already is no reason to stamp on the way down")
    {
        const error said{"42P07", "relation \"a\" already exists"};
        const statement of{"CREATE TABLE a (x int)", 1};
        CHECK(in_statement(said, of, "f", direction::upgrade).hint.find("stamp") !=
              std::string::npos);
        CHECK(in_statement(said, of, "f", direction::downgrade).hint.empty());
    }
}

} // namespace weir::test
