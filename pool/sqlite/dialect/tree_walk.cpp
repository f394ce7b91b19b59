#include "pool/sqlite/dialect/tree_walk.hpp"

namespace weir::sqlite::tree {

namespace {

struct children {
    const visitor& visit;

    void one(const expression_ptr& of) const
    {
        if (of)
            visit(*of);
    }
    void all(const std::vector<expression_ptr>& of) const
    {
        for (const expression_ptr& each : of)
            one(each);
    }

    void operator()(const constant&) const {}
    void operator()(const parameter&) const {}
    void operator()(const column_use&) const {}
    void operator()(const verbatim&) const {}
    void operator()(const call& of) const { all(of.arguments); }
    void operator()(const greatest& of) const { all(of.arguments); }
    void operator()(const junction& of) const { all(of.terms); }
    void operator()(const row& of) const { all(of.fields); }
    void operator()(const subquery& of) const { one(of.value); }
    void operator()(const comparison& of) const
    {
        one(of.left);
        one(of.right);
    }
    void operator()(const aggregate& of) const
    {
        all(of.arguments);
        one(of.filter);
        if (!of.over)
            return;
        all(of.over->partition);
        for (const sort_key& key : of.over->order)
            one(key.value);
        one(of.over->start.distance);
        one(of.over->end.distance);
    }
    void operator()(const case_when& of) const
    {
        for (const auto& [condition, value] : of.branches) {
            one(condition);
            one(value);
        }
        one(of.otherwise);
    }
    void operator()(const in_list& of) const
    {
        one(of.value);
        all(of.members);
    }
    void operator()(const in_array& of) const
    {
        one(of.value);
        one(of.array);
    }
};

void each_of_source(const source& of, const visitor& visit)
{
    const children below{visit};
    if (const auto* join = std::get_if<join_source>(&of.is)) {
        each_of_source(*join->left, visit);
        each_of_source(*join->right, visit);
        below.one(join->on);
    } else if (const auto* inner = std::get_if<query_source>(&of.is)) {
        each_of_query(*inner->inner, visit);
    } else if (const auto* function = std::get_if<function_source>(&of.is)) {
        below.one(function->value);
        below.all(function->arguments);
    }
}

} // namespace

void each_child(const expression& of, const visitor& visit) { std::visit(children{visit}, of.is); }

void each_of_query(const query& of, const visitor& visit)
{
    const children below{visit};
    for (const cte& each : of.with)
        each_of_query(*each.inner, visit);
    if (const auto* select = std::get_if<select_body>(&of.body)) {
        for (const target& each : select->targets)
            below.one(each.value);
        for (const source_ptr& each : select->from)
            each_of_source(*each, visit);
        below.one(select->where);
        below.all(select->group_by);
        below.one(select->having);
    } else if (const auto* set = std::get_if<set_body>(&of.body)) {
        each_of_query(*set->left, visit);
        each_of_query(*set->right, visit);
    } else {
        for (const auto& values : std::get<values_body>(of.body).rows)
            below.all(values);
    }
    for (const sort_key& key : of.order)
        below.one(key.value);
    below.one(of.limit);
    below.one(of.offset);
}

void each_source(const std::vector<source_ptr>& from,
                 const std::function<void(const source&)>& visit)
{
    for (const source_ptr& each : from) {
        if (const auto* join = std::get_if<join_source>(&each->is))
            each_source({join->left, join->right}, visit);
        else
            visit(*each);
    }
}

} // namespace weir::sqlite::tree
