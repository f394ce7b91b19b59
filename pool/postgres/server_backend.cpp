#include "pool/postgres/server_backend.hpp"

#include "pool/postgres/login.hpp"
#include "pool/postgres/plain_link.hpp"
#include "pool/postgres/tls_link.hpp"

namespace weir::postgres {

server_backend::server_backend(parameter_list options,
                               std::string address,
                               std::function<void(std::string_view)> on_notice)
    : options_(std::move(options)), address_(std::move(address)), on_notice_(std::move(on_notice))
{
}

result<std::unique_ptr<link>> server_backend::log_in(std::chrono::milliseconds timeout,
                                                     std::stop_token stop)
{
    auto logged_in = postgres::log_in(options_, timeout, std::move(stop), on_notice_);
    if (!logged_in)
        return logged_in.error();
    connection server = std::move(*logged_in);

    // libpq reads ahead, so it may already hold messages that came right behind the login's end (a
    // changed setting, a notice); this has it take in those that are complete. Half of one does not
    // show anywhere: its other half then comes out of the link first, and whoever reads there must
    // drop a server that sends a bad length, or, while it owes no answer, anything but a
    // ParameterStatus, a notice, a notification or an error.
    PQisBusy(server.get());
    // Nothing may be said to a handler that the link could outlive.
    PQsetNoticeReceiver(
        server.get(),
        [](void*, const PGresult*) {},
        nullptr);

    if (PQgssEncInUse(server.get()))
        return error{"08001", "the connection is encrypted by GSSAPI, which cannot be relayed"};
    if (PQsslInUse(server.get()))
        return std::unique_ptr<link>{std::make_unique<tls_link>(std::move(server))};
    return std::unique_ptr<link>{std::make_unique<plain_link>(std::move(server))};
}

} // namespace weir::postgres
