#include "pool/sqlite/transaction.hpp"

#include <cassert>
#include <utility>

namespace weir::sqlite {

namespace {

// Names of our own, since SQLite folds the case of names and PostgreSQL does not.
std::string stored_name(std::size_t savepoint) { return "s" + std::to_string(savepoint); }

} // namespace

char transaction::ready_status() const
{
    if (state_ == block::failed)
        return 'E';
    return state_ == block::open ? 'T' : 'I';
}

void transaction::start(transaction_mode mode)
{
    assert(state_ == block::none);
    state_ = block::implicit;
    mode_ = mode;
}

void transaction::begin(transaction_mode mode)
{
    assert(state_ == block::implicit);
    state_ = block::open;
    mode_ = mode;
}

result<open_file*> transaction::place(bool needs_writer, std::chrono::milliseconds lock_timeout)
{
    if (permit_)
        return &permit_.file();
    // One snapshot from the first statement on, and changes that nobody else made meanwhile: that
    // is the writer's own view.
    const bool wants_writer = mode_.repeatable && !mode_.read_only && state_ == block::open;
    if (needs_writer || wants_writer) {
        if (const auto taken = take_writer(lock_timeout); !taken)
            return taken.error();
        return &permit_.file();
    }
    if (mode_.repeatable && state_ == block::open && !reader_.db.in_transaction())
        if (const auto begun = reader_.run("BEGIN"); !begun)
            return begun.error();
    return &reader_;
}

result<void> transaction::take_writer(std::chrono::milliseconds lock_timeout)
{
    auto granted = writers_.acquire(who_, lock_timeout);
    if (!granted)
        return granted.error();
    open_file& writer = granted->file();
    if (const auto begun = writer.run("BEGIN IMMEDIATE"); !begun)
        return begun.error();
    for (std::size_t i = 0; i < savepoints_.size(); ++i)
        if (const auto set = writer.run("SAVEPOINT " + stored_name(i)); !set)
            return set.error();
    permit_ = std::move(*granted);
    return {};
}

result<void> transaction::commit()
{
    result<void> outcome;
    if (permit_)
        outcome = permit_.file().run("COMMIT");
    let_go(); // if COMMIT failed, a deferred constraint's violation for one, this undoes it all
    state_ = block::none;
    return outcome;
}

void transaction::rollback()
{
    let_go();
    state_ = block::none;
}

void transaction::fail()
{
    if (state_ != block::open) {
        if (state_ == block::implicit)
            rollback();
        return;
    }
    state_ = block::failed;
    // After a full disk or an interrupted write SQLite has rolled back everything by itself.
    const bool is_lost = permit_ && !permit_.file().db.in_transaction();
    if (savepoints_.empty() || is_lost)
        let_go();
}

void transaction::let_go()
{
    savepoints_.clear();
    permit_ = {}; // rolls back
    if (reader_.db.in_transaction()) {
        const auto ended = reader_.run("ROLLBACK");
        assert(ended);
    }
}

result<void> transaction::savepoint(std::string name)
{
    if (permit_)
        if (const auto set = permit_.file().run("SAVEPOINT " + stored_name(savepoints_.size()));
            !set)
            return set.error();
    savepoints_.push_back(std::move(name));
    return {};
}

result<std::size_t> transaction::find(std::string_view name) const
{
    for (std::size_t i = savepoints_.size(); i-- > 0;)
        if (savepoints_[i] == name)
            return i;
    return error{"3B001", "savepoint \"" + std::string{name} + "\" does not exist"};
}

result<std::size_t> transaction::release(std::string_view name)
{
    const auto found = find(name);
    if (!found)
        return found.error();
    if (permit_)
        if (const auto released = permit_.file().run("RELEASE " + stored_name(*found)); !released)
            return released.error();
    savepoints_.resize(*found);
    return *found;
}

result<std::size_t> transaction::rollback_to(std::string_view name)
{
    const auto found = find(name);
    if (!found)
        return found.error();
    if (permit_)
        if (const auto undone = permit_.file().run("ROLLBACK TO " + stored_name(*found)); !undone)
            return undone.error();
    savepoints_.resize(*found + 1);
    state_ = block::open;
    return *found;
}

} // namespace weir::sqlite
