#include "daemon/handover/stopped_pools.hpp"

namespace weir {
namespace {

constexpr std::string_view paused = "paused ";
constexpr std::string_view disabled = "disabled ";

} // namespace

std::string to_text(const stopped_pools& all)
{
    std::string text;
    for (const std::string& name : all.paused)
        text.append(paused).append(name) += '\n';
    for (const std::string& name : all.disabled)
        text.append(disabled).append(name) += '\n';
    return text;
}

stopped_pools read_stopped_pools(std::string_view text)
{
    stopped_pools all;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        const std::string_view line = text.substr(0, end);
        if (line.starts_with(paused))
            all.paused.emplace_back(line.substr(paused.size()));
        else if (line.starts_with(disabled))
            all.disabled.emplace_back(line.substr(disabled.size()));
        text.remove_prefix(end + 1);
    }
    return all;
}

} // namespace weir
