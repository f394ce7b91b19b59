// In a grouped query every column stands in GROUP BY, in an aggregate, or belongs to a table whose
// primary key is grouped (PostgreSQL's parse_agg.c).
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/emit.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/tree_walk.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace weir::sqlite {

namespace {

using tree::expression;

class grouping_check {
public:
    explicit grouping_check(const tree::select_body& of)
    {
        tree::each_source(of.from, [&](const tree::source& each) { sources_.insert(&each); });
        for (const tree::expression_ptr& key : of.group_by) {
            keys_.insert(emit(*key));
            if (const auto* column = std::get_if<tree::column_use>(&key->is))
                columns_.insert({column->from, column->index});
        }
        for (const tree::source* each : sources_)
            if (has_grouped_key(*each))
                determined_.insert(each);
    }

    void check(const expression& of, bool in_subquery = false) const
    {
        if (keys_.contains(emit(of)))
            return;
        if (const auto* column = std::get_if<tree::column_use>(&of.is))
            return check_column(*column, of.offset, in_subquery);
        const auto* aggregate = std::get_if<tree::aggregate>(&of.is);
        if (aggregate && !aggregate->over && !in_subquery)
            return; // inside it, everything is allowed
        tree::each_child(of, [&](const expression& child) { check(child, in_subquery); });
        if (const auto* inner = std::get_if<tree::subquery>(&of.is))
            tree::each_of_query(*inner->inner, [&](const expression& e) { check(e, true); });
    }

private:
    void check_column(const tree::column_use& of, int offset, bool in_subquery) const
    {
        if (!sources_.contains(of.from) || determined_.contains(of.from))
            return;
        const std::string name = '"' + of.from->name + '.' + of.from->columns[of.index].name + '"';
        if (in_subquery)
            refuse("42803", "subquery uses ungrouped column " + name + " from outer query", offset);
        refuse("42803",
               "column " + name +
                   " must appear in the GROUP BY clause or be used in an aggregate function",
               offset);
    }

    bool has_grouped_key(const tree::source& of) const
    {
        const auto* table = std::get_if<tree::table_source>(&of.is);
        if (!table || !table->of->has_primary_key || table->of->unique_keys.empty())
            return false;
        return std::ranges::all_of(table->of->unique_keys.front(), [&](const std::string& name) {
            const auto at = std::ranges::find(of.columns, name, &tree::source_column::stored_as);
            return at != of.columns.end() &&
                   columns_.contains({&of, static_cast<std::size_t>(at - of.columns.begin())});
        });
    }

    std::set<const tree::source*> sources_;
    std::set<std::string> keys_; // what is grouped, as SQL: equal text is equal meaning
    std::set<std::pair<const tree::source*, std::size_t>> columns_;
    std::set<const tree::source*> determined_;
};

} // namespace

void check_grouping(const tree::query& of)
{
    const auto* select = std::get_if<tree::select_body>(&of.body);
    if (!select || !select->grouped)
        return;
    const grouping_check rule{*select};
    for (const tree::target& each : select->targets)
        rule.check(*each.value);
    if (select->having)
        rule.check(*select->having);
    for (const tree::sort_key& each : of.order)
        if (each.ordinal == 0)
            rule.check(*each.value);
}

} // namespace weir::sqlite
