#include "pool/pgwire/reply_tracker.hpp"

#include "pool/pgwire/writer.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <map>

namespace weir::pgwire {

namespace {

// Larger frames of these kinds are not held back to be looked at: an error text of 64 kB and more
// streams through, and a tag that long is no tag.
constexpr std::uint32_t inspect_limit = 60'000;

bool ends_with_ready(request what)
{
    return what == request::query || what == request::function_call || what == request::sync;
}

using request_set = std::uint16_t;
constexpr request_set at_any_time = 0xffff;
constexpr request_set bit(request what) { return static_cast<request_set>(1u << unsigned(what)); }

// By the type of a server's message: what it may be an answer to.
constexpr auto answered_by = [] {
    using enum request;
    std::array<request_set, 256> by{};
    for (const char type : {'N', 'A', 'S', 'E'})
        by[static_cast<unsigned char>(type)] = at_any_time;
    for (const char type : {'D', 'C', 'I', 'G', 'H', 'W', 'c', 'd'})
        by[static_cast<unsigned char>(type)] = bit(query) | bit(execute);
    by['Z'] = bit(query) | bit(function_call) | bit(sync);
    by['T'] = bit(query) | bit(describe_statement) | bit(describe_portal);
    by['t'] = bit(describe_statement);
    by['n'] = bit(describe_statement) | bit(describe_portal);
    by['1'] = bit(parse);
    by['2'] = bit(bind);
    by['3'] = bit(close);
    by['s'] = bit(execute);
    by['V'] = bit(function_call);
    return by;
}();

// A field of an ErrorResponse: 'C' is the SQLSTATE, 'V' the severity, never translated.
std::string_view field_of(bytes error_body, char wanted)
{
    for (field_reader fields{error_body}; const char field = static_cast<char>(fields.u8());) {
        const std::string_view value = fields.text();
        if (field == wanted)
            return value;
    }
    return {};
}

// The tags of most statements, with their NUL.
bool is_quiet(std::string_view tag)
{
    if (tag.size() < 8 || tag.find('\0') != tag.size() - 1)
        return false;
    const std::string_view verb = tag.substr(0, 7);
    return verb == "SELECT " || verb == "INSERT " || verb == "UPDATE " || verb == "DELETE ";
}

// A LISTEN that was not recognised, and so went to a server that another client may have next.
const error& listen_went_astray()
{
    static const error warning{"01000",
                               "this LISTEN has no effect",
                               "It was in a text that weir does not read for it.",
                               "Send LISTEN as a statement of its own, with a plain name."};
    return warning;
}

} // namespace

void reply_tracker::attach(prepared_statements& names)
{
    assert(settled());
    names_ = &names;
    note_.clear();
    detached_ = false;
    touched_ = {};
    if (std::exchange(was_notified_, false))
        touched_.perhaps |= state_kind::channels;
    pinned_ = {};
    passes_notifications_ = false;
    has_notified_ = false;
    journal_ = nullptr;
    settings_reset_ = false;
    begin_failed_ = false;
    explanation_.reset();
    forget_unnamed();
}

void reply_tracker::detach()
{
    names_ = nullptr;
    journal_ = nullptr;
    detached_ = true;
}

bool reply_tracker::push(const pending& p)
{
    if (copying_in_) { // Sync means nothing there, CopyDone and CopyFail end it
        if (p.what == request::sync)
            return false;
        copying_in_ = false;
        if (p.what == request::copy_end)
            return false;
    }
    if (ignoring_) {
        if (p.what != request::sync)
            return false;
        ignoring_ = false;
    }
    if (p.what == request::copy_end && requests_.empty())
        return false; // late, after the COPY failed: the server ignores it
    slot_in_doubt_ = slot_in_doubt_ || (p.what == request::sync && !requests_.empty());
    if (ends_with_ready(p.what))
        changes_left_behind_ = changes_.size();
    sync_wanted_ = sync_wanted_ && p.what != request::sync;
    synced_ = synced_ && (ends_with_ready(p.what) || p.what == request::copy_end);
    requests_.push_back(p);
    return true;
}

bool reply_tracker::needs_sync() const
{
    return !synced_ && (requests_.empty() || !ends_with_ready(requests_.back().what));
}

void reply_tracker::pop()
{
    const pending& done = requests_.front();
    for (std::size_t i = 0; i < done.changes; ++i)
        changes_.pop_front();
    changes_left_behind_ -= std::min<std::size_t>(changes_left_behind_, done.changes);
    if (done.poisoned)
        poisons_.pop_front();
    if (done.has_script)
        scripts_.pop_front();
    requests_.pop_front();
    ++answers_;
    while (!requests_.empty() && requests_.front().what == request::copy_end)
        requests_.pop_front();
    slot_in_doubt_ = slot_in_doubt_ && !requests_.empty();
}

bool reply_tracker::expect(request what, statement_trait trait)
{
    if (!push({.what = what, .trait = trait}))
        return false;
    if (what == request::query)
        drop_unnamed();
    if (trait == statement_trait::deallocate_all || trait == statement_trait::reset_all)
        note_change({{}, nullptr, true});
    return true;
}

bool reply_tracker::expect_swallowed(request what)
{
    if (!push({.what = what, .swallowed = true}))
        return false;
    if (what == request::query)
        set_unnamed(nullptr); // the server's; the client's own stays
    return true;
}

void reply_tracker::expect_begin()
{
    for (const request what : {request::parse, request::bind, request::execute})
        push({.what = what, .swallowed = true, .begins = true});
    push({.what = request::close, .swallowed = true});
    forget_unnamed();
    beginning_ = true;
}

bool reply_tracker::must_wait() const
{
    return beginning_ &&
           (sync_wanted_ || (!requests_.empty() && ends_with_ready(requests_.back().what)));
}

void reply_tracker::expect_inventory()
{
    push({.what = request::query, .swallowed = true, .reads_rows = true});
    set_unnamed(nullptr);
}

void reply_tracker::touch(const session_effects& effects)
{
    if (!effects.empty())
        touched_.add(effects);
}

bool reply_tracker::expect_poisoned(request what, error why)
{
    if (!push({.what = what, .poisoned = true}))
        return false;
    poisons_.push_back(std::move(why));
    if (what == request::query)
        drop_unnamed();
    else
        forget_unnamed();
    return true;
}

bool reply_tracker::expect_change(request what,
                                  std::string_view name,
                                  statement_ptr after,
                                  statement_trait trait)
{
    if (!expect(what, trait))
        return false;
    add_change(name, std::move(after));
    return true;
}

void reply_tracker::add_script(channel_script_ptr script)
{
    requests_.back().has_script = true;
    scripts_.push_back({std::move(script)});
}

// A simple Query drops the unnamed statement, whatever it says.
void reply_tracker::drop_unnamed()
{
    set_unnamed(nullptr);
    if (names_->find("") || has_undecided()) // what has dropped it before may be taken back
        add_change("", nullptr);
}

void reply_tracker::add_change(std::string_view name, statement_ptr after)
{
    note_change({std::string(name), names_->find(name)});
    names_->put(name, std::move(after));
}

// By the request just expected. A Query skips nothing that stands behind it.
void reply_tracker::note_change(change what)
{
    changes_.push_back(std::move(what));
    ++requests_.back().changes;
    if (ends_with_ready(requests_.back().what))
        changes_left_behind_ = changes_.size();
}

// The last change counts: one that nothing was left behind of stands or falls with what comes next.
bool reply_tracker::is_undecided(std::string_view name) const
{
    constexpr std::size_t most = 256; // of a long pipeline no more is looked at; to wait is right
    if (!has_undecided())
        return false;
    for (std::size_t i = changes_.size(); i-- > 0;) {
        if (changes_[i].of_all ? !name.empty() : changes_[i].name == name)
            return i < changes_left_behind_;
        if (changes_.size() - i == most)
            return true;
    }
    return false;
}

void reply_tracker::set_unnamed(statement_ptr statement)
{
    slot_ = statement ? slot::holds : slot::empty;
    slot_holds_ = std::move(statement);
    slot_in_doubt_ = false;
}

void reply_tracker::forget_unnamed()
{
    slot_ = slot::unknown;
    slot_holds_.reset();
}

bool reply_tracker::is_swallowed() const
{
    return detached_ || (!requests_.empty() && requests_.front().swallowed);
}

reply reply_tracker::pass(std::size_t size) const
{
    return {is_swallowed() ? reply_kind::swallow : reply_kind::forward, size};
}

// The longest run of bytes with one answer. Rows and other frames that say nothing about the
// transaction are counted through without a look inside.
reply reply_tracker::next(bytes in)
{
    if (body_left_ > 0) {
        const std::size_t size = std::min<std::size_t>(in.size(), body_left_);
        body_left_ -= static_cast<std::uint32_t>(size);
        return {body_swallowed_ || detached_ ? reply_kind::swallow : reply_kind::forward, size};
    }
    const bool swallowing = is_swallowed();
    const reply_kind kind = swallowing ? reply_kind::swallow : reply_kind::forward;
    std::size_t run = 0;
    for (;;) {
        const bytes rest = in.subspan(run);
        frame_header h;
        switch (scan_header(rest, h)) {
        case scan_status::need_more: return {run ? kind : reply_kind::need_more, run};
        case scan_status::malformed: return {run ? kind : reply_kind::malformed, run};
        case scan_status::frame: break;
        }
        switch (h.type) {
        case 'D':
        case 'd':
        case 'T':
        case 't':
        case 'N':
        case 'c':
        case 'H':
        case 'V': {
            if (!is_expected(h.type))
                return {run ? kind : reply_kind::malformed, run};
            if (h.type == 'V')
                requests_.front().answered = true;
            if (h.type == 'T' && requests_.front().what != request::query) {
                if (h.size() > rest.size())
                    return run ? reply{kind, run} : end_describe(h);
                run += h.size();
                pop();
                if (is_swallowed() != swallowing)
                    return {kind, run};
                continue;
            }
            if (h.type == 'D' && requests_.front().reads_rows && !detached_) {
                if (run)
                    return {kind, run};
                if (h.body_size > inspect_limit)
                    return {reply_kind::malformed};
                return h.size() <= rest.size() ? reply{reply_kind::row, h.size()}
                                               : reply{reply_kind::need_more};
            }
            if (h.size() <= rest.size()) {
                run += h.size();
                continue;
            }
            body_left_ = static_cast<std::uint32_t>(h.size() - rest.size());
            body_swallowed_ = swallowing;
            return {kind, in.size()};
        }
        case 'A': return run ? reply{kind, run} : on_notification(h, rest.size());
        case 'Z':
            if (run && kind == reply_kind::forward && !journal_ && may_end_run(h, rest)) {
                reply r = on_ready(rest.subspan(header_size, 1));
                r.size += run;
                return r;
            }
            break;
        default:
            if (!take_quietly(h, rest))
                break;
            run += h.size();
            if (is_swallowed() != swallowing)
                return {kind, run};
            continue;
        }
        if (run)
            return {kind, run};
        if (!is_expected(h.type))
            return {reply_kind::malformed};
        if (h.body_size > inspect_limit && h.type != 'E')
            return {reply_kind::malformed};
        const std::size_t seen = std::min(h.body_size, inspect_limit);
        if (rest.size() < header_size + seen)
            return {reply_kind::need_more};
        return inspect(h, rest.subspan(header_size, seen));
    }
}

// A frame that ends or completes a request, and there is nothing else to be said of it.
bool reply_tracker::take_quietly(const frame_header& h, bytes rest)
{
    switch (h.type) {
    case '1':
    case '2':
    case '3':
    case 'n':
    case 'I':
    case 's':
        if (h.body_size != 0 || !is_expected(h.type))
            return false;
        break;
    case 'C':
        if (h.size() > rest.size() || !is_expected('C') || !completes_quietly() ||
            !is_quiet(as_text(rest.subspan(header_size, h.body_size))))
            return false;
        if (note_.keeps_whole() && !is_swallowed())
            note_.complete(as_text(rest.subspan(header_size, h.body_size - 1)));
        has_notified_ = has_notified_ || requests_.front().notifies;
        beginning_ = beginning_ && !requests_.front().begins;
        break;
    default: return false;
    }
    if (requests_.front().what == request::query) // there, ReadyForQuery is what ends it
        requests_.front().answered = true;
    else
        pop();
    return true;
}

// Whether a command tag that says nothing of the session says nothing at all.
bool reply_tracker::completes_quietly() const
{
    const pending& front = requests_.front();
    return !journal_ && !front.has_script &&
           (front.trait == statement_trait::plain || front.trait == statement_trait::accounted);
}

// This ReadyForQuery is the client's as it is.
bool reply_tracker::may_end_run(const frame_header& h, bytes rest) const
{
    return h.body_size == 1 && rest.size() > header_size &&
           std::to_integer<char>(rest[header_size]) == 'I' && !begin_failed_ &&
           !requests_.empty() &&
           (requests_.front().answered || requests_.front().what == request::sync);
}

bool reply_tracker::is_expected(char type) const
{
    const request_set by = answered_by[static_cast<unsigned char>(type)];
    if (by == at_any_time || (type == 'Z' && ignoring_))
        return true;
    return !requests_.empty() && (by & bit(requests_.front().what)) != 0;
}

// A RowDescription may be large and needs no look inside; its body follows as any other.
reply reply_tracker::end_describe(const frame_header& h)
{
    const reply r = pass(header_size);
    body_left_ = h.body_size;
    body_swallowed_ = r.kind == reply_kind::swallow;
    pop();
    return r;
}

// A client hears of its channels from weir. If a pooled server has something to say of channels,
// an earlier client's function has left a LISTEN there: nobody is to hear of it.
reply reply_tracker::on_notification(const frame_header& h, std::size_t available)
{
    const std::size_t size = std::min(available, h.size());
    body_left_ = static_cast<std::uint32_t>(h.size() - size);
    body_swallowed_ = !passes_notifications_;
    if (passes_notifications_)
        return {detached_ ? reply_kind::swallow : reply_kind::forward, size};
    if (detached_)
        was_notified_ = true;
    else
        touched_.perhaps |= state_kind::channels;
    return {reply_kind::swallow, size};
}

reply reply_tracker::inspect(const frame_header& h, bytes body)
{
    switch (h.type) {
    case 'Z': return on_ready(body);
    case 'E': {
        const reply r = explained(on_error(body));
        body_left_ = static_cast<std::uint32_t>(h.body_size - body.size()); // an oversized text
        body_swallowed_ = r.kind != reply_kind::failure || !r.for_client;
        return r;
    }
    case 'C': return on_complete(body);
    case 'S': {
        field_reader fields{body};
        reply r{reply_kind::parameter, h.size(), !is_swallowed()};
        r.name = fields.text();
        r.value = fields.text();
        return fields.at_end() ? r : reply{reply_kind::malformed};
    }
    case 'G': on_copy_in(); return pass(h.size());
    case 'W': return {reply_kind::malformed}; // COPY BOTH is replication's, which is refused
    default: return {reply_kind::malformed};  // '1' '2' '3' 'n' 'I' 's' with a body
    }
}

reply reply_tracker::on_ready(bytes body)
{
    if (body.size() != 1)
        return {reply_kind::malformed};
    const char status = std::to_integer<char>(body[0]);
    if (status != 'I' && status != 'T' && status != 'E')
        return {reply_kind::malformed};
    // Were it one too many, everything behind it would be taken for the answer to something else.
    if (!requests_.empty() && requests_.front().what != request::sync &&
        !requests_.front().answered)
        return {reply_kind::malformed};
    reply r = pass(header_size + 1);
    r.ends_transaction = r.kind == reply_kind::forward && status == 'I' && !begin_failed_;
    r.has_notified = status == 'I' && std::exchange(has_notified_, false);
    if (journal_)
        journal_->ready(status);
    settings_reset_ =
        settings_reset_ || (status == 'I' && !requests_.empty() && requests_.front().has_reset);
    status_ = status;
    transactions_ += status == 'I';
    explanation_.reset();
    if (begin_failed_ && r.kind == reply_kind::forward) {
        replacement_.clear();
        write_ready(replacement_, 'E');
        r.kind = reply_kind::replace;
        r.bytes = replacement_;
    }
    beginning_ = beginning_ && !begin_failed_;
    if (requests_.empty())
        ignoring_ = false; // its Sync was sent while the COPY that failed still seemed to run
    else
        pop();
    synced_ = requests_.empty();
    return r;
}

reply reply_tracker::on_error(bytes body)
{
    reply r{reply_kind::failure, header_size + body.size(), !is_swallowed()};
    r.name = field_of(body, 'V');
    r.value = field_of(body, 'C');
    copying_in_ = false;
    if (journal_)
        journal_->failed();
    if (requests_.empty()) { // the server is going away: its holder hears of it, nobody else does
        r.for_client = !detached_ && status_ != 'I';
        return r;
    }
    forget_unnamed();
    pending& front = requests_.front();
    if (front.swallowed && !ends_with_ready(front.what))
        r.for_client = !detached_; // the text that stands behind a name failed: the client's error
    if (front.poisoned && r.for_client) {
        replacement_.clear();
        write_error(replacement_, poisons_.front());
        r = {reply_kind::replace, r.size};
        r.bytes = replacement_;
    }
    if (ends_with_ready(front.what)) {
        front.answered = true;
        front.has_reset = false;
        undo_changes(0, true);
        return r;
    }
    begin_failed_ = begin_failed_ || front.begins;
    withdraw(0, true);
    while (!requests_.empty() && requests_.front().what != request::sync) {
        sync_wanted_ = sync_wanted_ || (begin_failed_ && ends_with_ready(requests_.front().what));
        withdraw(0, false);
    }
    ignoring_ = requests_.empty();
    return r;
}

// A cancel that weir has asked for, in weir's words.
reply reply_tracker::explained(const reply& r)
{
    if (!explanation_ || r.kind != reply_kind::failure || !r.for_client || r.value != "57014")
        return r;
    replacement_.clear();
    write_error(replacement_, *explanation_);
    reply out{reply_kind::replace, r.size};
    out.bytes = replacement_;
    return out;
}

// A request that the server failed, skipped on its way to the next Sync, or took for something
// else.
void reply_tracker::withdraw(std::size_t index, bool failed_itself)
{
    undo_changes(index, failed_itself);
    if (requests_[index].poisoned) {
        std::size_t before = 0;
        for (std::size_t i = 0; i < index; ++i)
            before += requests_[i].poisoned;
        poisons_.erase(before);
    }
    if (requests_[index].has_script) {
        std::size_t before = 0;
        for (std::size_t i = 0; i < index; ++i)
            before += requests_[i].has_script;
        scripts_.erase(before);
    }
    requests_.erase(index);
}

void reply_tracker::undo_changes(std::size_t index, bool failed_itself)
{
    std::size_t before = 0;
    for (std::size_t i = 0; i < index; ++i)
        before += requests_[i].changes;
    for (std::uint8_t& left = requests_[index].changes; left > 0; --left)
        take_back(before, failed_itself);
}

// Where a later request has changed the same name again, that one learns what was there before.
void reply_tracker::take_back(std::size_t index, bool failed_itself)
{
    change undone = std::move(changes_[index]);
    changes_.erase(index);
    changes_left_behind_ -= index < changes_left_behind_;
    if (undone.of_all)
        return;
    if (failed_itself && undone.name.empty())
        undone.before.reset(); // a Parse or Query that fails has dropped the unnamed one already
    for (; index < changes_.size(); ++index)
        if (!changes_[index].of_all && changes_[index].name == undone.name) {
            changes_[index].before = std::move(undone.before);
            return;
        }
    if (names_)
        names_->put(undone.name, std::move(undone.before));
}

// All names are gone, but for what requests behind this one have made of them meanwhile.
void reply_tracker::forget_names()
{
    std::map<std::string, statement_ptr> later;
    for (std::size_t i = requests_.front().changes; i < changes_.size(); ++i)
        if (change& c = changes_[i];
            !c.of_all && !c.name.empty() && later.emplace(c.name, names_->find(c.name)).second)
            c.before.reset();
    names_->clear_named();
    for (auto& [name, statement] : later)
        names_->put(name, std::move(statement));
}

// The server now reads messages as part of the COPY, up to its end: of those already on their way,
// Syncs are ignored. One that does not belong there is answered if the COPY has failed before it,
// and else the last that the server reads.
void reply_tracker::on_copy_in()
{
    while (requests_.size() > 1) {
        const request next = requests_[1].what;
        if (next != request::sync && next != request::copy_end)
            return;
        withdraw(1, false);
        if (next == request::copy_end)
            return;
    }
    copying_in_ = true;
}

reply reply_tracker::on_complete(bytes body)
{
    field_reader fields{body};
    const std::string_view tag = fields.text();
    if (!fields.at_end())
        return {reply_kind::malformed};
    reply r = pass(header_size + body.size());
    pending& front = requests_.front();
    front.answered = true;
    if (note_.keeps_whole() && !is_swallowed())
        note_.complete(tag);
    has_notified_ = has_notified_ || front.notifies || tag == "NOTIFY";
    const auto say_instead = [&](std::string_view client_tag, const error* warning = nullptr) {
        if (r.kind != reply_kind::forward)
            return;
        replacement_.clear();
        if (warning)
            write_error(replacement_, *warning, severity::warning);
        write_command_complete(replacement_, client_tag);
        r.kind = reply_kind::replace;
        r.bytes = replacement_;
    };
    const channel_step* const step = note_for_journal(tag);
    if (step && step->what == channel_step::kind::listen)
        say_instead("LISTEN");
    else if (tag == "LISTEN" && !passes_notifications_)
        say_instead(tag, &listen_went_astray());
    if (front.trait == statement_trait::deallocate &&
        (tag == "DEALLOCATE ALL" || tag == "DISCARD PLANS")) // which stood in for it
        say_instead("DEALLOCATE");
    else if (!is_swallowed())
        note_tag(tag, front);
    beginning_ = beginning_ && !front.begins;
    if (tag == "BEGIN" || tag == "START TRANSACTION")
        status_ = 'T'; // there may be no ReadyForQuery to say so for long
    if (front.what == request::execute)
        pop();
    return r;
}

// The next step, if the tag is its answer.
const channel_step* reply_tracker::open_script::take(std::string_view tag)
{
    if (next == script->steps.size() || !script->steps[next].is_answered_by(tag))
        return nullptr;
    return &script->steps[next++];
}

// What the answered statement of the first request says about channels; null: nothing.
const channel_step* reply_tracker::note_for_journal(std::string_view tag)
{
    if (is_swallowed())
        return nullptr;
    const channel_step* const step =
        requests_.front().has_script ? scripts_.front().take(tag) : nullptr;
    if (journal_)
        journal_->completed(tag, step);
    return step;
}

// What a text did not say beforehand, its command tags do.
void reply_tracker::note_tag(std::string_view tag, pending& request)
{
    switch (tag.empty() ? '\0' : tag.front()) {
    case 'D':
        if (tag == "DISCARD ALL" || tag == "DEALLOCATE ALL")
            forget_names();
        settings_reset_ = settings_reset_ || tag == "DISCARD ALL";
        break;
    case 'L':
        if (tag == "LOAD") // for good, even if the transaction is rolled back
            touched_.begins |= state_kind::libraries;
        else if (tag == "LISTEN")
            touched_.perhaps |= state_kind::channels;
        break;
    case 'P':
        if (tag == "PREPARE")
            touched_.perhaps |= state_kind::sql_prepared;
        break;
    case 'R':
        if (tag != "RESET" || request.trait == statement_trait::accounted)
            break;
        // In a transaction it may yet be undone; in a pipeline likewise.
        if (request.trait == statement_trait::reset_all && status_ == 'I' &&
            request.what == weir::pgwire::request::query)
            request.has_reset = true;
        else
            touched_.any_setting = true;
        break;
    case 'S':
        if (tag == "SET" && request.trait != statement_trait::accounted &&
            request.trait != statement_trait::reset_all)
            touched_.any_setting = true;
        break;
    default: break;
    }
    if (request.trait == statement_trait::unseen)
        note_unseen(tag);
}

void reply_tracker::note_unseen(std::string_view tag)
{
    if (tag.starts_with("SELECT") || tag == "DO" || tag == "CALL")
        touched_.add(session_effects::anything());
    else if (tag.starts_with("CREATE") || tag.starts_with("DROP"))
        touched_.perhaps |= state_kind::temp_tables;
    else if (tag.starts_with("DECLARE") || tag.starts_with("CLOSE"))
        touched_.perhaps |= state_kind::hold_cursors;
}

} // namespace weir::pgwire
