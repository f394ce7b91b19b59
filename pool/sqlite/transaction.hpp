// Where a session stands between BEGIN and COMMIT, and on which connection its statements run:
// reads on its own reader, each seeing what is committed by then, until the first write takes the
// writer; from then on everything runs there, so that the session sees its own changes.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/cancellation.hpp"
#include "pool/sqlite/open_file.hpp"
#include "pool/sqlite/write_queue.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

struct transaction_mode {
    bool read_only = false;
    bool repeatable = false; // REPEATABLE READ or SERIALIZABLE
};

class transaction {
public:
    transaction(open_file& reader, write_queue& writers, const cancellation& who)
        : reader_(reader), writers_(writers), who_(who)
    {
    }

    enum class block : std::uint8_t {
        none,
        implicit, // of a Query's statements, or of all messages up to Sync
        open,     // after BEGIN
        failed,   // a statement of it failed: only its end, or ROLLBACK TO, is accepted
    };
    block state() const { return state_; }
    bool is_block() const { return state_ == block::open || state_ == block::failed; }
    char ready_status() const; // as ReadyForQuery says it

    void start(transaction_mode mode);                     // none -> implicit
    void begin(transaction_mode mode);                     // implicit -> open
    void set_mode(transaction_mode mode) { mode_ = mode; } // SET TRANSACTION
    transaction_mode mode() const { return mode_; }

    // The connection for the next statement; takes the writer when it is needed.
    result<open_file*> place(bool needs_writer, std::chrono::milliseconds lock_timeout);
    bool holds_writer() const { return static_cast<bool>(permit_); }
    open_file& current() { return permit_ ? permit_.file() : reader_; }

    result<void> commit(); // an error means that it was rolled back
    void rollback();
    // A statement failed. Without savepoints nothing can be saved any more, so the writer goes to
    // the next session at once.
    void fail();

    result<void> savepoint(std::string name);
    // Both return the savepoint's number, counted from the outermost; 3B001 without one of the
    // name.
    result<std::size_t> release(std::string_view name);
    result<std::size_t> rollback_to(std::string_view name);

private:
    result<void> take_writer(std::chrono::milliseconds lock_timeout);
    result<std::size_t> find(std::string_view name) const;
    void let_go(); // of the writer and of the reader's snapshot, undoing what is not committed

    open_file& reader_;
    write_queue& writers_;
    const cancellation& who_;

    block state_ = block::none;
    transaction_mode mode_;
    std::vector<std::string> savepoints_; // the outermost first; in SQLite they are s0, s1 ...
    write_queue::permit permit_;
};

} // namespace weir::sqlite
