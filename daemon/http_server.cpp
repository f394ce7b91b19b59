#include "daemon/http_server.hpp"

#include "daemon/http_connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <pthread.h>

#include <chrono>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

namespace weir {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

void bind(tcp::acceptor& acceptor, const tcp::endpoint& to, error_code& failed)
{
    acceptor.open(to.protocol(), failed);
    if (!failed) // a restart must not wait for the connections of the last run to time out
        acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed)
        acceptor.bind(to, failed);
}

error cannot_serve(const std::string& address, std::uint16_t port, const error_code& why)
{
    return {"58030",
            "cannot serve metrics on " + address + " port " + std::to_string(port) + ": " +
                why.message(),
            {},
            "Choose another address with WEIR_METRICS (metrics.listen)."};
}

} // namespace

// Everything in it happens on its thread, once run() is called.
class http_server::control_thread {
public:
    explicit control_thread(http_service service)
        : service_(std::make_shared<const http_service>(std::move(service)))
    {
    }
    ~control_thread()
    {
        io_->stop();
        if (thread_.joinable())
            thread_.join();
    }

    void listen(const tcp::endpoint&, error_code& failed);
    tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    void run();
    void post(std::function<void()> task) { asio::post(*io_, std::move(task)); }

private:
    void accept_next();
    void on_client(tcp::socket);
    bool make_room();

    std::shared_ptr<const http_service> service_;
    std::vector<std::weak_ptr<http_connection>> clients_; // and some that have gone
    // Shared for the length of a post() by replies that come from other threads.
    std::shared_ptr<asio::io_context> io_ = std::make_shared<asio::io_context>(1);
    tcp::acceptor acceptor_{*io_};
    asio::steady_timer pause_{*io_};
    std::thread thread_;
};

result<void> http_server::check(const std::string& address, std::uint16_t port)
{
    error_code failed;
    const tcp::endpoint wanted{asio::ip::make_address(address, failed), port};
    asio::io_context alone;
    tcp::acceptor acceptor(alone);
    if (!failed)
        bind(acceptor, wanted, failed);
    return failed ? cannot_serve(address, port, failed) : result<void>{};
}

result<http_server>
http_server::start(const std::string& address, std::uint16_t port, http_service service)
{
    error_code failed;
    const tcp::endpoint wanted{asio::ip::make_address(address, failed), port};
    http_server server;
    server.thread_ = std::make_unique<control_thread>(std::move(service));
    if (!failed)
        server.thread_->listen(wanted, failed);
    if (failed)
        return cannot_serve(address, port, failed);
    std::ostringstream text;
    text << server.thread_->endpoint();
    server.address_ = text.str();
    server.thread_->run();
    return server;
}

http_server::http_server(http_server&&) noexcept = default;
http_server& http_server::operator=(http_server&&) noexcept = default;
http_server::~http_server() = default;

void http_server::post(std::function<void()> task) { thread_->post(std::move(task)); }

void http_server::control_thread::listen(const tcp::endpoint& at, error_code& failed)
{
    bind(acceptor_, at, failed);
    if (!failed)
        acceptor_.listen(asio::socket_base::max_listen_connections, failed);
}

void http_server::control_thread::run()
{
    accept_next();
    thread_ = std::thread([io = io_.get()] { io->run(); });
    ::pthread_setname_np(thread_.native_handle(), "weir-control");
}

void http_server::control_thread::accept_next()
{
    acceptor_.async_accept([this](error_code failed, tcp::socket client) {
        if (!failed) {
            on_client(std::move(client));
            return accept_next();
        }
        // Out of descriptors, most likely: the client stays in the backlog, so asking again at
        // once would spin.
        pause_.expires_after(std::chrono::milliseconds{100});
        pause_.async_wait([this](error_code stopped) {
            if (!stopped)
                accept_next();
        });
    });
}

void http_server::control_thread::on_client(tcp::socket client)
{
    std::erase_if(clients_, [](const auto& c) { return c.expired(); });
    if (clients_.size() >= service_->limits.connections && !make_room())
        return;
    const auto made = std::make_shared<http_connection>(std::move(client), io_, service_);
    clients_.push_back(made);
    made->read_next();
}

// Whoever keeps connections and asks for nothing must not keep those out who do. False: all are
// about to be answered.
bool http_server::control_thread::make_room()
{
    auto oldest = clients_.end();
    for (auto c = clients_.begin(); c != clients_.end(); ++c) {
        const auto since = c->lock()->idle_since();
        if (since && (oldest == clients_.end() || since < oldest->lock()->idle_since()))
            oldest = c;
    }
    if (oldest == clients_.end())
        return false;
    oldest->lock()->close();
    clients_.erase(oldest);
    return true;
}

} // namespace weir
