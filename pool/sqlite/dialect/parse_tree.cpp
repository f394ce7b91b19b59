#include "pool/sqlite/dialect/parse_tree.hpp"

#include "pool/sqlite/dialect/nesting.hpp"

#include <pg_query.h>

#include <cassert>
#include <utility>

namespace weir::sqlite {

namespace {

// What the C library gave, freed however the scope ends.
struct parse_answer {
    explicit parse_answer(const char* text) : raw(pg_query_parse_protobuf(text)) {}
    ~parse_answer() { pg_query_free_protobuf_parse_result(raw); }
    parse_answer(const parse_answer&) = delete;
    parse_answer& operator=(const parse_answer&) = delete;

    PgQueryProtobufParseResult raw;
};

} // namespace

void parse_tree::unpacked_deleter::operator()(PgQuery__ParseResult* tree) const
{
    pg_query__parse_result__free_unpacked(tree, nullptr);
}

result<parse_tree> parse_tree::parse(std::string text)
{
    // Each level takes a character, so that short texts need no look.
    if (text.size() > deepest_nesting && nesting_of(text) > deepest_nesting)
        return error{sqlstate{"54001"}, "stack depth limit exceeded"};
    parse_tree parsed;
    parsed.text_ = std::make_unique<std::string>(std::move(text));
    const parse_answer answer{parsed.text_->c_str()};
    if (const PgQueryError* wrong = answer.raw.error)
        return error{sqlstate{"42601"}, wrong->message, {}, {}, wrong->cursorpos};
    const PgQueryProtobuf& packed = answer.raw.parse_tree;
    parsed.tree_.reset(
        pg_query__parse_result__unpack(nullptr,
                                       packed.len,
                                       reinterpret_cast<const std::uint8_t*>(packed.data)));
    if (!parsed.tree_)
        return error{sqlstate{"54001"}, "statement is too complex"};
    return parsed;
}

std::size_t parse_tree::size() const { return tree_->n_stmts; }

const PgQuery__Node& parse_tree::statement(std::size_t index) const
{
    assert(index < size());
    return *tree_->stmts[index]->stmt;
}

std::string_view parse_tree::text(std::size_t index) const
{
    assert(index < size());
    const PgQuery__RawStmt& raw = *tree_->stmts[index];
    const auto from = static_cast<std::size_t>(raw.stmt_location);
    // A length of zero means: to the end.
    return text().substr(from, raw.stmt_len == 0 ? std::string_view::npos : raw.stmt_len);
}

} // namespace weir::sqlite
