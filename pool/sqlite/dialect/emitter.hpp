// The emitter's inside: one string that grows. emit.hpp is its door.
#pragma once

#include "pool/sqlite/dialect/emit.hpp"
#include "pool/sqlite/dialect/tree.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

class emitter {
public:
    explicit emitter(column_style style) : style_(style) {}

    std::string take() { return std::move(out_); }

    // emit_expression.cpp
    void expression(const tree::expression& of);
    void list(std::span<const tree::expression_ptr> of);

    // emit_template.cpp
    void fill(std::string_view words, std::span<const tree::expression_ptr> arguments);
    void aggregate(const tree::aggregate& of);

    // emit_query.cpp
    void query(const tree::query& of, column_names names);
    void with(const std::vector<tree::cte>& tables, bool recursive);
    void from(const std::vector<tree::source_ptr>& items);
    void sort_keys(const std::vector<tree::sort_key>& keys);

    // emit_modify.cpp
    void insertion(const tree::insertion& of);
    void update(const tree::update& of);
    void deletion(const tree::deletion& of);

private:
    friend struct expression_emitter;

    void constant(const tree::constant& of);
    void junction(std::span<const tree::expression_ptr> terms, std::string_view word);
    void collated(const tree::expression& of);
    void subquery(const tree::subquery& of);
    void in_array(const tree::in_array& of);
    void greatest(const tree::greatest& of);
    void case_when(const tree::case_when& of);

    std::size_t placeholder(std::string_view words,
                            std::span<const tree::expression_ptr> arguments);
    void in_form(char form, const tree::expression& of);
    void text_form(const tree::expression& of, bool as_printed);
    void json_form(const tree::expression& of);
    void window(const tree::window& of);
    void bound(const tree::frame_bound& of);

    void body(const tree::query& of, column_names names, bool distinct_rows);
    void select(const tree::select_body& of,
                const std::vector<result_column>& columns,
                column_names names,
                bool distinct_rows);
    void set_operation(const tree::set_body& of, column_names names, bool distinct_rows);
    void operand(const tree::query& of, column_names names, bool distinct_rows, bool is_left);
    void values(const tree::values_body& of);
    void source(const tree::source& of, bool inside_join);
    void join(const tree::join_source& of);
    void count(const tree::expression& of, std::string_view words);

    void assignments(const std::vector<tree::assignment>& of);
    void conflict(const tree::conflict_clause& of);
    void returning(const std::vector<tree::target>& of);
    void target(const tree::source& of);

    std::string out_;
    column_style style_;
};

} // namespace weir::sqlite
