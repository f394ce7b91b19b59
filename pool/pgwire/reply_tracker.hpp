// What a server still owes. It is told each request in the order it is sent, reads the answers as
// they come, and knows which belong to the client, which were asked by weir itself, and when the
// server is free: every answer has arrived and the last ReadyForQuery says 'I'.
#pragma once

#include "pool/core/error.hpp"
#include "pool/pgwire/channel_journal.hpp"
#include "pool/pgwire/channel_script.hpp"
#include "pool/pgwire/frame.hpp"
#include "pool/pgwire/prepared_statements.hpp"
#include "pool/pgwire/ring.hpp"
#include "pool/pgwire/session_effects.hpp"
#include "pool/pgwire/statement_note.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::pgwire {

enum class request : std::uint8_t {
    query,              // Query: anything, then ReadyForQuery
    function_call,      // FunctionCall: likewise
    sync,               // Sync: ReadyForQuery
    parse,              // Parse: '1'
    bind,               // Bind: '2'
    describe_statement, // Describe 'S': 't', then 'T' or 'n'
    describe_portal,    // Describe 'P': 'T' or 'n'
    execute,            // Execute: rows or COPY, then 'C', 'I' or 's'
    close,              // Close: '3'
    copy_end,           // CopyDone or CopyFail: no answer of its own, but it ends a COPY IN
};

enum class reply_kind : std::uint8_t {
    need_more, // a frame that must be seen whole is not: call again with more behind the same bytes
    forward,   // `size` bytes are the client's
    swallow,   // `size` bytes answer what weir asked
    replace,   // `size` bytes go, `bytes` take their place
    row,       // `size` bytes are a DataRow that expect_inventory() asked for
    parameter, // `size` bytes are a ParameterStatus: `name`, `value`; the client's if `for_client`
    failure,   // `size` bytes are an ErrorResponse with SQLSTATE `value`; the client's if
               // `for_client`
    malformed, // this server cannot be trusted any more
};

struct reply {
    reply_kind kind{};
    std::size_t size = 0;
    bool for_client = true;
    std::string_view name = {}; // of a failure: its severity
    std::string_view value = {};
    std::string_view bytes = {};   // valid until the next call
    bool ends_transaction = false; // a ReadyForQuery for the client, which says 'I'
    bool has_notified = false;     // and the transaction may have been one with a NOTIFY
};

class reply_tracker {
public:
    // The unnamed statement's slot on the server, as far as it is known.
    enum class slot : std::uint8_t { unknown, empty, holds };

    // A client's lease begins: its names are what Parse and Close change. They must outlive the
    // lease, or be taken away by detach().
    void attach(prepared_statements& names);
    // Nobody reads the answers any more: all that come are swallowed.
    void detach();

    // --- up: what is sent ---------------------------------------------------------------------
    // False: the server will not read it as a request, but skip it or fail a COPY by it.
    bool expect(request what, statement_trait trait = statement_trait::plain);
    bool expect_swallowed(request what); // asked by weir: the client does not see the answer
    void expect_inventory();             // likewise a Query, whose rows are told
    // Fails on purpose; the client gets `why` instead of the server's words.
    bool expect_poisoned(request what, error why);
    // The request changes what `name` means (null: nothing any more); taken back if the server
    // fails or never gets to it.
    bool expect_change(request what,
                       std::string_view name,
                       statement_ptr after,
                       statement_trait trait = statement_trait::plain);

    // The Parse, Bind and Execute of a BEGIN that weir has answered before, and the Close of its
    // portal. If it fails, nothing that stands behind it may run, and a server skips what follows.
    void expect_begin();

    // What the request just expected may do to the session; forgotten when it is taken, and when a
    // lease begins. Said when it is sent, since a statement that fails may leave locks behind.
    void touch(const session_effects& effects);
    // Who is to hear of what ends transactions and of the scripts; until the lease ends.
    void report_to(channel_journal& journal) { journal_ = &journal; }
    // The request just expected has this to say about channels.
    void add_script(channel_script_ptr script);
    // And it may NOTIFY.
    void expect_notifications() { requests_.back().notifies = true; }
    // What the client has asked for, in its own words; of this lease.
    statement_note& note() { return note_; }
    const statement_note& note() const { return note_; }

    // What is LISTENed to on this server is its client's own, until the lease ends.
    void pass_notifications() { passes_notifications_ = true; }

    slot unnamed() const { return slot_in_doubt_ ? slot::unknown : slot_; }
    const prepared_statement* unnamed_statement() const
    {
        return slot_in_doubt_ ? nullptr : slot_holds_.get();
    }
    void set_unnamed(statement_ptr statement); // by the request just expected; null: it is empty

    // What `name` means hangs on answers that are on their way: a request that changes it was sent,
    // which the server may fail or skip, and behind it one that it will not skip.
    bool is_undecided(std::string_view name) const;
    bool has_undecided() const { return changes_left_behind_ > 0 && !copying_in_; }

    // After an error in the extended protocol the server ignores everything up to Sync.
    bool ignores_until_sync() const { return ignoring_; }
    // Whether that BEGIN has worked is not known yet, and what it was sent for is complete.
    bool must_wait() const;

    // --- down: what arrives --------------------------------------------------------------------
    reply next(bytes in);

    // Answers are on their way. After Parse and Flush they may all be here while the server, which
    // has seen no Sync yet, is still in the middle of a transaction of its own.
    bool owes() const { return !requests_.empty() || body_left_ > 0; }
    // The client has been sent the front of a message, and can be told nothing until its end.
    bool is_mid_answer() const { return body_left_ > 0 && !body_swallowed_; }
    bool is_synced() const { return synced_; }
    bool needs_sync() const; // the server waits for a Sync that has not been sent
    bool settled() const { return !owes() && synced_ && status_ == 'I'; }
    bool copying_in() const { return copying_in_; }
    char transaction_status() const { return status_; }

    // How much has been answered so far: requests, and transactions that have ended.
    std::uint64_t answers() const { return answers_; }
    std::uint64_t transactions() const { return transactions_; }
    // weir itself has asked for a cancel: if it works, the client is told `why`.
    void explain_cancel(error why) { explanation_ = std::make_unique<const error>(std::move(why)); }

    // That BEGIN has failed, and with it the Query behind it: a Sync brings the ReadyForQuery that
    // the client waits for.
    bool wants_sync() const { return sync_wanted_; }
    // The client believes to be in a transaction, and the server knows of none; reading clears it.
    bool take_begin_failed() { return std::exchange(begin_failed_, false); }

    // Why its client keeps it between transactions; whoever holds the lease says so.
    state_set pinned() const { return pinned_; }
    void set_pinned(state_set why) { pinned_ = why; }

    // What may have become of the session, and nobody knows without asking the server.
    const session_effects& touched() const { return touched_; }
    session_effects take_touched() { return std::exchange(touched_, {}); }
    bool has_touched() const { return settings_reset_ || !touched_.empty(); }
    // The client has gone back to its startup settings for certain (DISCARD ALL, or RESET ALL
    // outside a transaction); reading clears it.
    bool take_settings_reset() { return std::exchange(settings_reset_, false); }

private:
    struct pending {
        request what{};
        statement_trait trait = statement_trait::plain;
        bool swallowed = false;
        bool poisoned = false;
        bool begins = false;   // part of expect_begin()
        bool answered = false; // a Query or FunctionCall has got more than its ReadyForQuery
        bool has_script = false;
        bool notifies = false;
        bool reads_rows = false;
        bool has_reset = false; // RESET ALL was completed; it counts when its transaction does
        std::uint8_t changes = 0;
    };
    struct change {
        std::string name;
        statement_ptr before;
        bool of_all = false; // names; what becomes of them is done when the tag tells
    };

    struct open_script {
        channel_script_ptr script;
        std::size_t next = 0; // step

        const channel_step* take(std::string_view tag);
    };

    bool push(const pending& p); // false: the server will not read it as a request
    void pop();
    void withdraw(std::size_t index, bool failed_itself);
    void add_change(std::string_view name, statement_ptr after);
    void note_change(change what);
    void undo_changes(std::size_t index, bool failed_itself);
    void forget_names();
    void drop_unnamed();
    void forget_unnamed();
    reply on_notification(const frame_header& h, std::size_t available);
    reply inspect(const frame_header& h, bytes body);
    reply pass(std::size_t size) const;
    reply end_describe(const frame_header& h);
    reply on_ready(bytes body);
    reply on_error(bytes body);
    reply explained(const reply& r);
    reply on_complete(bytes body);
    void on_copy_in();
    void take_back(std::size_t change, bool failed_itself);
    const channel_step* note_for_journal(std::string_view tag);
    void note_tag(std::string_view tag, pending& request);
    void note_unseen(std::string_view tag);
    bool is_swallowed() const;
    bool is_expected(char type) const;
    bool take_quietly(const frame_header& h, bytes rest);
    bool completes_quietly() const;
    bool may_end_run(const frame_header& h, bytes rest) const;

    ring<pending> requests_;
    ring<change> changes_; // of the pending that have some, in order
    // So many of them, the first, are of requests behind which a Sync or Query has been sent.
    std::size_t changes_left_behind_ = 0;
    ring<error> poisons_;       // one for each poisoned, in order
    ring<open_script> scripts_; // one for each that has one, in order
    channel_journal* journal_ = nullptr;
    prepared_statements* names_ = nullptr;
    std::unique_ptr<const error> explanation_; // of a cancel, until the next ReadyForQuery
    std::string replacement_;
    std::uint64_t answers_ = 0;
    std::uint64_t transactions_ = 0;
    statement_ptr slot_holds_;
    slot slot_ = slot::unknown;
    // A Sync was sent while something before it was unanswered: if that fails, what was to fill or
    // empty the slot may have been skipped, and what follows the Sync is not.
    bool slot_in_doubt_ = false;
    std::uint32_t body_left_ = 0;
    bool body_swallowed_ = false;
    bool ignoring_ = false;
    bool copying_in_ = false;
    bool beginning_ = false; // expect_begin() is not settled
    bool begin_failed_ = false;
    bool sync_wanted_ = false;
    bool synced_ = true; // no message of the extended protocol since the last Sync answered
    session_effects touched_;
    state_set pinned_;
    bool settings_reset_ = false;
    bool was_notified_ = false; // between two leases: it LISTENs, which nobody knew
    bool passes_notifications_ = false;
    bool has_notified_ = false; // in this transaction
    char status_ = 'I';
    statement_note note_;
    bool detached_ = true;
};

} // namespace weir::pgwire
