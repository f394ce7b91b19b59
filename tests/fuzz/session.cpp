// A client's bytes against the fake server, by way of the session and the tracker. The first four
// bytes choose where the streams are cut and what weir may answer itself; the rest is what two
// clients say in turn.
#include "tests/fuzz/target.hpp"
#include "tests/support/shared_server.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using weir::test::shared_server;

namespace {

struct outcome {
    std::string up;
    std::string down;
    bool over = false;

    friend bool operator==(const outcome&, const outcome&) = default;
};

void choose(shared_server& s, std::uint8_t choice)
{
    s.allow({.probes = (choice & 4) != 0, .hold_back = (choice & 8) != 0});
    if (choice & 16)
        s.server().refuse_begin();
    if (choice & 32)
        s.share_channels();
    if (choice & 64)
        s.channels_refusal = weir::error{"08006", "down"};
}

// The client speaks while the server is silent, then the server answers: the cuts change nothing.
outcome
play(std::string_view words, std::uint8_t choice, std::size_t piece_up, std::size_t piece_down)
{
    shared_server s;
    choose(s, choice);
    s.hold_the_line();
    for (std::size_t at = 0; at < words.size(); at += piece_up)
        s.client_sends(0, words.substr(at, piece_up));
    s.let_go_of_the_line();
    s.run(piece_down);
    promise(!s.is_broken() || s.is_over(0)); // of a client thrown out the server may be dropped
    return {s.sent_up(), s.heard(0), s.is_over(0)};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 4 || size > 4'000)
        return 0;
    const std::string_view words{reinterpret_cast<const char*>(data + 4), size - 4};
    const std::size_t first = 1u + data[0];
    const std::size_t second = 1u + data[1];
    const std::size_t down = 1u + data[2];
    promise(play(words, data[3], first, down) ==
            play(words, data[3], std::max<std::size_t>(words.size(), 1), down));
    // What waits for the server to decide may need it no more when its answers have come; and
    // whoever is thrown out then hears so among the answers that are there.
    const outcome slow = play(words, data[3], second, 1);
    const outcome fast = play(words, data[3], second, std::string::npos);
    promise(slow.over == fast.over && (slow.over || slow.down == fast.down));

    // shared_server itself throws when a ruling leads nowhere, takes more than there is, or gives a
    // server back in the middle of a transaction.
    shared_server s{2};
    choose(s, data[3]);
    std::size_t who = 0;
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t piece = (at % 2 ? first : second);
        s.client_sends(who, words.substr(at, piece));
        at += piece;
        if (data[3] & 1)
            s.run(down);
        else
            s.server_speaks(down);
        if (s.is_free() && !s.session(who).mid_frame() && (data[3] & 2))
            who = 1 - who;
    }
    s.run(down);
    promise(!s.is_broken());
    promise(!s.server().has_seen_a_name());
    return 0;
}
