// A server on an unencrypted socket: bytes go straight to the kernel.
#pragma once

#include "pool/postgres/server_link.hpp"

namespace weir::postgres {

class plain_link final : public server_link {
public:
    using server_link::server_link;

    io_result read(std::span<std::byte> into) override;
    io_result write(std::span<const iovec> from) override;
};

} // namespace weir::postgres
