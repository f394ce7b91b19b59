// One connection of the null backend: the PostgreSQL protocol without a database. It logs in, keeps
// the transaction's state and the session's settings (and reports those that PostgreSQL reports),
// takes COPY data, and gives fixed answers to everything else.
//
//   SHOW received     one row: the messages and the bytes that all clients together have sent since
//                     they logged in, this one included
#pragma once

#include "benchmarks/null_answers.hpp"
#include "pool/pgwire/frame.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::bench {

// Of all connections.
struct null_server {
    null_answers answers;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
};

class null_session {
public:
    explicit null_session(null_server& home) : home_(home) {}

    void receive(std::string_view fresh, std::string& out); // appends what it answers
    bool is_over() const { return over_; }

private:
    std::size_t take(std::string_view data, std::string& out); // 0: more is needed
    std::size_t start_up(std::string_view data, std::string& out);
    void on_frame(char type, pgwire::bytes body, std::string& out);
    void on_query(std::string_view sql, std::string& out);
    void run(std::string_view sql, std::string& out, bool with_description);
    bool run_transaction(std::string_view sql, std::string& out);
    void run_set(std::string_view sql, std::string& out);
    void run_select(std::string_view sql, std::string& out, bool with_description);
    void show_received(std::string& out) const;
    void set(std::string_view name, std::string_view value, std::string& out);
    void describe(std::string_view sql, std::string& out);

    null_server& home_;
    std::string partial_; // the front of a frame whose rest has not come
    std::unordered_map<std::string, std::string> statements_; // by name
    std::unordered_map<std::string, std::string> portals_;    // their statements' text
    std::map<std::string, std::string, std::less<>> settings_;
    char status_ = 'I';
    bool started_ = false;
    bool over_ = false;
    bool copying_ = false;        // COPY FROM STDIN is under way
    bool copy_is_simple_ = false; // and was begun by a Query
};

} // namespace weir::bench
