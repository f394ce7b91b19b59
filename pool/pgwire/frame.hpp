// Where a message of the PostgreSQL v3 protocol ends. Frames are read where they lie and survive
// any split; every length is distrusted. (PostgreSQL documentation, 55.7 Message Formats.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::pgwire {

using bytes = std::span<const std::byte>;

inline constexpr std::size_t header_size = 5;            // type, then a length that counts itself
inline constexpr std::uint32_t body_limit = 0x3fff'ffff; // PostgreSQL's own PQ_LARGE_MESSAGE_LIMIT

enum class scan_status : std::uint8_t { frame, need_more, malformed };

struct frame_header {
    char type = 0;
    std::uint32_t body_size = 0; // without type and length

    std::size_t size() const { return header_size + body_size; }
};

constexpr std::uint32_t load_u32(bytes in) // in.size() >= 4
{
    return std::to_integer<std::uint32_t>(in[0]) << 24 |
           std::to_integer<std::uint32_t>(in[1]) << 16 |
           std::to_integer<std::uint32_t>(in[2]) << 8 | std::to_integer<std::uint32_t>(in[3]);
}

constexpr std::uint16_t load_u16(bytes in) // in.size() >= 2
{
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(in[0]) << 8 |
                                      std::to_integer<unsigned>(in[1]));
}

constexpr scan_status scan_header(bytes in, frame_header& out, std::uint32_t limit = body_limit)
{
    if (in.size() < header_size)
        return scan_status::need_more;
    const std::uint32_t length = load_u32(in.subspan(1));
    if (length < 4 || length - 4 > limit) // subtract: `length + 1` would wrap at the top
        return scan_status::malformed;
    out = {std::to_integer<char>(in[0]), length - 4};
    return scan_status::frame;
}

// Reads the fields of one body; after the first field that does not fit, everything is empty and
// ok() is false, so a parser checks once, at its end.
class field_reader {
public:
    explicit field_reader(bytes body) : rest_(body) {}

    std::uint8_t u8();
    std::uint16_t u16();
    std::uint32_t u32();
    std::int32_t i32() { return static_cast<std::int32_t>(u32()); }
    std::string_view text(); // NUL-terminated; the NUL is consumed, not returned
    bytes raw(std::size_t size);

    bool ok() const { return ok_; }
    bool at_end() const { return ok_ && rest_.empty(); }
    bytes rest() const { return rest_; }

private:
    bool need(std::size_t size);

    bytes rest_;
    bool ok_ = true;
};

inline std::string_view as_text(bytes b)
{
    return {reinterpret_cast<const char*>(b.data()), b.size()};
}

inline bytes as_bytes(std::string_view s) { return std::as_bytes(std::span{s.data(), s.size()}); }

} // namespace weir::pgwire
