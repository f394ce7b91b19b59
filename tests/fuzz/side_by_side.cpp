// Names, settings and transactions that are held back: three clients on one server hear what they
// would hear from a server each, whatever they say. The input is the luck by which the conversation
// is written, a byte for each choice; it is over when the luck is.
#include "tests/support/side_by_side.hpp"

#include "tests/fuzz/target.hpp"

#include <cstdio>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size > 2'000)
        return 0;
    std::size_t used = 0;
    weir::test::side_by_side world{[&] { return used < size ? data[used++] : 0; }};
    while (used < size && !world.difference())
        world.turn();
    if (!world.difference())
        world.finish();
    if (world.difference())
        std::fprintf(stderr, "%s\n", world.difference()->c_str());
    promise(!world.difference());
    return 0;
}
