// Three clients who share one server by way of weir, beside the same three with a server each: what
// they say is random, well-formed, and the same for both, and so must be what they hear. Luck is an
// argument: a seed's, or the bytes of a fuzzer.
#pragma once

#include "tests/support/fake_postgres.hpp"
#include "tests/support/shared_server.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace weir::test {

// Writes what a client says between two answers that it waits for: several pipelined batches and
// Queries, with names, portals, transactions, COPY and settings.
class conversation {
public:
    using luck = std::function<std::uint64_t()>;

    // A tidy client uses no portal that it has not bound since its last Sync: one that weir has
    // answered itself ends there.
    conversation(luck dice, bool tidy) : dice_(std::move(dice)), tidy_(tidy) {}

    // Up to something that ends with ReadyForQuery, or the beginning of a COPY.
    std::string step();
    bool is_in_copy() const { return copying_; }

private:
    std::string part();
    std::string copy();
    std::string batch();
    std::string message();
    std::string name() { return one_of(std::array{"", "", "a", "b", "c"}); }
    std::string portal() { return one_of(std::array{"", "", "", "p", "q"}); }
    std::string sql();

    template <std::size_t Count>
    std::string one_of(const std::array<const char*, Count>& all)
    {
        return all[dice_() % Count];
    }

    luck dice_;
    bool tidy_;
    bool copying_ = false;
};

class side_by_side {
public:
    static constexpr std::size_t clients = 3;

    explicit side_by_side(conversation::luck dice);

    // One of the clients says something, if it does not wait, and everybody hears what there is.
    void turn();
    // Whoever holds the server lets it go.
    void finish();

    // What is wrong, if anything, said for people.
    const std::optional<std::string>& difference() const { return difference_; }
    std::size_t heard() const { return heard_; } // bytes, so far

private:
    void say(std::size_t who, const std::string& words);
    void compare();

    conversation::luck dice_;
    bool helped_; // weir answers what it may itself
    shared_server shared_{clients};
    std::array<fake_postgres, clients> own_;
    std::array<std::string, clients> expected_;
    std::array<std::string, clients> said_; // all of it, a step a line
    std::array<conversation, clients> speakers_;
    std::optional<std::string> difference_;
    std::size_t heard_ = 0;
};

} // namespace weir::test
