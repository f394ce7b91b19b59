// Users and groups that the settings name (listen.allow, admin), asked with what SO_PEERCRED says.
#pragma once

#include "config/settings.hpp"
#include "daemon/peer.hpp"

#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir {

class access_list {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // Names or numbers, found under `setting`; a name that the host does not know is an error that
    // lists all such names.
    static result<access_list> make(std::string_view setting,
                                    const std::vector<std::string>& users,
                                    const std::vector<std::string>& groups);

    access_list() = default; // nobody

    bool empty() const { return users_.empty() && groups_.empty(); }

    // Memberships are looked up when a user first matters and again when the answer is a minute
    // old, so a change of groups is noticed, and a slow name service is not asked for each
    // connection.
    bool has(const peer&, time_point now);

private:
    struct membership {
        bool is_member = false;
        time_point asked;
    };

    bool is_member(uid_t, time_point now);

    std::vector<uid_t> users_;
    std::vector<gid_t> groups_;
    std::unordered_map<uid_t, membership> members_;
};

result<access_list> allowed_clients(const settings& all); // listen.allow
result<access_list> operators(const settings& all);       // admin

} // namespace weir
