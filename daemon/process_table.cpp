#include "daemon/process_table.hpp"

#include "daemon/escape.hpp"

#include <fstream>
#include <iterator>

namespace weir {
namespace {

std::string content_of(const std::string& path) // empty when the process is gone or hidden
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string describe(pid_t pid)
{
    if (pid == 0)
        return "a process in another pid namespace";
    const std::string proc = "/proc/" + std::to_string(pid);
    std::string command = content_of(proc + "/comm");
    if (command.ends_with('\n'))
        command.pop_back();
    std::string name;
    append_printable(name, command.empty() ? "pid" : command);
    name += '[' + std::to_string(pid) + ']';
    if (const std::string unit = unit_of(content_of(proc + "/cgroup")); !unit.empty())
        append_printable(name += " of ", unit);
    return name;
}

} // namespace

// A line a hierarchy, "0::/system.slice/shop.service/worker": the innermost unit is the one.
std::string unit_of(std::string_view cgroup)
{
    for (std::string_view path = cgroup.substr(0, cgroup.find('\n')); !path.empty();) {
        const std::size_t slash = path.rfind('/');
        const std::string_view last = slash == path.npos ? "" : path.substr(slash + 1);
        if (last.ends_with(".service") || last.ends_with(".scope"))
            return std::string(last);
        path = slash == path.npos ? "" : path.substr(0, slash);
    }
    return {};
}

process_index process_table::join(pid_t pid)
{
    const auto known = by_pid_.find(pid);
    if (known != by_pid_.end()) {
        ++processes_[static_cast<std::size_t>(known->second)].clients;
        return known->second;
    }
    if (free_.empty()) {
        free_.push_back(static_cast<process_index>(processes_.size()));
        processes_.emplace_back();
    }
    const process_index index = free_.back();
    free_.pop_back();
    processes_[static_cast<std::size_t>(index)] = {pid, 1, {}};
    by_pid_.emplace(pid, index);
    return index;
}

void process_table::leave(process_index which)
{
    process& p = processes_[static_cast<std::size_t>(which)];
    if (--p.clients > 0)
        return;
    by_pid_.erase(p.pid);
    p = {};
    free_.push_back(which);
}

const std::string& process_table::name(process_index which)
{
    process& p = processes_[static_cast<std::size_t>(which)];
    if (p.name.empty())
        p.name = describe(p.pid);
    return p.name;
}

} // namespace weir
