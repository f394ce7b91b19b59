#include "pool/core/refusal.hpp"

#include <string>
#include <utility>

namespace weir {

std::string in_words(std::chrono::milliseconds time)
{
    const auto ms = time.count();
    return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

namespace {

// A pool below its limit can run dry too, when logins fail or take their time: do not blame the
// limit then.
bool is_at_limit(const pool_situation& it)
{
    const bool unlimited = it.settings.size == 0 || it.settings.max_overflow < 0;
    return !unlimited &&
           it.now.total() >= it.settings.size + static_cast<unsigned>(it.settings.max_overflow);
}

std::string limits(const pool_situation& it)
{
    return "pool limit of size " + std::to_string(it.settings.size) + " overflow " +
           std::to_string(it.settings.max_overflow);
}

std::string numbers(const pool_situation& it)
{
    std::string text = "active " + std::to_string(it.now.active) + ", idle " +
                       std::to_string(it.now.idle) + ", waiting " + std::to_string(it.now.waiting);
    if (it.now.pinned > 0)
        text += ", pinned " + std::to_string(it.now.pinned);
    if (it.now.connecting > 0)
        text += ", connecting " + std::to_string(it.now.connecting);
    if (it.now.resetting > 0)
        text += ", resetting " + std::to_string(it.now.resetting);
    if (it.longest_hold) {
        const auto held = std::chrono::floor<std::chrono::seconds>(*it.longest_hold);
        text += ", longest held " + in_words(held);
        if (!it.oldest_holder.empty())
            text += " by " + it.oldest_holder;
    }
    if (it.last_login_error)
        text += "; the last login failed: " + it.last_login_error->message;
    return text;
}

} // namespace

error by_administrator(std::string detail)
{
    return {"57P01", "terminating connection due to administrator command", std::move(detail)};
}

error refusal_after_timeout(const pool_situation& it)
{
    const bool connected = it.now.total() > it.now.connecting;
    if (!connected && it.last_login_error)
        return *it.last_login_error;
    const std::string reached = is_at_limit(it) ? limits(it) + " reached, " : "";
    return {.code = "53300",
            .message = reached + "no connection came free in " + in_words(it.settings.timeout),
            .detail = numbers(it)};
}

error refusal_of_long_wait(const pool_situation& it, std::chrono::milliseconds expected)
{
    return {.code = "53300",
            .message = limits(it) + " reached, and the expected wait of " + in_words(expected) +
                       " exceeds the timeout of " + in_words(it.settings.timeout),
            .detail = numbers(it)};
}

error notice_of_waiting(const pool_situation& it)
{
    return {.code = "00000",
            .message = (is_at_limit(it) ? limits(it) + " reached, " : std::string{}) +
                       "waiting for a connection, up to " + in_words(it.settings.timeout),
            .detail = numbers(it)};
}

error refusal_of_full_queue(const pool_situation& it)
{
    return {.code = "53300",
            .message = limits(it) + ": " + std::to_string(it.now.waiting) +
                       " clients wait for a connection already",
            .detail = numbers(it)};
}

} // namespace weir
