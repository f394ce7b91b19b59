// One connection of weir's own to a database, outside the pool: simple queries over a link, in
// plain blocking code. For migrations and for asking a running weir's console; never on the loop.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/link.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct query_result {
    std::vector<std::string> columns;
    std::vector<std::vector<std::optional<std::string>>> rows; // nothing: NULL
    std::string tag;
};

class direct_connection {
public:
    using notice_handler = std::function<void(std::string_view severity, std::string_view words)>;

    // What a stop does to a query on its way: a database cancels it and goes on; a weir's console
    // knows no cancel request, and one that hangs would not answer to it, either.
    enum class when_stopped : std::uint8_t { cancel, leave };

    explicit direct_connection(std::unique_ptr<link> over,
                               when_stopped does = when_stopped::cancel);
    ~direct_connection(); // says Terminate where the server waits for a message

    void on_notice(notice_handler handler) { on_notice_ = std::move(handler); }

    // One simple Query; the last statement's result, which may have up to 64 MB. An error is the
    // server's, with its SQLSTATE. A lost connection is 08006, unless the server said farewell in
    // words of its own; then is_lost(), and every further query says so again. When `stop` is
    // asked for, what runs is cancelled, or left, and 57014 answered. No answer `within` the time
    // loses the connection; 0: it may take as long as it takes.
    result<query_result>
    query(std::string_view sql, std::stop_token stop = {}, std::chrono::milliseconds within = {});

    // The same for its effect alone: rows, of whatever number, are dropped; the last tag remains.
    result<std::string> execute(std::string_view sql, std::stop_token stop = {});

    // Between queries: takes in what the server says unasked, without blocking. A descriptor that
    // becomes readable asks for this; false means that the connection is lost.
    bool listen();
    int descriptor() const { return link_->descriptor(); }

    bool is_lost() const { return is_lost_; }
    bool in_transaction() const { return status_ != 'I'; }

private:
    class exchange; // one query on its way

    error lost() const;
    void lose(error why);

    std::unique_ptr<link> link_;
    when_stopped when_stopped_;
    notice_handler on_notice_;
    std::vector<std::byte> in_; // received, and not yet a whole message
    std::size_t filled_ = 0;
    char status_ = 'I';
    bool is_lost_ = false;
    error farewell_; // why it is lost
};

} // namespace weir
