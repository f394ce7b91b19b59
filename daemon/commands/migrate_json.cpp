#include "daemon/commands/migrate_json.hpp"

#include "daemon/commands/json_document.hpp"

namespace weir::commands {
namespace {

json object_of(const migrations::revision& r)
{
    json only = json::array();
    for (const migrations::dialect d : r.only)
        only.push_back(to_string(d));
    return {
        {"revision", r.id},
        {"down_revision", r.down_revisions},
        {"depends_on", r.depends_on},
        {"message", r.message},
        {"file", r.file},
        {"transaction", r.is_transactional},
        {"only", std::move(only)},
    };
}

} // namespace

std::string to_json(const migrations::failure& f)
{
    json document = document_of(f.what);
    document["error"]["revision"] = f.revision;
    document["error"]["may_pass"] = f.may_pass;
    return printed(document);
}

std::string to_json(const migrations::listing& l, const migrations::revision_list& some)
{
    json all = json::array();
    for (const migrations::revision* r : some) {
        const migrations::standing is = l.of(*r);
        json children = json::array();
        for (const migrations::revision* child : l.children_of(*r))
            children.push_back(child->id);
        json one = object_of(*r);
        one["children"] = std::move(children);
        one["head"] = is.is_head;
        one["effective_head"] = is.is_head && is.is_depended_on;
        one["branchpoint"] = is.is_branch_point;
        one["mergepoint"] = is.is_merge_point;
        one["current"] = is.is_current;
        all.push_back(std::move(one));
    }
    return printed(all);
}

std::string to_json(const std::vector<std::string>& rows)
{
    json all = json::array();
    for (const std::string& row : rows)
        all.push_back({{"revision", row}});
    return printed(all);
}

std::string to_json(std::string_view backend, std::string_view is, const migrations::state& s)
{
    json document{
        {"backend", backend},
        {"state", is},
        {"current", s.current},
        {"heads", s.heads},
        {"pending", s.pending},
        {"edited", s.edited},
        {"unknown", s.unknown},
        {"half_done", s.half_done},
        {"version_table", s.has_version_table},
    };
    if (s.command_is_at_head) {
        document["command_at_head"] = *s.command_is_at_head;
        document["command_lines"] = s.command_lines;
    }
    return printed(document);
}

std::string to_json(std::string_view backend, const std::vector<applied_step>& done)
{
    json all = json::array();
    for (const applied_step& s : done)
        all.push_back({
            {"step", s.step},
            {"revision", s.revision},
            {"message", s.message},
            {"duration_ms", s.duration_ms},
        });
    return printed({{"backend", backend}, {"applied", std::move(all)}});
}

std::string to_json(std::string_view backend, const migrations::plan& p)
{
    json all = json::array();
    for (const migrations::step& s : p.steps)
        all.push_back({
            {"step", name_of(s.way)},
            {"revision", s.what ? s.what->id : ""},
            {"message", s.what ? s.what->message : ""},
            {"file", s.what ? s.what->file : ""},
        });
    return printed({
        {"backend", backend},
        {"before", p.before},
        {"steps", std::move(all)},
        {"after", p.after},
    });
}

std::string to_json(const migrations::revision& fresh) { return printed(object_of(fresh)); }

std::string to_json(const std::vector<migrations::revision>& fresh,
                    const std::vector<std::string>& notes)
{
    json all = json::array();
    for (const migrations::revision& r : fresh)
        all.push_back(object_of(r));
    return printed({{"revisions", std::move(all)}, {"notes", notes}});
}

std::string_view name_of(migrations::direction way)
{
    switch (way) {
    case migrations::direction::upgrade: return "upgrade";
    case migrations::direction::downgrade: return "downgrade";
    case migrations::direction::stamp: break;
    }
    return "stamp_revision";
}

} // namespace weir::commands
