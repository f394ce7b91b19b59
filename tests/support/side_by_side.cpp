#include "tests/support/side_by_side.hpp"

#include "tests/support/wire.hpp"

#include <string_view>
#include <utility>

namespace weir::test {

using namespace wire;

namespace {

std::string readable(std::string words)
{
    for (char& c : words)
        if (c < ' ' && c != '\n')
            c = '.';
    return words;
}

// What comes behind a COPY of the extended protocol: the unnamed statement must not be one, or it
// would come up in the middle of a batch.
std::string forget() { return parse("", "SELECT 9") + sync(); }

} // namespace

std::string conversation::step()
{
    if (std::exchange(copying_, false))
        return copy() + sync() + forget();
    std::string out;
    for (std::uint64_t left = 1 + dice_() % 3; left > 0 && !copying_; --left)
        out += part();
    return out;
}

std::string conversation::part()
{
    switch (dice_() % 12) {
    case 0: return query(sql());
    case 1: return query(sql() + "; " + sql());
    case 2: return query("COPY IN" + std::string(dice_() % 2 ? "; SELECT 7" : "")) + copy();
    case 3:
        copying_ = dice_() % 2;
        return parse("", "COPY IN") + run("") + (copying_ ? "" : copy() + sync() + forget());
    case 4: return function_call();
    case 5: return parse("", "SELECT 8") + run("");
    case 6: return query(one_of(std::array{"DEALLOCATE ALL", "DEALLOCATE a", "DEALLOCATE b"}));
    default: return batch();
    }
}

// What ends a step that was left in the middle: a COPY, if the server is in one.
std::string conversation::copy()
{
    std::string out;
    for (std::uint64_t left = dice_() % 4; left > 0; --left)
        out += copy_data(dice_() % 6 ? "good" : "bad");
    return out + (dice_() % 4 ? copy_done() : copy_fail("no"));
}

std::string conversation::batch()
{
    std::string out;
    for (std::uint64_t left = 1 + dice_() % 6; left > 0; --left)
        out += message();
    return out + sync();
}

std::string conversation::message()
{
    switch (dice_() % 16) {
    case 0:
    case 1:
    case 2:
    case 3: return parse(name(), sql());
    case 4: return describe_statement(name());
    case 5: return tidy_ ? flush() : describe_portal(portal());
    case 6: return close_statement(name());
    case 7: return close_portal(portal());
    case 8: return flush();
    case 9: {
        const std::string p = portal();
        return bind_statement(name(), p) + execute(p);
    }
    case 10: return tidy_ ? flush() : execute(portal(), static_cast<std::uint32_t>(dice_() % 4));
    case 11: return bind_statement(name(), portal());
    default: return bind_statement(name()) + execute();
    }
}

std::string conversation::sql()
{
    return one_of(std::array{"SELECT 1",
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
                             "LISTEN x"});
}

side_by_side::side_by_side(conversation::luck dice)
    : dice_(std::move(dice)), helped_(dice_() % 2), speakers_{conversation{dice_, helped_},
                                                              conversation{dice_, helped_},
                                                              conversation{dice_, helped_}}
{
    shared_.allow({.probes = helped_, .hold_back = helped_});
}

void side_by_side::turn()
{
    const std::size_t who = dice_() % clients;
    if (shared_.is_waiting(who))
        return; // one that waits for the server, or for its turn, is silent
    const bool is_in_transaction =
        own_[who].transaction_status() != 'I' && !speakers_[who].is_in_copy();
    std::string words = speakers_[who].step();
    if (is_in_transaction && !speakers_[who].is_in_copy() && dice_() % 3 == 0)
        words = query("ROLLBACK");
    say(who, words);
    compare();
}

void side_by_side::say(std::size_t who, const std::string& words)
{
    said_[who] += "\n    " + words;
    own_[who].receive(words);
    expected_[who] += own_[who].take();
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t size = 1 + dice_() % words.size();
        shared_.client_sends(who, std::string_view{words}.substr(at, size));
        at += size;
        if (dice_() % 2)
            shared_.server_speaks(dice_() % 50);
    }
    shared_.run(1 + dice_() % 100);
}

void side_by_side::compare()
{
    if (shared_.is_broken())
        difference_ = "what the server says is not the protocol";
    else if (shared_.server().has_seen_a_name())
        difference_ = "the server has seen a name";
    for (std::size_t who = 0; who < clients && !difference_; ++who) {
        if (shared_.is_waiting(who))
            continue;
        if (own_[who].is_closed() || shared_.heard(who) != expected_[who])
            difference_ = "client " + std::to_string(who) + " has said" + readable(said_[who]) +
                          "\nand heard last\n    " + readable(shared_.heard(who)) +
                          "\ninstead of\n    " + readable(expected_[who]);
        heard_ += expected_[who].size();
        expected_[who].clear();
        shared_.heard(who).clear();
    }
}

void side_by_side::finish()
{
    for (std::size_t round = 0; round < clients; ++round)
        for (std::size_t who = 0; who < clients; ++who) {
            if (shared_.is_waiting(who))
                continue;
            if (own_[who].is_copying_in())
                say(who, copy_done() + sync());
            say(who, query("ROLLBACK"));
            say(who, query("ROLLBACK"));
        }
    compare();
    if (!difference_ && !shared_.is_free())
        difference_ = "the server was not given back";
}

} // namespace weir::test
