// How fast a queue moves: the mean time between two turns, of which the latest weigh most. It says
// nothing until it has seen some turns of the queue that is there now.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace weir {

class turn_pace {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using seconds = std::chrono::duration<double>;
    static constexpr unsigned least_turns = 16;

    void turn(time_point now)
    {
        if (last_) {
            const seconds interval = now - *last_;
            mean_ += (interval - mean_) / (seen_ < least_turns ? ++seen_ : least_turns);
        }
        last_ = now;
    }
    void rest() { *this = {}; } // nobody waited any more

    // Of so many turns from now on; nothing when unknown.
    std::optional<seconds> time_for(std::size_t turns) const
    {
        if (seen_ < least_turns)
            return std::nullopt;
        return mean_ * static_cast<double>(turns);
    }

private:
    std::optional<time_point> last_;
    seconds mean_{0};
    unsigned seen_ = 0;
};

} // namespace weir
