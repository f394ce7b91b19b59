#include "pool/pgwire/channel_journal.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace weir::pgwire {

TEST_SUITE_BEGIN("pgwire: channel journal");

namespace {

using kind = channel_step::kind;

// What PostgreSQL does, by keeping a copy for every savepoint.
class model {
public:
    // The tag, or "" for an error.
    std::string run(const channel_step& step)
    {
        const bool ends = step.what == kind::commit || step.what == kind::rollback;
        if (failed_ && !ends && step.what != kind::rollback_to)
            return {};
        switch (step.what) {
        case kind::listen: open_.insert(step.name); return "UNLISTEN";
        case kind::unlisten: open_.erase(step.name); return "UNLISTEN";
        case kind::unlisten_all: open_.clear(); return "UNLISTEN";
        case kind::savepoint: savepoints_.push_back({step.name, open_}); return "SAVEPOINT";
        case kind::release: {
            const auto at = find(step.name);
            if (at == savepoints_.size())
                return fail();
            savepoints_.resize(at);
            return "RELEASE";
        }
        case kind::rollback_to: {
            const auto at = find(step.name);
            if (at == savepoints_.size())
                return fail();
            savepoints_.resize(at + 1);
            open_ = savepoints_[at].channels;
            failed_ = false;
            return "ROLLBACK";
        }
        case kind::commit: return end(!failed_);
        case kind::rollback: return end(false);
        }
        return {};
    }

    std::string fail()
    {
        failed_ = true;
        return {};
    }

    char status() const { return !in_block_ ? 'I' : failed_ ? 'E' : 'T'; }
    void begin() { in_block_ = true; }
    void end_of_query() // outside a block everything is committed, or nothing
    {
        if (!in_block_)
            end(!failed_);
    }
    const channel_set& channels() const { return committed_; }
    bool in_block() const { return in_block_; }

private:
    struct savepoint {
        std::string name;
        channel_set channels;
    };

    std::size_t find(const std::string& name) const
    {
        std::size_t at = savepoints_.size();
        while (at > 0 && savepoints_[at - 1].name != name)
            --at;
        return at == 0 ? savepoints_.size() : at - 1;
    }

    std::string end(bool commit)
    {
        (commit ? committed_ : open_) = commit ? open_ : committed_;
        savepoints_.clear();
        failed_ = false;
        in_block_ = false;
        return commit ? "COMMIT" : "ROLLBACK";
    }

    channel_set committed_;
    channel_set open_;
    std::vector<savepoint> savepoints_;
    bool failed_ = false;
    bool in_block_ = false;
};

struct pair {
    model there;
    channel_journal here;

    void run(const channel_step& step, bool known = true)
    {
        const std::string tag = there.run(step);
        if (tag.empty())
            here.failed();
        else
            here.completed(tag, known ? &step : nullptr);
    }
    void ready()
    {
        there.end_of_query();
        here.ready(there.status());
    }
};

} // namespace

TEST_CASE("LISTEN has an effect once it is committed")
{
    channel_journal j;
    const channel_step listen{kind::listen, "a"};
    j.completed("UNLISTEN", &listen);
    CHECK(j.channels().empty());
    SUBCASE("by itself")
    {
        j.ready('I');
        CHECK(j.channels() == channel_set{"a"});
    }
    SUBCASE("with its transaction")
    {
        j.ready('T');
        CHECK(j.channels().empty());
        j.completed("COMMIT", nullptr);
        CHECK(j.channels() == channel_set{"a"});
    }
    SUBCASE("not when it is rolled back")
    {
        j.ready('T');
        j.completed("ROLLBACK", nullptr);
        j.ready('I');
        CHECK(j.channels().empty());
    }
    SUBCASE("not when its transaction failed")
    {
        j.ready('T');
        j.failed();
        j.ready('E');
        j.completed("ROLLBACK", nullptr); // the answer to COMMIT
        j.ready('I');
        CHECK(j.channels().empty());
    }
    SUBCASE("not when COMMIT itself fails")
    {
        j.ready('T');
        j.failed();
        j.ready('I');
        CHECK(j.channels().empty());
    }
    SUBCASE("not when the server is taken away")
    {
        j.ready('T');
        j.abandon();
        j.ready('I');
        CHECK(j.channels().empty());
    }
    SUBCASE("with a two-phase commit, as far as it can be known")
    {
        j.ready('T');
        j.completed("PREPARE TRANSACTION", nullptr);
        j.ready('I');
        CHECK(j.channels() == channel_set{"a"});
    }
}

TEST_CASE("a ROLLBACK of which nothing is known undoes all, unless the transaction goes on")
{
    channel_journal j;
    const channel_step listen{kind::listen, "a"};
    j.completed("UNLISTEN", &listen);
    j.completed("ROLLBACK", nullptr);
    SUBCASE("all")
    {
        j.ready('I');
        CHECK(j.channels().empty());
    }
    SUBCASE("to a savepoint, perhaps: the client listens")
    {
        j.ready('T');
        j.completed("COMMIT", nullptr);
        CHECK(j.channels() == channel_set{"a"});
    }
}

TEST_CASE("DISCARD ALL ends all listening")
{
    channel_journal j;
    j.carry_out({kind::listen, "a"});
    j.carry_out({kind::listen, "b"});
    j.carry_out({kind::unlisten, "b"});
    REQUIRE(j.channels() == channel_set{"a"});
    j.completed("DISCARD ALL", nullptr);
    j.ready('I');
    CHECK(j.channels().empty());
}

TEST_CASE("a savepoint older than the first LISTEN takes it back as well")
{
    pair p;
    p.there.begin();
    p.there.run({kind::savepoint, "s"}); // sent before anybody looked
    p.run({kind::listen, "a"});
    p.run({kind::savepoint, "t"});
    p.run({kind::listen, "b"});
    p.run({kind::rollback_to, "s"});
    p.run({kind::commit});
    p.ready();
    CHECK(p.here.channels().empty());
}

TEST_CASE("simulation: the journal says what PostgreSQL would")
{
    const std::uint64_t seed = test::seed();
    CAPTURE(seed);
    std::mt19937_64 luck{seed};
    const auto below = [&](unsigned n) { return static_cast<unsigned>(luck() % n); };
    for (int world = 0; world < 2'000; ++world) {
        pair p;
        for (int event = 0; event < 60; ++event) {
            if (!p.there.in_block() && below(3) == 0) {
                p.there.begin();
                p.here.completed("BEGIN", nullptr);
            }
            // Several statements in one Query; after an error the rest of it is not run.
            for (unsigned n = 1 + below(3); n > 0; --n) {
                channel_step step{static_cast<kind>(below(8)),
                                  std::string(1, char('a' + below(3)))};
                const bool needs_block = step.what >= kind::savepoint;
                if (needs_block && !p.there.in_block())
                    continue;
                if (below(12) == 0) {
                    p.there.fail();
                    p.here.failed();
                    break;
                }
                const bool was_failed = p.there.status() == 'E';
                p.run(step);
                if (p.there.status() == 'E' && !was_failed)
                    break;
            }
            p.ready();
            REQUIRE(p.here.channels() == p.there.channels());
        }
    }
}

TEST_SUITE_END();

} // namespace weir::pgwire
