#include "daemon/view/text_table.hpp"

#include <doctest/doctest.h>

using namespace weir::view;

TEST_SUITE_BEGIN("view");

TEST_CASE("columns are as wide as they need to be")
{
    text_table t{{"NAME", text_table::align::left}, {"N"}, {"WHY", text_table::align::left}};
    CHECK(t.is_empty());
    t.add({{"a"}, {"1000"}, {""}});
    t.add({{"größer"}, {"7", tone::bad}, {"for"}});
    CHECK(t.lines(false) == std::vector<std::string>{"NAME       N  WHY", //
                                                     "a       1000",
                                                     "größer     7  for"});
    CHECK(t.lines(true).at(2) == "größer     \x1b[31m7\x1b[0m  for");
}

TEST_CASE("a name cannot write to the terminal")
{
    CHECK(printable("a\x1b[2Jb\nc\x7f") == "a?[2Jb?c?");
    CHECK(printable("\xc2\x9b"
                    "31m") == "?31m"); // CSI in one character
    CHECK(printable("\xc2\xb5s größer") == "\xc2\xb5s größer");
    text_table t{{"NAME"}};
    t.add({{"\x1b]0;mine\a"}});
    CHECK(t.lines(false).at(1) == "?]0;mine?");
}

TEST_SUITE_END();
