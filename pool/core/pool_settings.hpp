// The knobs of one pool, already checked. Names and meanings are SQLAlchemy's QueuePool's and
// PgBouncer's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

// What happens to a client whose statements leave something on a server that no other server has.
enum class pin_policy : std::uint8_t {
    pin,    // it keeps the server until that is gone
    reset,  // it is not kept: the server is cleaned after the transaction
    reject, // such statements are refused with 0A000
};

struct pin_policies {
    pin_policy temp_tables = pin_policy::pin;
    pin_policy hold_cursors = pin_policy::pin;
    pin_policy advisory_locks = pin_policy::pin;
    pin_policy load = pin_policy::pin;
    pin_policy prepare = pin_policy::pin; // with allow_sql_prepare

    friend bool operator==(const pin_policies&, const pin_policies&) = default;
};

// When a server is cleaned before another client gets it.
enum class reset_policy : std::uint8_t {
    when_dirty, // when it has what weir cannot account for
    always,     // after every transaction, by DISCARD ALL
    never,      // not at all: what is left behind is the next client's
};

// What is done when the server has fewer connections to spare than the pool may want.
enum class budget_policy : std::uint8_t {
    warn,   // it is said
    fit,    // and the pool is made smaller
    refuse, // weir does not start
};

struct pool_settings {
    using milliseconds = std::chrono::milliseconds;

    unsigned size = 10;    // connections kept; 0 = no limit
    int max_overflow = 20; // connections beyond `size` under load; -1 = no limit
    budget_policy budget = budget_policy::warn;
    milliseconds timeout{30'000};    // how long a client waits for a connection
    milliseconds recycle{1'800'000}; // a connection older than this is replaced; negative = never
    bool pre_ping = true;            // check a connection that sat idle before use ...
    milliseconds pre_ping_after{30'000}; // ... for longer than this
    bool use_lifo = true;                // last used, first out
    milliseconds overflow_linger{
        5'000};                   // an idle overflow connection lives this long; 0 = not at all
    unsigned min_idle = 0;        // connections opened ahead of need, up to `size`
    milliseconds idle_timeout{0}; // an idle connection beyond min_idle is closed; 0 = never
    unsigned max_waiting = 0;     // clients in the queue before 53300 at once; 0 = no limit
    milliseconds connect_timeout{10'000};     // one login may take this long
    milliseconds query_timeout{0};            // a query that runs longer is cancelled; 0 = none
    milliseconds idle_transaction_timeout{0}; // a transaction in which nothing happens for longer
                                              // is rolled back; 0 = none
    milliseconds transaction_timeout{0};      // likewise one that lasts longer; 0 = none
    milliseconds log_min_duration{5'000};     // a transaction this long is logged; negative = none
    bool log_literals = false;                // with the literals of its last statement
    bool free_answers = true;    // probes are answered without a connection while the pool works
    bool hold_back_begin = true; // a transaction takes a connection at its first statement

    reset_policy reset = reset_policy::when_dirty;
    pin_policies pins{};
    int max_pinned = -1;            // servers kept by one client each; -1 = half of `size`
    bool allow_sql_prepare = false; // PREPARE and EXECUTE in SQL, which pin
    std::vector<std::string> stateful_functions{}; // functions that may SET, lock, create ...
    // A server for a whole connection: as DATABASE:session, or for these application_names.
    unsigned session_pool_size = 5; // 0 = not served
    std::vector<std::string> session_applications{"pg_dump", "pg_restore"};

    // Half of `size` is one of one; without a limit there is none here.
    unsigned pin_limit() const
    {
        if (max_pinned >= 0)
            return static_cast<unsigned>(max_pinned);
        return size == 0 ? UINT32_MAX : (size + 1) / 2;
    }

    friend bool operator==(const pool_settings&, const pool_settings&) = default;
};

} // namespace weir
