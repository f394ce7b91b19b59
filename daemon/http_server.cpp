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

namespace weir {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

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

    std::shared_ptr<const http_service> service_;
    std::shared_ptr<void> seat_ = std::make_shared<char>(); // its holders: us and each connection
    // Shared for the length of a post() by replies that come from other threads.
    std::shared_ptr<asio::io_context> io_ = std::make_shared<asio::io_context>(1);
    tcp::acceptor acceptor_{*io_};
    asio::steady_timer pause_{*io_};
    std::thread thread_;
};

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
        return error{sqlstate{"58030"},
                     "cannot serve metrics on " + address + " port " + std::to_string(port) + ": " +
                         failed.message(),
                     {},
                     "Choose another address with WEIR_METRICS (metrics.listen)."};
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
    acceptor_.open(at.protocol(), failed);
    if (!failed) // a restart must not wait for the connections of the last run to time out
        acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed)
        acceptor_.bind(at, failed);
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
    const auto connections = static_cast<std::size_t>(seat_.use_count() - 1);
    if (connections < service_->limits.connections)
        std::make_shared<http_connection>(std::move(client), io_, service_, seat_)->read_next();
}

} // namespace weir
