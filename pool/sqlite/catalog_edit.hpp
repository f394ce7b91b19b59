// Statements on the catalog's tables. Definitions take many steps, any of which may fail; so a
// failed step throws a refusal (dialect/refusal.hpp), which the room's doors catch and return.
#pragma once

#include "pool/sqlite/catalog_tables.hpp"
#include "pool/sqlite/connection.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/types.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::sqlite {

class catalog_edit {
public:
    struct argument {
        argument(std::integral auto n)
            : v{.is = value::kind::integer, .integer = static_cast<std::int64_t>(n)}
        {
        }
        argument(oid id) : argument(static_cast<std::uint32_t>(id)) {}
        argument(std::string_view text) : v{.is = value::kind::text, .bytes = text} {}
        argument(const std::string& text) : argument(std::string_view(text)) {}
        argument(const char* text) : argument(std::string_view(text)) {}
        argument(const std::optional<std::string>& text) // nothing is NULL
        {
            if (text)
                v = {.is = value::kind::text, .bytes = *text};
        }
        value v;
    };
    using arguments = std::initializer_list<argument>;

    // One row of an answer; NULL is 0 and "".
    struct row {
        struct cell {
            std::int64_t integer = 0;
            std::string text;
            bool is_null = true;
        };
        std::vector<cell> cells;

        std::int64_t integer(std::size_t i) const { return cells[i].integer; }
        const std::string& text(std::size_t i) const { return cells[i].text; }
        bool is_null(std::size_t i) const { return cells[i].is_null; }
        oid id(std::size_t i) const { return oid{static_cast<std::uint32_t>(integer(i))}; }
    };

    explicit catalog_edit(connection& writer) : db_(writer) {}

    connection& db() { return db_; }
    void run(std::string_view sql, arguments with = {});
    std::vector<row> rows(std::string_view sql, arguments with = {});
    std::optional<row> first(std::string_view sql, arguments with = {});

    oid next_oid();

private:
    statement prepared(std::string_view sql, arguments with);

    connection& db_;
};

// Everything that the catalog says of a relation, its indexes and constraints included.
void forget_relation(catalog_edit& edit, oid relation);

// The same style for what returns a result.
template <class T>
T must(result<T> outcome)
{
    if (!outcome)
        throw refusal{outcome.error()};
    return std::move(*outcome);
}

inline void must(const result<void>& outcome)
{
    if (!outcome)
        throw refusal{outcome.error()};
}

} // namespace weir::sqlite
