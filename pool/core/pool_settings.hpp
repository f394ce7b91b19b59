// The knobs of one pool, already checked. Names and meanings are SQLAlchemy's QueuePool's and
// PgBouncer's.
#pragma once

#include <chrono>

namespace weir {

struct pool_settings {
    using milliseconds = std::chrono::milliseconds;

    unsigned size = 10;              // connections kept; 0 = no limit
    int max_overflow = 20;           // connections beyond `size` under load; -1 = no limit
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
    bool free_answers = true;    // probes are answered without a connection while the pool works
    bool hold_back_begin = true; // a transaction takes a connection at its first statement

    friend bool operator==(const pool_settings&, const pool_settings&) = default;
};

} // namespace weir
