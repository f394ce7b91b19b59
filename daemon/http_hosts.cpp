#include "daemon/http_hosts.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <arpa/inet.h>

namespace weir {
namespace {

using boost::beast::iequals;

constexpr std::string_view below_localhost = ".localhost";

bool is_address(std::string_view text, int family)
{
    unsigned char into[sizeof(in6_addr)];
    return ::inet_pton(family, std::string{text}.c_str(), into) == 1;
}

std::string_view without_dot(std::string_view name)
{
    if (name.ends_with('.'))
        name.remove_suffix(1);
    return name;
}

bool is_local(std::string_view name)
{
    return iequals(name, "localhost") ||
           (name.size() > below_localhost.size() &&
            iequals(name.substr(name.size() - below_localhost.size()), below_localhost));
}

} // namespace

bool http_hosts::admit(std::string_view host) const
{
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end != host.npos && (end + 1 == host.size() || host[end + 1] == ':') &&
               is_address(host.substr(1, end - 1), AF_INET6);
    }
    const std::string_view name = without_dot(host.substr(0, host.find(':')));
    return is_address(name, AF_INET) || is_local(name) ||
           std::ranges::any_of(names_, [name](const std::string& ours) {
               return iequals(without_dot(ours), name);
           });
}

} // namespace weir
