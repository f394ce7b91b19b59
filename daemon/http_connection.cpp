#include "daemon/http_connection.hpp"

#include "daemon/version.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/http/message_generator.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace weir {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

// A page has what weir itself serves and nothing else, and is in nobody's frame.
constexpr const char* policy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

} // namespace

http_connection::http_connection(asio::ip::tcp::socket socket,
                                 std::weak_ptr<asio::io_context> io,
                                 std::shared_ptr<const http_service> service)
    : io_(std::move(io)), service_(std::move(service)), stream_(std::move(socket)),
      patience_(stream_.get_executor())
{
}

// A connection may be kept for long, but a request that has begun has to come.
void http_connection::read_next()
{
    idle_since_ = std::chrono::steady_clock::now();
    if (!std::exchange(is_kept_, true) || buffer_.size() > 0)
        return read_request();
    stream_.expires_after(service_->limits.idle);
    stream_.async_read_some(buffer_.prepare(4'096),
                            [self = shared_from_this()](error_code failed, std::size_t n) {
                                self->buffer_.commit(n);
                                if (!failed)
                                    self->read_request();
                            });
}

void http_connection::close() { stream_.close(); }

void http_connection::read_request()
{
    request_.emplace();
    request_->header_limit(service_->limits.header_bytes);
    stream_.expires_after(service_->limits.request);
    http::async_read(
        stream_,
        buffer_,
        *request_,
        [self = shared_from_this()](error_code failed, std::size_t) { self->on_request(failed); });
}

void http_connection::on_request(error_code failed)
{
    if (failed == http::error::end_of_stream || failed == beast::error::timeout)
        return;
    if (request_->is_header_done()) {
        const http::verb method = request_->get().method();
        if (method != http::verb::get && method != http::verb::head)
            return refuse(405, "only GET and HEAD are understood");
    }
    if (failed == http::error::header_limit)
        return refuse(431, "the request is too large");
    if (failed == http::error::unexpected_body)
        return refuse(413, "no request here has a body");
    if (failed && failed.category() == error_code{http::error::bad_version}.category())
        return refuse(400, "this is no HTTP request: " + failed.message());
    if (failed)
        return; // the socket broke
    if (!is_asked_by_a_name_of_ours())
        return refuse(421,
                      "this is not the host that was asked for: use an IP address or localhost, or "
                      "have the name in metrics.hosts");
    ask_for_page();
}

// HTTP/1.0 need not say Host, and no browser speaks it.
bool http_connection::is_asked_by_a_name_of_ours() const
{
    const auto host = request_->get().find(http::field::host);
    return host == request_->get().end() ? request_->get().version() < 11
                                         : service_->hosts.admit(host->value());
}

void http_connection::ask_for_page()
{
    stream_.expires_never();
    idle_since_.reset();
    waits_for_page_ = true;
    const std::uint64_t number = ++asked_;
    patience_.expires_after(service_->limits.answer);
    patience_.async_wait([self = shared_from_this(), number](error_code stopped) {
        if (!stopped && self->asked_ == number)
            self->on_page({503,
                           "text/plain; charset=utf-8",
                           "weir is alive, but its event loop did not answer in time\n"});
    });

    const std::string target{request_->get().target()};
    service_->handler(target.substr(0, target.find('?')),
                      [io = io_, self = weak_from_this(), number](std::function<http_page()> page) {
                          const auto running = io.lock();
                          if (!running)
                              return; // the server is gone, and with it whoever asked
                          asio::post(*running, [self, number, page = std::move(page)] {
                              if (const auto here = self.lock(); here && here->asked_ == number)
                                  here->on_page(page());
                          });
                      });
}

void http_connection::on_page(http_page page)
{
    if (!std::exchange(waits_for_page_, false))
        return;
    patience_.cancel();
    send(std::move(page), request_->get().keep_alive());
}

void http_connection::refuse(unsigned status, std::string sentence)
{
    send({status, "text/plain; charset=utf-8", std::move(sentence) + "\n"}, false);
}

void http_connection::send(http_page page, bool keep_alive)
{
    http::response<http::string_body> response;
    response.result(page.status);
    response.set(http::field::server, "weir/" + std::string{version()});
    response.set(http::field::content_type, page.content_type);
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.set("Content-Security-Policy", policy);
    if (page.status == 405)
        response.set(http::field::allow, "GET, HEAD");
    response.keep_alive(keep_alive);
    response.body() = std::move(page.body);
    response.prepare_payload(); // the length, which HEAD is told as well
    if (request_->get().method() == http::verb::head)
        response.body().clear();

    idle_since_ = std::chrono::steady_clock::now();
    stream_.expires_after(service_->limits.idle);
    beast::async_write(stream_,
                       http::message_generator{std::move(response)},
                       [self = shared_from_this(), keep_alive](error_code failed, std::size_t) {
                           if (!failed && keep_alive)
                               self->read_next();
                           else
                               self->linger();
                       });
}

// Closing a socket with bytes unread resets it, and the client may lose the answer that says what
// is wrong with them. So they are read, for as long as a client may reasonably go on sending.
void http_connection::linger()
{
    error_code ignored; // the client may be the one who left
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    stream_.expires_after(std::min<std::chrono::milliseconds>(service_->limits.idle, 1s));
    read_to_nowhere(65'536);
}

void http_connection::read_to_nowhere(std::size_t at_most)
{
    stream_.async_read_some(buffer_.prepare(4'096),
                            [self = shared_from_this(), at_most](error_code failed, std::size_t n) {
                                if (!failed && n < at_most)
                                    self->read_to_nowhere(at_most - n);
                            });
}

} // namespace weir
