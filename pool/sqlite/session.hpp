// One server of the SQLite backend: it reads PostgreSQL's messages from its end of a socket pair,
// runs them on the file and writes the replies, on a thread of its own and in plain blocking code.
#pragma once

#include "pool/core/error.hpp"
#include "pool/pgwire/frame.hpp"
#include "pool/sqlite/cancellation.hpp"
#include "pool/sqlite/channel.hpp"
#include "pool/sqlite/dialect/statement.hpp"
#include "pool/sqlite/lru_map.hpp"
#include "pool/sqlite/portal.hpp"
#include "pool/sqlite/session_settings.hpp"
#include "pool/sqlite/shared_catalog.hpp"
#include "pool/sqlite/transaction.hpp"
#include "pool/sqlite/write_queue.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

class parse_tree;

// What the sessions of one file share.
struct session_home {
    std::string database; // the name that current_database() tells
    write_queue& writers;
    shared_catalog& tables;
};

class session {
public:
    session(session_home home,
            std::unique_ptr<open_file> reader,
            int descriptor, // taken over
            cancellation& stop,
            int process_id);

    void serve(); // until the client closes or says Terminate

private:
    struct prepared {
        std::string text;
        std::vector<oid> given;                         // the types that Parse named
        std::shared_ptr<const analysed_statement> plan; // nothing for the empty query
    };
    using plan_ptr = std::shared_ptr<const analysed_statement>;

    // session.cpp: messages.
    bool handle(const channel::frame& frame); // false: the conversation is over
    void simple_query(pgwire::bytes body);
    result<void> run_text(const std::string& text);
    result<void> run_last_or_not(const plan_ptr& plan, bool is_last);
    bool handle_extended(const channel::frame& frame);
    result<void> parse(pgwire::bytes body);
    result<void> bind(pgwire::bytes body);
    result<void> describe(pgwire::bytes body);
    result<void> execute(pgwire::bytes body);
    result<void> close(pgwire::bytes body);
    void sync();
    void ready();
    void fail(error what);
    void warn(error what);
    void say_goodbye(error what); // FATAL

    // session_plans.cpp: from text to plan, and what messages say about a plan.
    result<std::shared_ptr<const catalog>> tables();
    // From the cache; nothing when it is not there.
    result<plan_ptr> plan_known(std::string_view text, std::span<const oid> given);
    // Of a text with one statement at most; nothing for the empty query.
    result<plan_ptr> plan_single(const std::string& text, std::span<const oid> given);
    result<plan_ptr> plan_of(const parse_tree& tree, std::size_t index, std::span<const oid> given);
    result<void> refresh(prepared& p); // after the tables have changed
    result<parameter_values> read_parameters(pgwire::field_reader& in, const prepared& from) const;
    void write_parameter_description(const analysed_statement* plan);
    void write_row_description(const analysed_statement& plan,
                               std::span<const wire_format> formats);

    // session_commands.cpp: what is run.
    struct outcome {
        std::string tag;
        bool is_suspended = false;
    };
    result<outcome> run(portal& p, std::size_t limit);
    result<outcome> run_rows(portal& p, std::size_t limit);
    result<outcome> define(const analysed_statement& plan);
    result<outcome> begin(const analysed_statement& plan);
    result<outcome> commit(const analysed_statement& plan);
    result<outcome> rollback(const analysed_statement& plan);
    void chain();
    result<outcome> savepoint(const analysed_statement& plan);
    result<outcome> show(const analysed_statement& plan);
    result<outcome> set(const analysed_statement& plan);
    result<outcome> discard(const analysed_statement& plan);
    result<outcome> deallocate(const analysed_statement& plan);
    result<outcome> declare(portal& p);
    result<outcome> fetch(portal& p);
    result<outcome> close_cursor(const analysed_statement& plan);
    result<outcome> nothing(const analysed_statement& plan);
    result<void> check_state(const analysed_statement& plan) const; // 25P02, 34000
    std::vector<result_column> columns_of(const analysed_statement& plan) const;

    // The transaction around them.
    void start_statement();
    void start_transaction();
    result<void> commit_transaction();
    void rollback_transaction();
    void end_transaction();
    void tell_context();           // of changed settings
    transaction_mode mode() const; // as the settings say
    result<open_file*> place(const analysed_statement& plan);

    session_home home_;
    std::unique_ptr<open_file> reader_;
    channel channel_;
    cancellation& stop_;
    function_context context_; // what the next statement's connection is told
    session_settings settings_;
    parameter_list reported_; // what the client knows
    transaction transaction_;

    lru_map<plan_ptr> plans_{256}; // by text and parameter types; of plans_tables_
    std::shared_ptr<const catalog> plans_tables_;
    std::string plans_zone_;
    std::shared_ptr<const catalog> own_tables_; // of this transaction, once it defines something
    bool has_defined_ = false;                  // in this transaction

    std::map<std::string, prepared, std::less<>> prepared_;
    std::map<std::string, portal, std::less<>> portals_; // destroyed before the connections
    bool is_skipping_ = false;                           // after an error, up to Sync
};

} // namespace weir::sqlite
