// The settings that belong to a client and are applied to whichever server it gets. Sets are
// immutable and interned: equal settings are the same pointer, so that the steady state (client and
// server agree) costs one comparison and ten thousand clients share one set.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/link.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::pgwire {

using settings_map = std::map<std::string, std::string, std::less<>>; // by name in lower case
using settings_ptr = std::shared_ptr<const settings_map>;

class settings_registry {
public:
    settings_ptr intern(settings_map settings);
    settings_ptr with(const settings_ptr& base, std::string_view name, std::string_view value);

private:
    void forget_the_unused();

    std::unordered_map<std::string, std::weak_ptr<const settings_map>> known_;
    std::size_t sweep_at_ = 64;
};

// True for what the server reports by ParameterStatus and a client may SET: the server tells when
// it changes, so nobody needs to read SQL. (55.2.7 lists what every supported server reports.)
bool is_tracked(std::string_view name);

// The settable ones of what a server reported at login.
settings_map tracked_settings(const parameter_list& reported);

// The SQL that takes a server from `have` to `want`; empty when nothing differs.
std::string replay(const settings_map& have, const settings_map& want);

// Whether they act as different users. A message that ran as the wrong one could do harm, so then
// it waits until the replay has been answered.
bool differ_in_identity(const settings_map& have, const settings_map& want);

// Without the settings that the server does not report.
settings_map tracked_part(const settings_map& settings);

std::string literal(std::string_view text); // of SQL, right under any setting

// The startup parameters that are settings, with those in options (-c name=value, --name=value).
// 42601 when options cannot be read, 0A000 when they ask for more than settings.
result<settings_map>
startup_settings(const std::vector<std::pair<std::string_view, std::string_view>>& parameters);

std::string lower(std::string_view text); // ASCII, as PostgreSQL folds setting names

} // namespace weir::pgwire
