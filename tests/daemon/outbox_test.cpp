#include "daemon/outbox.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace weir {

TEST_SUITE_BEGIN("outbox");

namespace {

std::string text_of(const gathered& g) { return std::string(g.first) + std::string(g.second); }

} // namespace

TEST_CASE("pieces that lie next to each other leave from where they landed")
{
    const std::string chunk = "one two three";
    const std::string_view all = chunk;
    collector c;
    CHECK(c.empty());
    c.add(all.substr(0, 4));
    c.add(all.substr(4, 4));
    c.add(all.substr(8));
    CHECK(c.view().first.empty());
    CHECK(c.view().second.data() == chunk.data());
    CHECK(c.view().second == chunk);
    c.clear();
    CHECK(c.empty());
    CHECK(c.view().size() == 0);
}

TEST_CASE("what is left out, or takes another's place, keeps its place among the others")
{
    const std::string chunk = "abcdefgh";
    const std::string_view all = chunk;
    collector c;
    c.add(all.substr(0, 2)); // ab
    c.rewritten() += "[1]";
    c.add(all.substr(3, 1)); // d, after c was left out
    c.add(all.substr(5, 2)); // fg, after e was left out
    c.rewritten() += "[2]";
    c.rewritten() += "[3]";
    c.add(all.substr(7)); // h
    CHECK(text_of(c.view()) == "ab[1]dfg[2][3]h");
    CHECK(c.view().second == "h");
    CHECK(c.view().size() == 15);
    const auto held = c.view().pieces();
    const std::span<const iovec> pieces = held;
    REQUIRE(pieces.size() == 2);
    CHECK(pieces[0].iov_len + pieces[1].iov_len == 15);
    CHECK(pieces[1].iov_base == chunk.data() + 7);
}

TEST_CASE("an empty piece is none")
{
    const auto count = [](const gathered& what) {
        const auto held = what.pieces();
        return std::span<const iovec>{held}.size();
    };
    CHECK(count({}) == 0);
    CHECK(count({"first"}) == 1);
    CHECK(count({"", "second"}) == 1);
    CHECK(count({"first", "second"}) == 2);
}

TEST_CASE("a rewriting that comes first goes first")
{
    collector c;
    c.rewritten() += "first";
    CHECK_FALSE(c.empty());
    c.add("second");
    CHECK(text_of(c.view()) == "firstsecond");
}

TEST_CASE("an outbox keeps what was not sent, and owns nothing when all is")
{
    outbox o;
    CHECK(o.empty());
    CHECK(o.front().empty());
    o.keep({"first", "second"}, 0);
    CHECK(o.size() == 11);
    CHECK(o.front() == "firstsecond");
    o.sent(3);
    CHECK(o.front() == "stsecond");
    CHECK(o.size() == 8);
    o.sent(8);
    CHECK(o.empty());
    CHECK(o.size() == 0);
}

TEST_CASE("what a write took is not kept, wherever it stopped")
{
    const std::string whole = "firstsecond";
    for (std::size_t sent = 0; sent < whole.size(); ++sent) {
        CAPTURE(sent);
        outbox o;
        o.keep({"first", "second"}, sent);
        CHECK(o.front() == whole.substr(sent));
    }
}

TEST_CASE("it is full at its high water, until it has drained below")
{
    outbox o;
    const std::string most(outbox::high_water - 1, 'x');
    o.keep({most, {}}, 0);
    CHECK_FALSE(o.is_full());
    o.keep({"y", {}}, 0);
    CHECK(o.is_full());
    o.sent(1);
    CHECK_FALSE(o.is_full());
}

TEST_CASE("bytes leave in the order in which they came, whatever the socket takes at a time")
{
    std::minstd_rand dice{11};
    outbox o;
    std::string expected;
    std::string seen;
    for (int i = 0; i < 5'000; ++i) {
        if (dice() % 2) {
            const std::string first(dice() % 40, static_cast<char>('a' + i % 26));
            const std::string second(1 + dice() % 40, static_cast<char>('A' + i % 26));
            const std::size_t sent = o.empty() ? dice() % (first.size() + second.size()) : 0;
            expected += first + second;
            seen += (first + second).substr(0, sent);
            o.keep({first, second}, sent);
        } else if (!o.empty()) {
            const std::size_t taken = 1 + dice() % o.size();
            seen += o.front().substr(0, taken);
            o.sent(taken);
        }
        REQUIRE(o.size() == expected.size() - seen.size());
        REQUIRE(o.empty() == (o.size() == 0));
    }
    seen += o.front();
    CHECK(seen == expected);
}

TEST_SUITE_END();

} // namespace weir
