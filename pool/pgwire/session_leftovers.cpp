#include "pool/pgwire/session_leftovers.hpp"

namespace weir::pgwire {

std::string reset_sql(const session_leftovers& left)
{
    if (left.anything)
        return "DISCARD ALL";
    std::string sql = "RESET ROLE;"; // what was made by one user may be another's to drop
    if (left.settings)
        sql += "RESET SESSION AUTHORIZATION;RESET ALL;";
    left.state.each([&](state_kind kind) {
        switch (kind) {
        case state_kind::temp_tables: sql += "DISCARD TEMP;"; break;
        case state_kind::hold_cursors: sql += "CLOSE ALL;"; break;
        case state_kind::advisory_locks:
            sql += "SELECT pg_catalog.pg_advisory_unlock_all();";
            break;
        case state_kind::sql_prepared: sql += "DEALLOCATE ALL;"; break;
        case state_kind::channels: sql += "UNLISTEN *;"; break;
        case state_kind::libraries: break; // it is closed
        }
    });
    return sql;
}

} // namespace weir::pgwire
