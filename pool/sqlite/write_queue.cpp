#include "pool/sqlite/write_queue.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::sqlite {

result<write_queue::permit> write_queue::acquire(const cancellation& who,
                                                 std::chrono::milliseconds lock_timeout)
{
    std::unique_lock lock{mutex_};
    if (!taken_) {
        taken_ = true;
        lock.unlock();
        writer_->db.obey(&who);
        return permit{*this};
    }

    using clock = cancellation::clock;
    const bool is_limited = lock_timeout.count() > 0;
    const auto patience_ends = is_limited ? clock::now() + lock_timeout : clock::time_point::max();
    const auto look_at = std::min(patience_ends, who.deadline());
    waiter self;
    const auto place = waiting_.insert(waiting_.end(), &self);
    const auto is_over = [&] { return self.granted || who.why() != cancellation::reason::none; };
    if (look_at == clock::time_point::max()) // its wait would overflow in some clocks
        self.turn.wait(lock, is_over);
    else
        self.turn.wait_until(lock, look_at, is_over);

    if (self.granted) { // even if cancelled meanwhile: the first statement will notice
        lock.unlock();
        writer_->db.obey(&who);
        return permit{*this};
    }
    waiting_.erase(place);
    if (who.why() != cancellation::reason::none)
        return who.as_error();
    return error{"55P03", "canceling statement due to lock timeout"};
}

void write_queue::wake()
{
    const std::lock_guard lock{mutex_};
    for (waiter* w : waiting_)
        w->turn.notify_one();
}

std::size_t write_queue::waiting() const
{
    const std::lock_guard lock{mutex_};
    return waiting_.size();
}

void write_queue::release()
{
    writer_->db.obey(nullptr); // what follows must not be cancelled
    if (writer_->db.in_transaction()) {
        const auto undone = writer_->db.execute("ROLLBACK");
        assert(undone || !writer_->db.in_transaction());
    }
    const std::lock_guard lock{mutex_};
    if (waiting_.empty()) {
        taken_ = false;
        return;
    }
    waiter* const next = waiting_.front(); // from hand to hand: a newcomer cannot slip in
    waiting_.pop_front();
    next->granted = true;
    next->turn.notify_one();
}

write_queue::permit::permit(permit&& other) noexcept : home_(std::exchange(other.home_, nullptr)) {}

write_queue::permit& write_queue::permit::operator=(permit&& other) noexcept
{
    std::swap(home_, other.home_);
    return *this;
}

write_queue::permit::~permit()
{
    if (home_)
        home_->release();
}

open_file& write_queue::permit::file() const
{
    assert(home_);
    return *home_->writer_;
}

} // namespace weir::sqlite
