// What another process claims to be the record of a client.
#include "daemon/handover/client_record.hpp"

#include "tests/fuzz/target.hpp"

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto read = weir::read_record(std::as_bytes(std::span{data, size}));
    if (!read)
        return 0;
    std::string again;
    weir::write_record(again, *read);
    promise(weir::read_record(weir::pgwire::as_bytes(again)) == read);
    return 0;
}
