#include "daemon/migrations/direct_connection.hpp"

#include "pool/pgwire/server_words.hpp"
#include "pool/pgwire/writer.hpp"
#include "pool/postgres/stop_event.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <utility>

namespace weir {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint32_t message_limit = 64 * 1024 * 1024; // of the server's; and of a whole result
constexpr auto cancel_patience = 10s; // for the server to answer, once it was asked to cancel

error stopped() { return {"57014", "canceling statement due to user request"}; }

} // namespace

// Sends the query, then collects what comes until ReadyForQuery.
class direct_connection::exchange {
public:
    exchange(direct_connection& home,
             std::stop_token stop,
             bool keep_rows,
             std::chrono::milliseconds within = {})
        : home_(home), stop_(std::move(stop)), stopping_(stop_), keep_rows_(keep_rows)
    {
        if (within > 0ms)
            give_up_after(within, "no answer within " + std::to_string(within.count()) + " ms");
    }

    void send(std::string_view bytes);
    void receive(); // until the server is ready for the next query, or gone
    bool take();    // what there is now; false: nothing more, or the connection is lost

    result<query_result> outcome() &&;

private:
    bool wait(short events);
    void give_up_after(std::chrono::milliseconds limit, std::string words);
    void on_stop();
    void take_frames();
    void take_frame(char type, pgwire::bytes body);
    void take_words(bool is_error, pgwire::bytes body);
    void take_columns(pgwire::bytes body);
    void take_row(pgwire::bytes body);
    void refuse_copy();
    void begin_result();
    void malformed()
    {
        home_.lose({"08P01", "the server sent a malformed message, or one above 64 MB"});
    }

    direct_connection& home_;
    std::stop_token stop_;
    postgres::stop_event stopping_;
    std::optional<steady_clock::time_point> deadline_;
    std::string silence_;         // what is said when it passes
    bool heard_the_stop_ = false; // it is heard once
    bool keep_rows_;

    query_result result_;
    bool is_complete_ = false; // the statement that result_ is of; the next one begins anew
    std::size_t kept_bytes_ = 0;
    std::optional<error> failure_;
    bool is_ready_ = false;
};

direct_connection::direct_connection(std::unique_ptr<link> over, when_stopped does)
    : link_(std::move(over)), when_stopped_(does), in_(64 * 1024)
{
}

direct_connection::~direct_connection()
{
    if (is_lost_ || filled_ > 0)
        return;
    std::string farewell;
    pgwire::message{farewell, 'X'};
    const iovec piece{farewell.data(), farewell.size()};
    static_cast<void>(link_->write({&piece, 1})); // a server that misses it sees the socket close
}

result<query_result> direct_connection::query(std::string_view sql,
                                              std::stop_token stop,
                                              std::chrono::milliseconds within)
{
    if (is_lost_)
        return lost();
    if (stop.stop_requested())
        return stopped();
    exchange e{*this, std::move(stop), true, within};
    std::string message;
    pgwire::write_query(message, sql);
    e.send(message);
    e.receive();
    return std::move(e).outcome();
}

result<std::string> direct_connection::execute(std::string_view sql, std::stop_token stop)
{
    if (is_lost_)
        return lost();
    if (stop.stop_requested())
        return stopped();
    exchange e{*this, std::move(stop), false};
    std::string message;
    pgwire::write_query(message, sql);
    e.send(message);
    e.receive();
    auto done = std::move(e).outcome();
    if (!done)
        return done.error();
    return std::move(done->tag);
}

bool direct_connection::listen()
{
    exchange nothing_asked{*this, {}, false};
    while (!is_lost_ && nothing_asked.take())
        ;
    return !is_lost_;
}

error direct_connection::lost() const
{
    return {"08006", "the connection to the database is lost: " + farewell_.message};
}

void direct_connection::lose(error why)
{
    if (is_lost_)
        return;
    is_lost_ = true;
    farewell_ = std::move(why);
}

void direct_connection::exchange::send(std::string_view bytes)
{
    while (!bytes.empty() && !home_.is_lost_) {
        const iovec piece{const_cast<char*>(bytes.data()),
                          bytes.size()}; // write does not change it
        const io_result moved = home_.link_->write({&piece, 1});
        bytes.remove_prefix(moved.bytes);
        if (moved.status == io_status::closed)
            return; // its last words may still be there to read
        if (moved.status == io_status::blocked && !wait(POLLOUT))
            return;
    }
}

void direct_connection::exchange::receive()
{
    while (!is_ready_ && !home_.is_lost_)
        if (!take() && !is_ready_ && !home_.is_lost_)
            wait(POLLIN);
}

bool direct_connection::exchange::take()
{
    std::vector<std::byte>& in = home_.in_;
    if (home_.filled_ == in.size())
        in.resize(in.size() * 2); // a message larger than this; take_frames() knows the limit
    const io_result got = home_.link_->read(std::span{in}.subspan(home_.filled_));
    home_.filled_ += got.bytes;
    take_frames();
    if (got.status == io_status::closed)
        home_.lose({"08006", "the server closed the connection unexpectedly"});
    return got.status == io_status::done;
}

// Until the link is ready.
bool direct_connection::exchange::wait(short events)
{
    while (!home_.is_lost_) {
        pollfd watched[] = {{home_.descriptor(), events, 0}, {stopping_.descriptor(), POLLIN, 0}};
        int limit = -1;
        if (deadline_) {
            const auto left = *deadline_ - steady_clock::now();
            limit = static_cast<int>(
                std::max(0ms, std::chrono::ceil<std::chrono::milliseconds>(left)).count());
        }
        const int ready = ::poll(watched, heard_the_stop_ ? 1 : 2, limit);
        if (ready < 0 && errno != EINTR)
            home_.lose({"08006", std::string{"poll failed: "} + std::strerror(errno)});
        else if (ready == 0)
            home_.lose({"08006", silence_});
        else if (ready > 0 && watched[0].revents != 0)
            return true;
        else if (ready > 0)
            on_stop();
    }
    return false;
}

void direct_connection::exchange::give_up_after(std::chrono::milliseconds limit, std::string words)
{
    deadline_ = steady_clock::now() + limit;
    silence_ = std::move(words);
}

// Passed on to the server once; one that does not answer to that, either, is given up.
void direct_connection::exchange::on_stop()
{
    heard_the_stop_ = true;
    if (home_.when_stopped_ == when_stopped::leave)
        return home_.lose(stopped());
    give_up_after(cancel_patience, "the server did not answer after it was asked to cancel");
    static_cast<void>(home_.link_->cancel()); // if that failed, the deadline helps
}

void direct_connection::exchange::take_frames()
{
    std::size_t used = 0;
    while (!home_.is_lost_) {
        const auto rest = std::span{std::as_const(home_.in_)}.first(home_.filled_).subspan(used);
        pgwire::frame_header header;
        const auto status = pgwire::scan_header(rest, header, message_limit);
        if (status == pgwire::scan_status::malformed)
            malformed();
        if (status != pgwire::scan_status::frame || rest.size() < header.size())
            break;
        take_frame(header.type, rest.subspan(pgwire::header_size, header.body_size));
        used += header.size();
    }
    std::memmove(home_.in_.data(), home_.in_.data() + used, home_.filled_ - used);
    home_.filled_ -= used;
}

void direct_connection::exchange::take_frame(char type, pgwire::bytes body)
{
    pgwire::field_reader fields{body};
    switch (type) {
    case 'T': return take_columns(body);
    case 'D': return take_row(body);
    case 'C':
        begin_result();
        result_.tag = fields.text();
        is_complete_ = true;
        return;
    case 'I': // of an empty query
        begin_result();
        is_complete_ = true;
        return;
    case 'E': return take_words(true, body);
    case 'N': return take_words(false, body);
    case 'Z':
        home_.status_ = static_cast<char>(fields.u8());
        is_ready_ = true;
        return fields.at_end() ? void() : malformed();
    case 'G': return refuse_copy();
    case 'S': // a setting has changed
    case 'A': // a notification
    case 'H': // COPY TO STDOUT: the rows are dropped
    case 'd':
    case 'c': return;
    default: malformed();
    }
}

void direct_connection::exchange::take_words(bool is_error, pgwire::bytes body)
{
    auto words = pgwire::read_server_words(body);
    if (!words)
        return malformed();
    if (!is_error) {
        if (home_.on_notice_)
            home_.on_notice_(words->severity, words->what.message);
        return;
    }
    const bool is_last = words->is_last();
    if (is_last)
        home_.lose(words->what);
    if (!failure_ && !is_ready_) // else the answer had come before
        failure_ = std::move(words->what);
}

void direct_connection::exchange::take_columns(pgwire::bytes body)
{
    begin_result();
    pgwire::field_reader fields{body};
    for (unsigned count = fields.u16(); count > 0 && fields.ok(); --count) {
        result_.columns.emplace_back(fields.text());
        fields.raw(18); // table, number, type, size, modifier, format
    }
    if (!fields.at_end())
        malformed();
}

void direct_connection::exchange::take_row(pgwire::bytes body)
{
    if (!keep_rows_ || failure_)
        return;
    kept_bytes_ += body.size();
    if (kept_bytes_ > message_limit) {
        failure_ = error{"54000", "the query's result is larger than 64 MB"};
        result_ = {};
        return;
    }
    pgwire::field_reader fields{body};
    auto& row = result_.rows.emplace_back();
    for (unsigned count = fields.u16(); count > 0 && fields.ok(); --count) {
        const std::int32_t size = fields.i32();
        if (size < 0)
            row.emplace_back();
        else
            row.emplace_back(pgwire::as_text(fields.raw(static_cast<std::size_t>(size))));
    }
    if (!fields.at_end())
        malformed();
}

// COPY FROM STDIN asks for data that nobody has.
void direct_connection::exchange::refuse_copy()
{
    std::string message;
    pgwire::message{message, 'f'}.text("there is no data: use INSERT, or COPY from a file");
    send(message);
}

void direct_connection::exchange::begin_result()
{
    if (is_complete_) {
        result_ = {};
        kept_bytes_ = 0;
    }
    is_complete_ = false;
}

result<query_result> direct_connection::exchange::outcome() &&
{
    if (failure_)
        return std::move(*failure_);
    if (home_.is_lost_ && !is_ready_)
        return home_.farewell_;
    return std::move(result_);
}

} // namespace weir
