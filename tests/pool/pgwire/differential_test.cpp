// Three clients who share one server hear what each would hear from a server of its own.
#include "tests/support/seed.hpp"
#include "tests/support/shared_server.hpp"
#include "tests/support/wire.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: differential");

using namespace test::wire;
using test::fake_postgres;
using test::shared_server;

namespace {

constexpr std::size_t clients = 3;
constexpr std::uint64_t worlds = WEIR_DIFFERENTIAL_WORLDS;

std::string readable(std::string words)
{
    for (char& c : words)
        if (c < ' ')
            c = '.';
    return words;
}

// PostgreSQL looks at the transaction before the name: in a failed one, a name that exists already
// is 25P02 there and 42P05 here.
std::string alike(std::string words)
{
    for (const char* name : {"a", "b", "c"}) {
        const std::string exists =
            failure("42P05", "prepared statement \"" + std::string(name) + "\" already exists");
        for (std::size_t at = 0; (at = words.find(exists, at)) != std::string::npos;)
            words.replace(at, exists.size(), failure("25P02", "current transaction is aborted"));
    }
    return words;
}

// A client that waits for its answer after each step, as drivers do.
class writer {
public:
    // A tidy one uses no portal that it has not bound since its last Sync.
    writer(std::mt19937_64& dice, bool tidy) : dice_(dice), tidy_(tidy) {}

    // Up to something that ends with ReadyForQuery, or the beginning of a COPY.
    std::string step()
    {
        if (std::exchange(copying_, false))
            return copy() + sync() + forget();
        switch (dice_() % 10) {
        case 0: return query(sql());
        case 1: return query(sql() + "; " + sql());
        case 2: return query("COPY IN" + std::string(dice_() % 2 ? "; SELECT 7" : "")) + copy();
        case 3:
            copying_ = dice_() % 2;
            return parse("", "COPY IN") + run("") + (copying_ ? "" : copy() + sync() + forget());
        case 4: return function_call();
        case 5: // by itself: weir learns of it from the tag, too late for a Parse right behind it
            return dice_() % 3 ? parse("", "SELECT 8") + run("") : query("DEALLOCATE ALL");
        default: break;
        }
        std::string out;
        for (std::size_t left = 1 + dice_() % 6; left > 0; --left)
            out += message();
        return out + sync();
    }

    // The unnamed statement is a COPY, which must not come up in the middle of a batch.
    static std::string forget() { return parse("", "SELECT 9") + sync(); }

    // What ends a step that was left in the middle: a COPY, if the server is in one.
    std::string copy()
    {
        std::string out;
        for (std::size_t left = dice_() % 4; left > 0; --left)
            out += copy_data(dice_() % 6 ? "good" : "bad");
        return out + (dice_() % 4 ? copy_done() : copy_fail("no"));
    }

    bool is_in_copy() const { return copying_; }

private:
    std::string name()
    {
        static constexpr std::array names{"", "", "a", "b", "c"};
        return names[dice_() % names.size()];
    }
    std::string portal()
    {
        static constexpr std::array names{"", "", "", "p", "q"};
        return names[dice_() % names.size()];
    }
    std::string sql()
    {
        static constexpr std::array all{"SELECT 1",
                                        "SELECT 2",
                                        "SELECT 3",
                                        "ROWS 4",
                                        "INSERT",
                                        "NOTICE",
                                        "NOTIFY",
                                        "SYNTAX",
                                        "BOOM",
                                        "BEGIN",
                                        "BEGIN",
                                        "COMMIT",
                                        "ROLLBACK",
                                        "COMMIT",
                                        "ROLLBACK",
                                        "COPY OUT",
                                        "SET timezone = 'CET'",
                                        "SET timezone = 'UTC'",
                                        "SET application_name = 'x'",
                                        "SET LOCAL timezone = 'PST'",
                                        "SET timezone = 'wrong'",
                                        "LISTEN x"};
        return all[dice_() % all.size()];
    }
    std::string message()
    {
        switch (dice_() % 16) {
        case 0:
        case 1:
        case 2:
        case 3: { // of a name that exists PostgreSQL would rather complain of the syntax
            const std::string n = name();
            const std::string text = sql();
            return parse(n, n.empty() || text != "SYNTAX" ? text : "BOOM");
        }
        case 4: return describe_statement(name());
        case 5: return tidy_ ? flush() : describe_portal(portal());
        case 6: return close_statement(name());
        case 7: return close_portal(portal());
        case 8: return flush();
        case 9: {
            const std::string p = portal();
            return bind_statement(name(), p) + execute(p);
        }
        case 10:
            return tidy_ ? flush() : execute(portal(), static_cast<std::uint32_t>(dice_() % 4));
        case 11: return bind_statement(name(), portal());
        default: return bind_statement(name()) + execute();
        }
    }

    std::mt19937_64& dice_;
    bool tidy_;
    bool copying_ = false;
};

} // namespace

TEST_CASE("three clients on one server hear what they would hear alone")
{
    const std::uint64_t first = test::seed();
    std::printf("pgwire: WEIR_SEED=%llu\n", static_cast<unsigned long long>(first));
    std::size_t heard = 0;
    for (std::uint64_t seed = first; seed - first < worlds; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 dice{seed};
        shared_server shared{clients};
        const bool helpful = dice() % 2;
        shared.allow({.probes = helpful, .hold_back = helpful});
        std::array<fake_postgres, clients> own;
        std::array<std::string, clients> expected;
        std::vector<writer> writers(clients, writer{dice, helpful});
        for (int turn = 0; turn < 150; ++turn) {
            const std::size_t who = dice() % clients;
            // One that waits for the server, or for its turn, is silent.
            if (shared.is_waiting(who))
                continue;
            const bool may_roll_back =
                own[who].transaction_status() != 'I' && !writers[who].is_in_copy();
            std::string words = writers[who].step();
            if (may_roll_back && !writers[who].is_in_copy() && dice() % 3 == 0)
                words = query("ROLLBACK");
            CAPTURE(readable(words));
            own[who].receive(words);
            expected[who] += own[who].take();
            for (std::size_t at = 0; at < words.size();) {
                const std::size_t size = 1 + dice() % words.size();
                shared.client_sends(who, std::string_view{words}.substr(at, size));
                at += size;
                if (dice() % 2)
                    shared.server_speaks(dice() % 50);
            }
            shared.run(1 + dice() % 100);
            REQUIRE_FALSE(shared.is_broken());
            REQUIRE_FALSE(shared.server().has_seen_a_name());
            REQUIRE_FALSE(own[who].is_closed());
            for (std::size_t one = 0; one < clients; ++one) {
                if (shared.is_waiting(one))
                    continue;
                REQUIRE(readable(alike(shared.heard(one))) == readable(alike(expected[one])));
                heard += expected[one].size();
                expected[one].clear();
                shared.heard(one).clear();
            }
        }
        for (std::size_t who = 0; who < clients; ++who) { // those who hold the server let it go
            for (std::size_t other = 0; other < clients; ++other) {
                if (shared.is_waiting(other))
                    continue;
                const std::string words =
                    own[other].is_copying_in() ? copy_done() + sync() : query("ROLLBACK");
                for (const std::string& last : {words, query("ROLLBACK")}) {
                    own[other].receive(last);
                    expected[other] += own[other].take();
                    shared.client_sends(other, last);
                    shared.run();
                }
            }
        }
        for (std::size_t who = 0; who < clients; ++who) {
            CAPTURE(who);
            REQUIRE(alike(shared.heard(who)) == alike(expected[who]));
            heard += expected[who].size();
        }
        REQUIRE(shared.is_free());
    }
    CHECK(heard > worlds * 1'000); // they did talk
}

TEST_SUITE_END();

} // namespace weir::pgwire
