// Where finished lines leave the process. A reader that stalls (a full pipe, a journal under load)
// must not stall the loop: then lines are lost, counted, and the count is logged.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::log {

class line_writer {
public:
    explicit line_writer(int descriptor) : descriptor_(descriptor) {}

    // The line with its '\n'. False: it was lost, in whole or in part.
    bool write(std::string_view line);

    std::uint64_t lost() const { return lost_; } // lines, since forget_lost()
    void forget_lost() { lost_ = 0; }

private:
    bool write_all(std::string_view bytes);
    bool wait_for_room() const;

    int descriptor_;
    std::uint64_t lost_ = 0;
    bool stalled_ = false;   // the last line was lost, so the next one does not wait
    bool in_a_line_ = false; // part of a line is out; the next starts with '\n'
};

} // namespace weir::log
