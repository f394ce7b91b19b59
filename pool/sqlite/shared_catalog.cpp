#include "pool/sqlite/shared_catalog.hpp"

#include <utility>

namespace weir::sqlite {

namespace {

result<std::int64_t> schema_version(open_file& file)
{
    constexpr std::string_view sql = "PRAGMA schema_version";
    auto query = file.statements.take(file.db, sql);
    if (!query)
        return query.error();
    const auto stepped = query->step();
    const std::int64_t found = stepped ? query->column(0).integer : 0;
    file.statements.give_back(sql, std::move(*query));
    if (!stepped)
        return stepped.error();
    return found;
}

} // namespace

result<std::shared_ptr<const catalog>> shared_catalog::current(open_file& from)
{
    version wanted{generation_.load(), 0};
    const auto schema = schema_version(from);
    if (!schema)
        return schema.error();
    wanted.schema = *schema;
    {
        const std::lock_guard lock{mutex_};
        if (image_ && version_ == wanted)
            return image_;
    }
    // Inside one read transaction, so that the version and the image are of the same moment.
    const bool own_transaction = !from.db.in_transaction();
    if (own_transaction)
        if (const auto begun = from.run("BEGIN"); !begun)
            return begun.error();
    const auto schema_now = schema_version(from);
    auto loaded = catalog::load(from.db);
    if (own_transaction)
        if (const auto ended = from.run("COMMIT"); !ended)
            return ended.error();
    if (!schema_now)
        return schema_now.error();
    if (!loaded)
        return loaded.error();
    wanted.schema = *schema_now;
    const std::lock_guard lock{mutex_};
    if (wanted.generation >= version_.generation) {
        version_ = wanted;
        image_ = *loaded;
    }
    return *loaded;
}

} // namespace weir::sqlite
