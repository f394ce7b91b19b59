// What a worker puts where its DATABASE_URL was: libpq's URL with the socket's directory as host,
// in the dialect of each driver.
#pragma once

#include "config/settings.hpp"

#include <array>
#include <string>
#include <string_view>

namespace weir {

// All but SQLAlchemy's take libpq's form.
inline constexpr std::array<std::string_view, 8> drivers{"libpq",
                                                         "psql",
                                                         "psycopg",
                                                         "psycopg2",
                                                         "asyncpg",
                                                         "sqlalchemy+psycopg",
                                                         "sqlalchemy+psycopg2",
                                                         "sqlalchemy+asyncpg"};

// "postgresql:///main?host=/run/weir". `driver` is one of the above.
std::string
connection_string(std::string_view driver, const listen_settings& at, std::string_view database);

} // namespace weir
