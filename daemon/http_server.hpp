// Serves a few small pages to a scraper and to an orchestrator's probes, on the control thread,
// which is its own. It distrusts its clients: sizes, times and their number are bounded.
#pragma once

#include "daemon/http_handler.hpp"
#include "pool/core/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weir {

class http_server {
public:
    // Whether start() could have this address now. It is taken for a moment, and nobody can connect
    // to it then.
    static result<void> check(const std::string& address, std::uint16_t port);

    // `address` is IPv4 or IPv6; port 0 takes any that is free. The thread runs until the server
    // is destroyed; replies may come later than that.
    static result<http_server> start(const std::string& address, std::uint16_t port, http_service);

    http_server(http_server&&) noexcept;
    http_server& operator=(http_server&&) noexcept;
    ~http_server();

    void post(std::function<void()> task); // carried out on the control thread

    const std::string& address() const { return address_; } // "127.0.0.1:9127", "[::1]:9127"

private:
    class control_thread;

    http_server() = default;

    std::unique_ptr<control_thread> thread_;
    std::string address_;
};

} // namespace weir
