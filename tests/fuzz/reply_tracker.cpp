// A server's bytes, however wrong, against what it was asked. The first byte is the number of
// requests, each of the next chooses one, the one after them chooses where the stream is cut.
#include "pool/pgwire/reply_tracker.hpp"

#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace weir::pgwire;

namespace {

struct outcome {
    std::string forwarded; // and replaced, and words that are reported, in order
    std::string reported;
    bool malformed = false;
    bool settled = false;
    bool owes = false;
    bool ignoring = false;
    bool copying = false;
    bool dirty = false;
    char status = 'I';
    bool has_a = false;
    std::size_t names = 0;

    friend bool operator==(const outcome&, const outcome&) = default;
};

void ask(reply_tracker& t, std::uint8_t choice)
{
    const auto what = static_cast<request>(choice % 10);
    const auto named = std::make_shared<const prepared_statement>();
    switch (choice / 10 % 5) {
    case 0: t.expect(what); break;
    case 1: t.expect_swallowed(what); break;
    case 2:
        t.expect_poisoned(choice % 2 ? request::query : request::parse, {"0A000", "refused"});
        break;
    case 3: t.expect_change(what, choice % 3 ? "a" : "b", choice % 2 ? named : nullptr); break;
    default: t.expect(what, static_cast<statement_trait>(choice % 6)); break;
    }
}

outcome play(bytes requests, bytes words, std::size_t piece)
{
    prepared_statements names;
    names.put("", std::make_shared<const prepared_statement>());
    reply_tracker t;
    t.attach(names);
    for (const std::byte choice : requests)
        ask(t, std::to_integer<std::uint8_t>(choice));
    outcome out;
    std::size_t used = 0;
    std::size_t here = 0;
    while (!out.malformed && here < words.size()) {
        here = std::min(words.size(), here + piece);
        while (used < here && !out.malformed) {
            const bytes rest = words.subspan(used, here - used);
            const reply r = t.next(rest);
            promise(r.size <= rest.size());
            const std::string_view run = as_text(rest.first(r.size));
            used += r.size;
            if (r.kind == reply_kind::need_more) {
                promise(r.size == 0);
                break;
            }
            out.malformed = r.kind == reply_kind::malformed;
            promise(out.malformed != (r.size > 0));
            if (r.kind == reply_kind::replace)
                out.forwarded += r.bytes;
            else if (r.kind == reply_kind::forward)
                out.forwarded += run;
            else if (r.kind == reply_kind::failure || r.kind == reply_kind::parameter) {
                (r.for_client ? out.forwarded : out.reported) += run;
                (out.reported += r.name) += r.value;
            }
        }
    }
    promise(!t.settled() || (!t.owes() && t.is_synced() && !t.ignores_until_sync()));
    promise(!t.settled() || !t.needs_sync());
    out.settled = t.settled();
    out.owes = t.owes();
    out.ignoring = t.ignores_until_sync();
    out.copying = t.copying_in();
    out.dirty = !t.touched().empty();
    out.status = t.transaction_status();
    out.has_a = names.find("a") != nullptr;
    out.names = names.count();
    // Nobody listens any more: then nothing is anybody's.
    t.detach();
    for (bytes rest = words.subspan(used); !rest.empty();) {
        const reply r = t.next(rest);
        promise(r.size <= rest.size());
        promise(r.kind != reply_kind::forward && r.kind != reply_kind::replace);
        promise((r.kind != reply_kind::failure && r.kind != reply_kind::parameter) ||
                !r.for_client);
        if (r.size == 0)
            break;
        rest = rest.subspan(r.size);
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const bytes all = std::as_bytes(std::span{data, size});
    if (size < 2 || size > 200'000 || size < 2u + data[0] % 16)
        return 0;
    const std::size_t count = data[0] % 16;
    const bytes requests = all.subspan(1, count);
    const std::size_t piece = 1u + data[1 + count];
    const bytes words = all.subspan(2 + count);
    const outcome whole = play(requests, words, words.size() + 1);
    promise(play(requests, words, piece) == whole);
    if (words.size() < 2'000)
        promise(play(requests, words, 1) == whole);
    return 0;
}
