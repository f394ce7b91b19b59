#include "daemon/migrations/listing.hpp"

#include "daemon/migrations/words.hpp"

#include <algorithm>
#include <utility>

namespace weir::migrations {
namespace {

std::string parents_of(const revision& r)
{
    return r.down_revisions.empty() ? "<base>" : listed(r.down_revisions);
}

std::string_view message_of(const revision& r)
{
    return r.message.empty() ? std::string_view{"empty message"} : r.message;
}

} // namespace

listing::listing(const revision_graph& graph, std::vector<std::string> rows)
    : rows_(std::move(rows))
{
    for (const revision& r : graph.all()) {
        children_[&r];
        for (const std::string& parent : r.down_revisions)
            children_[graph.find(parent)].push_back(&r);
        depended_on_.insert(r.depends_on.begin(), r.depends_on.end());
    }
}

standing listing::of(const revision& r) const
{
    return {
        .is_head = children_of(r).empty(),
        .is_depended_on = depended_on_.contains(r.id),
        .is_branch_point = children_of(r).size() > 1,
        .is_merge_point = r.down_revisions.size() > 1,
        .is_current = std::ranges::find(rows_, r.id) != rows_.end(),
    };
}

const revision_list& listing::children_of(const revision& r) const { return children_.at(&r); }

std::string listing::marks(const revision& r, bool with_tree) const
{
    const standing is = of(r);
    std::string out;
    if (is.is_head)
        out += is.is_depended_on ? " (effective head)" : " (head)";
    if (is.is_current)
        out += " (current)";
    if (with_tree && is.is_branch_point)
        out += " (branchpoint)";
    if (with_tree && is.is_merge_point)
        out += " (mergepoint)";
    return out;
}

std::string listing::history(const revision_list& some, bool verbose) const
{
    std::string out;
    for (const revision* r : some) {
        if (verbose) {
            out += entry(*r) + '\n';
            continue;
        }
        out += parents_of(*r);
        if (!r->depends_on.empty())
            out += " (" + listed(r->depends_on) + ")";
        out += " -> " + r->id + marks(*r, true) + ", ";
        out += message_of(*r);
        out += '\n';
    }
    return out;
}

std::string listing::heads(const revision_list& some, bool verbose) const
{
    std::string out;
    for (const revision* r : some)
        out += (verbose ? entry(*r) : r->id + marks(*r, false)) + '\n';
    return out;
}

std::string listing::branches(const revision_list& some, bool verbose) const
{
    std::string out;
    for (const revision* r : some) {
        out += (verbose ? entry(*r) : r->id + marks(*r, true)) + '\n';
        for (const revision* child : children_of(*r)) {
            out += std::string(r->id.size(), ' ') + " -> " + child->id + marks(*child, true);
            if (verbose)
                (out += ", ") += message_of(*child);
            out += '\n';
        }
        out += '\n';
    }
    return out;
}

std::string listing::current(const revision_list& some, bool verbose) const
{
    std::string out;
    for (const revision* r : some)
        out += (verbose ? entry(*r) : r->id + marks(*r, true)) + '\n';
    return out;
}

std::string listing::entry(const revision& r) const
{
    const standing is = of(r);
    std::string out = "Rev: " + r.id;
    if (is.is_head)
        out += " (head)";
    if (is.is_branch_point)
        out += " (branchpoint)";
    if (is.is_merge_point)
        out += " (mergepoint)";
    if (is.is_current)
        out += " (current)";
    out += is.is_merge_point ? "\nMerges: " : "\nParent: ";
    out += parents_of(r) + '\n';
    if (!r.depends_on.empty())
        out += "Also depends on: " + listed(r.depends_on) + '\n';
    if (is.is_branch_point) {
        std::vector<std::string> into;
        for (const revision* child : children_of(r))
            into.push_back(child->id);
        out += "Branches into: " + listed(into) + '\n';
    }
    if (!r.is_transactional)
        out += "Runs outside a transaction\n";
    if (!r.only.empty()) {
        std::vector<std::string> kinds;
        for (const dialect d : r.only)
            kinds.emplace_back(to_string(d));
        out += "Only on: " + listed(kinds) + '\n';
    }
    out += "Path: " + r.file + "\n\n    ";
    out += message_of(r);
    return out += '\n';
}

std::string running(const step& s)
{
    const auto told = [](std::string_view what,
                         const std::vector<std::string>& from,
                         const std::vector<std::string>& to) {
        return "Running " + std::string{what} + ' ' + listed(from) + " -> " + listed(to);
    };
    const auto with_message = [&s](std::string words) {
        return s.what->message.empty() ? words : words + ", " + s.what->message;
    };
    switch (s.way) {
    case direction::upgrade:
        return with_message(told("upgrade", s.what->down_revisions, {s.what->id}));
    case direction::downgrade:
        return with_message(told("downgrade", {s.what->id}, s.what->down_revisions));
    case direction::stamp: break;
    }
    return told("stamp_revision", s.rows_gone, s.rows_new);
}

} // namespace weir::migrations
