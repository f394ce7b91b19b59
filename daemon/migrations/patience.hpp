// Waiting for something that others decide: a backend to come up, a lock to come free. Pauses that
// grow and never go in step with those of other weirs, within a limit, ended by a stop.
#pragma once

#include "daemon/migrations/rest.hpp"
#include "pool/core/backoff.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <stop_token>
#include <utility>

namespace weir::migrations {

class patience {
public:
    using clock = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;

    patience(milliseconds limit, milliseconds longest_pause, std::stop_token stop)
        : end_(clock::now() + limit), longest_pause_(longest_pause), stop_(std::move(stop))
    {
    }

    milliseconds left() const
    {
        return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(end_ - clock::now()));
    }

    // Between two attempts. False: the time is up, or a stop was asked for, so there is no other.
    bool pause()
    {
        if (left() == milliseconds{0})
            return false;
        const double chance = std::uniform_real_distribution{}(dice_);
        return rest(std::min(left(), reconnect_delay(++pauses_, longest_pause_, chance)), stop_);
    }

private:
    clock::time_point end_;
    milliseconds longest_pause_;
    std::stop_token stop_;
    std::minstd_rand dice_{std::random_device{}()};
    unsigned pauses_ = 0;
};

} // namespace weir::migrations
