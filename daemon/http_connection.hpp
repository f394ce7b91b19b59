// One HTTP connection: read a request, ask for the page, write it, and again while it is kept
// alive. It lives in the handlers of what it waits for: whoever waits for nothing more is closed.
#pragma once

#include "daemon/http_handler.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace weir {

class http_connection : public std::enable_shared_from_this<http_connection> {
public:
    using time_point = std::chrono::steady_clock::time_point;

    http_connection(boost::asio::ip::tcp::socket,
                    std::weak_ptr<boost::asio::io_context>,
                    std::shared_ptr<const http_service>);

    void read_next();

    // Since when it has been waiting for its client; nothing: the client waits for its page.
    std::optional<time_point> idle_since() const { return idle_since_; }
    void close();

private:
    using error_code = boost::system::error_code;

    void read_request();
    void on_request(error_code);
    bool is_asked_by_a_name_of_ours() const;
    void ask_for_page();
    void on_page(http_page);
    void refuse(unsigned status, std::string sentence); // and close
    void send(http_page, bool keep_alive);
    void linger();
    void read_to_nowhere(std::size_t at_most);

    // For replies, which come from threads that may outlive the control thread.
    std::weak_ptr<boost::asio::io_context> io_;
    std::shared_ptr<const http_service> service_;
    boost::beast::tcp_stream stream_;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> request_;
    boost::asio::steady_timer patience_;
    std::uint64_t asked_ = 0;     // numbers the questions: a late reply is told from a due one
    bool waits_for_page_ = false; // ... and a second reply from the first
    bool is_kept_ = false;        // for another request than its first
    std::optional<time_point> idle_since_;
};

} // namespace weir
