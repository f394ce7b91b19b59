#include "benchmarks/null_session.hpp"

#include "pool/pgwire/session_settings.hpp"
#include "pool/pgwire/startup.hpp"
#include "pool/pgwire/writer.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace weir::bench {

namespace {

// What PostgreSQL 15 tells at login. Those that a client may SET are reported again when it does:
// otherwise a pooler that compares would SET them before every transaction.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> reported{{
    {"application_name", ""},
    {"client_encoding", "UTF8"},
    {"DateStyle", "ISO, MDY"},
    {"default_transaction_read_only", "off"},
    {"in_hot_standby", "off"},
    {"integer_datetimes", "on"},
    {"IntervalStyle", "postgres"},
    {"is_superuser", "on"},
    {"server_encoding", "UTF8"},
    {"server_version", "15.0"},
    {"session_authorization", "postgres"},
    {"standard_conforming_strings", "on"},
    {"TimeZone", "UTC"},
}};

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string_view first_word(std::string_view text)
{
    return text.substr(0, text.find_first_of(" \t\r\n="));
}

// The word at the front, without what separates it from the next.
std::string_view take_word(std::string_view& text)
{
    const std::string_view word = first_word(text);
    text = trimmed(text.substr(word.size()));
    return word;
}

// Up to the end of the literal that begins next; what comes before it is skipped.
std::string_view take_literal(std::string_view& text)
{
    text.remove_prefix(text.find('\'') + 1);
    const std::string_view value = text.substr(0, text.find('\''));
    text.remove_prefix(std::min(value.size() + 1, text.size()));
    return value;
}

std::string_view unquoted(std::string_view value)
{
    const bool is_quoted = value.size() >= 2 && (value[0] == '\'' || value[0] == '"');
    return is_quoted ? value.substr(1, value.size() - 2) : value;
}

} // namespace

void null_session::receive(std::string_view fresh, std::string& out)
{
    std::string joined; // only where a frame was cut
    if (!partial_.empty()) {
        joined = std::exchange(partial_, {});
        fresh = joined.append(fresh);
    }
    while (!fresh.empty() && !over_) {
        const std::size_t used = started_ ? take(fresh, out) : start_up(fresh, out);
        if (used == 0)
            break;
        fresh.remove_prefix(used);
    }
    partial_ = fresh;
}

std::size_t null_session::start_up(std::string_view data, std::string& out)
{
    pgwire::startup_packet packet;
    switch (pgwire::parse_startup(pgwire::as_bytes(data), packet)) {
    case pgwire::scan_status::need_more: return 0;
    case pgwire::scan_status::malformed: over_ = true; return 0;
    case pgwire::scan_status::frame: break;
    }
    if (packet.kind == pgwire::startup_kind::ssl_request ||
        packet.kind == pgwire::startup_kind::gss_request) {
        out += 'N';
        return packet.size;
    }
    if (packet.kind != pgwire::startup_kind::startup) {
        over_ = true; // nothing here runs long enough to be cancelled
        return 0;
    }
    started_ = true;
    pgwire::message{out, 'R'}.u32(0);
    for (const auto& [name, value] : reported) {
        const std::string_view asked = packet.find(name);
        pgwire::write_parameter_status(out, name, asked.empty() ? value : asked);
    }
    pgwire::message{out, 'K'}.u32(1).u32(1);
    pgwire::write_ready(out, status_);
    return packet.size;
}

std::size_t null_session::take(std::string_view data, std::string& out)
{
    pgwire::frame_header header;
    const pgwire::bytes in = pgwire::as_bytes(data);
    const pgwire::scan_status found = pgwire::scan_header(in, header);
    over_ = over_ || found == pgwire::scan_status::malformed;
    if (found != pgwire::scan_status::frame || in.size() < header.size())
        return 0;
    ++home_.messages;
    home_.bytes += header.size();
    on_frame(header.type, in.subspan(pgwire::header_size, header.body_size), out);
    return header.size();
}

void null_session::on_frame(char type, pgwire::bytes body, std::string& out)
{
    pgwire::field_reader in{body};
    switch (type) {
    case 'Q': return on_query(in.text(), out);
    case 'P': {
        const std::string_view name = in.text();
        statements_.insert_or_assign(std::string(name), in.text());
        return pgwire::write_header(out, '1', 0);
    }
    case 'B': {
        const std::string_view portal = in.text();
        portals_.insert_or_assign(std::string(portal), statements_[std::string(in.text())]);
        return pgwire::write_header(out, '2', 0);
    }
    case 'D':
        if (in.u8() == 'S') {
            pgwire::message{out, 't'}.u16(0);
            return describe(statements_[std::string(in.text())], out);
        }
        return describe(portals_[std::string(in.text())], out);
    case 'E': return run(portals_[std::string(in.text())], out, false);
    case 'C': return pgwire::write_header(out, '3', 0);
    case 'S': return pgwire::write_ready(out, status_);
    case 'c':
    case 'f':
        if (!std::exchange(copying_, false))
            return;
        pgwire::write_command_complete(out, "COPY 0");
        if (copy_is_simple_)
            pgwire::write_ready(out, status_);
        return;
    case 'X': over_ = true; return;
    default: return; // CopyData, Flush
    }
}

// Statements are separated by semicolons; none of those that come here has one within.
void null_session::on_query(std::string_view sql, std::string& out)
{
    for (std::string_view rest = sql; !rest.empty();) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        if (const std::string_view one = trimmed(rest.substr(0, end)); !one.empty())
            run(one, out, true);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    copy_is_simple_ = copying_;
    if (!copying_)
        pgwire::write_ready(out, status_);
}

void null_session::run(std::string_view sql, std::string& out, bool with_description)
{
    if (run_transaction(sql, out))
        return;
    if (sql.starts_with("SET "))
        return run_set(sql, out);
    if (sql.find("current_setting('") != std::string_view::npos ||
        sql.find("set_config('") != std::string_view::npos)
        return run_select(sql, out, with_description);
    if (sql == "SHOW received")
        return show_received(out);
    if (sql.starts_with("COPY ") && sql.ends_with("FROM STDIN")) {
        copying_ = true;
        copy_is_simple_ = false;
        pgwire::message{out, 'G'}.u8(0).u16(1).u16(0);
        return;
    }
    const null_answer& answer = home_.answers.to(sql);
    if (with_description || sql.starts_with("COPY "))
        out += answer.description;
    out += answer.rows;
    out += answer.completion;
}

bool null_session::run_transaction(std::string_view sql, std::string& out)
{
    const std::string_view word = first_word(sql);
    if (word == "BEGIN" || word == "START") {
        status_ = 'T';
        pgwire::write_command_complete(out, "BEGIN");
    } else if (word == "COMMIT" || word == "END" || word == "ROLLBACK" || word == "ABORT") {
        status_ = 'I';
        pgwire::write_command_complete(out,
                                       word == "COMMIT" || word == "END" ? "COMMIT" : "ROLLBACK");
    } else {
        return false;
    }
    return true;
}

// SET [SESSION|LOCAL] name = value. What is LOCAL is over before anybody could ask for it.
void null_session::run_set(std::string_view sql, std::string& out)
{
    take_word(sql);
    std::string_view name = take_word(sql);
    const bool is_local = name == "LOCAL";
    if (is_local || name == "SESSION")
        name = take_word(sql);
    sql.remove_prefix(sql.starts_with('=') ? 1 : std::string_view{"TO"}.size());
    if (!is_local)
        set(name, unquoted(trimmed(sql)), out);
    pgwire::write_command_complete(out, "SET");
}

// SELECT of literals, set_config() and current_setting(): how poolers carry settings about and ask
// for them. Each of the three begins with a quote, and stands for a column.
void null_session::run_select(std::string_view sql, std::string& out, bool with_description)
{
    std::vector<std::string> row;
    while (sql.find('\'') != std::string_view::npos) {
        const std::string_view before = sql.substr(0, sql.find('\''));
        const std::string_view word = take_literal(sql);
        if (before.ends_with("current_setting(")) {
            const auto found = settings_.find(word);
            row.push_back(found == settings_.end() ? "" : found->second);
        } else if (before.ends_with("set_config(")) {
            row.emplace_back(take_literal(sql));
            set(word, row.back(), out);
        } else {
            row.emplace_back(word);
        }
    }
    if (with_description)
        describe_columns(out, static_cast<unsigned>(row.size()), false);
    write_row(out, row);
    pgwire::write_command_complete(out, "SELECT 1");
}

void null_session::show_received(std::string& out) const
{
    describe_columns(out, 2, false);
    const std::array row{std::to_string(home_.messages), std::to_string(home_.bytes)};
    write_row(out, row);
    pgwire::write_command_complete(out, "SHOW");
}

void null_session::set(std::string_view name, std::string_view value, std::string& out)
{
    settings_.insert_or_assign(pgwire::lower(name), value);
    for (const auto& [known, unused] : reported)
        if (pgwire::lower(known) == pgwire::lower(name))
            pgwire::write_parameter_status(out, known, value);
}

void null_session::describe(std::string_view sql, std::string& out)
{
    const null_answer& answer = home_.answers.to(sql);
    if (answer.description.empty() || answer.description[0] != 'T')
        pgwire::write_header(out, 'n', 0);
    else
        out += answer.description;
}

} // namespace weir::bench
