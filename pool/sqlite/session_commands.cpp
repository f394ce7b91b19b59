#include "pool/pgwire/writer.hpp"
#include "pool/sqlite/error_words.hpp"
#include "pool/sqlite/session.hpp"
#include "pool/sqlite/session_plans.hpp"

#include <chrono>
#include <utility>

namespace weir::sqlite {

namespace {

bool ends_transaction(statement_kind kind)
{
    return kind == statement_kind::commit || kind == statement_kind::rollback ||
           kind == statement_kind::rollback_to;
}

// A row of texts, for SHOW.
void write_text_row(std::string& out, std::span<const std::string> fields)
{
    pgwire::message row{out, 'D'};
    row.u16(static_cast<std::uint16_t>(fields.size()));
    for (const std::string& field : fields)
        row.u32(static_cast<std::uint32_t>(field.size())).raw(field);
}

} // namespace

result<session::outcome> session::run(portal& p, std::size_t limit)
{
    const plan_ptr kept = p.plan(); // COMMIT closes all portals, its own too
    const analysed_statement& plan = *kept;
    switch (plan.kind) {
    case statement_kind::select:
    case statement_kind::modify: return run_rows(p, limit);
    case statement_kind::define: return define(plan);
    case statement_kind::begin: return begin(plan);
    case statement_kind::commit: return commit(plan);
    case statement_kind::rollback: return rollback(plan);
    case statement_kind::savepoint:
    case statement_kind::release:
    case statement_kind::rollback_to: return savepoint(plan);
    case statement_kind::set:
    case statement_kind::reset: return set(plan);
    case statement_kind::show: return show(plan);
    case statement_kind::discard: return discard(plan);
    case statement_kind::deallocate: return deallocate(plan);
    case statement_kind::declare: return declare(p);
    case statement_kind::fetch: return fetch(p);
    case statement_kind::close: return close_cursor(plan);
    case statement_kind::nothing: return nothing(plan);
    }
    return outcome{plan.tag};
}

// A cursor is a portal that statements know by name.
result<session::outcome> session::declare(portal& p)
{
    const plan_ptr plan = p.plan();
    if (!transaction_.is_block())
        return error{"25P01", plan->tag + " can only be used in transaction blocks"};
    if (portals_.contains(plan->name))
        return error{"42P03", "cursor \"" + plan->name + "\" already exists"};
    auto rows = std::make_shared<analysed_statement>(*plan);
    rows->kind = statement_kind::select;
    rows->returns_rows = true;
    rows->tag = "FETCH";
    rows->tag_counts = true;
    portals_.emplace(plan->name,
                     portal{std::move(rows),
                            p.take_parameters(),
                            std::vector<wire_format>(plan->columns.size(), wire_format::text)});
    return outcome{plan->tag};
}

result<session::outcome> session::fetch(portal& p)
{
    const plan_ptr plan = p.plan();
    portal& cursor = portals_.find(plan->name)->second; // check_state() has seen it
    const auto where = place(*cursor.plan());
    if (!where)
        return where.error();
    const auto done = cursor.run(**where, channel_, plan->limit, p.formats(), settings_.output());
    if (!done)
        return done.error();
    return outcome{"FETCH " + std::to_string(done->rows)};
}

result<session::outcome> session::close_cursor(const analysed_statement& plan)
{
    if (plan.name == "all")
        portals_.clear();
    else if (portals_.erase(plan.name) == 0)
        return error{"34000", "cursor \"" + plan.name + "\" does not exist"};
    return outcome{plan.tag};
}

result<session::outcome> session::nothing(const analysed_statement& plan)
{
    if (plan.needs_writer) { // LOCK TABLE
        if (!transaction_.is_block())
            return error{"25P01", plan.tag + " can only be used in transaction blocks"};
        if (const auto where = place(plan); !where)
            return where.error();
    }
    return outcome{plan.tag};
}

result<session::outcome> session::run_rows(portal& p, std::size_t limit)
{
    const analysed_statement& plan = *p.plan();
    const auto where = place(plan);
    if (!where)
        return where.error();
    if (plan.kind == statement_kind::modify) // the others' rows are those from before it
        for (auto& [name, other] : portals_)
            if (&other != &p)
                other.collect(**where);
    const auto done = p.run(**where, channel_, limit, p.formats(), settings_.output());
    if (!done && done.error().code == sqlstate{"23503"})
        return foreign_key_violation((*where)->db.get(), plan.target, plan.tag == "DELETE");
    if (!done)
        return done.error();
    outcome o{plan.tag, done->has_more};
    if (plan.tag_counts)
        o.tag.append(" ").append(std::to_string(done->rows));
    return o;
}

result<session::outcome> session::define(const analysed_statement& plan)
{
    const auto where = place(plan);
    if (!where)
        return where.error();
    has_defined_ = true;
    own_tables_ = nullptr;
    if (const auto applied = plan.apply((*where)->db); !applied)
        return applied.error();
    return outcome{plan.tag};
}

result<open_file*> session::place(const analysed_statement& plan)
{
    if (plan.needs_writer && settings_.is_on("transaction_read_only"))
        return error{"25006",
                     "cannot execute " + plan.tag.substr(0, plan.tag.find(" 0")) +
                         " in a read-only transaction"};
    const auto where = transaction_.place(plan.needs_writer, settings_.lock_timeout());
    if (!where)
        return where.error();
    (*where)->context = context_;
    // Rows of a transaction that ends with this message wait in memory, so that a client that
    // reads slowly does not keep the writer from the others.
    channel_.hold(transaction_.holds_writer() &&
                  transaction_.state() == transaction::block::implicit);
    return where;
}

result<void> session::check_state(const analysed_statement& plan) const
{
    if (transaction_.state() == transaction::block::failed && !ends_transaction(plan.kind))
        return aborted_transaction();
    if (plan.kind == statement_kind::fetch && !portals_.contains(plan.name))
        return error{"34000", "cursor \"" + plan.name + "\" does not exist"};
    return {};
}

std::vector<result_column> session::columns_of(const analysed_statement& plan) const
{
    if (plan.kind == statement_kind::fetch) {
        const auto cursor = portals_.find(plan.name);
        return cursor == portals_.end() || !cursor->second.plan() ? std::vector<result_column>{}
                                                                  : cursor->second.plan()->columns;
    }
    return plan_columns(plan);
}

result<session::outcome> session::begin(const analysed_statement& plan)
{
    if (transaction_.is_block()) {
        warn({"25001", "there is already a transaction in progress"});
        return outcome{plan.tag};
    }
    if (!plan.values.empty())
        settings_.set_for_transaction("transaction_isolation", plan.values.front());
    if (plan.read_only)
        settings_.set_for_transaction("transaction_read_only", "on");
    transaction_.begin(mode());
    return outcome{plan.tag};
}

result<session::outcome> session::commit(const analysed_statement& plan)
{
    if (transaction_.state() == transaction::block::failed) {
        rollback_transaction();
        return outcome{"ROLLBACK"};
    }
    if (!transaction_.is_block()) {
        if (plan.chain)
            return error{"25P01", "COMMIT AND CHAIN can only be used in transaction blocks"};
        warn({"25P01", "there is no transaction in progress"});
    }
    if (const auto committed = commit_transaction(); !committed)
        return committed.error();
    if (plan.chain)
        chain();
    return outcome{plan.tag};
}

result<session::outcome> session::rollback(const analysed_statement& plan)
{
    if (!transaction_.is_block()) {
        if (plan.chain)
            return error{"25P01", "ROLLBACK AND CHAIN can only be used in transaction blocks"};
        warn({"25P01", "there is no transaction in progress"});
    }
    rollback_transaction();
    if (plan.chain)
        chain();
    return outcome{plan.tag};
}

void session::chain()
{
    const transaction_mode same = transaction_.mode();
    start_transaction();
    transaction_.begin(same);
}

result<session::outcome> session::savepoint(const analysed_statement& plan)
{
    if (!transaction_.is_block())
        return error{"25P01", plan.tag + " can only be used in transaction blocks"};
    if (plan.kind == statement_kind::savepoint) {
        if (const auto set = transaction_.savepoint(plan.name); !set)
            return set.error();
        settings_.savepoint();
        return outcome{plan.tag};
    }
    if (plan.kind == statement_kind::release) {
        const auto released = transaction_.release(plan.name);
        if (!released)
            return released.error();
        settings_.release(*released);
        return outcome{plan.tag};
    }
    portals_.clear(); // opened since, most likely; and what they read is undone
    const auto undone = transaction_.rollback_to(plan.name);
    if (!undone)
        return undone.error();
    settings_.rollback_to(*undone);
    own_tables_ = nullptr;
    return outcome{plan.tag};
}

result<session::outcome> session::set(const analysed_statement& plan)
{
    if (plan.local && !transaction_.is_block())
        warn({"25P01", "SET LOCAL can only be used in transaction blocks"});
    const auto done = plan.kind == statement_kind::reset
                          ? settings_.reset(plan.name)
                          : settings_.set(plan.name, plan.values, plan.local);
    if (!done)
        return done.error();
    if (transaction_.is_block())
        transaction_.set_mode(mode());
    tell_context();
    return outcome{plan.tag};
}

result<session::outcome> session::show(const analysed_statement& plan)
{
    if (plan.name == "all") {
        for (const auto& [name, text] : settings_.show_all())
            write_text_row(channel_.out(), std::vector<std::string>{name, text, ""});
        return outcome{plan.tag};
    }
    const auto text = settings_.show(plan.name);
    if (!text)
        return text.error();
    write_text_row(channel_.out(), std::vector<std::string>{*text});
    return outcome{plan.tag};
}

result<session::outcome> session::discard(const analysed_statement& plan)
{
    if (plan.name != "all")
        return outcome{plan.tag}; // plans, sequences' caches, temporary tables: none are kept
    if (transaction_.is_block())
        return error{"25001", "DISCARD ALL cannot run inside a transaction block"};
    if (const auto reset = settings_.reset("all"); !reset)
        return reset.error();
    tell_context();
    prepared_.clear();
    return outcome{plan.tag};
}

result<session::outcome> session::deallocate(const analysed_statement& plan)
{
    if (plan.name.empty() || plan.name == "all")
        prepared_.clear();
    else if (prepared_.erase(plan.name) == 0)
        return error{"26000", "prepared statement \"" + plan.name + "\" does not exist"};
    return outcome{plan.tag};
}

void session::start_statement()
{
    const auto limit = settings_.statement_timeout();
    stop_.begin_statement(limit.count() > 0 ? cancellation::clock::now() + limit
                                            : cancellation::clock::time_point::max());
    context_.statement_start = std::chrono::system_clock::now();
}

void session::start_transaction()
{
    if (transaction_.state() != transaction::block::none)
        return;
    settings_.begin();
    context_.transaction_start = context_.statement_start;
    transaction_.start(mode());
}

transaction_mode session::mode() const
{
    const std::string_view isolation = settings_.get("transaction_isolation");
    return {.read_only = settings_.is_on("transaction_read_only"),
            .repeatable = isolation == "repeatable read" || isolation == "serializable"};
}

result<void> session::commit_transaction()
{
    portals_.clear();
    const auto committed = transaction_.commit();
    if (committed)
        settings_.commit();
    else
        settings_.rollback();
    if (committed && has_defined_)
        home_.tables.has_changed();
    end_transaction();
    return committed;
}

void session::rollback_transaction()
{
    portals_.clear();
    transaction_.rollback();
    settings_.rollback();
    end_transaction();
}

void session::tell_context()
{
    context_.time_zone = settings_.output().time_zone;
    context_.application_name = settings_.get("application_name");
}

void session::end_transaction()
{
    has_defined_ = false;
    own_tables_ = nullptr;
    tell_context();
}

} // namespace weir::sqlite
