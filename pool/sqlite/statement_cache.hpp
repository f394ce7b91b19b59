// Prepared statements of one connection, the last used kept: preparing costs more than running a
// point select. A statement is taken out while it runs, so two portals never share one.
#pragma once

#include "pool/core/error.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/lru_map.hpp"

#include <cstddef>
#include <string_view>

namespace weir::sqlite {

class statement_cache {
public:
    explicit statement_cache(std::size_t capacity = 100) : kept_(capacity) {}

    result<statement> take(connection& from, std::string_view sql);
    void give_back(std::string_view sql, statement&& used);

    std::size_t size() const { return kept_.size(); }

private:
    lru_map<statement> kept_;
};

} // namespace weir::sqlite
