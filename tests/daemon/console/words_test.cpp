#include "daemon/console/words.hpp"

#include <doctest/doctest.h>

namespace weir::console {

TEST_SUITE_BEGIN("console: words");

namespace {

std::string shown(std::string_view sql)
{
    const auto words = split_words(sql);
    if (!words)
        return words.error().message;
    std::string all;
    for (const word& w : *words) {
        const std::string_view quote = w.is == word::kind::name      ? "\""
                                       : w.is == word::kind::literal ? "'"
                                                                     : "";
        all.append(all.empty() ? "" : " ").append(quote).append(w.text).append(quote);
    }
    return all;
}

} // namespace

TEST_CASE("bare words are folded, quoted ones kept")
{
    CHECK(shown("SHOW Migrations;") == "show migrations ;");
    CHECK(shown("migrate \"Main\" Upgrade 'Head'") == "migrate \"Main\" upgrade 'Head'");
    CHECK(shown("\t x\r\ny ") == "x y");
    CHECK(shown("") == "");
}

TEST_CASE("a target needs no quotes")
{
    CHECK(shown("migrate main upgrade +1") == "migrate main upgrade +1");
    CHECK(shown("migrate main downgrade ae10:-2") == "migrate main downgrade ae10:-2");
}

TEST_CASE("a quote is doubled to mean itself")
{
    CHECK(shown("'it''s'") == "'it's'");
    CHECK(shown(R"("a""b")") == R"("a"b")");
    CHECK(shown("''") == "''");
}

TEST_CASE("comments are not words")
{
    CHECK(shown("show -- the version\nversion") == "show version");
    CHECK(shown("show/* the; */version--") == "show version");
    CHECK(shown("downgrade -1 --online") == "downgrade -1");
}

TEST_CASE("punctuation stands for itself")
{
    CHECK(shown("set a=b,'c'") == "set a = b , 'c'");
    CHECK(shown("begin;commit") == "begin ; commit");
}

TEST_CASE("a name is not empty, lest it mean all")
{
    CHECK(shown("pause \"\"") == "zero-length delimited identifier at or near \"\"\"\"");
    CHECK(split_words("\"\"").error().code == sqlstate{"42601"});
    CHECK(shown("show ''") == "show ''");
}

TEST_CASE("what is not terminated is said")
{
    CHECK(shown("show 'x") == "unterminated quoted string");
    CHECK(shown("show 'x''") == "unterminated quoted string");
    CHECK(shown("show \"x") == "unterminated quoted identifier");
    CHECK(shown("show /* x") == "unterminated /* comment");
    CHECK(split_words("'").error().code == sqlstate{"42601"});
}

TEST_SUITE_END();

} // namespace weir::console
