#include "daemon/access_list.hpp"

#include "daemon/accounts.hpp"

#include <algorithm>

namespace weir {
namespace {

constexpr std::chrono::minutes membership_lasts{1};

template <class Id>
bool contains(const std::vector<Id>& ids, Id id)
{
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

} // namespace

result<access_list> access_list::make(std::string_view setting,
                                      const std::vector<std::string>& users,
                                      const std::vector<std::string>& groups)
{
    access_list list;
    std::string unknown;
    const auto add = [&](auto& ids, const auto& id, const std::string& what) {
        if (id)
            ids.push_back(*id);
        else
            unknown += (unknown.empty() ? "" : ", ") + what;
    };
    for (const std::string& user : users)
        add(list.users_, user_id(user), "user \"" + user + "\"");
    for (const std::string& group : groups)
        add(list.groups_, group_id(group), "group \"" + group + "\"");
    if (!unknown.empty())
        return error{sqlstate{"F0000"},
                     std::string(setting) + " names whom this host does not know: " + unknown,
                     {},
                     "Mend the names, or make the accounts (useradd, groupadd)."};
    return list;
}

bool access_list::has(const peer& p, time_point now)
{
    if (contains(users_, p.uid) || contains(groups_, p.gid))
        return true;
    return !groups_.empty() && is_member(p.uid, now);
}

bool access_list::is_member(uid_t uid, time_point now)
{
    membership& known = members_[uid];
    if (known.asked == time_point{} || now - known.asked >= membership_lasts) {
        const std::vector<gid_t> groups = groups_of(uid);
        known.asked = now;
        known.is_member = std::any_of(groups.begin(), groups.end(), [&](gid_t group) {
            return contains(groups_, group);
        });
    }
    return known.is_member;
}

result<access_list> allowed_clients(const settings& all)
{
    const account_settings& allow = all.listen.allow;
    return access_list::make("listen.allow", allow.users, allow.groups);
}

result<access_list> operators(const settings& all)
{
    return access_list::make("admin", all.admin.users, all.admin.groups);
}

} // namespace weir
