// What a socket could not take yet. Empty almost always, and then it owns nothing.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/uio.h>

namespace weir {

// Two pieces that leave in one write: what was rewritten, and the bytes as they landed.
struct gathered {
    std::string_view first = {};
    std::string_view second = {};

    std::size_t size() const { return first.size() + second.size(); }

    // Those that are not empty.
    class piece_list {
    public:
        explicit piece_list(const gathered& of);
        operator std::span<const iovec>() const { return {pieces_.data(), count_}; }

    private:
        std::array<iovec, 2> pieces_{};
        std::size_t count_ = 0;
    };
    piece_list pieces() const { return piece_list{*this}; }
};

class outbox {
public:
    // Above this, whoever feeds it is not read until it has drained.
    static constexpr std::size_t high_water = 256 * 1024;

    bool empty() const { return !held_; }
    std::size_t size() const { return held_ ? held_->bytes.size() - held_->sent : 0; }
    bool is_full() const { return size() >= high_water; }

    void keep(const gathered& unsent, std::size_t already_sent);
    std::string_view front() const; // what is to be sent next
    void sent(std::size_t size);

private:
    struct spill {
        std::string bytes;
        std::size_t sent = 0;
    };
    std::unique_ptr<spill> held_;
};

// Collects what goes to one socket while a chunk of bytes is judged piece by piece. Pieces that lie
// next to each other stay where they are; only where something is rewritten or left out is copied.
class collector {
public:
    void add(std::string_view piece); // lies in the chunk that is being judged
    std::string& rewritten();         // append here what takes a piece's place
    bool empty() const { return assembled_.empty() && run_.empty(); }
    gathered view() const { return {assembled_, run_}; }
    void clear();

private:
    std::string assembled_; // keeps its memory
    std::string_view run_;  // follows it
};

} // namespace weir
