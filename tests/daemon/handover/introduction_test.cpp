#include "daemon/handover/introduction.hpp"

#include <doctest/doctest.h>

namespace weir {

TEST_SUITE_BEGIN("introduction");

TEST_CASE("what one weir says the other understands")
{
    for (const introduction& one :
         {introduction{},
          introduction{.pages = ip_endpoint{"127.0.0.1", 9127}},
          introduction{.servers = {8982, 8983, 12}},
          introduction{.pages = ip_endpoint{"::1", 65535}, .servers = {1}}}) {
        const std::string text = to_text(one);
        CAPTURE(text);
        const auto read = read_introduction(text);
        REQUIRE(read.has_value());
        CHECK(*read == one);
    }
}

TEST_CASE("a refusal keeps its words and its advice")
{
    const auto read =
        read_introduction(refusal_text({"0A000", "its socket is systemd's", {}, "Ask it."}));
    REQUIRE(!read);
    CHECK(read.error().message ==
          "the running weir lets nobody take over: its socket is systemd's");
    CHECK(read.error().hint == "Ask it.");
    CHECK(!read_introduction("no "));
    CHECK(!read_introduction("no newline"));
}

TEST_CASE("other words are not taken for an introduction")
{
    for (const std::string text : {"",
                                   "weir-listener",
                                   "pages",
                                   "pages \nservers",
                                   "pages 127.0.0.1\nservers",
                                   "pages 127.0.0.1 \nservers",
                                   "pages 127.0.0.1 65536\nservers",
                                   "pages 127.0.0.1 9127 1\nservers",
                                   "pages 127.0.0.1 9127",
                                   "servers x",
                                   "servers 1 2x",
                                   "servers 99999999999"}) {
        CAPTURE(text);
        CHECK(!read_introduction(text));
    }
}

TEST_CASE("pages are in each other's way on one port of one address, or of all")
{
    const ip_endpoint own{"127.0.0.1", 9127};
    CHECK(is_in_the_way(own, own));
    CHECK(is_in_the_way(own, {"0.0.0.0", 9127}));
    CHECK(is_in_the_way({"::", 9127}, own));
    CHECK(!is_in_the_way(own, {"127.0.0.1", 9128}));
    CHECK(!is_in_the_way(own, {"127.0.0.2", 9127}));
}

TEST_SUITE_END();

} // namespace weir
