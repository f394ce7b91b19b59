#include "pool/pgwire/notification_board.hpp"

#include <algorithm>
#include <utility>

namespace weir::pgwire {

namespace {

std::string quoted(std::string_view name)
{
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"')
            out += c;
        out += c;
    }
    return out += '"';
}

} // namespace

void notification_board::want(client who, std::span<const std::string> channels)
{
    for (const std::string& name : channels) {
        wanted_by_[who].insert(name);
        const auto at = channels_.try_emplace(name).first;
        at->second.wanted_by.insert(who);
        examine(at);
    }
}

void notification_board::keep(client who, const channel_set& channels)
{
    const auto found = wanted_by_.find(who);
    if (found == wanted_by_.end())
        return;
    std::erase_if(found->second, [&](const std::string& name) {
        if (channels.contains(name))
            return false;
        const auto at = channels_.find(name);
        at->second.wanted_by.erase(who);
        examine(at);
        return true;
    });
    if (found->second.empty()) {
        wanted_by_.erase(found);
        missed_.erase(who);
    }
}

bool notification_board::is_ready(client who) const
{
    const auto found = wanted_by_.find(who);
    return found == wanted_by_.end() ||
           std::all_of(found->second.begin(), found->second.end(), [&](const std::string& name) {
               return channels_.find(name)->second.state == on_server::yes;
           });
}

bool notification_board::has_room_for(client who, std::size_t channels) const
{
    const auto found = wanted_by_.find(who);
    return channels + (found == wanted_by_.end() ? 0 : found->second.size()) <= client_limit;
}

const notification_board::clients& notification_board::listeners(std::string_view name) const
{
    static const clients nobody;
    const auto found = channels_.find(name);
    return found == channels_.end() ? nobody : found->second.wanted_by;
}

bool notification_board::is_amiss(const channel& c) const
{
    return c.wanted_by.empty() ? c.state == on_server::yes : c.state == on_server::no && !c.refused;
}

void notification_board::examine(const channel_map::iterator& at)
{
    if (is_amiss(at->second))
        amiss_.insert(at->first);
    else
        amiss_.erase(at->first);
    if (at->second.wanted_by.empty() && at->second.state == on_server::no)
        channels_.erase(at);
}

void notification_board::enter(channel& c, on_server next)
{
    listened_ -= c.state == on_server::yes;
    listened_ += next == on_server::yes;
    c.state = next;
}

std::string notification_board::next_statements()
{
    std::string sql;
    if (!asked_.empty())
        return sql;
    const std::size_t limit = one_by_one_ > 0 ? 1 : batch_limit;
    while (!amiss_.empty() && asked_.size() < limit) {
        const auto at = channels_.find(*amiss_.begin());
        const bool wanted = !at->second.wanted_by.empty();
        enter(at->second, wanted ? on_server::asked : on_server::leaving);
        sql += (wanted ? "LISTEN " : "UNLISTEN ") + quoted(at->first) + ";";
        asked_.push_back(at->first);
        examine(at);
    }
    one_by_one_ -= one_by_one_ > 0 ? 1 : 0;
    return sql;
}

void notification_board::done()
{
    for (const std::string& name : std::exchange(asked_, {})) {
        const auto at = channels_.find(name);
        enter(at->second, at->second.state == on_server::asked ? on_server::yes : on_server::no);
        examine(at);
    }
}

notification_board::clients notification_board::failed()
{
    clients refused;
    const bool is_single = asked_.size() == 1;
    one_by_one_ = is_single ? one_by_one_ : asked_.size();
    for (const std::string& name : std::exchange(asked_, {})) {
        const auto at = channels_.find(name);
        channel& c = at->second;
        if (c.state == on_server::leaving) {
            enter(c, is_single ? on_server::no : on_server::yes); // nothing that could fail
        } else {
            enter(c, on_server::no);
            c.refused = is_single;
            if (is_single)
                refused.insert(c.wanted_by.begin(), c.wanted_by.end());
        }
        examine(at);
    }
    return refused;
}

void notification_board::retry_failed()
{
    for (auto at = channels_.begin(); at != channels_.end();) {
        at->second.refused = false;
        examine(at++);
    }
}

void notification_board::lost()
{
    asked_.clear();
    one_by_one_ = 0;
    for (auto at = channels_.begin(); at != channels_.end();) {
        channel& c = at->second;
        if (c.state == on_server::yes)
            missed_.insert(c.wanted_by.begin(), c.wanted_by.end());
        enter(c, on_server::no);
        c.refused = false;
        examine(at++);
    }
}

notification_board::clients notification_board::take_missed()
{
    clients ready;
    std::erase_if(missed_, [&](client who) {
        if (!is_ready(who))
            return false;
        ready.insert(who);
        return true;
    });
    return ready;
}

} // namespace weir::pgwire
