#include "pool/postgres/server_link.hpp"

#include "pool/postgres/server_error.hpp"

#include <array>
#include <new>

namespace weir::postgres {

namespace {

// libpq answers by name only. These are what servers up to version 18 report; what else one may
// report (an extension's setting) is seen when it changes, in a ParameterStatus message.
constexpr std::array reported = {
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "scram_iterations",
    "search_path",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
};

parameter_list reported_by(const PGconn* connection)
{
    parameter_list all;
    for (const char* name : reported)
        if (const char* value = PQparameterStatus(connection, name))
            all.emplace_back(name, value);
    return all;
}

} // namespace

server_link::server_link(connection logged_in)
    : connection_(std::move(logged_in)), cancel_key_(PQgetCancel(connection_.get())),
      parameters_(reported_by(connection_.get()))
{
    if (!cancel_key_)
        throw std::bad_alloc{}; // a connection that is logged in gives no other reason
}

result<void> server_link::cancel()
{
    std::array<char, 256> words{};
    if (PQcancel(cancel_key_.get(), words.data(), static_cast<int>(words.size())) != 1)
        return server_error(words.data());
    return {};
}

} // namespace weir::postgres
