#include "pool/pgwire/notification_queue.hpp"

#include <doctest/doctest.h>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: notification queue");

namespace {

notification_ptr message(std::string channel, std::string text)
{
    return std::make_shared<const notification>(notification{std::move(channel), std::move(text)});
}

} // namespace

TEST_CASE("notifications leave in the order in which they came, but for channels left meanwhile")
{
    notification_queue q;
    for (const char* text : {"1", "2", "3"}) {
        q.push(message("a", std::string("a") + text));
        q.push(message("b", std::string("b") + text));
    }
    q.push(message("", "for everyone"));
    std::string out = "before ";
    CHECK(q.take({"b"}, 1000, out) == 4);
    CHECK(out == "before b1b2b3for everyone");
    CHECK(q.empty());
}

TEST_CASE("no more than there is room for leaves at once")
{
    notification_queue q;
    for (int i = 0; i < 10; ++i)
        q.push(message("a", std::string(100, static_cast<char>('0' + i))));
    std::string out;
    CHECK(q.take({"a"}, 250, out) == 3);
    CHECK(out.size() == 300);
    CHECK(q.size() == 7);
    CHECK(q.take({"a"}, 10'000, out) == 7);
    CHECK(out.back() == '9');
}

TEST_CASE("a queue is full at its limit, and has room again when it was read")
{
    notification_queue q;
    const notification_ptr large = message("a", std::string(1 << 20, 'x'));
    for (std::size_t i = 0; i < notification_queue::limit_bytes >> 20; ++i) {
        CHECK(!q.is_full());
        q.push(large);
    }
    CHECK(q.is_full());
    std::string out;
    q.take({"a"}, 1, out);
    CHECK(!q.is_full());
}

TEST_SUITE_END();

} // namespace weir::pgwire
