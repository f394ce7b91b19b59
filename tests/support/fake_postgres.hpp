// A PostgreSQL server without a database: it reads frames and answers as PostgreSQL 15 does, in one
// thread, when it is told. What it knows is the protocol: transactions, prepared statements,
// portals, skipping to Sync after an error, COPY, settings and when they are reported.
//
// It understands these statements, several in a Query separated by semicolons:
//   SELECT x      one row with "x", and the parameters if there are any     ROWS n   n rows
//   INSERT        no rows      NOTICE   a NoticeResponse first              NOTIFY   a notification
//   SYNTAX        fails when it is parsed                                   BOOM     when executed
//   BEGIN, COMMIT, ROLLBACK, SET [LOCAL] name = value, RESET ALL, DISCARD ALL, LISTEN x, UNLISTEN
//   x, DEALLOCATE [PREPARE] name|ALL, COPY IN, COPY OUT
#pragma once

#include "pool/core/error.hpp"
#include "pool/pgwire/frame.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

class fake_postgres {
public:
    void receive(std::string_view bytes);                   // any part of a message, or several
    std::string take(std::size_t most = std::string::npos); // of what it has flushed

    bool has_words() const { return !flushed_.empty(); }
    bool is_closed() const { return closed_; }
    char transaction_status() const { return status_; }
    bool ignores_until_sync() const { return ignoring_; }
    bool is_copying_in() const { return copy_.has_value(); }

    // A statement had a name here: weir must never let that happen.
    bool has_seen_a_name() const { return has_seen_a_name_; }
    const std::vector<std::string>& executed() const { return executed_; } // in order

    // From now on, as a hot standby refuses SERIALIZABLE.
    void refuse_begin() { refuses_begin_ = true; }

    // Says something that nobody asked for, now.
    void say(std::string_view frames) { flushed_ += frames; }

private:
    using settings = std::map<std::string, std::string>;
    struct portal {
        std::string sql;
        std::string parameters;
        unsigned rows_sent = 0;
        bool done = false;
    };
    struct copy_in {
        std::deque<std::string> rest; // of the Query that it is part of
        bool extended;
    };

    void on_frame(char type, pgwire::bytes body);
    void on_copy_frame(char type, pgwire::bytes body);
    void on_query(pgwire::field_reader in);
    void on_parse(pgwire::field_reader in);
    void on_bind(pgwire::field_reader in);
    void on_describe(pgwire::field_reader in);
    void on_execute(pgwire::field_reader in);
    void on_close(pgwire::field_reader in);
    void on_function_call();

    void run_rest(std::deque<std::string> statements);
    bool run(const std::string& sql, portal& p, unsigned limit, bool extended); // false: it failed
    bool run_set(const std::string& sql);
    bool fail(sqlstate code, std::string_view message);
    bool refused_in_failed_transaction(const std::string& sql);
    void end_transaction(bool commit);
    void complete(std::string_view tag);
    void ready();
    void flush();
    void fatal(std::string_view message);
    void describe(const std::string& sql);

    static settings at_login();

    std::string in_;
    std::string out_;
    std::string flushed_;
    std::map<std::string, std::string> statements_; // "" is the unnamed one
    std::map<std::string, portal> portals_;
    settings now_ = at_login();
    settings reported_ = now_;
    settings before_ = now_; // if the transaction is rolled back
    settings after_ = now_;  // if it is committed: now_ without what was SET LOCAL
    std::optional<copy_in> copy_;
    std::vector<std::string> executed_;
    char status_ = 'I';
    bool extended_ = false; // the message being read is one of the extended protocol
    bool ignoring_ = false;
    bool closed_ = false;
    bool refuses_begin_ = false;
    bool has_seen_a_name_ = false;
};

} // namespace weir::test
