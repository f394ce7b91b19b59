#include "pool/sqlite/error_words.hpp"

#include "pool/sqlite/functions.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sqlite {

namespace {

// "UNIQUE constraint failed: users.name, users.city" -> users, {name, city}
struct named_columns {
    std::string table;
    std::vector<std::string> columns;
};

named_columns columns_named(std::string_view list)
{
    named_columns found;
    while (!list.empty()) {
        const std::string_view one = list.substr(0, list.find(", "));
        list.remove_prefix(std::min(list.size(), one.size() + 2));
        const std::size_t dot = one.rfind('.'); // tables such as "pg_catalog.pg_class" hold one too
        found.table = one.substr(0, dot);
        found.columns.emplace_back(one.substr(dot + 1));
    }
    return found;
}

std::string quoted(std::string_view name) { return '"' + std::string{name} + '"'; }

// Runs while another statement's error is being reported, so its own failures only mean "no name
// found".
std::optional<std::string>
first_text(sqlite3* db, const char* sql, std::string_view a, std::string_view b = {})
{
    sqlite3_stmt* query = nullptr;
    std::optional<std::string> found;
    if (sqlite3_prepare_v2(db, sql, -1, &query, nullptr) == SQLITE_OK) {
        sqlite3_bind_text(query, 1, a.data(), static_cast<int>(a.size()), SQLITE_STATIC);
        if (sqlite3_bind_parameter_count(query) > 1)
            sqlite3_bind_text(query, 2, b.data(), static_cast<int>(b.size()), SQLITE_STATIC);
        if (sqlite3_step(query) == SQLITE_ROW && sqlite3_column_text(query, 0))
            found = reinterpret_cast<const char*>(sqlite3_column_text(query, 0));
    }
    sqlite3_finalize(query);
    return found;
}

std::string joined(const std::vector<std::string>& names, std::string_view between)
{
    std::string all;
    for (const std::string& name : names)
        all.append(all.empty() ? "" : between).append(name);
    return all;
}

// The name of the unique constraint or index over these columns: a CREATE INDEX has its own, a
// constraint of the table is called as PostgreSQL would call it.
std::string unique_name(sqlite3* db, const named_columns& key, bool primary)
{
    constexpr auto index_over =
        "SELECT l.name FROM pragma_index_list(?1) l WHERE l.\"unique\" AND l.origin = 'c' AND "
        "(SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY "
        "seqno)) = ?2";
    constexpr auto primary_over = "SELECT group_concat(name, ',') FROM (SELECT name FROM "
                                  "pragma_table_info(?1) WHERE pk > 0 ORDER BY pk)";
    const std::string columns = joined(key.columns, ",");
    if (const auto named = first_text(db, index_over, key.table, columns))
        return *named;
    if (primary || first_text(db, primary_over, key.table) == columns)
        return key.table + "_pkey";
    return key.table + "_" + joined(key.columns, "_") + "_key";
}

error unique_violation(sqlite3* db, std::string_view subject, bool primary)
{
    constexpr std::string_view by_index = "index '"; // an index over expressions has no columns
    std::string name;
    if (subject.starts_with(by_index))
        name = subject.substr(by_index.size(), subject.size() - by_index.size() - 1);
    else
        name = unique_name(db, columns_named(subject), primary);
    return {"23505", "duplicate key value violates unique constraint " + quoted(name)};
}

error not_null_violation(std::string_view subject)
{
    const named_columns where = columns_named(subject);
    return {"23502",
            "null value in column " + quoted(joined(where.columns, ", ")) + " of relation " +
                quoted(where.table) + " violates not-null constraint"};
}

error check_violation(sqlite3* db, std::string_view name)
{
    constexpr auto table_of = "SELECT c.relname FROM \"pg_catalog.pg_constraint\" k JOIN "
                              "\"pg_catalog.pg_class\" c ON c.oid = k.conrelid "
                              "WHERE k.conname = ?1 AND k.contype = 'c'";
    const auto table = first_text(db, table_of, name);
    return {"23514",
            "new row" + (table ? " for relation " + quoted(*table) : std::string{}) +
                " violates check constraint " + quoted(name)};
}

error constraint_error(sqlite3* db, int status, std::string_view text)
{
    const std::size_t colon = text.find(": ");
    const std::string_view subject =
        colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 2);
    switch (status) {
    case SQLITE_CONSTRAINT_UNIQUE: return unique_violation(db, subject, false);
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return unique_violation(db, subject, true);
    case SQLITE_CONSTRAINT_NOTNULL: return not_null_violation(subject);
    case SQLITE_CONSTRAINT_CHECK: return check_violation(db, subject);
    case SQLITE_CONSTRAINT_FOREIGNKEY: // SQLite does not say which
        return {"23503", "insert, update or delete violates a foreign key constraint"};
    case SQLITE_CONSTRAINT_DATATYPE: return {"42804", std::string{text}};
    default: return {"23000", std::string{text}};
    }
}

bool comes_from_function(std::string_view text)
{
    const auto is_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    return text.size() > 6 && text[5] == ':' &&
           std::all_of(text.begin(), text.begin() + 5, is_code);
}

} // namespace

error error_of(sqlite3* db, int status)
{
    const std::string text = db ? sqlite3_errmsg(db) : sqlite3_errstr(status);
    if (comes_from_function(text))
        return error_from_function(text);
    switch (status & 0xff) {
    case SQLITE_CONSTRAINT: return constraint_error(db, status, text);
    case SQLITE_INTERRUPT: return {"57014", "canceling statement due to user request"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {"55P03", "another process holds the database file", text};
    case SQLITE_READONLY: return {"25006", "the database file is read-only", text};
    case SQLITE_FULL: return {"53100", "could not extend the database file: " + text};
    case SQLITE_NOMEM: return {"53200", "out of memory"};
    case SQLITE_IOERR: return {"58030", "could not read or write the database file: " + text};
    case SQLITE_CANTOPEN: return {"58P01", "could not open the database file"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return {"XX001", "the database file is damaged: " + text};
    case SQLITE_TOOBIG: return {"54000", "a value or a statement is too large"};
    case SQLITE_MISMATCH: return {"42804", "a value does not have its column's type: " + text};
    default: break;
    }
    if (text == "integer overflow")
        return {"22003", "bigint out of range"};
    // A table that another session dropped between our look at the catalog and the statement.
    if (text.starts_with("no such table: "))
        return {"42P01", "relation " + quoted(text.substr(15)) + " does not exist"};
    return {"XX000", "SQLite: " + text};
}

error foreign_key_violation(sqlite3* db, oid changed, bool is_delete)
{
    constexpr auto own_key = "SELECT min(conname) FROM \"pg_catalog.pg_constraint\" "
                             "WHERE conrelid = ?1 AND contype = 'f' HAVING count(*) = 1";
    constexpr auto key_to_it = "SELECT min(conname) FROM \"pg_catalog.pg_constraint\" "
                               "WHERE confrelid = ?1 AND contype = 'f' HAVING count(*) = 1";
    constexpr auto table_of = "SELECT relname FROM \"pg_catalog.pg_class\" WHERE oid = ?1";
    constexpr auto holder_of = "SELECT c.relname FROM \"pg_catalog.pg_constraint\" k JOIN "
                               "\"pg_catalog.pg_class\" c ON c.oid = k.conrelid "
                               "WHERE k.confrelid = ?1 AND k.contype = 'f'";
    const std::string id = std::to_string(static_cast<std::uint32_t>(changed));
    const std::string table = first_text(db, table_of, id).value_or("?");
    std::string words = (is_delete ? "update or delete on table " : "insert or update on table ") +
                        quoted(table) + " violates foreign key constraint";
    if (const auto key = first_text(db, is_delete ? key_to_it : own_key, id)) {
        words += ' ' + quoted(*key);
        if (is_delete)
            words += " on table " + quoted(first_text(db, holder_of, id).value_or("?"));
    }
    return {"23503", words};
}

} // namespace weir::sqlite
