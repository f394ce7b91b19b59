#include "pool/pgwire/startup.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: startup");

using test::wire::number;
using test::wire::text;

namespace {

std::string packet(std::uint32_t version, std::string_view rest = {})
{
    return number(8 + rest.size(), 4) + number(version, 4) + std::string(rest);
}

constexpr std::uint32_t request(std::uint32_t minor) { return 1234u << 16 | minor; }

const std::string parameters = text("user") + text("app") + text("database") + text("main") +
                               text("options") + text("") + '\0';

} // namespace

TEST_CASE("each packet is known for what it is")
{
    struct {
        std::string title;
        std::string words;
        startup_kind kind;
    } const cases[] = {
        {"SSLRequest", packet(request(5679)), startup_kind::ssl_request},
        {"GSSENCRequest", packet(request(5680)), startup_kind::gss_request},
        {"CancelRequest", packet(request(5678), number(7, 4) + number(9, 4)), startup_kind::cancel},
        {"3.0", packet(protocol_3_0, parameters), startup_kind::startup},
        {"3.2", packet(protocol_3_0 | 2, parameters), startup_kind::startup},
        {"3.9999", packet(protocol_3_0 | 9999, parameters), startup_kind::startup},
        {"2.0", packet(2u << 16, std::string(288, '\0')), startup_kind::old_protocol},
        {"4.0", packet(4u << 16, "anything"), startup_kind::old_protocol},
    };
    for (const auto& c : cases) {
        CAPTURE(c.title);
        startup_packet p;
        CHECK(parse_startup(as_bytes(c.words + "what follows"), p) == scan_status::frame);
        CHECK(p.kind == c.kind);
        CHECK(p.size == c.words.size());
        for (std::size_t size = 0; size < c.words.size(); ++size) {
            CAPTURE(size);
            CHECK(parse_startup(as_bytes(c.words).first(size), p) == scan_status::need_more);
        }
    }
}

TEST_CASE("parameters are views into the packet; an empty value is a value, an absent one is empty")
{
    const std::string words = packet(protocol_3_0 | 2, parameters);
    startup_packet p;
    REQUIRE(parse_startup(as_bytes(words), p) == scan_status::frame);
    CHECK(p.version == (protocol_3_0 | 2));
    CHECK(p.find("user") == "app");
    CHECK(p.find("database") == "main");
    CHECK(p.find("options") == "");
    CHECK(p.find("User") == "");
    CHECK(p.parameters.size() == 3);
    // The same object reads the next packet of the connection.
    REQUIRE(parse_startup(as_bytes(packet(protocol_3_0, std::string(1, '\0'))), p) ==
            scan_status::frame);
    CHECK(p.parameters.empty());
}

TEST_CASE("a cancel request says whose query, and is exactly as long as it must be")
{
    startup_packet p;
    REQUIRE(parse_startup(as_bytes(packet(request(5678), number(7, 4) + number(0xffff'fff0, 4))),
                          p) == scan_status::frame);
    CHECK(p.process_id == 7);
    CHECK(p.secret == 0xffff'fff0);
    for (const std::size_t size : {0, 4, 7, 9, 12}) {
        CAPTURE(size);
        CHECK(parse_startup(as_bytes(packet(request(5678), std::string(size, 'x'))), p) ==
              scan_status::malformed);
    }
}

TEST_CASE("what is not PostgreSQL's protocol is malformed at its fourth byte")
{
    for (const std::string_view hello : {
             std::string_view{"GET / HTTP/1.1\r\n"},
             std::string_view{"\x16\x03\x01\x02", 4}, // TLS without asking
             std::string_view{"SSH-2.0-"},
             std::string_view{"\0\0\0\0", 4},
             std::string_view{"\0\0\0\7", 4},
             std::string_view{"\0\0\x27\x11", 4}, // one more than the limit
             std::string_view{"\xff\xff\xff\xff", 4},
         }) {
        CAPTURE(hello);
        startup_packet p;
        CHECK(parse_startup(as_bytes(hello).first(3), p) == scan_status::need_more);
        CHECK(parse_startup(as_bytes(hello).first(4), p) == scan_status::malformed);
    }
}

TEST_CASE("a startup message may be as long as PostgreSQL takes")
{
    const std::string most(startup_limit - 8 - 5 - 2, 'x');
    startup_packet p;
    const std::string words = packet(protocol_3_0, text("user") + text(most) + '\0');
    REQUIRE(words.size() == startup_limit);
    CHECK(parse_startup(as_bytes(words), p) == scan_status::frame);
    CHECK(p.find("user") == most);
}

TEST_CASE("parameters must end where the packet does, with their terminator")
{
    for (const std::string& rest : {
             std::string{},
             text("user"),
             text("user") + "app",
             text("user") + text("app"),
             text("user") + '\0',                        // a value, but no terminator
             text("user") + text("app") + '\0' + "more", // behind the terminator
             text("user") + text("app") + '\0' + '\0',
         }) {
        CAPTURE(rest);
        startup_packet p;
        CHECK(parse_startup(as_bytes(packet(protocol_3_0, rest)), p) == scan_status::malformed);
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
