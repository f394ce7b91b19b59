#include "pool/core/utf8.hpp"

#include <doctest/doctest.h>

namespace weir {

TEST_SUITE_BEGIN("utf8");

TEST_CASE("a character is as long as its first byte says, if the others are there")
{
    CHECK(utf8_character_size("a") == 1);
    CHECK(utf8_character_size("\u00e9!") == 2);
    CHECK(utf8_character_size("\u20ac") == 3);
    CHECK(utf8_character_size("\U0001f600") == 4);
    for (const char* const none : {"\xe9",             // cut off
                                   "\xe2\x82",         // likewise
                                   "\x82",             // continues nothing
                                   "\xc0\xaf",         // overlong
                                   "\xed\xa0\x80",     // a surrogate
                                   "\xf4\x90\x80\x80", // above U+10FFFF
                                   "\xff"})
        CHECK(utf8_character_size(none) == 0);
}

TEST_CASE("what is no character is replaced, and nothing else")
{
    CHECK(well_formed_utf8("") == "");
    CHECK(well_formed_utf8("na\u00efve \u20ac") == "na\u00efve \u20ac");
    CHECK(well_formed_utf8("na\xefve") == "na\ufffdve");
    CHECK(well_formed_utf8("\u20ac\xe2\x82") == "\u20ac\ufffd\ufffd");
}

TEST_SUITE_END();

} // namespace weir
