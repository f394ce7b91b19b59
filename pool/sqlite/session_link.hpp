// The relay's end of a session's socket pair.
#pragma once

#include "pool/core/link.hpp"
#include "pool/sqlite/cancellation.hpp"

#include <functional>
#include <memory>

namespace weir::sqlite {

class session_link : public link {
public:
    // Takes the descriptor over. `wake` lets a waiting session see that it should stop.
    session_link(int descriptor,
                 std::shared_ptr<cancellation> stop,
                 std::function<void()> wake,
                 parameter_list parameters);
    ~session_link() override; // the session rolls back and ends

    int descriptor() const override { return fd_; }
    io_result read(std::span<std::byte> into) override;
    io_result write(std::span<const iovec> from) override;
    result<void> cancel() override;
    const parameter_list& parameters() const override { return parameters_; }

private:
    int fd_;
    std::shared_ptr<cancellation> stop_;
    std::function<void()> wake_;
    parameter_list parameters_;
};

} // namespace weir::sqlite
