#include "pool/postgres/host_list.hpp"

#include <algorithm>

namespace weir::postgres {

namespace {

std::vector<std::string> split(std::string_view list)
{
    std::vector<std::string> parts;
    for (std::size_t comma; (comma = list.find(',')) != list.npos; list.remove_prefix(comma + 1))
        parts.emplace_back(list.substr(0, comma));
    parts.emplace_back(list);
    return parts;
}

void add_joined(parameter_list& options, const char* name, const std::vector<std::string>& parts)
{
    std::string joined;
    for (const std::string& part : parts)
        joined += (&part == parts.data() ? "" : ",") + part;
    options.emplace_back(name, std::move(joined));
}

} // namespace

host_list::host_list(const parameter_list& options)
{
    std::vector<std::string> names, addresses, ports;
    for (const auto& [name, value] : options) {
        if (value.empty())
            continue; // to libpq this is the same as not given
        if (name == "host")
            names = split(value);
        else if (name == "hostaddr")
            addresses = split(value);
        else if (name == "port")
            ports = split(value);
        else
            others_.emplace_back(name, value);
    }
    const std::size_t count = std::max(names.size(), addresses.size());
    const auto fits = [&](const auto& list) { return list.empty() || list.size() == count; };
    if (ports.size() == 1)
        ports.resize(count, std::string{ports.front()});
    if (count == 0 || !fits(names) || !fits(addresses) || !fits(ports)) {
        others_ = options;
        return;
    }
    for (std::size_t i = 0; i < count; ++i)
        hosts_.push_back({names.empty() ? "" : names[i],
                          addresses.empty() ? "" : addresses[i],
                          ports.empty() ? "" : ports[i]});
}

bool host_list::drop(std::string_view host, std::string_view port)
{
    const auto is_named = [&](const candidate& c) {
        return (c.host.empty() ? c.address : c.host) == host && (c.port.empty() || c.port == port);
    };
    const auto found = std::find_if(hosts_.begin(), hosts_.end(), is_named);
    if (found == hosts_.end())
        return false;
    hosts_.erase(found);
    return true;
}

parameter_list host_list::options() const
{
    parameter_list all = others_;
    const auto add = [&](const char* name, std::string candidate::*part) {
        std::vector<std::string> parts;
        for (const candidate& c : hosts_)
            parts.push_back(c.*part);
        if (std::any_of(parts.begin(), parts.end(), [](auto& text) { return !text.empty(); }))
            add_joined(all, name, parts);
    };
    add("host", &candidate::host);
    add("hostaddr", &candidate::address);
    add("port", &candidate::port);
    return all;
}

} // namespace weir::postgres
