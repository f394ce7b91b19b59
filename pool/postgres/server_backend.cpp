#include "pool/postgres/server_backend.hpp"

#include "pool/postgres/login.hpp"
#include "pool/postgres/plain_link.hpp"
#include "pool/postgres/tls_link.hpp"

namespace weir::postgres {

namespace {

void ignore_notice(void*, const PGresult*) {}

} // namespace

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
    PGconn* const libpq = server.get();

    // From here on nothing may be said to a handler that the link could outlive.
    PQsetNoticeReceiver(libpq, ignore_notice, nullptr);

    if (PQgssEncInUse(libpq))
        return error{"08001", "the connection is encrypted by GSSAPI, which cannot be relayed"};
    if (PQsslInUse(libpq))
        return std::unique_ptr<link>{std::make_unique<tls_link>(std::move(server))};
    return std::unique_ptr<link>{std::make_unique<plain_link>(std::move(server))};
}

} // namespace weir::postgres
