// LISTEN and UNLISTEN, which are weir's business: a client's channels are listened to on a
// connection that it shares with others. Its LISTEN is carried out when that connection listens,
// so that no NOTIFY after it can be missed.
#include "pool/pgwire/session.hpp"
#include "pool/pgwire/writer.hpp"

namespace weir::pgwire {

void session::settle_channels()
{
    channels_->answer.reset();
    channels_->journal.abandon();
}

channel_script_ptr session::script_of(std::string_view sql, const frame_header& h) const
{
    if (!shares_channels_ || h.size() > whole_frame)
        return nullptr;
    return read_channel_script(sql, channels_ != nullptr);
}

// The channels of a LISTEN have to be listened to before it is carried out.
bool session::must_ask_for(const channel_script& script)
{
    if (script.wanted.empty())
        return false;
    if (!channels_)
        channels_ = std::make_unique<channel_request>();
    if (channels_->wanted != script.wanted) {
        channels_->wanted = script.wanted;
        channels_->answer.reset();
    }
    return !channels_->answer;
}

// The answer is for one request.
std::optional<error> session::take_channels_refusal()
{
    const auto answer = channels_ ? std::exchange(channels_->answer, {}) : std::nullopt;
    if (!answer || answer->has_value())
        return {};
    return answer->error();
}

// Outside a transaction, statements that are about channels alone need no server.
std::optional<ruling> session::without_server(const channel_script& script,
                                              bytes in,
                                              const frame_header& h,
                                              std::string& out)
{
    if (own_.holds_back())
        return {}; // a statement of that transaction
    if (must_ask_for(script))
        return ruling{verdict::need_channels};
    if (channels_ && channels_->answer && channels_->answer->has_error()) {
        const error why = channels_->answer->error();
        return refuse(in, why, out);
    }
    if (!channels_ || !script.is_alone)
        return {};
    channels_->answer.reset();
    for (const channel_step& step : script.steps) {
        channels_->journal.carry_out(step);
        write_command_complete(out,
                               step.what == channel_step::kind::listen ? "LISTEN" : "UNLISTEN");
    }
    names_.put("", nullptr); // a simple Query drops the unnamed statement
    write_ready(out, own_.status());
    return stream(in, h, verdict::answer);
}

// Nothing: go on with the server.
std::optional<ruling> session::with_server(const channel_script& script,
                                           bytes in,
                                           const frame_header& h,
                                           reply_tracker& server,
                                           std::string& out)
{
    if (must_ask_for(script))
        return ruling{verdict::need_channels};
    if (auto why = take_channels_refusal())
        return poison(in, h, server, std::move(*why), out);
    if (channels_)
        server.report_to(channels_->journal);
    return {};
}

// What the request just expected has to do with channels.
void session::note_channels(channel_script_ptr script, std::string_view sql, reply_tracker& server)
{
    if (script)
        server.add_script(std::move(script));
    if (may_notify(sql))
        server.expect_notifications();
}

} // namespace weir::pgwire
