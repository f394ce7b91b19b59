#include "daemon/service_manager.hpp"

#include "daemon/escape.hpp"
#include "daemon/log.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace weir::service_manager {
namespace {

// Variables are separated by newlines, so a text must not bring its own.
std::string one_line(std::string_view text)
{
    std::string line;
    append_printable(line, text);
    return line;
}

void notify(const std::string& state)
{
    // Positive: sent. Zero: no NOTIFY_SOCKET. Nothing depends on it but what systemd shows and its
    // patience, both of which an operator wants to know.
    if (const int outcome = sd_notify(0, state.c_str()); outcome < 0)
        log::warning("systemd was not reached",
                     {{"said", state}, {"why", std::strerror(-outcome)}});
}

std::string microseconds_of_monotonic_clock()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto elapsed = std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
    return std::to_string(std::chrono::floor<std::chrono::microseconds>(elapsed).count());
}

} // namespace

void ready(std::string_view text) { notify("READY=1\nSTATUS=" + one_line(text)); }

void status(std::string_view text) { notify("STATUS=" + one_line(text)); }

// With Type=notify-reload systemd tells a new answer from an old one by the time in it.
void reloading() { notify("RELOADING=1\nMONOTONIC_USEC=" + microseconds_of_monotonic_clock()); }

void stopping(std::string_view text) { notify("STOPPING=1\nSTATUS=" + one_line(text)); }

void alive() { notify("WATCHDOG=1"); }

void extend_timeout(std::chrono::microseconds by)
{
    notify("EXTEND_TIMEOUT_USEC=" + std::to_string(by.count()));
}

std::optional<std::chrono::microseconds> watchdog_interval()
{
    std::uint64_t microseconds = 0;
    const int enabled = sd_watchdog_enabled(0, &microseconds);
    if (enabled < 0)
        log::warning("the watchdog's interval cannot be read", {{"why", std::strerror(-enabled)}});
    if (enabled <= 0)
        return std::nullopt;
    return std::chrono::microseconds{microseconds / 2};
}

bool is_there() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

bool has_store() { return is_there(); }

// The kernel passes at most 253 descriptors with a message.
void store(std::string_view name, std::span<const int> descriptors)
{
    constexpr std::size_t most = 250;
    const std::string state = "FDSTORE=1\nFDNAME=" + std::string(name);
    while (!descriptors.empty()) {
        const auto some = descriptors.first(std::min(most, descriptors.size()));
        if (const int outcome = sd_pid_notify_with_fds(0,
                                                       0,
                                                       state.c_str(),
                                                       some.data(),
                                                       static_cast<unsigned>(some.size()));
            outcome < 0)
            log::warning("systemd keeps no descriptors",
                         {{"count", some.size()}, {"why", std::strerror(-outcome)}});
        descriptors = descriptors.subspan(some.size());
    }
}

void remove_from_store(std::string_view name)
{
    notify("FDSTOREREMOVE=1\nFDNAME=" + std::string(name));
}

void wait_until_stored()
{
    constexpr std::uint64_t patience = 5'000'000; // microseconds
    if (const int outcome = sd_notify_barrier(0, patience); outcome < 0)
        log::warning("systemd was not reached", {{"why", std::strerror(-outcome)}});
}

result<std::vector<passed_descriptor>> passed_descriptors()
{
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    if (count < 0)
        return error{sqlstate{"F0000"},
                     std::string{"the sockets passed by systemd cannot be used: "} +
                         std::strerror(-count)};
    std::vector<passed_descriptor> passed;
    for (int i = 0; i < count; ++i) {
        passed.push_back({SD_LISTEN_FDS_START + i, names[i]});
        std::free(names[i]);
    }
    std::free(names);
    return passed;
}

} // namespace weir::service_manager
