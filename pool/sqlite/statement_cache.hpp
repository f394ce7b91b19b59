// Prepared statements of one connection, the last used kept: preparing costs more than running a
// point select. A statement is taken out while it runs, so two portals never share one.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/connection.hpp"

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace weir::sqlite {

class statement_cache {
public:
    explicit statement_cache(std::size_t capacity = 100) : capacity_(capacity) {}

    result<statement> take(connection& from, std::string_view sql);
    void give_back(std::string_view sql, statement&& used);

    std::size_t size() const { return kept_.size(); }
    void clear();

private:
    using entry = std::pair<std::string, statement>;

    std::size_t capacity_;
    std::list<entry> kept_; // last used first
    std::unordered_map<std::string_view, std::list<entry>::iterator> by_sql_;
};

} // namespace weir::sqlite
