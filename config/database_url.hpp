// A database URL in SQLAlchemy's grammar -> the backend's address. The only place that takes a
// password out of a text; from here on it is a secret, and no complaint ever quotes it.
#pragma once

#include "config/complaint.hpp"
#include "config/secret.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

enum class database_kind : std::uint8_t {
    postgresql, // postgresql://, postgres://, postgresql+anydriver://
    mysql,      // mysql://, mariadb://, mysql+anydriver://
    sqlite,     // sqlite://, sqlite+anydriver://
};

struct host_address {
    std::string host;       // a name, an address, a socket directory; empty = the library's default
    std::uint16_t port = 0; // 0 = the default

    friend bool operator==(const host_address&, const host_address&) = default;
};

using option_list = std::vector<std::pair<std::string, std::string>>;

// The pieces, decoded.
struct database_url {
    database_kind kind = database_kind::postgresql;
    std::string driver; // "psycopg" of postgresql+psycopg://, which only the application heeds
    std::string user;
    secret password;
    std::vector<host_address> hosts; // in the order to try them
    std::string database;            // SQLite: the file's path; empty = in memory
    option_list options;             // known and checked, in the order given, each once
    secret sslpassword;              // the one option that is a secret: it unlocks sslkey

    friend bool operator==(const database_url&, const database_url&) = default;
};

// The complaints bear `path`, the setting that the text came from. They name options but quote no
// value, since what stands where in a broken URL is a guess, and the guess may be the password.
checked<database_url> parse_database_url(std::string_view text,
                                         std::string_view path = "DATABASE_URL");

// The URL with *** for each secret, in the form that parse_database_url reads.
std::string masked(const database_url& url);

// The URL with its secrets, for a program that is to connect by itself. Both SQLAlchemy and libpq
// read it, so several hosts and socket directories are options: SQLAlchemy decodes no host.
std::string in_the_clear(const database_url& url);

// What the one backend is called when nobody named it: the database, else (as libpq has it) the
// user; for SQLite the file's stem, or "memory". Empty when the URL says nothing.
std::string default_name(const database_url& url);

// Keywords and values for PQconnectStartParams (with expand_dbname = 0), the secrets in the clear.
option_list libpq_parameters(const database_url& url);

} // namespace weir
