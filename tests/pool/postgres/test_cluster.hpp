// The cluster that cluster.py started beside this program, as libpq's keywords and values.
#pragma once

#include "pool/core/link.hpp"
#include "pool/postgres/server_backend.hpp"

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace weir::test {

using namespace std::chrono_literals;

// Without a cluster these tests fail: skipping them would look like passing.
inline std::string told(const char* variable)
{
    const char* value = std::getenv(variable);
    if (!value)
        throw std::runtime_error(std::string(variable) + " is not set: run this under cluster.py");
    return value;
}

inline const std::string scram_password = "scram:p@ss/word 100%";
inline const std::string tls_password = "tls:p@ss/word 100%";

inline parameter_list over_unix() // the superuser, trusted
{
    return {{"host", told("WEIR_TEST_PG_DIR")},
            {"port", told("WEIR_TEST_PG_PORT")},
            {"user", "postgres"},
            {"dbname", "postgres"}};
}

inline parameter_list over_tcp(std::string password = scram_password)
{
    return {{"host", "127.0.0.1"},
            {"port", told("WEIR_TEST_PG_PORT")},
            {"user", "scram_user"},
            {"password", std::move(password)},
            {"dbname", "postgres"},
            {"sslmode", "disable"}};
}

inline parameter_list over_tls(std::string sslmode = "verify-full", std::string ca = "ca.crt")
{
    return {{"host", "localhost"},
            {"port", told("WEIR_TEST_PG_PORT")},
            {"user", "tls_user"},
            {"password", tls_password},
            {"dbname", "postgres"},
            {"sslmode", std::move(sslmode)},
            {"sslrootcert", told("WEIR_TEST_PG_DIR") + "/" + ca}};
}

// The same with one more option, or another value for it (to libpq the last one counts).
inline parameter_list with(parameter_list options, std::string name, std::string value)
{
    options.emplace_back(std::move(name), std::move(value));
    return options;
}

inline result<std::unique_ptr<link>>
log_in(parameter_list options, std::chrono::milliseconds timeout = 30s, std::stop_token stop = {})
{
    postgres::server_backend backend{std::move(options), "postgresql://test"};
    return backend.log_in(timeout, std::move(stop));
}

} // namespace weir::test
