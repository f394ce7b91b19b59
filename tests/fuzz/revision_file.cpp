// Any text is a revision or complaints. Its statements lie in the file, in order and where they
// say; and what was understood can be printed and read again.
#include "daemon/migrations/revision.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace weir::migrations;

namespace {

void promise_found(std::string_view text, const std::vector<statement>& all)
{
    std::size_t at = 0;
    for (const statement& each : all) {
        promise(!each.text.empty());
        std::size_t found = text.find(each.text, at);
        // The words may have been a comment's before.
        while (found != std::string_view::npos &&
               1 + std::count(text.begin(), text.begin() + found, '\n') != each.line)
            found = text.find(each.text, found + 1);
        promise(found != std::string_view::npos);
        at = found + each.text.size();
    }
}

// The lines of a printed file are others.
revision without_lines(revision r)
{
    for (statement& each : r.upgrade)
        each.line = 0;
    if (r.downgrade)
        for (statement& each : *r.downgrade)
            each.line = 0;
    return r;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto split = split_statements(text))
        promise_found(text, *split);
    else
        promise(split.error().line > 0 && !split.error().problem.empty());

    const auto r = parse_revision(text, "file");
    if (!r) {
        promise(!r.error().empty());
        return 0;
    }
    promise_found(text, r->upgrade);
    if (r->downgrade)
        promise_found(text, *r->downgrade);
    const auto again = parse_revision(to_text(*r), "file");
    promise(again.has_value());
    promise(without_lines(*again) == without_lines(*r));
    return 0;
}
