#include "daemon/handover/state_file.hpp"

#include <boost/crc.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

namespace weir {

namespace {

struct header {
    char magic[8];
    std::uint32_t version;
    std::uint32_t slots; // that have ever been used
};

struct note_header {
    std::uint32_t size;
    std::uint32_t crc;
};

constexpr char magic[8] = {'w', 'e', 'i', 'r', ' ', 'f', 'd', 's'};
constexpr std::uint64_t note_at = 64;
constexpr std::uint32_t most_slots = 1u << 17;
constexpr std::uint64_t slots_at = 4'096;
constexpr std::uint64_t longest_note = slots_at - note_at - sizeof(note_header);
constexpr std::uint64_t places_at = slots_at + most_slots * sizeof(state_slot);
constexpr std::uint64_t whole = std::uint64_t{1} << 31; // pages come into being when written to
constexpr std::uint64_t smallest_place = 256;
constexpr std::uint64_t largest_place = 64u << 20;

std::uint32_t crc_of(std::string_view record)
{
    boost::crc_32_type crc;
    crc.process_bytes(record.data(), record.size());
    return crc.checksum();
}

error cannot(std::string_view what)
{
    return {"58000", "cannot " + std::string(what) + ": " + std::strerror(errno)};
}

bool is_ours(const header& h) { return std::memcmp(h.magic, magic, sizeof magic) == 0; }

header& header_of(std::byte* memory) { return *std::launder(reinterpret_cast<header*>(memory)); }

// False: the file ends before it.
bool read_at(int descriptor, void* into, std::size_t size, std::uint64_t offset)
{
    auto* at = static_cast<char*>(into);
    while (size > 0) {
        const ssize_t n = ::pread(descriptor, at, size, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        offset += static_cast<std::uint64_t>(n);
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

} // namespace

result<state_file> state_file::create()
{
    state_file made;
    made.descriptor_ = ::memfd_create("weir clients", MFD_CLOEXEC);
    if (made.descriptor_ < 0 || ::ftruncate(made.descriptor_, static_cast<off_t>(whole)) != 0)
        return cannot("make the file that clients are kept in");
    void* const memory =
        ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_SHARED, made.descriptor_, 0);
    if (memory == MAP_FAILED)
        return cannot("map the file that clients are kept in");
    made.memory_ = static_cast<std::byte*>(memory);
    auto* const h = new (memory) header{{}, version, 0};
    std::memcpy(h->magic, magic, sizeof magic);
    made.end_ = places_at;
    return made;
}

state_file::state_file(state_file&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      memory_(std::exchange(other.memory_, nullptr)), free_slots_(std::move(other.free_slots_)),
      free_places_(std::move(other.free_places_)), end_(other.end_)
{
}

state_file& state_file::operator=(state_file&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    std::swap(memory_, other.memory_);
    std::swap(free_slots_, other.free_slots_);
    std::swap(free_places_, other.free_places_);
    std::swap(end_, other.end_);
    return *this;
}

state_file::~state_file()
{
    if (memory_)
        ::munmap(memory_, whole);
    if (descriptor_ >= 0)
        ::close(descriptor_);
}

state_slot* state_file::take(std::uint64_t cookie)
{
    state_slot* slot = nullptr;
    if (!free_slots_.empty()) {
        slot = free_slots_.back();
        free_slots_.pop_back();
    } else if (header& h = header_of(memory_); h.slots < most_slots) {
        slot = new (memory_ + slots_at + h.slots * sizeof(state_slot)) state_slot{};
        ++h.slots;
    } else {
        return nullptr;
    }
    slot->cookie = cookie;
    slot->say(false);
    return slot;
}

bool state_file::make_room(state_slot& where, std::size_t size)
{
    if (size <= where.capacity)
        return true;
    const std::uint64_t capacity = std::bit_ceil(std::max<std::uint64_t>(size, smallest_place));
    if (capacity > largest_place)
        return false;
    auto& reusable = free_places_[static_cast<std::size_t>(std::bit_width(capacity))];
    if (where.capacity > 0)
        free_places_[static_cast<std::size_t>(std::bit_width(where.capacity))].push_back(
            where.offset);
    where.capacity = 0;
    if (!reusable.empty()) {
        where.offset = reusable.back();
        reusable.pop_back();
    } else if (capacity <= whole - end_) {
        where.offset = std::exchange(end_, end_ + capacity);
    } else {
        return false;
    }
    where.capacity = static_cast<std::uint32_t>(capacity);
    return true;
}

bool state_file::write(state_slot& where, std::string_view record)
{
    where.say(false);
    if (!make_room(where, record.size()))
        return false;
    std::memcpy(memory_ + where.offset, record.data(), record.size());
    where.size = static_cast<std::uint32_t>(record.size());
    where.crc = crc_of(record);
    return true;
}

// Its place stays with the slot, for the next client there.
void state_file::release(state_slot& where)
{
    where.state.store(state_slot::empty, std::memory_order_release);
    free_slots_.push_back(&where);
}

bool state_file::note(std::string_view text)
{
    const bool fits = text.size() <= longest_note;
    const std::string_view whole_text = fits ? text : std::string_view{};
    const note_header h{static_cast<std::uint32_t>(whole_text.size()), crc_of(whole_text)};
    std::memcpy(memory_ + note_at, &h, sizeof h);
    std::ranges::copy(std::as_bytes(std::span{whole_text}), memory_ + note_at + sizeof h);
    return fits;
}

std::uint64_t socket_cookie(int socket)
{
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    ::getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &size);
    return cookie;
}

result<std::vector<kept_record>> read_state_file(int descriptor)
{
    header h{};
    if (!read_at(descriptor, &h, sizeof h, 0) || !is_ours(h))
        return error{"58030", "what was kept of the clients cannot be read: it is none of weir's"};
    if (h.version != state_file::version || h.slots > most_slots)
        return error{"58030",
                     "what was kept of the clients is of version " + std::to_string(h.version) +
                         "; this weir reads version " + std::to_string(state_file::version)};
    std::vector<kept_record> out;
    for (std::uint32_t i = 0; i < h.slots; ++i) {
        state_slot s{};
        if (!read_at(descriptor, &s, sizeof s, slots_at + i * sizeof s))
            break; // it is short
        if (s.state.load() != state_slot::idle || s.offset < places_at || s.offset >= whole ||
            s.size > std::min(largest_place, whole - s.offset))
            continue;
        std::string record(s.size, '\0');
        if (read_at(descriptor, record.data(), record.size(), s.offset) && crc_of(record) == s.crc)
            out.push_back({s.cookie, std::move(record)});
    }
    return out;
}

std::string read_note(int descriptor)
{
    header h{};
    note_header n{};
    if (!read_at(descriptor, &h, sizeof h, 0) || !is_ours(h) || h.version != state_file::version ||
        !read_at(descriptor, &n, sizeof n, note_at) || n.size > longest_note)
        return {};
    std::string text(n.size, '\0');
    const bool is_whole =
        read_at(descriptor, text.data(), text.size(), note_at + sizeof n) && crc_of(text) == n.crc;
    return is_whole ? text : std::string{};
}

} // namespace weir
