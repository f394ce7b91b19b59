// What weir says to systemd and what it gets from it (sd_notify(3), sd_listen_fds(3)). Without a
// service manager nobody listens, and saying something costs nothing. The only door to libsystemd.
#pragma once

#include "pool/core/error.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::service_manager {

bool is_there();                     // somebody hears what is said
void ready(std::string_view status); // it serves; also the end of a reload
void status(std::string_view text);  // the line in `systemctl status`
void reloading();                    // until ready() is said again
void stopping(std::string_view status);
void alive(); // the watchdog's food
void extend_timeout(
    std::chrono::microseconds); // starting or stopping takes this much longer, from now

// How often to say alive(): half of WatchdogSec=, as sd_watchdog_enabled(3) advises. Nothing: the
// watchdog is off.
std::optional<std::chrono::microseconds> watchdog_interval();

struct passed_descriptor {
    int descriptor;
    std::string name; // FileDescriptorName= of weir.socket, or what it was stored as
};

// The sockets of weir.socket and what the weir before has stored; none when weir was started
// otherwise. Asked once: the environment that tells of them is removed, so that no child takes them
// for its own.
result<std::vector<passed_descriptor>> passed_descriptors();

// The descriptor store (FileDescriptorStoreMax=): what is in there outlives weir, and is passed to
// the next, unless the service is stopped. Whoever hangs up leaves it by itself.
bool has_store(); // there is a service manager to ask; it may still refuse
void store(std::string_view name, std::span<const int> descriptors);
void remove_from_store(std::string_view name);
void wait_until_stored(); // whatever was said so far has been taken in; at most some seconds

} // namespace weir::service_manager
