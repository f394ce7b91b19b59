// Clients over a restart: their sockets and the file of their records are with the service manager
// while weir runs, so that they are there after a crash as well, and are taken up at the start.
#pragma once

#include "daemon/handover/state_file.hpp"
#include "daemon/relay.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/takeover.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

class client_store {
public:
    // Clients have to be kept from now on. An error: there is no memory for it.
    result<void> open(relay& clients);
    bool is_open() const { return states_.has_value(); }

    // What the weir before has stored: its clients go on, or are told 57P01. What is not a client's
    // stays with the caller.
    void take_up(std::vector<service_manager::passed_descriptor>& passed, relay& clients);

    void tick(relay& clients, time_point now);
    void store_all(relay& clients); // returns when they are safe
    // To the weir that takes over, which takes them up.
    result<void> pass_all(relay& clients, takeover_door& to);

private:
    std::optional<state_file> states_;
    std::string name_; // of the file, in the store
};

} // namespace weir
