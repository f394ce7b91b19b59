#include "daemon/view/brief.hpp"

namespace weir::view {
namespace {

std::string two(std::int64_t time, std::int64_t whole, const char* large, const char* small)
{
    return std::to_string(time / whole) + large +
           (time % whole == 0 ? "" : std::to_string(time % whole) + small);
}

} // namespace

std::string brief(std::chrono::microseconds time)
{
    const std::int64_t us = time.count();
    if (us <= 0)
        return "0";
    if (us < 1'000)
        return std::to_string(us) + "us";
    if (us < 1'000'000)
        return std::to_string(us / 1'000) + "ms";
    const std::int64_t seconds = us / 1'000'000;
    if (seconds < 60)
        return std::to_string(seconds) + "." + std::to_string(us / 100'000 % 10) + "s";
    if (seconds < 3'600)
        return two(seconds, 60, "min", "s");
    if (seconds < 86'400)
        return two(seconds / 60, 60, "h", "min");
    return two(seconds / 3'600, 24, "d", "h");
}

} // namespace weir::view
