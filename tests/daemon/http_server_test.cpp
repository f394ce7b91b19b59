#include "daemon/control_pages.hpp"
#include "daemon/http_server.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <condition_variable>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

using namespace weir;
using namespace std::chrono_literals;

namespace {

// A client of a few lines, which sends what it is told to, however wrong.
class http_client {
public:
    explicit http_client(const http_server& server)
    {
        const std::string port = server.address().substr(server.address().rfind(':') + 1);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
        // Far more than any test needs; a hang must become a failure.
        const timeval patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    http_client(const http_client&) = delete;
    http_client& operator=(const http_client&) = delete;
    ~http_client() { ::close(socket_); }

    void send(const std::string& text) { ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }

    // Until `end` has come, or the server closes.
    std::string read_until(const std::string& end)
    {
        std::string text;
        char piece[4096];
        while (end.empty() || text.find(end) == std::string::npos) {
            const ssize_t n = ::recv(socket_, piece, sizeof piece, 0);
            if (n <= 0) {
                closed_ = n == 0;
                break;
            }
            text.append(piece, static_cast<std::size_t>(n));
        }
        return text;
    }
    std::string read_to_end() { return read_until({}); }
    bool was_closed() const { return closed_; }

private:
    int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool closed_ = false;
};

std::string get(const http_server& server, const std::string& path, const std::string& verb = "GET")
{
    http_client client(server);
    client.send(verb + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return client.read_to_end();
}

std::string status_of(const std::string& response)
{
    return response.substr(0, response.find('\r'));
}

std::string body_of(const std::string& response)
{
    const auto end_of_header = response.find("\r\n\r\n");
    return end_of_header == std::string::npos ? "" : response.substr(end_of_header + 4);
}

http_server start(http_handler handler, http_limits limits = {})
{
    auto server = http_server::start("127.0.0.1", 0, {std::move(handler), limits});
    REQUIRE(server.has_value());
    return std::move(*server);
}

// The pages over a loop that answers from another thread, as the real one does.
http_handler pages_over(metrics_snapshot now)
{
    return control_pages({.numbers =
                              [now](std::function<void(metrics_snapshot)> answer) {
                                  std::thread([now, answer] { answer(now); }).detach();
                              },
                          .moment =
                              [now](std::function<void(status::moment)> answer) {
                                  std::thread([now, answer] { answer({.numbers = now}); }).detach();
                              },
                          .known = std::make_shared<status::board>(),
                          .silence = [] { return 0s; }});
}

http_handler echo()
{
    return [](const std::string& path, http_reply reply) {
        reply([path] { return http_page{200, "text/plain", path}; });
    };
}

} // namespace

TEST_SUITE("http_server")
{
    TEST_CASE("weir is well while its loop gives signs of life")
    {
        CHECK(health(0s).status == 200);
        CHECK(health(9s).status == 200);
        CHECK(health(0s).body == "ok\n");
        const http_page stuck = health(75s);
        CHECK(stuck.status == 503);
        CHECK(stuck.body == "weir's event loop has been stuck for 75 s\n");
    }

    TEST_CASE("the pages are served, each with its type")
    {
        metrics_snapshot now;
        now.backends.push_back({.name = "main", .is_up = true});
        const http_server server = start(pages_over(now));

        const std::string metrics = get(server, "/metrics");
        CHECK(status_of(metrics) == "HTTP/1.1 200 OK");
        CHECK(metrics.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
              std::string::npos);
        CHECK(metrics.find("weir_backend_up{backend=\"main\"} 1\n") != std::string::npos);

        const std::string health = get(server, "/healthz");
        CHECK(status_of(health) == "HTTP/1.1 200 OK");
        CHECK(body_of(health) == "ok\n");

        const std::string ready = get(server, "/readyz");
        CHECK(status_of(ready) == "HTTP/1.1 200 OK");
        CHECK(ready.find("Content-Type: application/json\r\n") != std::string::npos);

        const std::string status = get(server, "/status.json");
        CHECK(status.find("Content-Type: application/json\r\n") != std::string::npos);
        CHECK(body_of(status).find(R"("name":"main")") != std::string::npos);

        const std::string front = get(server, "/");
        CHECK(status_of(front) == "HTTP/1.1 200 OK");
        CHECK(front.find("Content-Type: text/html; charset=utf-8\r\n") != std::string::npos);
        CHECK(front.find("Content-Security-Policy: default-src 'self'; base-uri 'none'; ") !=
              std::string::npos);
        for (const std::string page :
             {"/metrics", "/healthz", "/readyz", "/status.css", "/status.js", "/icon.svg"}) {
            CHECK(front.find('"' + page + '"') != std::string::npos);
            CHECK(status_of(get(server, page)) == "HTTP/1.1 200 OK");
        }

        CHECK(status_of(get(server, "/metrics?name=x")) == "HTTP/1.1 200 OK");
        CHECK(status_of(get(server, "/nothing")) == "HTTP/1.1 404 Not Found");
    }

    TEST_CASE("while a backend is down it is alive, but not ready")
    {
        metrics_snapshot now;
        now.backends.push_back({.name = "main", .down_because = "no route"});
        const http_server server = start(pages_over(now));
        CHECK(status_of(get(server, "/healthz")) == "HTTP/1.1 200 OK");
        const std::string ready = get(server, "/readyz");
        CHECK(status_of(ready) == "HTTP/1.1 503 Service Unavailable");
        CHECK(body_of(ready).find("no route") != std::string::npos);
    }

    TEST_CASE("pages are for those who ask by an address, localhost or a name that is ours")
    {
        auto server = http_server::start("127.0.0.1",
                                         0,
                                         {.handler = echo(), .hosts = http_hosts{{"Db.Example"}}});
        REQUIRE(server.has_value());
        const auto asked_as = [&](const std::string& header, const char* version = "1.1") {
            http_client client(*server);
            client.send(std::string{"GET /metrics HTTP/"} + version + "\r\n" + header +
                        "Connection: close\r\n\r\n");
            return status_of(client.read_to_end());
        };
        for (const std::string host : {"127.0.0.1",
                                       "127.0.0.1:9127",
                                       "10.1.2.3:80",
                                       "[::1]",
                                       "[::1]:9127",
                                       "localhost",
                                       "LocalHost:9127",
                                       "weir.localhost",
                                       "db.example",
                                       "DB.EXAMPLE.:9127"}) {
            CAPTURE(host);
            CHECK(asked_as("Host: " + host + "\r\n") == "HTTP/1.1 200 OK");
        }
        for (const std::string host : {"evil.example",
                                       "evil.example:9127",
                                       "127.0.0.1.evil.example",
                                       "localhost.evil.example",
                                       "notlocalhost",
                                       ".localhost",
                                       "db.example.evil",
                                       "[::1].evil.example",
                                       "[evil]",
                                       "[::1",
                                       ""}) {
            CAPTURE(host);
            CHECK(asked_as("Host: " + host + "\r\n") == "HTTP/1.1 421 Misdirected Request");
        }
        CHECK(asked_as("") == "HTTP/1.1 421 Misdirected Request");
        CHECK(asked_as("", "1.0") == "HTTP/1.1 200 OK");
    }

    TEST_CASE("HEAD has the header of GET and no body")
    {
        const http_server server = start(echo());
        const std::string response = get(server, "/four", "HEAD");
        CHECK(status_of(response) == "HTTP/1.1 200 OK");
        CHECK(response.find("Content-Length: 5\r\n") != std::string::npos);
        CHECK(body_of(response).empty());
    }

    TEST_CASE("other methods are refused, with or without a body")
    {
        const http_server server = start(echo());
        CHECK(status_of(get(server, "/", "POST")) == "HTTP/1.1 405 Method Not Allowed");
        http_client client(server);
        client.send("PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
        const std::string response = client.read_to_end();
        CHECK(status_of(response) == "HTTP/1.1 405 Method Not Allowed");
        CHECK(response.find("Allow: GET, HEAD\r\n") != std::string::npos);
        CHECK(client.was_closed());
    }

    TEST_CASE("a connection is kept alive, and requests sent ahead are answered in order")
    {
        const http_server server = start(echo());
        http_client client(server);
        client.send("GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(body_of(client.read_until("/one")) == "/one");
        client.send(
            "GET /two HTTP/1.1\r\nHost: localhost\r\n\r\nGET /three HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: close\r\n\r\n");
        const std::string rest = client.read_to_end();
        CHECK(rest.find("/two") < rest.find("/three"));
        CHECK(rest.ends_with("/three"));
        CHECK(client.was_closed());
    }

    TEST_CASE("what is no request, or too much of one, is refused and the connection closed")
    {
        const http_server server = start(echo());
        struct {
            std::string request;
            std::string status;
        } const cases[] = {
            {"\x16\x03\x01 hello\r\n\r\n", "HTTP/1.1 400 Bad Request"},
            {"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 Bad Request"},
            {"GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n",
             "HTTP/1.1 431 Request Header Fields Too Large"},
            {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
             "HTTP/1.1 413 Payload Too Large"},
        };
        for (const auto& c : cases) {
            http_client client(server);
            client.send(c.request);
            const std::string response = client.read_to_end();
            CAPTURE(response);
            CHECK(status_of(response) == c.status);
            CHECK(client.was_closed());
        }
    }

    TEST_CASE("a client that sends nothing, or half a request, is closed in the end")
    {
        const http_server server = start(echo(), {.request = 50ms});
        http_client silent(server);
        http_client slow(server);
        slow.send("GET / HT");
        CHECK(silent.read_to_end().empty());
        CHECK(silent.was_closed());
        CHECK(slow.read_to_end().empty());
        CHECK(slow.was_closed());
    }

    TEST_CASE("between two requests a connection may rest, but then the next has to come")
    {
        const http_server server = start(echo(), {.request = 50ms});
        http_client client(server);
        for (const std::string page : {"/one", "/two"}) {
            client.send("GET " + page + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
            CHECK(body_of(client.read_until(page)) == page);
            std::this_thread::sleep_for(150ms);
        }
        client.send("GET / HT");
        CHECK(client.read_to_end().empty());
        CHECK(client.was_closed());
    }

    TEST_CASE("a connection that rests for too long is closed")
    {
        const http_server server = start(echo(), {.idle = 50ms});
        http_client client(server);
        client.send("GET /one HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(body_of(client.read_until("/one")) == "/one");
        CHECK(client.read_to_end().empty());
        CHECK(client.was_closed());
    }

    TEST_CASE("when the loop does not answer it is a 503, and the late answer goes nowhere")
    {
        http_reply late;
        const http_server server = start(
            [&](const std::string& path, http_reply reply) {
                if (path == "/late")
                    late = reply;
                else
                    reply([path] { return http_page{200, "text/plain", path}; });
            },
            {.answer = 20ms});
        http_client client(server);
        client.send("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(status_of(client.read_until("in time\n")) == "HTTP/1.1 503 Service Unavailable");
        late([] { return http_page{200, "text/plain", "late"}; });
        client.send("GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        CHECK(body_of(client.read_to_end()) == "/next");
    }

    TEST_CASE("a second answer is ignored")
    {
        const http_server server = start([](const std::string&, http_reply reply) {
            reply([] { return http_page{200, "text/plain", "first"}; });
            reply([] { return http_page{200, "text/plain", "second"}; });
        });
        CHECK(body_of(get(server, "/")) == "first");
    }

    TEST_CASE("an answer may come after the server is gone")
    {
        std::mutex mutex;
        std::condition_variable asked;
        http_reply late;
        {
            const http_server server = start([&](const std::string&, http_reply reply) {
                const std::lock_guard lock(mutex);
                late = std::move(reply);
                asked.notify_one();
            });
            http_client client(server);
            client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            std::unique_lock lock(mutex);
            REQUIRE(asked.wait_for(lock, 20s, [&] { return static_cast<bool>(late); }));
        }
        late([] { return http_page{200, "text/plain", "late"}; });
    }

    TEST_CASE("for a connection beyond the limit the oldest that is idle has to go")
    {
        const http_server server = start(echo(), {.connections = 2});
        http_client first(server);
        http_client second(server);
        for (http_client* client : {&first, &second, &first}) {
            client->send("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
            CHECK(body_of(client->read_until("/x")) == "/x");
        }
        CHECK(body_of(get(server, "/y")) == "/y");
        CHECK(second.read_to_end().empty());
        CHECK(second.was_closed());
        first.send("GET /z HTTP/1.1\r\nHost: localhost\r\n\r\n");
        CHECK(body_of(first.read_until("/z")) == "/z");
    }

    TEST_CASE("half requests on all connections keep nobody out")
    {
        const http_server server = start(echo(), {.connections = 4});
        std::vector<std::unique_ptr<http_client>> slow;
        for (int i = 0; i < 20; ++i) {
            slow.push_back(std::make_unique<http_client>(server));
            slow.back()->send("GET / HT");
            CHECK(body_of(get(server, "/served")) == "/served");
        }
    }

    TEST_CASE("while all are about to be answered, one more is closed at once")
    {
        std::mutex mutex;
        std::condition_variable asked;
        std::vector<http_reply> late;
        const http_server server = start(
            [&](const std::string&, http_reply reply) {
                const std::lock_guard lock(mutex);
                late.push_back(std::move(reply));
                asked.notify_one();
            },
            {.connections = 2, .answer = 60s});
        http_client first(server);
        http_client second(server);
        for (http_client* client : {&first, &second})
            client->send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        std::unique_lock lock(mutex);
        REQUIRE(asked.wait_for(lock, 20s, [&] { return late.size() == 2; }));
        http_client third(server);
        CHECK(third.read_to_end().empty());
        CHECK(third.was_closed());
        for (const http_reply& reply : late)
            reply([] { return http_page{200, "text/plain", "late"}; });
        for (http_client* client : {&first, &second})
            CHECK(body_of(client->read_until("late")) == "late");
    }

    TEST_CASE("many clients at once are all answered")
    {
        metrics_snapshot now;
        now.backends.push_back({.name = "main", .is_up = true});
        const http_server server = start(pages_over(now));
        std::vector<std::jthread> clients;
        std::atomic<int> answered = 0;
        for (int i = 0; i < 16; ++i)
            clients.emplace_back([&] {
                for (int n = 0; n < 20; ++n)
                    if (get(server, "/metrics").find("weir_build_info") != std::string::npos)
                        ++answered;
            });
        clients.clear();
        CHECK(answered == 16 * 20);
    }

    TEST_CASE("an address in use, or that is none, is an error that names it")
    {
        const http_server server = start(echo());
        const std::string port = server.address().substr(server.address().rfind(':') + 1);
        const auto second =
            http_server::start("127.0.0.1", static_cast<std::uint16_t>(std::stoi(port)), {echo()});
        REQUIRE(second.has_error());
        CHECK(second.error().message ==
              "cannot serve metrics on 127.0.0.1 port " + port + ": Address already in use");
        CHECK(http_server::start("nonsense", 0, {echo()}).has_error());
        const auto looked =
            http_server::check("127.0.0.1", static_cast<std::uint16_t>(std::stoi(port)));
        REQUIRE(looked.has_error());
        CHECK(looked.error().message == second.error().message);
        CHECK(http_server::check("nonsense", 0).has_error());
        CHECK(http_server::check("127.0.0.1", 0).has_value());
    }

    TEST_CASE("the address says which port was taken")
    {
        const http_server server = start(echo());
        CHECK(server.address().starts_with("127.0.0.1:"));
        CHECK(server.address() != "127.0.0.1:0");
    }
}
