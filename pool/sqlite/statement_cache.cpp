#include "pool/sqlite/statement_cache.hpp"

namespace weir::sqlite {

result<statement> statement_cache::take(connection& from, std::string_view sql)
{
    const auto found = by_sql_.find(sql);
    if (found == by_sql_.end())
        return from.prepare(sql);
    statement taken = std::move(found->second->second);
    const auto at = found->second;
    by_sql_.erase(found); // first: its key lives in the list
    kept_.erase(at);
    return taken;
}

void statement_cache::give_back(std::string_view sql, statement&& used)
{
    used.reset();
    if (by_sql_.contains(sql))
        return; // the other one is as good
    kept_.emplace_front(sql, std::move(used));
    by_sql_.emplace(kept_.front().first, kept_.begin());
    if (kept_.size() > capacity_) {
        by_sql_.erase(kept_.back().first);
        kept_.pop_back();
    }
}

void statement_cache::clear()
{
    by_sql_.clear();
    kept_.clear();
}

} // namespace weir::sqlite
