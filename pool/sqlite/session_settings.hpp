// What SET, RESET and SHOW speak of: PostgreSQL's settings, those that change something here and
// those that clients merely set. A transaction that is rolled back takes its SETs along.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/link.hpp"
#include "pool/sqlite/values.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

class session_settings {
public:
    session_settings();

    // SET name = values, SET LOCAL; a single value DEFAULT is reset(). Refusals are PostgreSQL's:
    // 42704 (no such setting), 22023 (no such value), 55P02 (not to be changed).
    result<void> set(std::string_view name, std::span<const std::string> values, bool local);
    result<void> reset(std::string_view name); // "all" for RESET ALL
    result<std::string> show(std::string_view name) const;
    std::vector<std::pair<std::string, std::string>> show_all() const;

    // The name as PostgreSQL spells it: "timezone" is TimeZone.
    static std::string spelling(std::string_view name);

    // The transaction's life; savepoints are numbered from 0.
    void begin();
    void commit();
    void rollback();
    void savepoint();
    void release(std::size_t savepoint);
    void rollback_to(std::size_t savepoint);
    // For the transaction alone: transaction_isolation, transaction_read_only.
    void set_for_transaction(std::string_view name, std::string value);

    // What a server reports at login and whenever it changes.
    parameter_list reported() const;

    const output_settings& output() const { return output_; }
    std::string_view get(std::string_view name) const; // a known one's value
    bool is_on(std::string_view name) const { return get(name) == "on"; }
    std::chrono::milliseconds statement_timeout() const { return statement_timeout_; } // 0: none
    std::chrono::milliseconds lock_timeout() const { return lock_timeout_; }

private:
    using overrides = std::map<std::string, std::string, std::less<>>;
    struct state {
        std::shared_ptr<const overrides> now;     // what counts
        std::shared_ptr<const overrides> lasting; // what counts after the transaction
    };

    void put(std::string_view name, std::string value, bool local);
    std::chrono::milliseconds milliseconds(std::string_view name) const;
    void changed(); // brings what is asked for often up to date

    state state_;
    std::vector<state> undo_; // [0] as at BEGIN, then one for each savepoint
    output_settings output_;
    std::chrono::milliseconds statement_timeout_{0};
    std::chrono::milliseconds lock_timeout_{0};
};

} // namespace weir::sqlite
