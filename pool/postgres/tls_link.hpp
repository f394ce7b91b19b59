// A server behind TLS: bytes go through the SSL object with which libpq shook hands.
//
// A read fills the buffer from as many records as there are (PostgreSQL's hold 8 kB each), until
// TLS wants more from the socket; so, as with a plain socket, a read that comes back short leaves
// nothing behind that readiness would not announce. A write turns up to 16 kB, whatever number of
// pieces they came in, into one record. A dead socket shows at the read side alone: libpq hides the
// error from a write so that the server's last words can still be read.
#pragma once

#include "pool/postgres/server_link.hpp"

#include <openssl/types.h>

namespace weir::postgres {

class tls_link final : public server_link {
public:
    explicit tls_link(connection logged_in);
    ~tls_link() override;
    tls_link(const tls_link&) = delete;
    tls_link& operator=(const tls_link&) = delete;

    io_result read(std::span<std::byte> into) override;
    io_result write(std::span<const iovec> from) override;

private:
    io_status send_record(std::span<const std::byte> plain_text);

    SSL* ssl_; // libpq's

    // A record that the socket had no room for must be sent again, unchanged, before anything else;
    // the caller is told of its bytes only then, however it cuts what it offers meanwhile.
    std::vector<std::byte> stuck_;
    std::size_t sent_ahead_ = 0; // bytes of it that were sent and not yet reported
};

} // namespace weir::postgres
