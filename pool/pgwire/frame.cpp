#include "pool/pgwire/frame.hpp"

namespace weir::pgwire {

bool field_reader::need(std::size_t size)
{
    if (ok_ && rest_.size() >= size)
        return true;
    ok_ = false;
    rest_ = {};
    return false;
}

std::uint8_t field_reader::u8()
{
    if (!need(1))
        return 0;
    const auto value = std::to_integer<std::uint8_t>(rest_[0]);
    rest_ = rest_.subspan(1);
    return value;
}

std::uint16_t field_reader::u16()
{
    if (!need(2))
        return 0;
    const std::uint16_t value = load_u16(rest_);
    rest_ = rest_.subspan(2);
    return value;
}

std::uint32_t field_reader::u32()
{
    if (!need(4))
        return 0;
    const std::uint32_t value = load_u32(rest_);
    rest_ = rest_.subspan(4);
    return value;
}

std::string_view field_reader::text()
{
    const std::string_view all = as_text(rest_);
    const std::size_t end = all.find('\0');
    if (!need(end == std::string_view::npos ? rest_.size() + 1 : end + 1))
        return {};
    rest_ = rest_.subspan(end + 1);
    return all.substr(0, end);
}

bytes field_reader::raw(std::size_t size)
{
    if (!need(size))
        return {};
    const bytes value = rest_.first(size);
    rest_ = rest_.subspan(size);
    return value;
}

} // namespace weir::pgwire
