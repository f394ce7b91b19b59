// One connection of weir's own to a database, outside the pool: simple queries over a link, in
// plain blocking code. For migrations and for asking a running weir's console; never on the loop.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/link.hpp"

#include <chrono>
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

    explicit direct_connection(std::unique_ptr<link> over);

    void on_notice(notice_handler handler) { on_notice_ = std::move(handler); }

    // One simple Query; the last statement's result. An error is the server's, with its SQLSTATE;
    // a lost connection is 08006, after which is_lost() and every further query says so again. When
    // `stop` is asked for, what runs is cancelled and 57014 answered.
    result<query_result> query(std::string_view sql, std::stop_token stop = {});

    bool is_lost() const { return is_lost_; }
    bool in_transaction() const { return status_ != 'I'; }

private:
    std::unique_ptr<link> link_;
    notice_handler on_notice_;
    char status_ = 'I';
    bool is_lost_ = false;
};

} // namespace weir
