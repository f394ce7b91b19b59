#include "pool/sqlite/catalog.hpp"

#include "pool/sqlite/catalog_edit.hpp"
#include "pool/sqlite/catalog_tables.hpp"

#include <algorithm>
#include <charconv>

namespace weir::sqlite {

namespace {

std::string key_of(std::string_view schema, std::string_view name)
{
    std::string key(schema);
    key += '.';
    key += name;
    return key;
}

// The numbers of an int2vector: "1 3"; 0 stands for an expression.
std::vector<std::int16_t> numbers_of(std::string_view text)
{
    std::vector<std::int16_t> out;
    while (!text.empty()) {
        std::int16_t number = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
        out.push_back(failure == std::errc{} ? number : std::int16_t{0});
        text.remove_prefix(std::min(static_cast<std::size_t>(end - text.data()) + 1, text.size()));
    }
    return out;
}

} // namespace

const column_definition* relation::find(std::string_view column) const
{
    const auto found = std::ranges::find(columns, column, &column_definition::name);
    return found == columns.end() ? nullptr : &*found;
}

const relation* catalog::find(std::string_view schema, std::string_view name) const
{
    if (schema.empty()) {
        const relation* const system = find("pg_catalog", name);
        return system != nullptr ? system : find("public", name);
    }
    const auto found = by_name_.find(key_of(schema, name));
    return found == by_name_.end() ? nullptr : found->second;
}

const relation* catalog::find(oid id) const
{
    const auto found = by_id_.find(static_cast<std::uint32_t>(id));
    return found == by_id_.end() ? nullptr : found->second;
}

result<std::shared_ptr<const catalog>> catalog::load(connection& from)
{
    try {
        catalog_edit edit(from);
        auto image = std::make_shared<catalog>();
        std::unordered_map<std::uint32_t, relation*> by_id;
        for (const auto& row :
             edit.rows("SELECT c.oid, n.nspname, c.relname, c.relkind FROM \"pg_catalog.pg_class\" "
                       "c JOIN \"pg_catalog.pg_namespace\" n ON n.oid = c.relnamespace")) {
            auto made = std::make_unique<relation>();
            made->id = row.id(0);
            made->schema = row.text(1);
            made->name = row.text(2);
            made->stored_as = stored_name(made->schema, made->name);
            made->kind = row.text(3).front();
            by_id.emplace(static_cast<std::uint32_t>(made->id), made.get());
            image->by_id_.emplace(static_cast<std::uint32_t>(made->id), made.get());
            image->by_name_.emplace(key_of(made->schema, made->name), made.get());
            image->relations_.push_back(std::move(made));
        }
        for (const auto& row : edit.rows(
                 "SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attnotnull, "
                 "a.atthasdef, "
                 "d.adbin, w.sql, a.attnum, a.attidentity = 'a' FROM \"pg_catalog.pg_attribute\" a "
                 "LEFT JOIN \"pg_catalog.pg_attrdef\" d ON d.adrelid = a.attrelid AND d.adnum = "
                 "a.attnum LEFT JOIN \"pg_catalog.weir_default\" w ON w.adrelid = a.attrelid AND "
                 "w.adnum = a.attnum WHERE NOT a.attisdropped ORDER BY a.attrelid, a.attnum")) {
            const auto owner = by_id.find(static_cast<std::uint32_t>(row.id(0)));
            if (owner == by_id.end())
                continue;
            owner->second->columns.push_back({
                .name = row.text(1),
                .type = row.id(2),
                .modifier = static_cast<std::int32_t>(row.integer(3)),
                .not_null = row.integer(4) != 0,
                .has_default = !row.is_null(7), // atthasdef does not count identity
                .default_sql = row.text(6),
                .emitted_default = row.text(7),
                .number = static_cast<std::int16_t>(row.integer(8)),
                .generated_always = row.integer(9) != 0,
            });
        }
        for (const auto& row :
             edit.rows("SELECT indrelid, indkey, indisprimary FROM \"pg_catalog.pg_index\" WHERE "
                       "indisunique AND indpred IS NULL AND indexprs IS NULL ORDER BY "
                       "indisprimary DESC, indexrelid")) {
            const auto owner = by_id.find(static_cast<std::uint32_t>(row.id(0)));
            if (owner == by_id.end())
                continue;
            relation& of = *owner->second;
            std::vector<std::string>& key = of.unique_keys.emplace_back();
            for (const std::int16_t number : numbers_of(row.text(1))) {
                const auto column =
                    std::ranges::find(of.columns, number, &column_definition::number);
                if (column != of.columns.end())
                    key.push_back(column->name);
            }
            of.has_primary_key = of.has_primary_key || row.integer(2) != 0;
        }
        return std::shared_ptr<const catalog>(std::move(image));
    } catch (const refusal& why) {
        return why.what;
    }
}

} // namespace weir::sqlite
