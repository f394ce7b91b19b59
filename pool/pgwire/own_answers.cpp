#include "pool/pgwire/own_answers.hpp"

#include "pool/pgwire/session_settings.hpp"
#include "pool/pgwire/writer.hpp"

#include <array>
#include <utility>

namespace weir::pgwire {

namespace {

using what = easy_statement::what;

constexpr std::uint32_t int4 = 23; // its oid

easy_statement easy(const prepared_statement& statement)
{
    const std::string_view query = statement.query();
    field_reader behind{as_bytes(statement.parse_tail).subspan(query.size() + 1)};
    return behind.u16() == 0 && behind.at_end() ? recognise(query) : easy_statement{};
}

void describe(const easy_statement& statement, bool binary, std::string& out)
{
    if (statement.is != what::one) {
        message{out, 'n'};
        return;
    }
    message m{out, 'T'};
    m.u16(1).text(statement.label.empty() ? "?column?" : lower(statement.label));
    m.u32(0).u16(0); // of no table
    m.u32(int4).u16(4).u32(static_cast<std::uint32_t>(-1)).u16(binary);
}

void run(const easy_statement& statement, std::string_view tag, bool binary, std::string& out)
{
    if (statement.is == what::empty) {
        message{out, 'I'};
        return;
    }
    if (statement.is == what::one) {
        message row{out, 'D'};
        if (binary)
            row.u16(1).u32(4).u32(1);
        else
            row.u16(1).u32(1).raw("1");
    }
    if (tag.empty())
        message{out, 's'};
    else
        write_command_complete(out, tag);
}

// A list of format codes: none, or one that stands for all.
bool read_format(field_reader& fields, bool& binary)
{
    const std::uint16_t count = fields.u16();
    const std::uint16_t code = count == 1 ? fields.u16() : 0;
    binary = code == 1;
    return count <= 1 && code <= 1;
}

} // namespace

// Messages of the extended protocol that are answered together: in any order, but no more than one
// portal. What they do to the client's names is done at their end.
class own_answers::unit {
public:
    unit(const own_answers& rules, const prepared_statements& names, std::string& out)
        : rules_(rules), names_(names), out_(out)
    {
    }

    bool take(char type, bytes body) // false: only a server can
    {
        field_reader fields{body};
        switch (type) {
        case 'P': return parse(fields);
        case 'B': return bind(fields);
        case 'D': return describe(fields);
        case 'E': return execute(fields);
        case 'C': return close(fields);
        default: return false;
        }
    }

    bool has_portal() const { return portal_open_; }

    // Somebody may come back to it, as long as the transaction lasts.
    bool leaves_portal() const { return portal_open_ && (!portal_.empty() || !executed_); }

    // What has been executed; its effect is the caller's to carry out.
    const easy_statement* executed() const { return executed_ ? &bound_ : nullptr; }

    void give_names(prepared_statements& names)
    {
        for (std::size_t i = 0; i < named_; ++i)
            names.put(namings_[i].name, std::move(namings_[i].statement));
    }

private:
    bool parse(field_reader fields)
    {
        const std::string_view name = fields.text();
        const std::string_view tail = as_text(fields.rest());
        const std::string_view query = fields.text();
        const bool is_plain = fields.u16() == 0 && fields.at_end(); // no parameters
        if (!is_plain || !rules_.may_answer(recognise(query)))
            return false;
        if (!name.empty() && (find(name) || !names_.has_room_for(tail.size())))
            return false;
        auto statement = std::make_shared<prepared_statement>();
        statement->parse_tail = tail;
        message{out_, '1'};
        return put(name, std::move(statement));
    }

    bool bind(field_reader fields)
    {
        const std::string_view portal = fields.text();
        const prepared_statement* const statement = find(fields.text());
        bool ignored = false;
        if (!read_format(fields, ignored) || fields.u16() != 0 || // no parameters
            !read_format(fields, binary_) || !fields.at_end())
            return false;
        if (!statement || portal_open_ || executed_)
            return false;
        bound_ = easy(*statement);
        portal_ = portal;
        portal_open_ = true;
        message{out_, '2'};
        return rules_.may_answer(bound_);
    }

    bool describe(field_reader fields)
    {
        const char kind = static_cast<char>(fields.u8());
        const std::string_view name = fields.text();
        if (!fields.at_end())
            return false;
        if (kind == 'P') {
            if (!portal_open_ || name != portal_ || has_ended_transaction())
                return false;
            pgwire::describe(bound_, binary_, out_);
            return true;
        }
        const prepared_statement* const statement = kind == 'S' ? find(name) : nullptr;
        const easy_statement described = statement ? easy(*statement) : easy_statement{};
        if (!rules_.may_answer(described))
            return false;
        message{out_, 't'}.u16(0);
        pgwire::describe(described, false, out_);
        return true;
    }

    bool execute(field_reader fields)
    {
        const std::string_view portal = fields.text();
        const std::int32_t rows = fields.i32();
        if (!fields.at_end() || !portal_open_ || portal != portal_ || executed_)
            return false;
        executed_ = true;
        // One that has brought as many rows as were asked for does not know yet that it is done.
        const bool is_suspended = bound_.is == what::one && rows == 1;
        run(bound_, is_suspended ? std::string_view{} : rules_.tag_of(bound_), binary_, out_);
        return true;
    }

    bool close(field_reader fields)
    {
        const char kind = static_cast<char>(fields.u8());
        const std::string_view name = fields.text();
        if (!fields.at_end() || (kind != 'S' && kind != 'P'))
            return false;
        message{out_, '3'};
        if (kind == 'S')
            return put(name, nullptr);
        portal_open_ = portal_open_ && name != portal_;
        return true;
    }

    bool has_ended_transaction() const // and with it all portals
    {
        return executed_ && (bound_.is == what::commit || bound_.is == what::rollback);
    }

    const prepared_statement* find(std::string_view name) const
    {
        for (std::size_t i = named_; i-- > 0;)
            if (namings_[i].name == name)
                return namings_[i].statement.get();
        return names_.find(name).get();
    }

    bool put(std::string_view name, statement_ptr statement)
    {
        if (named_ == namings_.size())
            return false;
        namings_[named_++] = {name, std::move(statement)};
        return true;
    }

    struct naming {
        std::string_view name;
        statement_ptr statement; // null: the name is closed
    };

    const own_answers& rules_;
    const prepared_statements& names_;
    std::string& out_;
    std::array<naming, 4> namings_; // in their order
    std::size_t named_ = 0;
    std::string_view portal_;
    easy_statement bound_; // to the portal
    bool portal_open_ = false;
    bool executed_ = false;
    bool binary_ = false;
};

own_answers::ruling own_answers::next(bytes in, prepared_statements& names, std::string& out)
{
    frame_header h;
    if (scan_header(in, h) != scan_status::frame || h.size() > longest_unit)
        return {outcome::need_server};
    if (h.type == 'Q')
        return in.size() < h.size() ? ruling{outcome::need_more} : on_query(in, h, names, out);
    const std::size_t before = out.size();
    const ruling r = on_pipeline(in, names, out);
    if (r.what != outcome::answered)
        out.resize(before);
    return r;
}

own_answers::ruling
own_answers::on_query(bytes in, const frame_header& h, prepared_statements& names, std::string& out)
{
    field_reader fields{in.subspan(header_size, h.body_size)};
    const easy_statement statement = recognise(fields.text());
    if (!fields.at_end() || !may_answer(statement))
        return {outcome::need_server};
    if (statement.is == what::one)
        describe(statement, false, out);
    run(statement, tag_of(statement), false, out);
    carry_out(statement);
    names.put("", nullptr); // a simple Query drops the unnamed statement
    write_ready(out, status());
    return {outcome::answered, h.size()};
}

own_answers::ruling own_answers::on_pipeline(bytes in, prepared_statements& names, std::string& out)
{
    unit together{*this, names, out};
    frame_header h;
    for (std::size_t at = 0;; at += h.size()) {
        switch (scan_header(in.subspan(at), h)) {
        case scan_status::need_more: return {outcome::need_more};
        case scan_status::malformed: return {outcome::need_server};
        case scan_status::frame: break;
        }
        const std::size_t end = at + h.size();
        if (end > longest_unit)
            return {outcome::need_server};
        if (end > in.size())
            return {outcome::need_more};
        const bool is_sync = h.type == 'S' && h.body_size == 0;
        if (is_sync || (h.type == 'H' && h.body_size == 0 && !together.has_portal())) {
            const easy_statement* const executed = together.executed();
            if (together.leaves_portal() && is_begun_after(executed))
                return {outcome::need_server};
            if (executed)
                carry_out(*executed);
            together.give_names(names);
            if (is_sync)
                write_ready(out, status());
            return {outcome::answered, end};
        }
        if (!together.take(h.type, in.subspan(at + header_size, h.body_size)))
            return {outcome::need_server};
    }
}

bool own_answers::may_answer(const easy_statement& statement) const
{
    switch (statement.is) {
    case what::other: return false;
    case what::empty: return allowed_.probes || transaction_ == transaction::failed;
    case what::one:
        return allowed_.probes &&
               (transaction_ == transaction::none ||
                (transaction_ == transaction::begun && !modes_.takes_snapshot()));
    case what::begin: return allowed_.hold_back && transaction_ == transaction::none;
    case what::commit:
    case what::rollback: return transaction_ != transaction::none;
    }
    return false;
}

bool own_answers::is_begun_after(const easy_statement* executed) const
{
    const what is = executed ? executed->is : what::empty;
    return is == what::begin ||
           (transaction_ == transaction::begun && is != what::commit && is != what::rollback);
}

std::string_view own_answers::tag_of(const easy_statement& statement) const
{
    return transaction_ == transaction::failed && !statement.tag.empty() ? "ROLLBACK"
                                                                         : statement.tag;
}

void own_answers::carry_out(const easy_statement& statement)
{
    switch (statement.is) {
    case what::begin:
        transaction_ = transaction::begun;
        modes_ = statement.modes;
        break;
    case what::commit:
    case what::rollback:
        transaction_ = transaction::none;
        why_failed_.reset();
        break;
    default: break;
    }
}

char own_answers::status() const
{
    switch (transaction_) {
    case transaction::none: return 'I';
    case transaction::begun: return 'T';
    case transaction::failed: return 'E';
    }
    return 'I';
}

void own_answers::fail(std::unique_ptr<const error> why)
{
    transaction_ = transaction::failed;
    why_failed_ = std::move(why);
    failure_told_ = false;
}

error own_answers::failure()
{
    if (why_failed_ && !std::exchange(failure_told_, true))
        return *why_failed_;
    return {"25P02",
            "current transaction is aborted, commands ignored until end of transaction block",
            why_failed_ ? why_failed_->message : std::string{}};
}

void own_answers::send_begin(reply_tracker& server, std::string& out)
{
    message{out, 'P'}.text("").text(modes_.begin()).u16(0);
    message{out, 'B'}.text("").text("").u16(0).u16(0).u16(0);
    message{out, 'E'}.text("").u32(0);
    message{out, 'C'}.raw("P").text(""); // or the client would find a portal that it did not make
    server.expect_begin();
    transaction_ = transaction::none; // from here on the server tells
}

} // namespace weir::pgwire
