// Reading PostgreSQL's parse tree: lists as spans, names as text.
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <cassert>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace weir::sqlite::nodes {

using node = PgQuery__Node;

inline std::span<node* const> items(std::size_t count, node* const* first)
{
    return {first, count};
}
inline std::span<node* const> items(const PgQuery__List& list)
{
    return {list.items, list.n_items};
}

inline std::string_view text_of(const node& string)
{
    assert(string.node_case == PG_QUERY__NODE__NODE_STRING);
    return string.string->sval;
}

inline std::vector<std::string_view> names(std::size_t count, node* const* first)
{
    std::vector<std::string_view> all;
    for (const node* each : items(count, first))
        all.push_back(text_of(*each));
    return all;
}

inline bool is_default(const node& of)
{
    return of.node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT;
}

// Where an expression starts in the text, for errors; -1 where the tree does not say.
int location_of(const node& of);

// The name of what a node stands for, as refusals say it: "MERGE", "GROUPING SETS".
std::string_view feature_of(const node& of);

} // namespace weir::sqlite::nodes
