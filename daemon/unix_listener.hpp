// The Unix socket where clients knock: DIRECTORY/.s.PGSQL.PORT, as libpq names it. Made here, or
// passed by systemd. A socket file that nobody serves is taken over, one that is served is refused.
#pragma once

#include "config/settings.hpp"
#include "daemon/lock_file.hpp"
#include "daemon/peer.hpp"
#include "pool/core/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace weir {

struct listen_address {
    std::string directory; // made if missing, with its parents
    std::uint16_t port = 5432;
    mode_t mode = 0777;     // of the socket file; connecting needs the right to write
    std::string group = {}; // of the socket file; empty = weir's own

    std::string path() const; // absolute, for a client may have another working directory
};

listen_address to_address(const listen_settings& l);

// Nothing: nobody listens there. An error: that cannot be found out.
result<std::optional<peer>> who_listens(const std::string& path);

class unix_listener {
public:
    // What open() refuses at once: looks, and changes nothing.
    static result<void> check(const listen_address&);

    static result<unix_listener> open(const listen_address&);

    // A listening socket from systemd, which owns its file.
    static result<unix_listener> adopt(int descriptor);

    // One that another weir has opened, and its lock.
    static result<unix_listener> inherit(int descriptor, int lock, const listen_address& to);
    int lock_descriptor() const { return lock_.descriptor(); } // -1 for an adopted one
    void pass_on(); // another weir has both: the file stays

    unix_listener(unix_listener&&) noexcept;
    unix_listener& operator=(unix_listener&&) noexcept;
    ~unix_listener();

    int descriptor() const { return socket_; } // non-blocking
    const std::string& path() const { return path_; }

    // Whoever connects from now on is refused; those who have connected can still be accepted.
    // False: the socket is systemd's, and not touched.
    bool refuse_newcomers();

    // No more clients from here: the file is removed if it is ours and still the one we made.
    void close();

    // What of `asked` an adopted socket does not heed, as the settings call it: its unit says where
    // it is, and for whom. What is asked for by default asks for nothing.
    std::vector<std::string> unheeded(const listen_address& asked) const;

private:
    unix_listener() = default;

    int socket_ = -1;
    std::string path_;
    // Empty for an adopted socket: who made the file is who removes it.
    lock_file lock_;
    ino_t inode_ = 0;
    dev_t device_ = 0;
};

} // namespace weir
