// A client of a link that speaks in frames: what a driver would send, and what comes back in a form
// that tests can compare with strings.
#pragma once

#include "pool/core/link.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

struct reply {
    char type = 0;
    std::string body;
};

class frame_client {
public:
    explicit frame_client(std::unique_ptr<link> to) : link_(std::move(to)) {}

    link& connection() { return *link_; }
    void hang_up() { link_.reset(); }

    void send(std::string_view bytes); // whole frames, or parts of one
    // The next message; type 0 when the server is gone.
    reply receive();
    bool has_reply(std::chrono::milliseconds within);

    // Up to and with ReadyForQuery.
    std::vector<reply> receive_all();

    // A simple query's replies, a word each: "T(id,name) D(1,a) D(2,NULL) C(SELECT 2) Z(I)";
    // errors as E(SQLSTATE), or with their text when `with_messages`.
    std::string query(std::string_view sql);
    std::string summary(); // of receive_all()
    bool with_messages = false;

private:
    bool wait_readable(std::chrono::milliseconds within);

    std::unique_ptr<link> link_;
    std::string in_;
};

// Messages of the extended protocol, ready to send.
std::string
parse(std::string_view name, std::string_view sql, std::vector<std::uint32_t> types = {});
std::string bind(std::string_view portal,
                 std::string_view statement,
                 std::vector<std::string> parameters = {},
                 bool binary = false); // both parameters and results
std::string describe(char what, std::string_view name);
std::string execute(std::string_view portal, std::uint32_t limit = 0);
std::string close(char what, std::string_view name);
std::string sync_message();

} // namespace weir::test
