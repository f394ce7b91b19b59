// What the pages of the control thread are made of: a path comes in, a page goes out.
#pragma once

#include "daemon/http_hosts.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace weir {

struct http_page {
    unsigned status = 200;
    std::string content_type;
    std::string body;
};

// Says what the page is: once, from any thread (what comes later is ignored). The page itself is
// made on the control thread, so that the thread that knows the numbers need not print them.
using http_reply = std::function<void(std::function<http_page()>)>;

// Called on the control thread for GET and HEAD, with the path alone; it must not block.
using http_handler = std::function<void(const std::string& path, http_reply)>;

struct http_limits {
    std::size_t connections = 64;  // for one more the oldest that is idle has to go
    unsigned header_bytes = 8'192; // of a request; one with a body is refused
    std::chrono::milliseconds request{
        5'000};                              // from its first byte, or the connection's, to its end
    std::chrono::milliseconds idle{30'000};  // between two requests, or to take an answer
    std::chrono::milliseconds answer{5'000}; // for the handler, then 503
};

struct http_service {
    http_handler handler;
    http_limits limits = {};
    http_hosts hosts = http_hosts{};
};

} // namespace weir
