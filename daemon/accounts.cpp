#include "daemon/accounts.hpp"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

namespace weir {
namespace {

std::optional<unsigned> as_number(std::string_view text)
{
    unsigned number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number);
    if (failed != std::errc{} || stop != end)
        return std::nullopt;
    return number;
}

// getpwnam_r and its sisters want a buffer for the strings, of a size nobody knows beforehand.
// `ask` is called with larger ones until it says something else than ERANGE; found or not.
template <class Entry, class Ask>
bool look_up(Entry& entry, std::vector<char>& strings, Ask ask)
{
    for (std::size_t size = 1024; size <= 1024 * 1024; size *= 4) {
        strings.resize(size);
        Entry* found = nullptr;
        const int code = ask(&entry, strings.data(), strings.size(), &found);
        if (code != ERANGE)
            return code == 0 && found;
    }
    return false;
}

} // namespace

std::optional<uid_t> user_id(const std::string& name)
{
    passwd entry{};
    std::vector<char> strings;
    if (look_up(entry, strings, [&](auto... to) { return ::getpwnam_r(name.c_str(), to...); }))
        return entry.pw_uid;
    return as_number(name);
}

std::optional<gid_t> group_id(const std::string& name)
{
    group entry{};
    std::vector<char> strings;
    if (look_up(entry, strings, [&](auto... to) { return ::getgrnam_r(name.c_str(), to...); }))
        return entry.gr_gid;
    return as_number(name);
}

std::string user_name(uid_t id)
{
    passwd entry{};
    std::vector<char> strings;
    if (look_up(entry, strings, [&](auto... to) { return ::getpwuid_r(id, to...); }))
        return entry.pw_name;
    return "uid " + std::to_string(id);
}

std::vector<gid_t> groups_of(uid_t id)
{
    passwd entry{};
    std::vector<char> strings;
    if (!look_up(entry, strings, [&](auto... to) { return ::getpwuid_r(id, to...); }))
        return {};
    std::vector<gid_t> groups(32);
    for (;;) {
        int count = static_cast<int>(groups.size());
        const int enough = ::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count);
        groups.resize(static_cast<std::size_t>(count)); // the number there are, or that fit
        if (enough >= 0)
            return groups;
    }
}

} // namespace weir
