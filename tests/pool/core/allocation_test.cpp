#include "pool/core/pool.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::size_t allocations = 0;

}

// Every allocation of this test program passes here and is counted.
void* operator new(std::size_t size)
{
    ++allocations;
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace weir {

TEST_SUITE_BEGIN("pool");

TEST_CASE("once warm, a pool serves its clients without allocating, whether or not they wait")
{
    constexpr unsigned clients = 100;
    pool p{{.size = 1, .max_overflow = 0}, [] { return 0.0; }};
    const time_point now{};
    actions todo;
    const auto a_round_of_everyone = [&] { // each waits for the one before it
        std::size_t granted = 0;
        for (unsigned i = 0; i < clients; ++i)
            granted += p.acquire(client_id{i}, process_index{i % 7}, now, todo).has_value();
        for (unsigned i = 0; i < clients; ++i)
            p.release(server_id{0}, false, now, todo);
        granted += todo.size();
        todo.clear();
        return granted;
    };
    for (unsigned i = 0; i < clients; ++i)
        p.acquire(client_id{i}, process_index{i % 7}, now, todo);
    p.logged_in(server_id{0}, now, todo);
    for (unsigned i = 0; i < clients; ++i)
        p.release(server_id{0}, false, now, todo);
    todo.clear();

    const std::size_t before = allocations;
    const std::size_t granted = a_round_of_everyone();
    CHECK(allocations == before);
    CHECK(granted == clients);
    CHECK(before > 0); // the count counts
}

TEST_SUITE_END();

} // namespace weir
