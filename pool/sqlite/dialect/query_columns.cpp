#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"

#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using tree::expression_ptr;

struct converting {
    std::size_t column;
    const std::function<expression_ptr(expression_ptr)>& convert;

    void operator()(tree::select_body& of) const { replace(of.targets[column].value); }
    void operator()(tree::set_body& of) const
    {
        convert_column(*of.left, column, convert);
        convert_column(*of.right, column, convert);
    }
    void operator()(tree::values_body& of) const
    {
        for (auto& row : of.rows)
            replace(row[column]);
    }
    void replace(expression_ptr& value) const { value = convert(std::move(value)); }
};

const tree::expression& first_value(const tree::query& of, std::size_t column)
{
    if (const auto* select = std::get_if<tree::select_body>(&of.body))
        return *select->targets[column].value;
    if (const auto* set = std::get_if<tree::set_body>(&of.body))
        return first_value(*set->left, column);
    return *std::get<tree::values_body>(of.body).rows.front()[column];
}

} // namespace

void convert_column(tree::query& of,
                    std::size_t column,
                    const std::function<expression_ptr(expression_ptr)>& convert)
{
    std::visit(converting{column, convert}, of.body);
    const tree::expression& made = first_value(of, column);
    result_column& told = of.columns[column];
    if (told.type != made.type)
        told.modifier = made.modifier;
    told.type = made.type;
}

void coerce_column(analysis& all, tree::query& of, std::size_t column, oid to, std::string_view why)
{
    if (of.columns[column].type == to)
        return;
    convert_column(of, column, [&](expression_ptr value) {
        return coerce_to_common(all, std::move(value), to, why);
    });
}

tree::query_ptr wrapped(analysis& all, tree::query_ptr of)
{
    auto from = std::make_shared<tree::source>();
    from->alias = all.next_name('t');
    tree::select_body body;
    auto made = std::make_shared<tree::query>();
    made->columns = of->columns;
    for (std::size_t i = 0; i < of->columns.size(); ++i) {
        const result_column& column = of->columns[i];
        from->columns.push_back(
            {column.name, 'c' + std::to_string(i + 1), column.type, column.modifier});
    }
    for (std::size_t i = 0; i < of->columns.size(); ++i) {
        const result_column& column = of->columns[i];
        body.targets.push_back(
            {make({tree::column_use{from.get(), i, false}, column.type, column.modifier, -1}),
             column.name});
    }
    from->is = tree::query_source{std::move(of)};
    body.from.push_back(std::move(from));
    made->body = std::move(body);
    return made;
}

} // namespace weir::sqlite
