#include "daemon/migrations/revision.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace weir::migrations;

namespace {

const std::string file = "migrations/041_x.sql";

revision parsed_file(std::string_view text)
{
    auto r = parse_revision(text, file);
    if (!r)
        for (const complaint& c : r.error())
            MESSAGE(to_text(c));
    REQUIRE(r.has_value());
    return *r;
}

std::vector<std::string> problems(std::string_view text)
{
    const auto r = parse_revision(text, file);
    REQUIRE_FALSE(r.has_value());
    std::vector<std::string> out;
    for (const complaint& c : r.error())
        out.push_back(to_text(c).substr(file.size()));
    return out;
}

// A header that nothing is wrong with, and what is asked about it.
std::string with_header(const std::string& more)
{
    return "-- revision: a1\n-- down_revision: none\n" + more;
}

using list = std::vector<std::string>;

} // namespace

TEST_SUITE("revision")
{
    TEST_CASE("a file says all there is to say of a revision")
    {
        const revision r = parsed_file("-- What this is for; nobody reads it.\n"
                                       "-- revision: 041_add_document_comments_and_their_authors\n"
                                       "-- down_revision: 9f21c3d0, 77aa01c4\n"
                                       "-- depends_on: 5b00c0de\n"
                                       "-- message: add comments: everywhere\n"
                                       "-- only: postgresql, sqlite\n"
                                       "-- no transaction\n"
                                       "\n"
                                       "-- upgrade\n"
                                       "CREATE TABLE c (id int); -- downgrade, later\n"
                                       "CREATE INDEX CONCURRENTLY i ON c (id);\n"
                                       "-- downgrade\n"
                                       "DROP TABLE c;\n");
        CHECK(r.id == "041_add_document_comments_and_their_authors");
        CHECK(r.down_revisions == list{"9f21c3d0", "77aa01c4"});
        CHECK(r.depends_on == list{"5b00c0de"});
        CHECK(r.message == "add comments: everywhere");
        CHECK(r.file == file);
        CHECK_FALSE(r.is_transactional);
        CHECK(r.runs_on(dialect::sqlite));
        CHECK_FALSE(r.runs_on(dialect::mysql));
        CHECK(r.upgrade == std::vector<statement>{{"CREATE TABLE c (id int)", 10},
                                                  {"CREATE INDEX CONCURRENTLY i ON c (id)", 11}});
        CHECK(*r.downgrade == std::vector<statement>{{"DROP TABLE c", 13}});
    }

    TEST_CASE("capitals, CRLF, blanks, a byte order mark and the order of things do not matter")
    {
        const revision r = parsed_file("\xEF\xBB\xBF"
                                       "--Down_Revision:  NONE\r\n"
                                       "/* a licence */\r\n"
                                       "  --   REVISION :  a1  \r\n"
                                       "--  No   Transaction\r\n"
                                       "-- downgrade\r\n"
                                       "--   UPGRADE  \r\n"
                                       "SELECT 1;\r\n");
        CHECK(r.id == "a1");
        CHECK(r.down_revisions.empty());
        CHECK_FALSE(r.is_transactional);
        CHECK(r.upgrade == std::vector<statement>{{"SELECT 1", 7}});
        REQUIRE(r.downgrade);
        CHECK(r.downgrade->empty());
    }

    TEST_CASE("no parent is written none, None, or nothing at all")
    {
        const auto parents = [](const std::string& value) {
            return parsed_file("-- revision: a\n-- down_revision:" + value + "\n-- upgrade\n")
                .down_revisions;
        };
        for (const std::string none : {"", "none", "None", " NONE "})
            CHECK_MESSAGE(parents(none).empty(), none);
        CHECK(parents("b, c ,b") == list{"b", "c"});
        CHECK(problems("-- revision: a\n-- down_revision: ,b\n-- upgrade") ==
              list{":2: an empty revision identifier"});
    }

    TEST_CASE("a file without a section downgrade has no way back")
    {
        CHECK_FALSE(parsed_file(with_header("-- upgrade\nSELECT 1")).downgrade);
    }

    TEST_CASE("a section's name inside of a statement's strings and comments is no section")
    {
        const revision r = parsed_file(with_header("-- upgrade\n"
                                                   "SELECT $$\n-- downgrade\n$$;\n"
                                                   "SELECT '\n-- upgrade\n' /*\n-- downgrade\n*/;\n"
                                                   "SELECT 1; -- downgrade\n"
                                                   "-- downgrade the table\n"));
        CHECK(r.upgrade.size() == 3);
        CHECK_FALSE(r.downgrade);
    }

    TEST_CASE("the header ends where the sections begin")
    {
        const revision r = parsed_file(with_header("-- upgrade\n-- no transaction\n"
                                                   "-- message: a comment\nSELECT 1;"));
        CHECK(r.is_transactional);
        CHECK(r.message.empty());
    }

    TEST_CASE("every complaint comes at once, with its line")
    {
        CHECK(problems("-- revision: a-b\n"
                       "-- down_revision: c, d e\n"
                       "-- revision: again\n"
                       "-- only: oracle\n"
                       "DROP TABLE t;\n"
                       "-- upgrade\n"
                       "BEGIN;\n"
                       "SELECT 'x\n") ==
              list{":1: Character(s) '-' not allowed in revision identifier 'a-b'",
                   ":2: white space is not allowed in revision identifier 'd e'",
                   ":3: a second \"-- revision:\"",
                   ":4: 'oracle' is not one of postgresql, sqlite, mysql",
                   ":5: SQL above the section \"-- upgrade\"",
                   ":8: unterminated quoted string"});
        CHECK(problems("SELECT 1;") ==
              list{": there is no section \"-- upgrade\"",
                   ": the header has no \"-- revision: ID\"",
                   ": the header has no \"-- down_revision: PARENT\"; the first revision says \"-- "
                   "down_revision: none\"",
                   ":1: SQL above the section \"-- upgrade\""});
        CHECK(problems(with_header("-- upgrade\nSELECT (1;\n-- downgrade\nSELECT (2;\n")) ==
              list{":4: unterminated parenthesis", ":6: unterminated parenthesis"});
        CHECK(problems(with_header("-- upgrade\n-- downgrade\n-- upgrade\n")) ==
              list{":5: a second section \"-- upgrade\""});
        CHECK(problems("-- revision: a\n/* never ends\n-- upgrade\n") ==
              list{":2: unterminated /* comment"});
        CHECK(problems(with_header("-- only: \n-- upgrade\n")) ==
              list{":3: \"-- only:\" names no database"});
        CHECK(problems(with_header(std::string("-- upgrade\nSELECT '\0';", 22))) ==
              list{":4: a NUL byte; is this file text?"});
    }

    TEST_CASE("an id is what Alembic takes for one")
    {
        const auto problem = [](const std::string& id) {
            const auto r =
                parse_revision("-- revision: " + id + "\n-- down_revision: none\n-- upgrade\n",
                               file);
            return r ? std::string("none") : r.error().front().problem;
        };
        for (const std::string good :
             {"1", "ae1027a6acf", "2024.01", "it's", "r\xC3\xA9vision", "a/b"})
            CHECK_MESSAGE(problem(good) == "none", good);
        for (const std::string bad :
             {"a@b", "a-b", "a+b", "a:b", "a b", "a\tb", "base", "HEAD", "None"})
            CHECK_MESSAGE(problem(bad) != "none", bad);
        CHECK(problem("") == "an empty revision identifier");
        std::string longest; // 255 characters, though more bytes
        for (int i = 0; i < 255; ++i)
            longest += "\xC3\xA9";
        CHECK(problem(longest) == "none");
        CHECK(problem(longest + 'e').ends_with("longer than 255 characters"));
    }

    TEST_CASE("a revision that is a transaction does not hold another")
    {
        for (const std::string sql : {"BEGIN",
                                      "begin work",
                                      "COMMIT",
                                      "Rollback",
                                      "/* x */ END",
                                      "ABORT",
                                      "START TRANSACTION",
                                      "ROLLBACK AND CHAIN",
                                      "PREPARE TRANSACTION 'x'",
                                      "COMMIT PREPARED 'x'"}) {
            CAPTURE(sql);
            const list found = problems(with_header("-- upgrade\nSELECT 1;\n" + sql + ";\n"));
            REQUIRE(found.size() == 1);
            CHECK(found[0].starts_with(":5: weir begins and ends the transaction"));
            CHECK(parse_revision(with_header("-- no transaction\n-- upgrade\n" + sql), file)
                      .has_value());
        }
        for (const std::string sql : {"SAVEPOINT a",
                                      "ROLLBACK TO a",
                                      "ROLLBACK WORK TO SAVEPOINT a",
                                      "RELEASE a",
                                      "PREPARE q AS SELECT 1",
                                      "SELECT 'COMMIT'"})
            CHECK_MESSAGE(parse_revision(with_header("-- upgrade\n" + sql), file).has_value(), sql);
    }

    TEST_CASE("what is printed can be read again")
    {
        revision r;
        r.id = "b2";
        r.file = file;
        r.down_revisions = {"a1", "a2"};
        r.depends_on = {"z9"};
        r.message = "two\nlines";
        r.only = {dialect::sqlite, dialect::postgresql};
        r.is_transactional = false;
        r.upgrade = {{"SELECT 'a;'", 9}, {"SELECT $$\n-- downgrade\n$$", 10}};
        r.downgrade.emplace();
        const std::string text = to_text(r);
        const revision again = parsed_file(text);
        CHECK(to_text(again) == text);
        r.message = "two lines";
        CHECK(again == r);
        CHECK(to_text(parsed_file(with_header("-- upgrade\n"))) ==
              "-- revision: a1\n-- down_revision: none\n\n-- upgrade\n");
    }
}
