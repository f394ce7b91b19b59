#include "pool/pgwire/frame.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: frame");

using test::wire::number;

namespace {

std::string header(char type, std::uint32_t length)
{
    return std::string(1, type).append(number(length, 4));
}

} // namespace

TEST_CASE("a header is read as soon as its five bytes are here, and never sooner")
{
    const std::string whole = test::wire::query("SELECT 1");
    frame_header h;
    for (std::size_t size = 0; size < header_size; ++size) {
        CAPTURE(size);
        CHECK(scan_header(as_bytes(whole).first(size), h) == scan_status::need_more);
    }
    CHECK(scan_header(as_bytes(whole).first(header_size), h) == scan_status::frame);
    CHECK(h.type == 'Q');
    CHECK(h.body_size == 9);
    CHECK(h.size() == whole.size());
}

TEST_CASE("a length counts itself, and none is believed beyond the limit")
{
    struct {
        std::uint32_t length;
        scan_status expected;
    } const cases[] = {
        {0, scan_status::malformed},
        {3, scan_status::malformed},
        {4, scan_status::frame},
        {5, scan_status::frame},
        {body_limit + 4, scan_status::frame},
        {body_limit + 5, scan_status::malformed},
        {0x7fff'ffff, scan_status::malformed}, // 2 GB
        {0x8000'0000, scan_status::malformed}, // negative, as PostgreSQL reads it
        {0xffff'fffc, scan_status::malformed},
        {0xffff'ffff, scan_status::malformed},
    };
    for (const auto& c : cases) {
        CAPTURE(c.length);
        frame_header h;
        CHECK(scan_header(as_bytes(header('D', c.length)), h) == c.expected);
        if (c.expected == scan_status::frame)
            CHECK(h.size() == std::size_t{c.length} + 1);
    }
}

TEST_CASE("a caller may set a lower limit")
{
    frame_header h;
    CHECK(scan_header(as_bytes(header('Q', 104)), h, 100) == scan_status::frame);
    CHECK(scan_header(as_bytes(header('Q', 105)), h, 100) == scan_status::malformed);
}

TEST_CASE("any byte can be a type")
{
    for (int type = 0; type < 256; ++type) {
        frame_header h;
        CHECK(scan_header(as_bytes(header(static_cast<char>(type), 4)), h) == scan_status::frame);
        CHECK(h.type == static_cast<char>(type));
    }
}

TEST_CASE("fields are read in order, and the end is known")
{
    const std::string body = number(0xfe, 1) + number(0xfedc, 2) + number(0xfedc'ba98, 4) +
                             number(0xffff'ffff, 4) + test::wire::text("name") +
                             test::wire::text("") + "raw";
    field_reader in{as_bytes(body)};
    CHECK(in.u8() == 0xfe);
    CHECK(in.u16() == 0xfedc);
    CHECK(in.u32() == 0xfedc'ba98);
    CHECK(in.i32() == -1);
    CHECK(in.text() == "name");
    CHECK(in.text() == "");
    CHECK_FALSE(in.at_end());
    CHECK(as_text(in.raw(3)) == "raw");
    CHECK(in.ok());
    CHECK(in.at_end());
}

TEST_CASE("after the first field that does not fit everything is empty, and stays so")
{
    const std::string three{"abc"};
    SUBCASE("a number")
    {
        field_reader in{as_bytes(three)};
        CHECK(in.u32() == 0);
        CHECK_FALSE(in.ok());
        CHECK(in.u8() == 0); // though a byte is there
        CHECK(in.rest().empty());
        CHECK_FALSE(in.at_end());
    }
    SUBCASE("a text without its NUL")
    {
        field_reader in{as_bytes(three)};
        CHECK(in.text() == "");
        CHECK_FALSE(in.ok());
    }
    SUBCASE("a text where nothing is left")
    {
        field_reader in{{}};
        CHECK(in.at_end());
        CHECK(in.text() == "");
        CHECK_FALSE(in.ok());
        CHECK_FALSE(in.at_end());
    }
    SUBCASE("raw bytes, however many are asked for")
    {
        field_reader in{as_bytes(three)};
        CHECK(in.raw(SIZE_MAX).empty());
        CHECK_FALSE(in.ok());
    }
    SUBCASE("sixteen bits of eight")
    {
        field_reader in{as_bytes(three).first(1)};
        CHECK(in.u16() == 0);
        CHECK_FALSE(in.ok());
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
