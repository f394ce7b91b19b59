#include "daemon/open_backend.hpp"

#include "daemon/log.hpp"
#include "pool/postgres/server_backend.hpp"
#include "pool/sqlite/database.hpp"

namespace weir {

result<std::unique_ptr<backend>> open_backend(const backend_settings& s)
{
    const std::string address = masked(s.url);
    switch (s.url.kind) {
    case database_kind::postgresql:
        return std::make_unique<postgres::server_backend>(
            libpq_parameters(s.url),
            address,
            [name = s.name](std::string_view words) {
                log::info("the server says", {{"backend", name}, {"notice", words}});
            });
    case database_kind::sqlite:
        return std::make_unique<sqlite::database>(s.url.database, s.name, address);
    case database_kind::mysql: break;
    }
    return error{"0A000", "backend " + s.name + " (" + address + ") cannot be served"};
}

} // namespace weir
