#include "pool/pgwire/session.hpp"

#include "pool/pgwire/writer.hpp"

#include <algorithm>

namespace weir::pgwire {

namespace {

bool is_known(char type)
{
    switch (type) {
    case 'Q':
    case 'P':
    case 'B':
    case 'D':
    case 'E':
    case 'C':
    case 'S':
    case 'H':
    case 'F':
    case 'd':
    case 'c':
    case 'f':
    case 'X': return true;
    default: return false;
    }
}

// How much of a frame must be there before it can be judged: names and first words, or all of it.
std::size_t needed(const frame_header& h)
{
    switch (h.type) {
    case 'P': return std::min(h.size(), header_size + session::statement_limit);
    case 'd':
    case 'f': return header_size;
    default: return std::min(h.size(), session::whole_frame);
    }
}

// As much of the body as is judged: the same part wherever the stream was cut.
bytes judged(bytes in, const frame_header& h)
{
    return in.subspan(header_size, needed(h) - header_size);
}

error no_such_statement(std::string_view name)
{
    return {"26000", "prepared statement \"" + std::string(name) + "\" does not exist"};
}

// What a server is asked to run in place of the DEALLOCATE of a name that lives here: it touches
// nothing there, and the tracker puts its tag right.
// Where SQL may have prepared statements too, they must stay; the other costs the plans.
constexpr std::string_view stand_in_text = "DEALLOCATE ALL";
constexpr std::string_view stand_in_beside_sql = "DISCARD PLANS";

statement_ptr stand_in(std::string_view text)
{
    return std::make_shared<const prepared_statement>(
        prepared_statement{std::string(text).append(3, '\0'), {}}); // no parameters
}

const statement_ptr& deallocate_stand_in(bool is_beside_sql)
{
    static const statement_ptr alone = stand_in(stand_in_text);
    static const statement_ptr beside = stand_in(stand_in_beside_sql);
    return is_beside_sql ? beside : alone;
}

std::string_view text_field(bytes body) // up to the NUL, or all of it
{
    const std::string_view all = as_text(body);
    return all.substr(0, all.find('\0'));
}

} // namespace

const session_rules& session::default_rules()
{
    static const session_rules rules;
    return rules;
}

statement_words session::classify(std::string_view sql) const
{
    return pgwire::classify(sql, rules_->stateful_functions);
}

// What LOAD does is told by its tag: a failed one does nothing.
void session::touch(reply_tracker& server, const statement_words& words) const
{
    if (words.effects.empty() || rules_->is_session_lane)
        return;
    session_effects effects = words.effects;
    effects.begins = effects.begins - state_kind::libraries;
    server.touch(effects);
}

ruling session::fail(const error& why, std::string& out)
{
    write_error(out, why, severity::fatal);
    return {verdict::violation};
}

ruling session::body(std::size_t available)
{
    const std::size_t size = std::min<std::size_t>(available, body_left_);
    body_left_ -= static_cast<std::uint32_t>(size);
    return {body_goes_, size};
}

// The frame at the front, as much of it as is here; the rest goes the same way when it comes.
ruling session::stream(bytes in, const frame_header& h, verdict what)
{
    const std::size_t size = std::min(in.size(), h.size());
    body_left_ = static_cast<std::uint32_t>(h.size() - size);
    body_goes_ = what == verdict::forward ? what : verdict::discard;
    return {what, size};
}

ruling session::next(bytes in, reply_tracker* server, std::string& out)
{
    if (body_left_ > 0)
        return body(in.size());
    frame_header h;
    switch (scan_header(in, h)) {
    case scan_status::need_more: return {verdict::need_more};
    case scan_status::malformed: return fail({"08P01", "invalid message length"}, out);
    case scan_status::frame: break;
    }
    if (!is_known(h.type))
        return fail(
            {"08P01",
             "invalid frontend message type " + std::to_string(static_cast<unsigned char>(h.type))},
            out);
    if (in.size() < needed(h))
        return {verdict::need_more};
    if (h.type == 'X')
        return {verdict::terminate};
    return server ? with_server(in, h, *server, out) : without_server(in, h, out);
}

ruling session::without_server(bytes in, const frame_header& h, std::string& out)
{
    portals_.reset(); // they ended with the transaction
    switch (h.type) {
    case 'S':
        skip_to_sync_ = false;
        write_ready(out, own_.status());
        return stream(in, h, verdict::answer);
    case 'H':
    case 'd':
    case 'c':
    case 'f': // late: the COPY they belong to is over
        return stream(in, h, verdict::discard);
    default: break;
    }
    if (skip_to_sync_)
        return stream(in, h, verdict::discard);
    if (own_.status() != 'E' && needs_server(in, h))
        return {verdict::need_server};
    const own_answers::ruling own = own_.next(in, names_, out);
    if (own.what != own_answers::outcome::need_server)
        return {own.size > 0 ? verdict::answer : verdict::need_more, own.size};
    if (own_.status() == 'E') {
        if (h.type == 'Q' || (h.type == 'P' && text_field(judged(in, h)).empty()))
            names_.put("", nullptr); // what would replace it drops it, even if it fails
        return refuse(in, own_.failure(), out);
    }
    if (const channel_script_ptr script =
            h.type == 'Q' ? script_of(text_field(judged(in, h)), h) : nullptr)
        if (const auto r = without_server(*script, in, h, out))
            return *r;
    if (h.type == 'Q' && h.size() <= whole_frame)
        if (const std::string_view sql = text_field(judged(in, h));
            sql.size() + 1 == h.body_size && answers(sql, out)) // malformed, it is the server's
            return stream(in, h, verdict::answer);
    return {verdict::need_server};
}

// A statement that is neither weir's to answer nor to refuse, seen at a glance.
bool session::needs_server(bytes in, const frame_header& h) const
{
    if (rules_->may_object() || h.size() > whole_frame)
        return false;
    field_reader fields{judged(in, h)};
    switch (h.type) {
    case 'Q': return is_ordinary(fields.text());
    case 'P': fields.text(); return is_ordinary(fields.text());
    default: return false;
    }
}

// What needs no server, because it is about names that live here. Where a transaction is held back
// an error does need one: what comes after it is the server's to judge.
bool session::answers(std::string_view sql, std::string& out)
{
    if (!may_be_about_names(sql) && !rules_->may_object())
        return false;
    const statement_words words = classify(sql);
    const auto objection = rules_->objection(words, {});
    switch (objection ? statement_trait::prepare : words.trait) {
    case statement_trait::prepare:
        if (!objection || own_.holds_back())
            return false;
        deny(*objection, out);
        break;
    case statement_trait::deallocate:
        if (names_.find(words.name)) {
            names_.put(words.name, nullptr);
            write_command_complete(out, "DEALLOCATE");
        } else if (own_.holds_back()) {
            return false;
        } else {
            deny(no_such_statement(words.name), out);
        }
        break;
    case statement_trait::deallocate_all:
        names_.clear_named();
        write_command_complete(out, "DEALLOCATE ALL");
        break;
    default: return false;
    }
    names_.put("", nullptr); // a simple Query drops the unnamed statement
    write_ready(out, own_.status());
    return true;
}

// An error where no server is held. A transaction that is held back fails by it.
void session::deny(const error& why, std::string& out)
{
    write_error(out, why);
    if (own_.holds_back())
        own_.fail();
}

void session::lose_server(const error& why, bool in_transaction, bool in_pipeline, std::string& out)
{
    if (in_pipeline) {
        write_error(out, why);
        skip_to_sync_ = true;
    }
    if (in_transaction)
        own_.fail(in_pipeline ? nullptr : std::make_unique<const error>(why));
}

ruling session::refuse(bytes in, const error& why, std::string& out)
{
    frame_header h;
    if (scan_header(in, h) != scan_status::frame)
        return fail(why, out); // nobody asks for a server before there is a frame
    if (channels_)
        channels_->answer.reset();
    deny(why, out);
    if (h.type == 'Q' || h.type == 'F')
        write_ready(out, own_.status());
    else
        skip_to_sync_ = true;
    return stream(in, h, verdict::answer);
}

ruling
session::with_server(bytes in, const frame_header& h, reply_tracker& server, std::string& out)
{
    if (server.must_wait())
        return {verdict::wait};
    if (server.ignores_until_sync() && h.type != 'S')
        return stream(in, h, verdict::discard); // as the server would
    if (server.has_undecided() && is_undecided(in, h, server))
        return {verdict::wait};
    if (channels_)
        server.report_to(channels_->journal);
    else if (!shares_channels_)
        server.pass_notifications();
    switch (h.type) {
    case 'Q': return on_query(in, h, server, out);
    case 'P': return on_parse(in, h, server, out);
    case 'B': return on_bind(in, h, server, out);
    case 'D': return on_describe(in, h, server, out);
    case 'E': return on_execute(in, h, server, out);
    case 'C': return on_close(in, h, server);
    case 'F': return on_function_call(in, h, server);
    case 'S':
        if (server.copying_in()) // ignored there; but if the COPY has failed it would be answered
            return stream(in, h, verdict::discard);
        server.expect(request::sync);
        break;
    case 'c':
    case 'f': server.expect(request::copy_end); break;
    case 'd': return on_copy_data(in);
    default: break; // Flush owes nothing
    }
    return stream(in, h, verdict::forward);
}

// Whether the name that it is about exists will be known when the server has answered what it has
// been sent: it may have skipped a Parse on its way to a Sync.
bool session::is_undecided(bytes in, const frame_header& h, const reply_tracker& server) const
{
    field_reader fields{judged(in, h)};
    switch (h.type) {
    case 'P': {
        const std::string_view name = fields.text();
        return !name.empty() && server.is_undecided(name);
    }
    case 'B': {
        fields.text();
        const std::string_view name = fields.text();
        const statement_ptr& bound = names_.find(name);
        return server.is_undecided(name) ||
               (bound && bound->words.trait == statement_trait::deallocate &&
                server.is_undecided(bound->words.name));
    }
    case 'C':
    case 'D': return fields.u8() == 'S' && server.is_undecided(fields.text());
    case 'Q': {
        const statement_words words = classify(fields.text());
        return words.trait == statement_trait::deallocate && server.is_undecided(words.name);
    }
    default: return false;
    }
}

// A request that fails in its place among the others: the server is sent what it cannot parse, and
// its ErrorResponse is replaced. So an open transaction fails, as it would without weir.
ruling
session::poison(bytes in, const frame_header& h, reply_tracker& server, error why, std::string& out)
{
    server.expect_poisoned(h.type == 'Q' ? request::query : request::parse, std::move(why));
    if (h.type == 'Q')
        write_query(out, "PREPARE");
    else
        message{out, 'P'}.text("").text("PREPARE").u16(0);
    return stream(in, h, verdict::rewritten);
}

ruling session::on_query(bytes in, const frame_header& h, reply_tracker& server, std::string& out)
{
    const std::string_view sql = text_field(judged(in, h));
    server.note().take(sql);
    if (h.size() <= whole_frame && is_ordinary(sql) && is_plain(sql, rules_->stateful_functions)) {
        ++queries_;
        if (server.expect(request::query))
            note_channels(nullptr, sql, server);
        return stream(in, h, verdict::forward);
    }
    const channel_script_ptr script = script_of(sql, h);
    if (script)
        if (const auto r = with_server(*script, in, h, server, out))
            return *r;
    ++queries_;
    statement_words words = classify(sql);
    if (auto objection = rules_->objection(words, server.pinned()))
        return poison(in, h, server, std::move(*objection), out);
    if (h.size() > whole_frame) // there may be more behind what was looked at: the tags tell
        words.trait = statement_trait::unseen;
    if (words.trait == statement_trait::deallocate && names_.find(words.name)) {
        server.expect_change(request::query, words.name, nullptr, words.trait);
        write_query(out, rules_->has_sql_names() ? stand_in_beside_sql : stand_in_text);
        return stream(in, h, verdict::rewritten);
    }
    if (script)
        words.effects.perhaps = words.effects.perhaps - state_kind::channels; // not there
    if (server.expect(request::query, words.trait))
        note_channels(script, sql, server);
    touch(server, words);
    if (!script || script->wanted.empty())
        return stream(in, h, verdict::forward);
    write_query(out, script->text);
    return stream(in, h, verdict::rewritten);
}

// The fast path calls functions by their oid: set_config, or one of those that lock.
ruling session::on_function_call(bytes in, const frame_header& h, reply_tracker& server)
{
    constexpr std::uint32_t set_config = 2078;
    constexpr std::uint32_t first_lock = 2880;
    constexpr std::uint32_t last_lock = 2893;
    field_reader fields{judged(in, h)};
    const std::uint32_t function = fields.u32();
    server.expect(request::function_call);
    if (function == set_config || (function >= first_lock && function <= last_lock))
        touch(server, {.effects = session_effects::anything()});
    return stream(in, h, verdict::forward);
}

// From a Parse message, what stands behind its name.
std::shared_ptr<prepared_statement> session::read_statement(std::string_view tail) const
{
    auto statement = std::make_shared<prepared_statement>();
    statement->parse_tail = tail;
    const std::string_view query = statement->query();
    const bool ordinary = is_ordinary(query);
    if (!ordinary || !is_plain(query, rules_->stateful_functions))
        statement->words = classify(query);
    if (shares_channels_ && !ordinary)
        statement->channels = read_channel_script(query, true);
    if (statement->channels)
        statement->words.effects.perhaps =
            statement->words.effects.perhaps - state_kind::channels; // not there
    return statement;
}

session_state session::state() const
{
    session_state out;
    names_.each([&](std::string_view name, const statement_ptr& statement) {
        out.is_portable = out.is_portable && !statement->listens();
        out.statements.emplace_back(name, statement->parse_tail);
    });
    if (channels_)
        for (const std::string& channel : channels_->journal.channels())
            out.channels.push_back(channel);
    return out;
}

void session::restore(const session_state& from)
{
    for (const auto& [name, tail] : from.statements)
        names_.put(name, read_statement(tail));
    if (from.channels.empty())
        return;
    channels_ = std::make_unique<channel_request>();
    for (const std::string& channel : from.channels)
        channels_->journal.carry_out({.what = channel_step::kind::listen, .name = channel});
}

ruling session::on_parse(bytes in, const frame_header& h, reply_tracker& server, std::string& out)
{
    if (h.body_size > statement_limit)
        return poison(
            in,
            h,
            server,
            {"54000",
             "statement of " + std::to_string(h.body_size) + " bytes is too long to prepare",
             "At most " + std::to_string(statement_limit) + " bytes are kept for a statement.",
             "Pass large values as parameters."},
            out);
    field_reader fields{judged(in, h)};
    const std::string_view name = fields.text();
    const std::string_view tail =
        as_text(fields.rest()); // not read further: that is the server's task
    auto statement = read_statement(tail);
    if (statement->words.trait == statement_trait::prepare)
        if (auto objection = rules_->objection(statement->words, server.pinned()))
            return poison(in, h, server, std::move(*objection), out);
    const bool listens = statement->listens();
    if (listens)
        statement->parse_tail = statement->channels->text + std::string(3, '\0'); // no parameters

    if (name.empty() && !listens) {
        if (server.expect_change(request::parse, name, statement))
            server.set_unnamed(std::move(statement));
        return stream(in, h, verdict::forward);
    }
    // But first the server says what is wrong with the text itself.
    if (!name.empty() && names_.find(name)) {
        message{out, 'P'}.text("").raw(statement->parse_tail);
        server.expect_swallowed(request::parse);
        return poison(in,
                      h,
                      server,
                      {"42P05", "prepared statement \"" + std::string(name) + "\" already exists"},
                      out);
    }
    if (!names_.has_room_for(tail.size()))
        return poison(in,
                      h,
                      server,
                      {"53400",
                       "too many prepared statements: " + std::to_string(names_.count()),
                       {},
                       "DEALLOCATE what is no longer used, or DEALLOCATE ALL."},
                      out);
    message{out, 'P'}.text("").raw(statement->parse_tail);
    if (server.expect_change(request::parse, name, statement))
        server.set_unnamed(std::move(statement));
    return stream(in, h, verdict::rewritten);
}

// Sees to it that the server's unnamed slot holds what `name` means for this client. False when the
// name means nothing: then the server, which knows no names either, is to say so.
bool session::bring(std::string_view name, reply_tracker& server, std::string& out)
{
    statement_ptr statement = names_.find(name);
    if (!statement) {
        if (name.empty() &&
            server.unnamed() != reply_tracker::slot::empty) { // another client's, perhaps
            message{out, 'C'}.raw("S").text("");
            if (server.expect_swallowed(request::close))
                server.set_unnamed(nullptr);
        }
        return false;
    }
    if (statement->words.trait == statement_trait::deallocate && names_.find(statement->words.name))
        statement = deallocate_stand_in(rules_->has_sql_names());
    if (server.unnamed_statement() != statement.get()) {
        message{out, 'P'}.text("").raw(statement->parse_tail);
        if (server.expect_swallowed(request::parse))
            server.set_unnamed(std::move(statement));
    }
    return true;
}

ruling session::on_bind(bytes in, const frame_header& h, reply_tracker& server, std::string& out)
{
    field_reader fields{judged(in, h)};
    const std::string_view portal = fields.text();
    const std::string_view name = fields.text();
    if (!fields.ok())
        return fail({"08P01", "invalid Bind message"}, out);
    const std::size_t before = out.size();
    const bool found = bring(name, server, out);
    server.expect(request::bind);
    if (const statement_ptr& statement = names_.find(name))
        server.note().take(statement->parse_tail);
    remember(portal, names_.find(name));
    if (out.size() == before && (!found || name.empty()))
        return stream(in, h, verdict::forward);
    const std::size_t read = header_size + portal.size() + 1 + name.size() + 1;
    const std::size_t removed = found ? name.size() : 0;
    write_header(out, 'B', static_cast<std::uint32_t>(h.body_size - removed));
    out.append(portal).push_back('\0');
    out.append(found ? std::string_view{} : name).push_back('\0');
    body_left_ = static_cast<std::uint32_t>(h.size() - read);
    body_goes_ = verdict::forward;
    return {verdict::rewritten, read};
}

ruling
session::on_describe(bytes in, const frame_header& h, reply_tracker& server, std::string& out)
{
    if (h.size() > whole_frame)
        return fail({"08P01", "invalid Describe message"}, out);
    field_reader fields{judged(in, h)};
    const bool of_statement = fields.u8() == 'S';
    const std::string_view name = fields.text();
    if (!of_statement || !fields.ok()) {
        server.expect(request::describe_portal);
        return stream(in, h, verdict::forward);
    }
    const bool found = bring(name, server, out);
    server.expect(request::describe_statement);
    message{out, 'D'}.raw("S").text(found ? std::string_view{} : name);
    return stream(in, h, verdict::rewritten);
}

ruling session::on_close(bytes in, const frame_header& h, reply_tracker& server)
{
    field_reader fields{judged(in, h)};
    const bool of_statement = fields.u8() == 'S';
    const std::string_view name = fields.text();
    const bool known = of_statement && fields.ok() && names_.find(name);
    const bool read =
        known ? server.expect_change(request::close, name, nullptr) : server.expect(request::close);
    if (read && of_statement && name.empty())
        server.set_unnamed(nullptr);
    return stream(in, h, verdict::forward); // a server says CloseComplete to any name
}

void session::remember(std::string_view portal, const statement_ptr& statement)
{
    if (portals_)
        std::erase_if(*portals_, [&](const auto& bound) { return bound.first == portal; });
    if (!statement ||
        (!statement->words.matters() && !statement->channels && !may_notify(statement->query())))
        return;
    if (!portals_)
        portals_ = std::make_unique<std::vector<bound_statement>>();
    portals_->emplace_back(portal, statement);
}

statement_ptr session::bound_to(std::string_view portal) const
{
    if (portals_)
        for (const auto& [name, statement] : *portals_)
            if (name == portal)
                return statement;
    return nullptr;
}

ruling session::on_execute(bytes in, const frame_header& h, reply_tracker& server, std::string& out)
{
    const statement_ptr bound = bound_to(text_field(judged(in, h)));
    static const statement_words plain;
    const statement_words& words = bound ? bound->words : plain;
    const channel_script_ptr script = bound ? bound->channels : nullptr;
    if (script)
        if (const auto r = with_server(*script, in, h, server, out))
            return *r;
    ++queries_;
    if (auto objection = rules_->objection(words, server.pinned()))
        return poison(in, h, server, std::move(*objection), out);
    touch(server, words);
    if (words.trait == statement_trait::deallocate)
        server.expect_change(request::execute, words.name, nullptr, words.trait);
    else if (server.expect(request::execute, words.trait) && bound)
        note_channels(script, bound->query(), server);
    return stream(in, h, verdict::forward);
}

// CopyData comes in thousands of small frames: as many as are here go together.
ruling session::on_copy_data(bytes in)
{
    std::size_t run = 0;
    frame_header h;
    while (scan_header(in.subspan(run), h) == scan_status::frame && h.type == 'd') {
        if (run + h.size() > in.size()) {
            body_left_ = static_cast<std::uint32_t>(run + h.size() - in.size());
            body_goes_ = verdict::forward;
            return {verdict::forward, in.size()};
        }
        run += h.size();
    }
    return {verdict::forward, run};
}

} // namespace weir::pgwire
