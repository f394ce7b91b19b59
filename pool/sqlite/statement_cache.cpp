#include "pool/sqlite/statement_cache.hpp"

#include <utility>

namespace weir::sqlite {

result<statement> statement_cache::take(connection& from, std::string_view sql)
{
    if (auto kept = kept_.take(sql))
        return std::move(*kept);
    return from.prepare(sql);
}

void statement_cache::give_back(std::string_view sql, statement&& used)
{
    used.reset();
    kept_.put(sql, std::move(used));
}

} // namespace weir::sqlite
