#include "daemon/handover/stopped_pools.hpp"

#include <doctest/doctest.h>

namespace weir {

TEST_SUITE_BEGIN("stopped_pools");

TEST_CASE("what is stopped is read as it was written")
{
    for (const stopped_pools& all :
         {stopped_pools{},
          stopped_pools{.paused = {"main"}},
          stopped_pools{.paused = {"a b", "main"}, .disabled = {"main", "paused x"}}}) {
        const std::string text = to_text(all);
        CAPTURE(text);
        CHECK((read_stopped_pools(text) == all));
    }
}

TEST_CASE("what is not understood, or cut short, is left out")
{
    const stopped_pools main{.paused = {"main"}};
    CHECK((read_stopped_pools("paused main\nslowed shop\n\ndisabled sh") == main));
}

TEST_SUITE_END();

} // namespace weir
