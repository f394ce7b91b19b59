#include "tests/support/fake_postgres.hpp"

#include "pool/pgwire/session_settings.hpp"
#include "pool/pgwire/statement_text.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace weir::test {

namespace {

std::string trimmed(std::string_view sql)
{
    const std::size_t first = sql.find_first_not_of(" \n\t");
    if (first == std::string_view::npos)
        return {};
    return std::string(sql.substr(first, sql.find_last_not_of(" \n\t") + 1 - first));
}

std::deque<std::string> split(std::string_view sql)
{
    std::deque<std::string> out;
    while (!sql.empty()) {
        const std::size_t end = sql.find(';');
        if (std::string one = trimmed(sql.substr(0, end)); !one.empty())
            out.push_back(std::move(one));
        if (end == std::string_view::npos)
            break;
        sql.remove_prefix(end + 1);
    }
    return out;
}

// The words of a statement, keywords in capitals or not.
std::string word(std::string_view sql, std::size_t index)
{
    std::size_t at = 0;
    for (;; --index) {
        at = sql.find_first_not_of(" =", at);
        if (at == std::string_view::npos)
            return {};
        const std::size_t end = std::min(sql.find_first_of(" =", at), sql.size());
        if (index == 0)
            return std::string(sql.substr(at, end - at));
        at = end;
    }
}

bool is(std::string_view sql, std::string_view first, std::string_view second = {})
{
    return word(sql, 0) == first && (second.empty() || word(sql, 1) == second);
}

bool has_rows(const std::string& sql) { return is(sql, "SELECT") || is(sql, "ROWS"); }

// Its tag is taken at its word, so nothing else may get it.
bool is_discard_all(std::string_view sql)
{
    return is(sql, "DISCARD", "ALL") && word(sql, 2).empty();
}

bool is_syntax_error(const std::string& sql)
{
    static const std::string_view known[] = {"SELECT",
                                             "ROWS",
                                             "INSERT",
                                             "NOTICE",
                                             "NOTIFY",
                                             "BOOM",
                                             "BEGIN",
                                             "COMMIT",
                                             "ROLLBACK",
                                             "SET",
                                             "RESET",
                                             "DISCARD",
                                             "LISTEN",
                                             "UNLISTEN",
                                             "DEALLOCATE",
                                             "COPY"};
    if (is(sql, "DISCARD") && !is_discard_all(sql))
        return true;
    return !sql.empty() &&
           std::find(std::begin(known), std::end(known), word(sql, 0)) == std::end(known);
}

} // namespace

fake_postgres::settings fake_postgres::at_login()
{
    return {{"application_name", ""}, {"search_path", "public"}, {"timezone", "UTC"}};
}

void fake_postgres::receive(std::string_view bytes)
{
    in_ += bytes;
    while (!closed_) {
        pgwire::frame_header h;
        const auto status = pgwire::scan_header(pgwire::as_bytes(in_), h);
        if (status == pgwire::scan_status::malformed)
            return fatal("invalid message length");
        if (status == pgwire::scan_status::need_more || in_.size() < h.size())
            return;
        const std::string frame = in_.substr(0, h.size());
        in_.erase(0, h.size());
        const pgwire::bytes body = pgwire::as_bytes(frame).subspan(pgwire::header_size);
        if (copy_)
            on_copy_frame(h.type, body);
        else
            on_frame(h.type, body);
    }
}

std::string fake_postgres::take(std::size_t most)
{
    std::string words = flushed_.substr(0, most);
    flushed_.erase(0, words.size());
    return words;
}

void fake_postgres::on_frame(char type, pgwire::bytes body)
{
    extended_ = std::string_view{"PBDECH"}.find(type) != std::string_view::npos;
    if (type == 'X') {
        closed_ = true;
        return;
    }
    if (type == 'S') {
        ignoring_ = false;
        if (status_ == 'I')
            end_transaction(true);
        return ready();
    }
    if (ignoring_)
        return;
    const pgwire::field_reader fields{body};
    switch (type) {
    case 'Q': return on_query(fields);
    case 'P': return on_parse(fields);
    case 'B': return on_bind(fields);
    case 'D': return on_describe(fields);
    case 'E': return on_execute(fields);
    case 'C': return on_close(fields);
    case 'F': return on_function_call();
    case 'H': return flush();
    case 'd':
    case 'c':
    case 'f': return; // late: the COPY has failed
    default: return fatal("invalid frontend message type");
    }
}

void fake_postgres::on_copy_frame(char type, pgwire::bytes body)
{
    const copy_in c = *copy_;
    switch (type) {
    case 'H':
    case 'S': return;
    case 'd':
        if (pgwire::as_text(body) != "bad")
            return;
        copy_.reset();
        fail("22P04", "bad data");
        break;
    case 'c':
        copy_.reset();
        complete("COPY 1");
        break;
    case 'f':
        copy_.reset();
        fail("57014", "COPY from stdin failed");
        break;
    default: // PostgreSQL judges the type before it has read the message, and is lost in it
        copy_.reset();
        fail("08P01", "unexpected message type during COPY from stdin");
        return fatal("terminating connection because protocol synchronization was lost");
    }
    if (c.extended)
        return;
    if (type == 'c')
        run_rest(c.rest);
    else
        ready();
}

void fake_postgres::on_query(pgwire::field_reader in)
{
    statements_.erase("");
    const std::string sql{in.text()};
    if (!in.at_end()) {
        fail("08P01", "invalid message format");
        return ready();
    }
    std::deque<std::string> statements = split(sql);
    if (std::any_of(statements.begin(), statements.end(), is_syntax_error)) {
        fail("42601", "syntax error");
        return ready();
    }
    if (statements.empty())
        out_ += wire::empty_query();
    run_rest(std::move(statements));
}

void fake_postgres::run_rest(std::deque<std::string> statements)
{
    while (!statements.empty()) {
        const std::string sql = std::move(statements.front());
        statements.pop_front();
        if (refused_in_failed_transaction(sql))
            return ready();
        if (has_rows(sql))
            out_ += wire::row_description();
        portal p{sql, {}, 0, false};
        if (!run(sql, p, 0, false))
            return ready();
        if (copy_) {
            copy_->rest = std::move(statements);
            return;
        }
    }
    if (status_ == 'I')
        end_transaction(true);
    ready();
}

void fake_postgres::on_parse(pgwire::field_reader in)
{
    const std::string name{in.text()};
    const std::string sql = trimmed(in.text());
    const std::uint16_t types = in.u16();
    in.raw(4u * types);
    has_seen_a_name_ = has_seen_a_name_ || !name.empty();
    if (name.empty())
        statements_.erase("");
    if (!in.at_end())
        fail("08P01", "invalid message format");
    else if (is_syntax_error(sql) || split(sql).size() > 1)
        fail("42601", "syntax error");
    else if (refused_in_failed_transaction(sql))
        return;
    else if (statements_.contains(name))
        fail("42P05", "prepared statement \"" + name + "\" already exists");
    else {
        const auto only = split(sql);
        statements_[name] = only.empty() ? std::string{} : only.front();
        out_ += wire::parse_complete();
    }
}

void fake_postgres::on_bind(pgwire::field_reader in)
{
    const std::string name{in.text()};
    const std::string statement{in.text()};
    in.raw(2u * in.u16());
    std::string parameters;
    for (std::uint16_t left = in.u16(); left > 0 && in.ok(); --left)
        if (const std::int32_t size = in.i32(); size >= 0)
            (parameters += ',') += pgwire::as_text(in.raw(static_cast<std::size_t>(size)));
    in.raw(2u * in.u16());
    if (!in.at_end()) {
        fail("08P01", "invalid message format");
        return;
    }
    const auto found = statements_.find(statement);
    if (found == statements_.end()) {
        fail("26000", "prepared statement \"" + statement + "\" does not exist");
        return;
    }
    if (refused_in_failed_transaction(found->second))
        return;
    if (!name.empty() && portals_.contains(name)) {
        fail("42P03", "cursor \"" + name + "\" already exists");
        return;
    }
    portals_[name] = {found->second, parameters, 0, false};
    out_ += wire::bind_complete();
}

void fake_postgres::describe(const std::string& sql)
{
    out_ += has_rows(sql) ? wire::row_description() : wire::no_data();
}

void fake_postgres::on_describe(pgwire::field_reader in)
{
    const char kind = static_cast<char>(in.u8());
    const std::string name{in.text()};
    if (!in.at_end() || (kind != 'S' && kind != 'P')) {
        fail("08P01", "invalid message format");
    } else if (kind == 'S') {
        const auto found = statements_.find(name);
        if (found == statements_.end()) {
            fail("26000", "prepared statement \"" + name + "\" does not exist");
            return;
        }
        // PostgreSQL would describe what has no rows even there. weir cannot, since it has to parse
        // the text anew, and the tests do not hold that against it.
        if (refused_in_failed_transaction(found->second))
            return;
        out_ += wire::parameter_description();
        describe(found->second);
    } else {
        const auto found = portals_.find(name);
        if (found == portals_.end())
            fail("34000", "portal \"" + name + "\" does not exist");
        else if (!has_rows(found->second.sql) || !refused_in_failed_transaction(found->second.sql))
            describe(found->second.sql);
    }
}

void fake_postgres::on_execute(pgwire::field_reader in)
{
    const std::string name{in.text()};
    const std::uint32_t limit = in.u32();
    if (!in.at_end()) {
        fail("08P01", "invalid message format");
        return;
    }
    const auto found = portals_.find(name);
    if (found == portals_.end()) {
        fail("34000", "portal \"" + name + "\" does not exist");
        return;
    }
    portal p = found->second;
    if (p.sql.empty()) {
        out_ += wire::empty_query();
        return;
    }
    if (refused_in_failed_transaction(p.sql))
        return;
    if (p.done && !has_rows(p.sql)) {
        fail("55000", "portal \"" + name + "\" cannot be run");
        return;
    }
    if (run(p.sql, p, limit, true))
        if (const auto still = portals_.find(name); still != portals_.end())
            still->second = p;
}

void fake_postgres::on_close(pgwire::field_reader in)
{
    const char kind = static_cast<char>(in.u8());
    const std::string name{in.text()};
    if (!in.at_end() || (kind != 'S' && kind != 'P')) {
        fail("08P01", "invalid message format");
        return;
    }
    if (kind == 'S')
        statements_.erase(name);
    else
        portals_.erase(name);
    out_ += wire::close_complete();
}

void fake_postgres::on_function_call()
{
    if (!refused_in_failed_transaction("SELECT"))
        out_ += wire::frame('V', wire::number(0xffff'ffff, 4));
    if (status_ == 'I')
        end_transaction(true);
    ready();
}

// One statement, up to its tag.
bool fake_postgres::run(const std::string& sql, portal& p, unsigned limit, bool extended)
{
    executed_.push_back(sql);
    const bool in_transaction = status_ != 'I';
    p.done = true;
    if (is(sql, "SELECT")) {
        const bool first = p.rows_sent++ == 0;
        if (first)
            out_ += wire::row(trimmed(std::string_view{sql}.substr(6)) + p.parameters);
        if (first && limit == 1)
            out_ += wire::suspended();
        else
            complete(first ? "SELECT 1" : "SELECT 0");
    } else if (is(sql, "ROWS")) {
        const std::string count = word(sql, 1);
        const unsigned all = static_cast<unsigned>(std::atoi(count.c_str()));
        for (unsigned sent = 0; p.rows_sent < all; ++p.rows_sent, ++sent) {
            if (limit > 0 && sent == limit) {
                out_ += wire::suspended();
                return true;
            }
            out_ += wire::row(std::to_string(p.rows_sent));
        }
        complete("SELECT " + count);
    } else if (is(sql, "INSERT")) {
        complete("INSERT 0 1");
    } else if (is(sql, "NOTICE")) {
        out_ += wire::failure("00000", "a word", pgwire::severity::notice);
        flush();
        complete("DO");
    } else if (is(sql, "NOTIFY")) {
        out_ += wire::notification("channel");
        complete("NOTIFY");
    } else if (is(sql, "BOOM")) {
        return fail("22012", "division by zero");
    } else if (is(sql, "BEGIN") && refuses_begin_) {
        return fail("0A000", "cannot use serializable mode in a hot standby");
    } else if (is(sql, "BEGIN")) {
        status_ = in_transaction ? status_ : 'T';
        complete("BEGIN");
    } else if (is(sql, "COMMIT") || is(sql, "ROLLBACK")) {
        const bool commits = is(sql, "COMMIT") && status_ != 'E';
        complete(commits ? "COMMIT" : "ROLLBACK");
        end_transaction(commits);
        status_ = 'I';
    } else if (is(sql, "SET")) {
        return run_set(sql);
    } else if (is(sql, "RESET")) {
        now_ = after_ = at_login();
        complete("RESET");
    } else if (is(sql, "DISCARD")) {
        if (in_transaction)
            return fail("25001", "DISCARD ALL cannot run inside a transaction block");
        std::erase_if(statements_, [](const auto& s) { return !s.first.empty(); });
        now_ = after_ = at_login();
        complete("DISCARD ALL");
    } else if (is(sql, "LISTEN") || is(sql, "UNLISTEN")) {
        complete(word(sql, 0));
    } else if (is(sql, "DEALLOCATE")) {
        const pgwire::statement_words said = pgwire::classify(sql); // names are folded, and quoted
        const bool all = said.trait == pgwire::statement_trait::deallocate_all;
        if (!all && said.trait != pgwire::statement_trait::deallocate)
            return fail("42601", "syntax error");
        if (all)
            std::erase_if(statements_, [](const auto& s) { return !s.first.empty(); });
        else if (statements_.erase(said.name) == 0)
            return fail("26000", "prepared statement \"" + said.name + "\" does not exist");
        complete(all ? "DEALLOCATE ALL" : "DEALLOCATE");
    } else if (is(sql, "COPY", "IN")) {
        out_ += wire::copy_in();
        flush();
        copy_ = copy_in{{}, extended};
    } else { // COPY OUT
        out_ += wire::copy_out() + wire::copy_data("one\n") + wire::copy_data("two\n") +
                wire::frame('c');
        complete("COPY 2");
    }
    return true;
}

bool fake_postgres::run_set(const std::string& sql)
{
    const bool local = word(sql, 1) == "LOCAL";
    const std::string name = pgwire::lower(word(sql, local ? 2 : 1));
    std::string value = word(sql, local ? 3 : 2);
    std::erase(value, '\'');
    if (!now_.contains(name))
        return fail("42704", "unrecognized configuration parameter \"" + name + "\"");
    if (value == "wrong")
        return fail("22023", "invalid value for parameter \"" + name + "\"");
    if (!local)
        after_[name] = value;
    if (!local || status_ == 'T')
        now_[name] = value;
    complete("SET");
    return true;
}

void fake_postgres::end_transaction(bool commit)
{
    now_ = before_ = after_ = commit ? after_ : before_;
    portals_.clear();
}

bool fake_postgres::fail(sqlstate code, std::string_view message)
{
    out_ += wire::failure(code, message);
    flush();
    if (extended_)
        ignoring_ = true;
    if (status_ == 'I')
        end_transaction(false);
    else
        status_ = 'E';
    portals_.clear();
    return false;
}

bool fake_postgres::refused_in_failed_transaction(const std::string& sql)
{
    if (status_ != 'E' || sql.empty() || is(sql, "COMMIT") || is(sql, "ROLLBACK"))
        return false;
    fail("25P02",
         "current transaction is aborted, commands ignored until end of transaction block");
    return true;
}

void fake_postgres::complete(std::string_view tag) { out_ += wire::complete(tag); }

void fake_postgres::ready()
{
    for (const auto& [name, value] : now_)
        if (name != "search_path" && reported_[name] != value)
            out_ += wire::parameter_status(name == "timezone" ? "TimeZone" : name, value);
    reported_ = now_;
    out_ += wire::ready(status_);
    flush();
}

void fake_postgres::flush() { flushed_ += std::exchange(out_, {}); }

void fake_postgres::fatal(std::string_view message)
{
    out_ += wire::failure("08P01", message, pgwire::severity::fatal);
    flush();
    closed_ = true;
}

} // namespace weir::test
