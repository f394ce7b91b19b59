#include "daemon/console/cells.hpp"

#include <array>
#include <ctime>

namespace weir::console {

std::string utc(std::chrono::system_clock::time_point when, const char* zone)
{
    const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> words{};
    const std::size_t size = std::strftime(words.data(), words.size(), "%Y-%m-%d %H:%M:%S", &parts);
    return std::string(words.data(), size) + zone;
}

} // namespace weir::console
