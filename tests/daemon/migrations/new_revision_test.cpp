#include "daemon/migrations/new_revision.hpp"
#include "tests/daemon/migrations/sample_graph.hpp"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::migrations;
using test::ids;

namespace {

new_revision wanted(ids on, bool splice = false)
{
    return {.id = "12ab",
            .message = "new",
            .on = std::move(on),
            .depends_on = {},
            .splice = splice};
}

std::string refusal(const revision_graph& graph, const new_revision& n)
{
    const auto made = make_revision(graph, n);
    return made ? "" : made.error().message;
}

} // namespace

TEST_SUITE("migrations")
{
    TEST_CASE("a new revision follows the head, those named, or nothing")
    {
        const revision_graph graph = test::sample_graph();
        CHECK(make_revision(graph, wanted({"ffff1"}))->down_revisions == ids{"ffff1"});
        CHECK(make_revision(graph, wanted({"base"}))->down_revisions.empty());
        CHECK(make_revision(graph, wanted({"heads"}))->down_revisions == ids{"abcd1", "ffff1"});
        CHECK(make_revision(graph, wanted({"ffff", "abcd"}))->down_revisions ==
              ids{"ffff1", "abcd1"});
        CHECK(make_revision(graph, wanted({"bbbb1"}, true))->down_revisions == ids{"bbbb1"});
        CHECK(make_revision(test::graph_of({}), wanted({"head"}))->down_revisions.empty());

        new_revision needs = wanted({"ffff1"});
        needs.message.clear();
        needs.depends_on = {"cccc2", "eeee"};
        const auto made = make_revision(graph, needs);
        REQUIRE(made.has_value());
        CHECK(made->depends_on == ids{"cccc2", "eeee1"});
        CHECK(made->message == "empty message");
        CHECK(made->upgrade.empty());
        REQUIRE(made->downgrade.has_value()); // the section is there, to be filled in
        CHECK(parse_revision(to_text(*made), {}).has_value());
    }

    TEST_CASE("what a new revision cannot follow is refused in Alembic's words")
    {
        const revision_graph graph = test::sample_graph();
        CHECK(refusal(graph, wanted({"head"})) ==
              "Multiple heads are present; please specify the head revision on which the new "
              "revision should be based, or perform a merge.");
        CHECK(refusal(graph, wanted({"bbbb1"})) ==
              "Revision bbbb1 is not a head revision; please specify --splice to create a new "
              "branch from this revision");
        CHECK(refusal(graph, wanted({"ffff1", "ffff"})) == "Duplicate head revisions specified");
        CHECK(refusal(graph, wanted({"zzzz9"})) == "Can't locate revision identified by 'zzzz9'");
        new_revision same = wanted({"ffff1"});
        same.id = "bbbb1";
        CHECK(refusal(graph, same) == "Revision bbbb1 is present already: migrations/bbbb1.sql");
        for (const std::string_view id :
             {"", "a-b", "a,b", "a b", "a:b", "a@b", "head", "base", "a\nb"}) {
            CAPTURE(id);
            same.id = id;
            CHECK_FALSE(refusal(graph, same).empty());
        }
    }

    TEST_CASE("an id is twelve hexadecimal digits")
    {
        CHECK(revision_id(0) == "000000000000");
        CHECK(revision_id(0xffff'0123'4567'89ab) == "0123456789ab");
    }

    TEST_CASE("a file's name is made of its message, cut at a word")
    {
        CHECK(slug("Add a column: a/b!") == "add_a_column_a_b");
        CHECK(slug("  snake_case stays ") == "snake_case_stays");
        CHECK(slug("?!").empty());
        CHECK(slug("a word that goes past the forty characters there are") ==
              "a_word_that_goes_past_the_forty");
        CHECK(slug(std::string(50, 'x')) == std::string(40, 'x'));
        CHECK(slug("\xc3\x84nderung") == "\xc3\x84nderung"); // letters of other alphabets stay
        CHECK(slug(std::string(39, 'x') + "\xc3\xa4\xc3\xa4") == std::string(39, 'x'));
    }

    TEST_CASE("a file's number follows the highest, in as many digits")
    {
        CHECK(file_numbers({}).next("a") == "001_a.sql");
        file_numbers after({"002_b.sql", "007_c.sql", "schema.sql", "900_notes.txt", "x9_y.sql"});
        CHECK(after.next("d") == "008_d.sql");
        CHECK(after.next("e") == "009_e.sql");
        CHECK(file_numbers({"0041_x.sql"}).next("y") == "0042_y.sql");
        CHECK(file_numbers({"999_x.sql"}).next("y") == "1000_y.sql");
    }
}
