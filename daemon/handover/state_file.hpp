// The records of all clients in memory that outlives the process: a memfd(2) that the service
// manager keeps, or that is passed on. What weir writes is there at once, so that a crash leaves
// the idle clients' records behind; who reads one trusts nothing of it.
#pragma once

#include "pool/core/error.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// One client's place. Its socket is known by SO_COOKIE, which is the same in every process.
struct state_slot {
    enum : std::uint32_t { empty, busy, idle }; // only of an idle client the record is true

    std::atomic<std::uint32_t> state;
    std::uint32_t size;     // of the record
    std::uint64_t cookie;   // of the socket
    std::uint64_t offset;   // of the record
    std::uint32_t capacity; // of its place
    std::uint32_t crc;      // CRC-32 of the record

    void say(bool is_idle) { state.store(is_idle ? idle : busy, std::memory_order_release); }
};
static_assert(sizeof(state_slot) == 32 && std::atomic<std::uint32_t>::is_always_lock_free);

class state_file {
public:
    static constexpr std::uint32_t version = 2; // of what is in it, records included

    static result<state_file> create();

    state_file(state_file&&) noexcept;
    state_file& operator=(state_file&&) noexcept;
    ~state_file(); // the memory stays as long as somebody has the descriptor

    int descriptor() const { return descriptor_; }

    // A text beside the records, in place of the one before. False: it is too long, there is none.
    bool note(std::string_view text);

    state_slot* take(std::uint64_t cookie); // busy; null: there is no room for another client
    bool write(state_slot& where, std::string_view record); // false: there is no room for it
    void release(state_slot& where);

private:
    state_file() = default;
    bool make_room(state_slot& where, std::size_t size);

    int descriptor_ = -1;
    std::byte* memory_ = nullptr;
    std::vector<state_slot*> free_slots_;
    std::array<std::vector<std::uint64_t>, 32> free_places_; // by the logarithm of their capacity
    std::uint64_t end_ = 0;                                  // of the places so far
};

std::uint64_t socket_cookie(int socket); // SO_COOKIE

struct kept_record {
    std::uint64_t cookie;
    std::string record;
};

// The idle clients' records in such a file, those that are whole. An error: it is of another
// version, or none at all.
result<std::vector<kept_record>> read_state_file(int descriptor);

// The text beside the records; empty: none, or it is not whole, or the file of another version.
std::string read_note(int descriptor);

} // namespace weir
