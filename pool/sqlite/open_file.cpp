#include "pool/sqlite/open_file.hpp"

#include <utility>

namespace weir::sqlite {

result<std::unique_ptr<open_file>> open_file::open(const std::string& path, access how)
{
    auto opened = connection::open(path);
    if (!opened)
        return opened.error();
    std::unique_ptr<open_file> file{new open_file{std::move(*opened)}};
    if (const auto registered = register_functions(file->db, &file->context); !registered)
        return registered.error();
    if (how == access::read_only)
        if (const auto set = file->db.execute("PRAGMA query_only=ON"); !set)
            return set.error();
    return file;
}

result<void> open_file::run(std::string_view sql)
{
    auto prepared = statements.take(db, sql);
    if (!prepared)
        return prepared.error();
    const auto stepped = prepared->step();
    statements.give_back(sql, std::move(*prepared));
    if (!stepped)
        return stepped.error();
    return {};
}

} // namespace weir::sqlite
