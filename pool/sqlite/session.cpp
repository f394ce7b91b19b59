#include "pool/sqlite/session.hpp"

#include "pool/pgwire/writer.hpp"
#include "pool/sqlite/dialect/parse_tree.hpp"
#include "pool/sqlite/session_plans.hpp"

#include <exception>
#include <utility>

namespace weir::sqlite {

namespace {

error malformed(std::string_view message)
{
    return {"08P01", "invalid " + std::string{message} + " message"};
}

} // namespace

session::session(session_home home,
                 std::unique_ptr<open_file> reader,
                 int descriptor,
                 cancellation& stop,
                 int process_id)
    : home_(std::move(home)), reader_(std::move(reader)), channel_(descriptor), stop_(stop),
      reported_(settings_.reported()), transaction_(*reader_, home_.writers, stop_)
{
    context_.database = home_.database;
    context_.process_id = process_id;
    reader_->db.obey(&stop_);
}

void session::serve()
{
    channel::frame frame;
    try {
        while (true) {
            const auto got = channel_.receive(frame);
            if (got == channel::status::malformed)
                say_goodbye({"08P01", "invalid message length"});
            if (got != channel::status::frame || !handle(frame))
                break;
        }
    } catch (const std::exception& e) { // out of memory, most likely
        say_goodbye({"XX000", std::string{"the session failed: "} + e.what()});
    }
    rollback_transaction();
}

bool session::handle(const channel::frame& frame)
{
    if (is_skipping_ && frame.type != 'S' && frame.type != 'X')
        return true;
    switch (frame.type) {
    case 'Q': simple_query(frame.body); return true;
    case 'P':
    case 'B':
    case 'D':
    case 'E':
    case 'C': return handle_extended(frame);
    case 'H': return channel_.flush();
    case 'S': sync(); return true;
    case 'F':
        fail({"0A000", "function calls by message are not supported"});
        ready();
        return true;
    case 'd': // COPY data that was on its way when COPY was refused
    case 'c':
    case 'f': return true;
    case 'X': return false;
    default:
        say_goodbye({"08P01", std::string{"invalid frontend message type \""} + frame.type + '"'});
        return false;
    }
}

// A whole string of statements is one transaction, unless it says BEGIN or COMMIT itself.
void session::simple_query(pgwire::bytes body)
{
    prepared_.erase("");
    portals_.erase("");
    pgwire::field_reader in{body};
    const std::string text{in.text()};
    start_statement();
    const auto done = in.at_end() ? run_text(text) : result<void>{malformed("query")};
    if (!done)
        fail(done.error());
    stop_.end_statement();
    ready();
}

result<void> session::run_text(const std::string& text)
{
    // A single statement is looked up before it is parsed.
    if (const auto known = plan_known(text, {}); known && *known)
        return run_last_or_not(*known, true);
    else if (!known)
        return known.error();
    auto tree = parse_tree::parse(text);
    if (!tree)
        return tree.error();
    if (tree->size() == 0)
        pgwire::message{channel_.out(), 'I'};
    for (std::size_t i = 0; i < tree->size(); ++i) {
        auto plan = plan_of(*tree, i, {});
        if (!plan)
            return plan.error();
        if (const auto done = run_last_or_not(*plan, i + 1 == tree->size()); !done)
            return done.error();
    }
    return {};
}

result<void> session::run_last_or_not(const plan_ptr& plan, bool is_last)
{
    start_transaction();
    portal once{plan, {}, std::vector<wire_format>(columns_of(*plan).size(), wire_format::text)};
    if (const auto allowed = check_state(*plan); !allowed)
        return allowed.error();
    if (plan->returns_rows)
        write_row_description(*plan, once.formats());
    auto done = run(once, 0);
    if (!done)
        return done.error();
    // The last one is complete when it is safe on disk.
    if (is_last && transaction_.state() == transaction::block::implicit)
        if (const auto committed = commit_transaction(); !committed)
            return committed.error();
    pgwire::write_command_complete(channel_.out(), done->tag);
    return {};
}

bool session::handle_extended(const channel::frame& frame)
{
    start_statement();
    result<void> done;
    switch (frame.type) {
    case 'P': done = parse(frame.body); break;
    case 'B': done = bind(frame.body); break;
    case 'D': done = describe(frame.body); break;
    case 'E': done = execute(frame.body); break;
    case 'C': done = close(frame.body); break;
    }
    if (!done) {
        is_skipping_ = true;
        fail(done.error());
        channel_.flush(); // at once: the Flush that the client may have sent is skipped as well
    }
    stop_.end_statement();
    return channel_.make_room();
}

result<void> session::parse(pgwire::bytes body)
{
    pgwire::field_reader in{body};
    const std::string name{in.text()};
    prepared p;
    p.text = in.text();
    for (unsigned count = in.u16(); count > 0 && in.ok(); --count)
        p.given.push_back(oid{in.u32()});
    if (!in.at_end())
        return malformed("Parse");
    if (name.empty())
        prepared_.erase("");
    else if (prepared_.contains(name))
        return error{"42P05", "prepared statement \"" + name + "\" already exists"};
    start_transaction();
    auto plan = plan_single(p.text, p.given);
    if (!plan)
        return plan.error();
    if (*plan)
        if (const auto allowed = check_state(**plan); !allowed)
            return allowed.error();
    p.plan = std::move(*plan);
    prepared_.emplace(name, std::move(p));
    pgwire::message{channel_.out(), '1'};
    return {};
}

result<void> session::bind(pgwire::bytes body)
{
    pgwire::field_reader in{body};
    const std::string name{in.text()};
    const std::string from{in.text()};
    const auto found = prepared_.find(from);
    if (found == prepared_.end())
        return error{"26000", "prepared statement \"" + from + "\" does not exist"};
    prepared& p = found->second;
    start_transaction();
    if (const auto fresh = refresh(p); !fresh)
        return fresh.error();
    auto parameters = read_parameters(in, p);
    if (!parameters)
        return parameters.error();
    auto formats = read_formats(in, p.plan ? columns_of(*p.plan).size() : 0);
    if (!formats)
        return formats.error();
    if (!in.at_end())
        return malformed("Bind");
    if (p.plan)
        if (const auto allowed = check_state(*p.plan); !allowed)
            return allowed.error();
    if (name.empty())
        portals_.erase("");
    else if (portals_.contains(name))
        return error{"42P03", "portal \"" + name + "\" already exists"};
    portals_.emplace(name, portal{p.plan, std::move(*parameters), std::move(*formats)});
    pgwire::message{channel_.out(), '2'};
    return {};
}

result<void> session::describe(pgwire::bytes body)
{
    pgwire::field_reader in{body};
    const char what = static_cast<char>(in.u8());
    const std::string name{in.text()};
    if (!in.at_end() || (what != 'S' && what != 'P'))
        return malformed("Describe");
    const analysed_statement* plan = nullptr;
    std::vector<wire_format> formats;
    if (what == 'S') {
        const auto found = prepared_.find(name);
        if (found == prepared_.end())
            return error{"26000", "prepared statement \"" + name + "\" does not exist"};
        plan = found->second.plan.get();
        write_parameter_description(plan);
    } else {
        const auto found = portals_.find(name);
        if (found == portals_.end())
            return error{"34000", "portal \"" + name + "\" does not exist"};
        plan = found->second.plan().get();
        formats = found->second.formats();
    }
    if (plan && plan->returns_rows)
        write_row_description(*plan, formats);
    else
        pgwire::message{channel_.out(), 'n'};
    return {};
}

result<void> session::execute(pgwire::bytes body)
{
    pgwire::field_reader in{body};
    const std::string name{in.text()};
    const std::uint32_t limit = in.u32();
    if (!in.at_end())
        return malformed("Execute");
    const auto found = portals_.find(name);
    if (found == portals_.end())
        return error{"34000", "portal \"" + name + "\" does not exist"};
    if (!found->second.plan()) {
        pgwire::message{channel_.out(), 'I'};
        return {};
    }
    start_transaction();
    if (const auto allowed = check_state(*found->second.plan()); !allowed)
        return allowed.error();
    auto done = run(found->second, limit);
    if (!done)
        return done.error();
    if (done->is_suspended)
        pgwire::message{channel_.out(), 's'};
    else
        pgwire::write_command_complete(channel_.out(), done->tag);
    return {};
}

result<void> session::close(pgwire::bytes body)
{
    pgwire::field_reader in{body};
    const char what = static_cast<char>(in.u8());
    const std::string name{in.text()};
    if (!in.at_end() || (what != 'S' && what != 'P'))
        return malformed("Close");
    if (what == 'S')
        prepared_.erase(name);
    else
        portals_.erase(name);
    pgwire::message{channel_.out(), '3'};
    return {};
}

void session::sync()
{
    is_skipping_ = false;
    if (transaction_.state() == transaction::block::implicit)
        if (const auto committed = commit_transaction(); !committed)
            fail(committed.error());
    ready();
}

void session::ready()
{
    parameter_list now = settings_.reported();
    for (std::size_t i = 0; i < now.size(); ++i)
        if (now[i] != reported_[i])
            pgwire::write_parameter_status(channel_.out(), now[i].first, now[i].second);
    reported_ = std::move(now);
    pgwire::write_ready(channel_.out(), transaction_.ready_status());
    channel_.hold(false);
    channel_.flush(); // a client that is gone shows at the next receive
}

void session::fail(error what)
{
    if (what.code == sqlstate{"57014"})
        what = stop_.as_error();
    pgwire::write_error(channel_.out(), what);
    portals_.clear();
    const bool was_block = transaction_.is_block();
    transaction_.fail();
    if (!was_block) {
        settings_.rollback();
        end_transaction();
    }
    own_tables_ = nullptr;
}

void session::warn(error what)
{
    pgwire::write_error(channel_.out(), what, pgwire::severity::warning);
}

void session::say_goodbye(error what)
{
    pgwire::write_error(channel_.out(), what, pgwire::severity::fatal);
    channel_.hold(false);
    channel_.flush();
}

} // namespace weir::sqlite
