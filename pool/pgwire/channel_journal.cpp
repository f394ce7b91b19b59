#include "pool/pgwire/channel_journal.hpp"

#include <algorithm>

namespace weir::pgwire {

namespace {

using kind = channel_step::kind;

auto innermost(std::vector<channel_step>& steps, const std::string& savepoint)
{
    return std::find_if(steps.rbegin(), steps.rend(), [&](const channel_step& s) {
        return s.what == kind::savepoint && s.name == savepoint;
    });
}

} // namespace

void channel_journal::carry_out(const channel_step& step)
{
    switch (step.what) {
    case kind::listen: channels_.insert(step.name); break;
    case kind::unlisten: channels_.erase(step.name); break;
    case kind::unlisten_all: channels_.clear(); break;
    default: break;
    }
}

void channel_journal::completed(std::string_view tag, const channel_step* step)
{
    if (tag == "COMMIT" || tag == "PREPARE TRANSACTION")
        return commit();
    if (tag == "DISCARD ALL") {
        channels_.clear();
        return abandon();
    }
    if (tag == "ROLLBACK") {
        failed_ = false;
        if (step && step->what == kind::rollback_to)
            roll_back_to(step->name);
        else if (step)
            abandon();
        else
            perhaps_undone_ = true;
        return;
    }
    if (!step)
        return;
    if (step->what == kind::release)
        release(step->name);
    else if (step->what != kind::savepoint || !steps_.empty())
        steps_.push_back(*step);
}

void channel_journal::failed() { failed_ = true; }

void channel_journal::ready(char transaction_status)
{
    if (transaction_status == 'I') {
        if (failed_ || perhaps_undone_)
            abandon();
        else
            commit(); // what ran outside a transaction
    }
    if (transaction_status != 'E')
        failed_ = false;
    perhaps_undone_ = false;
}

void channel_journal::abandon()
{
    steps_.clear();
    failed_ = false;
    perhaps_undone_ = false;
}

void channel_journal::commit()
{
    for (const channel_step& step : steps_)
        carry_out(step);
    abandon();
}

void channel_journal::roll_back_to(const std::string& savepoint)
{
    const auto found = innermost(steps_, savepoint); // it stays
    const bool is_older = found == steps_.rend();
    steps_.erase(is_older ? steps_.begin() : found.base(), steps_.end());
}

// The savepoint and those made after it are gone; what was done since stays.
void channel_journal::release(const std::string& savepoint)
{
    const auto found = innermost(steps_, savepoint);
    const auto from = found == steps_.rend() ? steps_.begin() : found.base() - 1;
    steps_.erase(std::remove_if(from,
                                steps_.end(),
                                [](const channel_step& s) { return s.what == kind::savepoint; }),
                 steps_.end());
}

} // namespace weir::pgwire
