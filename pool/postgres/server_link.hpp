// What a plain and a TLS link to a PostgreSQL server have in common: libpq's connection, kept for
// its socket, and what it learned at login. libpq itself never speaks on it again: after the relay
// has moved bytes, its view of the connection is stale.
#pragma once

#include "pool/core/link.hpp"
#include "pool/postgres/connection.hpp"

namespace weir::postgres {

class server_link : public link {
public:
    explicit server_link(connection logged_in);

    int descriptor() const override { return PQsocket(connection_.get()); }

    // libpq opens a connection of its own for this: without TLS (before libpq 17), as the protocol
    // always allowed, and without a limit of time.
    result<void> cancel() override;

    int process_id() const override { return PQbackendPID(connection_.get()); }
    const parameter_list& parameters() const override { return parameters_; }

protected:
    PGconn* libpq() { return connection_.get(); }

private:
    struct cancel_closer {
        void operator()(PGcancel* key) const noexcept { PQfreeCancel(key); }
    };

    connection connection_;
    std::unique_ptr<PGcancel, cancel_closer> cancel_key_; // a copy, so any thread may use it
    parameter_list parameters_;
};

} // namespace weir::postgres
