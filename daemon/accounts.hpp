// The names of users and groups on this host, as passwd(5), LDAP and the like know them. A lookup
// may take as long as the host's name service does: keep the answer.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace weir {

// By name or by number: "www-data" or "33".
std::optional<uid_t> user_id(const std::string& name);
std::optional<gid_t> group_id(const std::string& name);

// "uid 4711" for a user without a name.
std::string user_name(uid_t);

// The user's own group and the supplementary ones; empty for a user that the host does not know.
std::vector<gid_t> groups_of(uid_t);

} // namespace weir
