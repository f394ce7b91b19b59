#include "pool/pgwire/statement_note.hpp"

#include <doctest/doctest.h>

#include <string>

namespace weir::pgwire {

TEST_CASE("a note keeps the front of the last statement that is not the end of the transaction")
{
    using namespace std::string_view_literals;
    statement_note note;
    CHECK(note.text().empty());
    note.take("SELECT 1\0and parameter types"sv);
    CHECK(note.text() == "SELECT 1");
    for (const auto end : {"COMMIT"sv,
                           "commit;"sv,
                           "END"sv,
                           "ROLLBACK TO a"sv,
                           "Abort\0\0"sv,
                           " \n COMMIT"sv,
                           "/* app /* nested */ */ COMMIT"sv,
                           "-- done\n-- with it\nrollback"sv}) {
        CAPTURE(end);
        note.take(end);
        CHECK(note.text() == "SELECT 1");
    }
    note.take("CREATE TABLE");
    CHECK(note.text() == "CREATE TABLE");
    for (const auto text : {"/* COMMIT */ SELECT 1"sv, "-- COMMIT"sv, "/* COMMIT"sv, "  "sv}) {
        note.take(text);
        CHECK(note.text() == text);
    }
    note.take(std::string(1'000, 'x'));
    CHECK(note.text() == std::string(statement_note::most, 'x'));
    note.take("");
    CHECK(note.text().empty());
    note.take("SELECT 2");
    note.clear();
    CHECK(note.text().empty());
}

TEST_CASE("where it is looked at more closely, the whole statement and its rows are kept")
{
    statement_note note;
    CHECK_FALSE(note.take_news());
    note.take("SELECT 1");
    CHECK(note.take_news());
    CHECK_FALSE(note.take_news());
    CHECK(note.whole().empty());
    note.keep_whole(true);
    note.take(std::string(1'000, 'x') + '\0' + "types");
    CHECK(note.whole() == std::string(1'000, 'x'));
    CHECK(note.take_news());
    for (const auto& [tag, rows] : {std::pair{"SELECT 7", 7u},
                                    {"INSERT 0 12", 12u},
                                    {"CREATE TABLE", 0u},
                                    {"BEGIN", 0u},
                                    {"", 0u}}) {
        note.take("SELECT 1");
        note.complete(tag);
        CHECK(note.calls() == 1);
        CHECK(note.rows() == rows);
        CHECK(note.take_news());
    }
    note.take("COMMIT");
    CHECK_FALSE(note.take_news());
    note.clear();
    CHECK_FALSE(note.keeps_whole());
}

TEST_CASE("a pipeline that repeats a statement is as many calls, with the rows of all of them")
{
    statement_note note;
    note.keep_whole(true);
    const auto send = [&](const char* sql, int times = 1) {
        for (int i = 0; i < times; ++i)
            note.take(sql);
    };
    const auto answer = [&](const char* tag, int times = 1) {
        for (int i = 0; i < times; ++i)
            note.complete(tag);
    };
    SUBCASE("behind its BEGIN, and before its COMMIT")
    {
        send("BEGIN");
        send("INSERT", 40);
        send("COMMIT");
        answer("BEGIN");
        answer("INSERT 0 2", 40);
        answer("COMMIT");
        CHECK(note.calls() == 40);
        CHECK(note.rows() == 80);
    }
    SUBCASE("answers that come meanwhile change nothing")
    {
        send("INSERT", 2);
        answer("INSERT 0 1");
        send("INSERT", 2);
        answer("INSERT 0 1", 3);
        CHECK(note.calls() == 4);
        CHECK(note.rows() == 4);
    }
    SUBCASE("of different statements only the last is known")
    {
        send("INSERT", 3);
        send("COMMIT");
        send("SELECT", 2);
        answer("INSERT 0 7", 3);
        answer("COMMIT");
        answer("SELECT 5", 2);
        CHECK(note.whole() == "SELECT");
        CHECK(note.calls() == 2);
        CHECK(note.rows() == 10);
    }
    SUBCASE("a text with several statements is one call")
    {
        send("SELECT; SELECT");
        answer("SELECT 1");
        answer("SELECT 2");
        CHECK(note.calls() == 1);
        CHECK(note.rows() == 3);
    }
    CHECK(note.take_news());
    send("SELECT");
    answer("SELECT 1");
    CHECK(note.calls() == 1);
    CHECK(note.rows() == 1);
}

} // namespace weir::pgwire
