// PURE. One client of the console: its frames in, replies and commands out. A command is carried
// out elsewhere, one at a time, and may take its time.
#pragma once

#include "daemon/console/command.hpp"
#include "pool/pgwire/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::console {

enum class verdict : std::uint8_t {
    need_more, // call again with more behind the same bytes
    answer,    // `size` bytes are done; what was appended to `out` goes to the client
    carry_out, // `size` bytes are done: carry out asked(), tell reply(), and only then go on
    terminate, // the client says goodbye
    violation, // FATAL to the client: what was appended to `out`; then the connection is closed
};

struct ruling {
    verdict what{};
    std::size_t size = 0;
};

struct greeting {
    std::string_view user;
    std::string_view version; // weir's
    std::uint32_t id = 0;     // the cancel key
    std::uint32_t secret = 0;
};

class session {
public:
    // What follows a StartupMessage, up to the first ReadyForQuery.
    static void welcome(std::string& out, const greeting& to);

    // Not while it is busy. Each command asks anew whether its client is an operator.
    ruling next(pgwire::bytes in, bool is_operator, std::string& out);

    bool is_busy() const { return busy_ != mode::none; }
    const command& asked() const { return asked_; }
    void notice(std::string_view words, std::string& out) const;
    void reply(const result<rows>& outcome, std::string& out);

private:
    enum class mode : std::uint8_t { none, simple, extended };
    struct portal {
        command what;
        std::vector<std::uint16_t> formats;
        rows left = {};       // of its answer
        bool is_done = false; // it has been carried out
    };

    ruling judge(char type, pgwire::bytes body, std::size_t size, std::string& out);
    ruling on_query(std::string_view sql, std::size_t size, std::string& out);
    void on_parse(pgwire::field_reader body, std::string& out);
    void on_bind(pgwire::field_reader body, std::string& out);
    void on_describe(pgwire::field_reader body, std::string& out);
    void on_close(pgwire::field_reader body, std::string& out);
    ruling on_execute(pgwire::field_reader body, std::size_t size, std::string& out);
    void on_sync(std::string& out);

    std::optional<error> refusal_of(const command& what) const;
    bool answers(const command& what, std::string& out);
    void send_rows(portal& from, std::string& out);
    void fail(const error& why, std::string& out); // in the extended protocol: until the next Sync

    std::map<std::string, command, std::less<>> statements_;
    std::map<std::string, portal, std::less<>> portals_;
    command asked_;
    std::string asked_by_;          // the portal
    std::uint32_t row_limit_ = 0;   // of its Execute; 0 = none
    char transaction_status_ = 'I'; // what a driver has made of BEGIN and COMMIT
    mode busy_ = mode::none;
    bool skip_to_sync_ = false;
    bool is_operator_ = false; // as of the message it judges
};

} // namespace weir::console
