// What another process says of itself, and what it claims that an operator has stopped.
#include "daemon/handover/introduction.hpp"
#include "daemon/handover/stopped_pools.hpp"
#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto read = weir::read_introduction(text))
        promise(*weir::read_introduction(weir::to_text(*read)) == *read);
    else if (weir::is_refusal(text))
        promise(weir::is_refusal(weir::refusal_text(read.error())));
    const auto stopped = weir::read_stopped_pools(text);
    promise(weir::read_stopped_pools(weir::to_text(stopped)) == stopped);
    return 0;
}
