// Owns libpq's connection. The order of its end matters, so it is written once, here.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <sys/socket.h>

namespace weir::postgres {

// PQfinish sends a Terminate message. Behind a message that the relay left cut short, those five
// bytes would complete it, and the server would run what nobody sent: a query that lacked its last
// two bytes was executed. So the socket is shut down first, and then nothing can be sent. To the
// server this looks like a client that vanished: it rolls back, and counts an abandoned session
// (pg_stat_database). Whoever knows that the server is idle may write a Terminate before; it is
// still delivered.
struct connection_closer {
    void operator()(PGconn* connection) const noexcept
    {
        if (const int fd = PQsocket(connection); fd >= 0)
            ::shutdown(fd, SHUT_RDWR);
        PQfinish(connection);
    }
};
using connection = std::unique_ptr<PGconn, connection_closer>;

} // namespace weir::postgres
