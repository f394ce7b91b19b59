// Clients over a restart: their sockets and the file of their records are with the service manager
// while weir runs, so that they are there after a crash as well, and are taken up at the start; so
// is what an operator has stopped.
#pragma once

#include "daemon/handover/state_file.hpp"
#include "daemon/handover/stopped_pools.hpp"
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
    bool is_open() const { return is_kept_; }

    // What the weir before has stored: its clients go on, or are told 57P01. What is not a client's
    // stays with the caller.
    void take_up(std::vector<service_manager::passed_descriptor>& passed, relay& clients);
    // Likewise of the weir that is taken over, which the service manager may not have in its store.
    void take_over(std::vector<service_manager::passed_descriptor>& passed, relay& clients);
    // Whether that can be done: an error says why none of its clients could go on here.
    static result<void> examine(const std::vector<service_manager::passed_descriptor>& passed);

    // What an operator has stopped: in the weir before, and now, for the next one.
    const stopped_pools& stopped() const { return stopped_; }
    void note(const stopped_pools& now);

    void tick(relay& clients, time_point now);
    void store_all(relay& clients); // returns when they are safe
    // To the weir that takes over, which takes them up.
    result<void> pass_all(relay& clients, takeover_door& to);
    void take_back(relay& clients); // it has not

private:
    result<void> make_file(relay& clients);

    std::optional<state_file> states_;
    std::string name_;     // of the file, in the store
    bool is_kept_ = false; // else the file is there to be passed on, for a moment
    stopped_pools stopped_;
};

} // namespace weir
