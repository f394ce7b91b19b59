// INSERT, UPDATE, DELETE.
#include "pool/sqlite/dialect/analyse.hpp"
#include "pool/sqlite/dialect/coerce.hpp"
#include "pool/sqlite/dialect/refusal.hpp"
#include "pool/sqlite/dialect/tree_walk.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::sqlite {

namespace {

using nodes::node;
using tree::expression_ptr;

const relation& relation_of(const tree::source& target)
{
    return *std::get<tree::table_source>(target.is).of;
}

const column_definition& find_target_column(const relation& of, std::string_view name, int offset)
{
    const column_definition* found = of.find(name);
    if (!found)
        refuse("42703",
               "column \"" + std::string(name) + "\" of relation \"" + of.name +
                   "\" does not exist",
               offset);
    return *found;
}

// GENERATED ALWAYS takes DEFAULT alone.
void check_may_be_given(const column_definition& column, int offset)
{
    if (column.generated_always)
        refuse("428C9",
               "cannot insert a non-DEFAULT value into column \"" + column.name + "\"",
               offset,
               "Use OVERRIDING SYSTEM VALUE to override.",
               "Column \"" + column.name + "\" is an identity column defined as GENERATED ALWAYS.");
}

// What a column gets when nobody says: its DEFAULT, or NULL.
expression_ptr default_of(const column_definition& column)
{
    if (column.emitted_default.empty())
        return make_null(column.type);
    return make({tree::verbatim{column.emitted_default}, column.type, column.modifier, -1});
}

expression_ptr assign_to(analysis& all, expression_ptr value, const column_definition& column)
{
    return assign(all, std::move(value), column.name, column.type, column.modifier);
}

std::vector<tree::target> analyse_returning(analysis& all,
                                            std::span<node* const> list,
                                            const scope& names,
                                            const tree::source& target)
{
    clause where{"RETURNING"};
    place at{all, names, where, {}};
    std::vector<tree::target> made = analyse_targets(at, list);
    // SQLite's RETURNING knows the changed table alone.
    const tree::visitor check = [&](const tree::expression& each) {
        if (const auto* column = std::get_if<tree::column_use>(&each.is))
            if (column->from != &target)
                refuse_feature("RETURNING of another table's column", each.offset);
        if (std::holds_alternative<tree::subquery>(each.is))
            refuse_feature("a subquery in RETURNING", each.offset);
        tree::each_child(each, check);
    };
    for (tree::target& each : made) {
        each.value = settle(all, std::move(each.value));
        check(*each.value);
    }
    return made;
}

const node& assigned_value(const node& of, int offset)
{
    if (of.node_case != PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF)
        return of;
    const PgQuery__MultiAssignRef& part = *of.multi_assign_ref;
    if (part.source->node_case != PG_QUERY__NODE__NODE_ROW_EXPR)
        refuse_feature("an assignment of a subquery's row", offset);
    const auto fields = nodes::items(part.source->row_expr->n_args, part.source->row_expr->args);
    if (fields.size() != static_cast<std::size_t>(part.ncolumns))
        refuse("42601", "number of columns does not match number of values", offset);
    return *fields[static_cast<std::size_t>(part.colno) - 1];
}

// SET a = 1, (b, c) = (2, DEFAULT)
std::vector<tree::assignment> analyse_assignments(analysis& all,
                                                  std::span<node* const> list,
                                                  const scope& names,
                                                  const relation& of)
{
    clause where{"UPDATE"};
    place at{all, names, where, {}};
    std::vector<tree::assignment> made;
    for (const node* each : list) {
        const PgQuery__ResTarget& target = *each->res_target;
        const column_definition& column = find_target_column(of, target.name, target.location);
        if (target.n_indirection > 0)
            refuse_feature("an assignment to a part of a column", target.location);
        if (std::ranges::find(made, column.name, &tree::assignment::column) != made.end())
            refuse("42601",
                   "multiple assignments to same column \"" + column.name + "\"",
                   target.location);
        const node& value = assigned_value(*target.val, target.location);
        if (column.generated_always && !nodes::is_default(value))
            refuse("428C9",
                   "column \"" + column.name + "\" can only be updated to DEFAULT",
                   target.location,
                   {},
                   "Column \"" + column.name +
                       "\" is an identity column defined as GENERATED ALWAYS.");
        made.push_back({column.name,
                        nodes::is_default(value)
                            ? default_of(column)
                            : assign_to(all, analyse_expression(at, value), column)});
    }
    return made;
}

class insert_analysis {
public:
    insert_analysis(analysis& all, const PgQuery__InsertStmt& of) : all_(all), of_(of) {}

    tree::insertion run()
    {
        scope around; // the rows see the tables of WITH, not the target
        with_clause with = analyse_with(all_, of_.with_clause, around);
        made_.with = std::move(with.tables);
        made_.recursive = with.recursive;
        made_.into = analyse_target(all_, *of_.relation, names_);
        relation_ = &relation_of(*made_.into);
        read_columns();
        read_rows(around);
        if (of_.on_conflict_clause)
            made_.on_conflict = analyse_conflict(*of_.on_conflict_clause);
        made_.returning = analyse_returning(all_,
                                            nodes::items(of_.n_returning_list, of_.returning_list),
                                            names_,
                                            *made_.into);
        return std::move(made_);
    }

private:
    void read_columns()
    {
        for (const node* each : nodes::items(of_.n_cols, of_.cols)) {
            const PgQuery__ResTarget& target = *each->res_target;
            if (target.n_indirection > 0)
                refuse_feature("INSERT into a part of a column", target.location);
            const column_definition& column =
                find_target_column(*relation_, target.name, target.location);
            if (std::ranges::find(columns_, &column) != columns_.end())
                refuse("42701",
                       "column \"" + column.name + "\" specified more than once",
                       target.location);
            columns_.push_back(&column);
        }
        if (of_.n_cols == 0 && of_.select_stmt)
            for (const column_definition& each : relation_->columns)
                columns_.push_back(&each);
    }

    void read_rows(const scope& around)
    {
        const PgQuery__SelectStmt* rows = of_.select_stmt ? of_.select_stmt->select_stmt : nullptr;
        if (!rows)
            made_.rows = default_row();
        else if (rows->n_values_lists > 0 && rows->n_sort_clause == 0 && !rows->limit_count &&
                 !rows->limit_offset && !rows->with_clause)
            made_.rows = values_rows(*rows, around);
        else
            made_.rows = selected_rows(*rows, around);
    }

    bool overrides() const
    {
        return of_.override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_SYSTEM_VALUE;
    }

    // Columns that the statement does not mention and that have a DEFAULT: it is written here,
    // because SQLite's own would not fill an INTEGER PRIMARY KEY.
    std::vector<const column_definition*> silent_columns() const
    {
        std::vector<const column_definition*> silent;
        for (const column_definition& each : relation_->columns)
            if (std::ranges::find(columns_, &each) == columns_.end() &&
                !each.emitted_default.empty())
                silent.push_back(&each);
        return silent;
    }

    void name_columns(const std::vector<const column_definition*>& given)
    {
        for (const column_definition* each : given)
            made_.columns.push_back(each->name);
    }

    tree::query_ptr default_row()
    {
        const auto silent = silent_columns();
        name_columns(silent);
        tree::values_body body;
        body.rows.emplace_back();
        for (const column_definition* each : silent)
            body.rows.back().push_back(default_of(*each));
        auto made = std::make_shared<tree::query>();
        made->body = std::move(body);
        return made;
    }

    void check_width(std::size_t values, int offset) const
    {
        if (values > columns_.size())
            refuse("42601", "INSERT has more expressions than target columns", offset);
        if (values < columns_.size() && of_.n_cols > 0)
            refuse("42601", "INSERT has more target columns than expressions", offset);
    }

    tree::query_ptr values_rows(const PgQuery__SelectStmt& rows, const scope& around)
    {
        clause where{"VALUES"};
        place at{all_, around, where, {}};
        tree::values_body body;
        for (const node* each : nodes::items(rows.n_values_lists, rows.values_lists)) {
            const auto values = nodes::items(*each->list);
            if (body.rows.empty()) {
                check_width(values.size(), nodes::location_of(*values.back()));
                columns_.resize(values.size());
            } else if (values.size() != columns_.size()) {
                refuse("42601",
                       "VALUES lists must all be the same length",
                       nodes::location_of(*values.front()));
            }
            auto& row = body.rows.emplace_back();
            for (std::size_t i = 0; i < values.size(); ++i) {
                if (!nodes::is_default(*values[i]) && !overrides())
                    check_may_be_given(*columns_[i], nodes::location_of(*values[i]));
                row.push_back(
                    nodes::is_default(*values[i])
                        ? default_of(*columns_[i])
                        : assign_to(all_, analyse_expression(at, *values[i]), *columns_[i]));
            }
        }
        const auto silent = silent_columns();
        for (auto& row : body.rows)
            for (const column_definition* each : silent)
                row.push_back(default_of(*each));
        name_columns(columns_);
        name_columns(silent);
        auto made = std::make_shared<tree::query>();
        made->body = std::move(body);
        return made;
    }

    tree::query_ptr selected_rows(const PgQuery__SelectStmt& rows, const scope& around)
    {
        tree::query_ptr made = analyse_query(all_, rows, &around, literals::keep);
        check_width(made->columns.size(), -1);
        columns_.resize(made->columns.size());
        for (const column_definition* each : columns_)
            if (!overrides())
                check_may_be_given(*each, -1);
        // Literals without a type take the column's at their place; what has a type is assigned
        // outside, where DISTINCT, UNION and LIMIT have done their work.
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (made->columns[i].type == type::unknown || made->columns[i].type == type::none)
                convert_column(*made, i, [&](expression_ptr value) {
                    return assign_to(all_, std::move(value), *columns_[i]);
                });
        const bool fits = std::ranges::equal(
            made->columns,
            columns_,
            [](const result_column& given, const column_definition* wanted) {
                return given.type == wanted->type &&
                       (wanted->modifier < 0 || given.modifier == wanted->modifier);
            });
        const auto silent = silent_columns();
        name_columns(columns_);
        name_columns(silent);
        if (fits && silent.empty())
            return made;
        made = wrapped(all_, std::move(made));
        auto& targets = std::get<tree::select_body>(made->body).targets;
        for (std::size_t i = 0; i < columns_.size(); ++i)
            targets[i].value = assign_to(all_, std::move(targets[i].value), *columns_[i]);
        for (const column_definition* each : silent) {
            targets.push_back({default_of(*each), each->name});
            made->columns.push_back({each->name, each->type});
        }
        return made;
    }

    void read_arbiter(const PgQuery__InferClause& of, tree::conflict_clause& into)
    {
        if (*of.conname) {
            const relation* index = all_.tables.find(relation_->schema, of.conname);
            if (!index || index->kind != 'i')
                refuse("42704",
                       "constraint \"" + std::string(of.conname) + "\" for table \"" +
                           relation_->name + "\" does not exist",
                       of.location);
            for (const column_definition& each : index->columns)
                into.columns.push_back(find_target_column(*relation_, each.name, of.location).name);
            return;
        }
        clause where{"ON CONFLICT"};
        place at{all_, names_, where, {}};
        for (const node* each : nodes::items(of.n_index_elems, of.index_elems)) {
            const PgQuery__IndexElem& element = *each->index_elem;
            if (element.n_opclass > 0)
                refuse_feature("an operator class in ON CONFLICT", of.location);
            into.arbiter.push_back(*element.name ? find_column({element.name}, names_, of.location)
                                                 : analyse_expression(at, *element.expr));
        }
        if (of.where_clause)
            into.index_condition = analyse_condition(at, *of.where_clause);
        else
            check_arbiter(into, of.location);
    }

    // Whether columns alone name a unique key; what has expressions SQLite has to know.
    void check_arbiter(const tree::conflict_clause& of, int offset) const
    {
        std::vector<std::string> asked;
        for (const expression_ptr& each : of.arbiter) {
            const auto* column = std::get_if<tree::column_use>(&each->is);
            if (!column)
                return;
            asked.push_back(column->from->columns[column->index].stored_as);
        }
        const auto same = [&](const std::vector<std::string>& key) {
            return std::ranges::is_permutation(key, asked);
        };
        if (std::ranges::none_of(relation_->unique_keys, same))
            refuse("42P10",
                   "there is no unique or exclusion constraint matching the ON CONFLICT "
                   "specification",
                   offset);
    }

    tree::conflict_clause analyse_conflict(const PgQuery__OnConflictClause& of)
    {
        tree::conflict_clause made;
        made.update = of.action == PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_UPDATE;
        if (of.infer)
            read_arbiter(*of.infer, made);
        else if (made.update)
            refuse("42601",
                   "ON CONFLICT DO UPDATE requires inference specification or constraint name",
                   of.location,
                   "For example, ON CONFLICT (column_name).");
        if (!made.update)
            return made;
        scope both = names_;
        made.excluded = std::make_shared<tree::source>(*made_.into);
        made.excluded->alias = "excluded";
        made.excluded->name = "excluded";
        for (std::size_t i = 0; i < made.excluded->columns.size(); ++i) {
            const tree::source_column& column = made.excluded->columns[i];
            both.columns.push_back({column.name,
                                    "excluded",
                                    make({tree::column_use{made.excluded.get(), i, false},
                                          column.type,
                                          column.modifier,
                                          -1})});
        }
        both.tables.push_back({"excluded", nullptr, true});
        made.set = analyse_assignments(all_,
                                       nodes::items(of.n_target_list, of.target_list),
                                       both,
                                       *relation_);
        if (of.where_clause) {
            clause where{"WHERE"};
            place at{all_, both, where, {}};
            made.where = analyse_condition(at, *of.where_clause);
        }
        return made;
    }

    analysis& all_;
    const PgQuery__InsertStmt& of_;
    tree::insertion made_;
    scope names_;
    const relation* relation_ = nullptr;
    std::vector<const column_definition*> columns_;
};

} // namespace

tree::insertion analyse_insert(analysis& all, const PgQuery__InsertStmt& of)
{
    return insert_analysis{all, of}.run();
}

tree::update analyse_update(analysis& all, const PgQuery__UpdateStmt& of)
{
    tree::update made;
    scope names;
    with_clause with = analyse_with(all, of.with_clause, names);
    made.with = std::move(with.tables);
    made.recursive = with.recursive;
    made.into = analyse_target(all, *of.relation, names);
    made.from = analyse_from(all, nodes::items(of.n_from_clause, of.from_clause), names);
    made.set = analyse_assignments(all,
                                   nodes::items(of.n_target_list, of.target_list),
                                   names,
                                   relation_of(*made.into));
    if (of.where_clause) {
        clause where{"WHERE"};
        place at{all, names, where, {}};
        made.where = analyse_condition(at, *of.where_clause);
    }
    made.returning = analyse_returning(all,
                                       nodes::items(of.n_returning_list, of.returning_list),
                                       names,
                                       *made.into);
    return made;
}

tree::deletion analyse_delete(analysis& all, const PgQuery__DeleteStmt& of)
{
    tree::deletion made;
    scope names;
    with_clause with = analyse_with(all, of.with_clause, names);
    made.with = std::move(with.tables);
    made.recursive = with.recursive;
    made.into = analyse_target(all, *of.relation, names);
    made.using_ = analyse_from(all, nodes::items(of.n_using_clause, of.using_clause), names);
    if (of.where_clause) {
        clause where{"WHERE"};
        place at{all, names, where, {}};
        made.where = analyse_condition(at, *of.where_clause);
    }
    made.returning = analyse_returning(all,
                                       nodes::items(of.n_returning_list, of.returning_list),
                                       names,
                                       *made.into);
    return made;
}

} // namespace weir::sqlite
