#include "daemon/migrations/version_table.hpp"

namespace weir::migrations {
namespace {

constexpr std::string_view notes = "weir_migrations";

std::string in_schema(const std::string& schema, std::string_view name)
{
    return schema.empty() ? quoted_name(name) : quoted_name(schema) + '.' + quoted_name(name);
}

std::string doubled(std::string_view text, char quote)
{
    std::string out(1, quote);
    for (const char c : text)
        out.append(c == quote ? 2 : 1, c);
    return out += quote;
}

std::string varchar(unsigned width) { return "VARCHAR(" + std::to_string(width) + ')'; }

// The tables (c) in the schema, or else wherever search_path leads.
std::string from_tables(const std::string& schema)
{
    return " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
           " WHERE c.relkind IN ('r', 'p') AND " +
           (schema.empty() ? "pg_catalog.pg_table_is_visible(c.oid)"
                           : "n.nspname = " + quoted_literal(schema));
}

} // namespace

std::string version_table::qualified() const { return in_schema(schema, name); }
std::string version_table::notes_qualified() const { return in_schema(schema, notes); }

std::string version_table::create() const
{
    return "CREATE TABLE IF NOT EXISTS " + qualified() + " (version_num " + varchar(width) +
           " NOT NULL, CONSTRAINT " + quoted_name(name + "_pkc") + " PRIMARY KEY (version_num))";
}

std::string version_table::create_notes() const
{
    return "CREATE TABLE IF NOT EXISTS " + notes_qualified() + " (revision " + varchar(width) +
           " NOT NULL, state VARCHAR(16) NOT NULL, checksum VARCHAR(64) NOT NULL,"
           " applied_at TIMESTAMP WITH TIME ZONE NOT NULL, duration INTERVAL, \"by\" TEXT,"
           " CONSTRAINT weir_migrations_pkc PRIMARY KEY (revision))";
}

// SQLite cannot change a column, so the rows move into a new table and back.
std::vector<std::string> version_table::widen(dialect d) const
{
    if (d != dialect::sqlite)
        return {"ALTER TABLE " + qualified() + " ALTER COLUMN version_num TYPE " + varchar(width)};
    const std::string aside = in_schema(schema, name + "_wider");
    const auto move = [](const std::string& from, const std::string& to) {
        return "INSERT INTO " + to + " (version_num) SELECT version_num FROM " + from;
    };
    return {"CREATE TABLE " + aside + " (version_num " + varchar(width) + ')',
            move(qualified(), aside),
            "DROP TABLE " + qualified(),
            create(),
            move(aside, qualified()),
            "DROP TABLE " + aside};
}

std::string version_table::select_rows() const
{
    return "SELECT version_num FROM " + qualified() + " ORDER BY version_num";
}

std::string version_table::select_notes() const
{
    return "SELECT revision, state, checksum FROM " + notes_qualified() + " ORDER BY revision";
}

// The type's modifier counts four bytes of a length word that varchar no longer has.
std::string version_table::select_width() const
{
    return "SELECT a.atttypmod - 4 FROM pg_catalog.pg_attribute a JOIN (SELECT c.oid" +
           from_tables(schema) + " AND c.relname = " + quoted_literal(name) +
           ") t ON t.oid = a.attrelid WHERE a.attname = 'version_num' AND NOT a.attisdropped";
}

std::string version_table::select_has_notes() const
{
    return "SELECT 1" + from_tables(schema) + " AND c.relname = " + quoted_literal(notes);
}

// An extension brings its own tables (PostGIS), which nobody has to migrate.
std::string version_table::select_other_tables() const
{
    return "SELECT c.relname" + from_tables("") + " AND c.relname NOT IN (" + quoted_literal(name) +
           ", " + quoted_literal(notes) +
           ") AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT EXISTS (SELECT 1 "
           "FROM"
           " pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.classid ="
           " 'pg_catalog.pg_class'::regclass AND d.deptype = 'e') ORDER BY c.relname";
}

std::string quoted_name(std::string_view name) { return doubled(name, '"'); }

// A backslash means itself only while standard_conforming_strings is on; in E'' it is always two.
std::string quoted_literal(std::string_view text)
{
    if (text.find('\\') == std::string_view::npos)
        return doubled(text, '\'');
    std::string slashed;
    for (const char c : text)
        slashed.append(c == '\\' ? 2 : 1, c);
    return 'E' + doubled(slashed, '\'');
}

} // namespace weir::migrations
