#include "daemon/socket_address.hpp"
#include "tests/daemon/temporary_directory.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace weir;
using boost::asio::ip::tcp;
using boost::asio::local::stream_protocol;
using console::address;

TEST_SUITE_BEGIN("socket address");

TEST_CASE("over TCP both ends have an IP address and a port")
{
    const char* host = "127.0.0.1";
    SUBCASE("of the old kind") {}
    SUBCASE("of the new") { host = "::1"; }
    CAPTURE(host);
    boost::asio::io_context loop;
    const tcp::endpoint any{boost::asio::ip::make_address(host), 0};
    std::optional<tcp::acceptor> listener;
    try {
        listener.emplace(loop, any);
    } catch (const boost::system::system_error& e) {
        REQUIRE(any.protocol() == tcp::v6()); // not every machine has it
        MESSAGE("SKIP: no ", host, ": ", e.what());
        return;
    }
    tcp::socket near{loop};
    near.connect(listener->local_endpoint());
    tcp::socket far = listener->accept();
    CHECK(peer_address(near.native_handle()) == address{host, listener->local_endpoint().port()});
    CHECK(local_address(near.native_handle()) == address{host, near.local_endpoint().port()});
    CHECK(peer_address(far.native_handle()) == local_address(near.native_handle()));

    far.set_option(tcp::socket::linger(true, 0)); // a reset
    far.close();
    near.wait(tcp::socket::wait_error);
    CHECK(peer_address(near.native_handle()) == address{"", 0});
}

TEST_CASE("a Unix socket is called unix, and its port is in the name of its file")
{
    const test::temporary_directory home;
    const auto connected_to = [&](const std::string& name) {
        boost::asio::io_context loop;
        const stream_protocol::endpoint there{name};
        const stream_protocol::acceptor listener{loop, there};
        stream_protocol::socket near{loop};
        near.connect(there);
        CHECK(local_address(near.native_handle()) == address{"unix", std::nullopt});
        return peer_address(near.native_handle());
    };
    CHECK(connected_to(home.path() + "/.s.PGSQL.5433") == address{"unix", 5433});
    CHECK(connected_to(home.path() + "/.s.PGSQL.lost") == address{"unix", std::nullopt});
    CHECK(connected_to(home.path() + "/mysql.sock") == address{"unix", std::nullopt});
    const std::string abstract = '\0' + home.path() + "/.s.PGSQL.65535";
    CHECK(connected_to(abstract) == address{"unix", 65535});
}

TEST_CASE("a pair of sockets has no names")
{
    boost::asio::io_context loop;
    stream_protocol::socket near{loop};
    stream_protocol::socket far{loop};
    boost::asio::local::connect_pair(near, far);
    CHECK(peer_address(near.native_handle()) == address{});
    CHECK(local_address(near.native_handle()) == address{});
}

TEST_SUITE_END();
