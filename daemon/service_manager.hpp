// What weir says to systemd and what it gets from it (sd_notify(3), sd_listen_fds(3)). Without a
// service manager nobody listens, and saying something costs nothing. The only door to libsystemd.
#pragma once

#include "pool/core/error.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::service_manager {

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

struct passed_socket {
    int descriptor;
    std::string name; // FileDescriptorName= of weir.socket
};

// The sockets of weir.socket; none when weir was started otherwise. Asked once: the environment
// that tells of them is removed, so that no child takes them for its own.
result<std::vector<passed_socket>> passed_sockets();

} // namespace weir::service_manager
