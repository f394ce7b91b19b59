#include "daemon/handover/client_record.hpp"

#include <doctest/doctest.h>

namespace weir {

TEST_SUITE_BEGIN("client_record");

namespace {

client_record everything()
{
    using namespace std::string_literals;
    return {.id = 7,
            .secret = 0xdeadbeef,
            .backend = "shop",
            .user = "app",
            .settings = {{"search_path", "a, b"}, {"timezone", "UTC"}},
            .startup_settings = pgwire::settings_map{{"timezone", "UTC"}},
            .session = {.statements = {{"", "SELECT $1\0\0\1\0\0\0\x17"s}, {"s1", "BEGIN\0\0\0"s}},
                        .channels = {"news", "a b"}}};
}

std::string written(const client_record& what)
{
    std::string out;
    write_record(out, what);
    return out;
}

} // namespace

TEST_CASE("what is written is read")
{
    client_record like_most = everything();
    like_most.startup_settings.reset();
    client_record with_none = everything();
    with_none.startup_settings.emplace(); // which is not the same
    for (const client_record& what : {client_record{}, everything(), like_most, with_none}) {
        const auto read = read_record(pgwire::as_bytes(written(what)));
        REQUIRE(read.has_value());
        CHECK(*read == what);
    }
}

TEST_CASE("a record that is cut short, or goes on, is none")
{
    const std::string whole = written(everything());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        std::string part = whole.substr(0, size);
        CHECK_FALSE(read_record(pgwire::as_bytes(part)).has_value());
        if (size < pgwire::header_size)
            continue;
        const auto length = static_cast<std::uint32_t>(size - 1); // and says so itself
        for (int i = 0; i < 4; ++i)
            part[static_cast<std::size_t>(1 + i)] = static_cast<char>(length >> (24 - 8 * i));
        CHECK_FALSE(read_record(pgwire::as_bytes(part)).has_value());
    }
    CHECK_FALSE(read_record(pgwire::as_bytes(whole + "x")).has_value());
}

TEST_SUITE_END();

} // namespace weir
