#include "pool/sqlite/catalog_edit.hpp"

namespace weir::sqlite {

statement catalog_edit::prepared(std::string_view sql, arguments with)
{
    statement made = must(db_.prepare(sql));
    int index = 0;
    for (const argument& each : with)
        made.bind(++index, each.v);
    return made;
}

void catalog_edit::run(std::string_view sql, arguments with)
{
    statement made = prepared(sql, with);
    while (must(made.step()) == step_result::row) {
    }
}

std::vector<catalog_edit::row> catalog_edit::rows(std::string_view sql, arguments with)
{
    statement made = prepared(sql, with);
    std::vector<row> out;
    while (must(made.step()) == step_result::row) {
        row& next = out.emplace_back();
        for (int i = 0; i < made.column_count(); ++i) {
            const value v = made.column(i);
            next.cells.push_back({v.integer, std::string(v.bytes), v.is == value::kind::null});
        }
    }
    return out;
}

std::optional<catalog_edit::row> catalog_edit::first(std::string_view sql, arguments with)
{
    std::vector<row> found = rows(sql, with);
    if (found.empty())
        return std::nullopt;
    return std::move(found.front());
}

oid catalog_edit::next_oid()
{
    return first("UPDATE \"pg_catalog.weir_catalog\" SET next_oid = next_oid + 1 "
                 "RETURNING next_oid - 1")
        ->id(0); // the table's one row
}

void forget_relation(catalog_edit& edit, oid relation)
{
    constexpr std::string_view statements[] = {
        "DELETE FROM \"pg_catalog.pg_description\" WHERE objoid = ?1 OR objoid IN (SELECT oid FROM "
        "\"pg_catalog.pg_constraint\" WHERE conrelid = ?1) OR objoid IN (SELECT indexrelid FROM "
        "\"pg_catalog.pg_index\" WHERE indrelid = ?1)",
        "DELETE FROM \"pg_catalog.weir_default\" WHERE adrelid = ?1",
        "DELETE FROM \"pg_catalog.weir_view\" WHERE viewrelid = ?1",
        "DELETE FROM \"pg_catalog.weir_sequence\" WHERE seqrelid = ?1",
        "DELETE FROM \"pg_catalog.pg_sequence\" WHERE seqrelid = ?1",
        "DELETE FROM \"pg_catalog.pg_attrdef\" WHERE adrelid = ?1",
        "DELETE FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1",
        "DELETE FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1",
        "DELETE FROM \"pg_catalog.pg_class\" WHERE oid IN (SELECT indexrelid FROM "
        "\"pg_catalog.pg_index\" WHERE indrelid = ?1)",
        "DELETE FROM \"pg_catalog.pg_index\" WHERE indrelid = ?1",
        "DELETE FROM \"pg_catalog.pg_depend\" WHERE objid = ?1 OR refobjid = ?1",
        "DELETE FROM \"pg_catalog.pg_class\" WHERE oid = ?1",
    };
    for (const std::string_view each : statements)
        edit.run(each, {relation});
}

} // namespace weir::sqlite
