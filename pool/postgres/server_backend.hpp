// A PostgreSQL server as a backend: libpq logs in, then the socket (or its TLS) is the relay's.
#pragma once

#include "pool/core/link.hpp"

#include <functional>
#include <string_view>

namespace weir::postgres {

class server_backend final : public backend {
public:
    // `options` are libpq's keywords and values (host, port, dbname, user, password, sslmode ...);
    // `address` names the server without secrets. `on_notice` hears what servers say while they let
    // us in ('WARNING: database "app" has a collation version mismatch'), on the login's thread.
    server_backend(parameter_list options,
                   std::string address,
                   std::function<void(std::string_view)> on_notice = {});

    // The name of a host is looked up in here, and that alone takes as long as it takes.
    //
    // libpq reads ahead. Messages that came whole behind the login's end (a changed setting, a
    // notice) it has taken in; half of one lies in its buffer and shows nowhere. The other half is
    // then what comes out of the link first. So whoever reads there drops a server that sends a bad
    // length, or, while it owes no answer, anything but a ParameterStatus, a notice, a notification
    // or an error.
    result<std::unique_ptr<link>> log_in(std::chrono::milliseconds timeout,
                                         std::stop_token stop) override;

    const std::string& address() const override { return address_; }
    bool has_channels() const override { return true; }

private:
    parameter_list options_;
    std::string address_;
    std::function<void(std::string_view)> on_notice_;
};

} // namespace weir::postgres
