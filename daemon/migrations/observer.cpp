#include "daemon/migrations/observer.hpp"

namespace weir::migrations {

std::string to_text(const progress& p)
{
    using enum progress::phase;
    switch (p.is) {
    case waiting_for_backend: return "migrations wait for the backend: " + p.what;
    case waiting_for_lock: return "migrations wait for the lock, held by " + p.what;
    case running_command: return "migrations are running: " + p.what;
    case running:
        return "migrations are running: " + std::to_string(p.number) + " of " +
               std::to_string(p.total) + ", " + p.file;
    case verifying: break;
    }
    return "migrations are being verified";
}

} // namespace weir::migrations
