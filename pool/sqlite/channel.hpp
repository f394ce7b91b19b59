// The session's end of the socket pair: frames in, replies out, blocking. The relay holds the other
// end and treats it like any server's socket.
#pragma once

#include "pool/pgwire/frame.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace weir::sqlite {

class channel {
public:
    explicit channel(int descriptor) : fd_(descriptor) {} // takes it over
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    ~channel();

    struct frame {
        char type = 0;
        pgwire::bytes body; // valid until the next receive()
    };
    enum class status : std::uint8_t { frame, closed, malformed };

    // Blocks for the next whole frame; what was written before is not flushed by it.
    status receive(frame& out);

    // Replies are collected here and leave when there are enough, or with flush().
    std::string& out() { return out_; }
    // Between rows: false when the client is gone. While held, rows stay in memory so that a slow
    // reader does not keep the one writer; up to a limit, since memory has one too.
    bool make_room();
    void hold(bool yes) { held_ = yes; }
    bool flush();

private:
    bool fill();

    int fd_;
    bool held_ = false;
    bool broken_ = false;
    std::string out_;
    std::vector<std::byte> in_;
    std::size_t read_at_ = 0; // in_ from here to filled_ is not consumed yet
    std::size_t filled_ = 0;
};

} // namespace weir::sqlite
