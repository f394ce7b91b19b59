// A pause that a stop cuts short.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace weir::migrations {

// False: a stop has been asked for.
inline bool rest(std::chrono::milliseconds length, const std::stop_token& stop)
{
    std::mutex nobody_else;
    std::unique_lock lock{nobody_else};
    std::condition_variable_any never;
    never.wait_for(lock, stop, length, [] { return false; });
    return !stop.stop_requested();
}

} // namespace weir::migrations
