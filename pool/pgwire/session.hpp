// What a client is in the middle of. It reads the client's frames and says, one after the other,
// what is to be done with them; it keeps the client's prepared statements.
#pragma once

#include "pool/core/error.hpp"
#include "pool/pgwire/frame.hpp"
#include "pool/pgwire/notification_queue.hpp"
#include "pool/pgwire/own_answers.hpp"
#include "pool/pgwire/prepared_statements.hpp"
#include "pool/pgwire/reply_tracker.hpp"
#include "pool/pgwire/session_rules.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::pgwire {

enum class verdict : std::uint8_t {
    need_more,     // the frame must be seen whole: call again with more behind the same bytes
    need_server,   // call again with a server's tracker, or with a refusal
    need_channels, // call again when the channels `wanted` are listened to, or cannot be
    forward,       // `size` bytes go to the server as they are
    rewritten,     // `size` bytes are done; what was appended to `out` goes to the server instead
    answer,        // `size` bytes are done; what was appended to `out` goes to the client
    discard,       // `size` bytes are done
    wait,          // call again, with more behind the same bytes, once the server has answered
    terminate,     // the client says goodbye
    violation,     // FATAL to the client: what was appended to `out`; then the connection is closed
};

struct ruling {
    verdict what{};
    std::size_t size = 0;
};

struct session_state {
    std::vector<std::pair<std::string, std::string>> statements; // names, and parse_tail
    std::vector<std::string> channels;                           // it listens to
    bool is_portable = true; // else there is more to it, and the client cannot be kept

    friend bool operator==(const session_state&, const session_state&) = default;
};

class session {
public:
    // A frame up to this size is read whole before a server is asked for; a larger one must have
    // brought this much, so that nobody holds a server while it dawdles.
    static constexpr std::size_t whole_frame = 32 * 1024;
    // The text of one statement in the extended protocol. A simple Query has no such limit.
    static constexpr std::size_t statement_limit = 16u << 20;

    // `server` is the tracker of the server that the client holds, or null.
    ruling next(bytes in, reply_tracker* server, std::string& out);

    // The client was refused a server: the request that asked for one is answered with `why`.
    ruling refuse(bytes in, const error& why, std::string& out);

    // What weir may answer itself until it is said anew.
    void allow(liberties what) { own_.allow(what); }
    // The client has got this server: appends what has to go before its messages, if anything.
    bool holds_back() const { return own_.holds_back(); }
    void send_begin(reply_tracker& server, std::string& out) { own_.send_begin(server, out); }
    // The server that the client got knows of no transaction, though the client was told of one; it
    // has heard why.
    void fail_transaction() { own_.fail(); }
    // The server was taken away while it owed nothing. In a pipeline (no Sync yet) the client hears
    // `why` now, otherwise when it says something.
    void lose_server(const error& why, bool in_transaction, bool in_pipeline, std::string& out);

    void obey(const session_rules& rules) { rules_ = &rules; } // which outlive the session

    // LISTEN is weir's business, and reaches no server. Otherwise it is the server's.
    void share_channels() { shares_channels_ = true; }
    client_channels* channels() { return channels_.get(); } // null: it has never asked for one
    const client_channels* channels() const { return channels_.get(); }
    // The answer to need_channels, for the request at the front.
    const std::vector<std::string>& wanted() const { return channels_->wanted; }
    void grant_channels() { channels_->answer.emplace(); }
    void refuse_channels(error why) { channels_->answer.emplace(std::move(why)); }
    void settle_channels(); // between transactions, and no answer is awaited

    // What it has to know of a client that is idle, to go on in another process.
    session_state state() const;
    void restore(const session_state& from); // of a client just come

    prepared_statements& names() { return names_; }
    const prepared_statements& names() const { return names_; }
    bool mid_frame() const { return body_left_ > 0; }  // a message is on its way, in part
    bool awaits_sync() const { return skip_to_sync_; } // an error was answered without a server
    // As the client sees it, who holds no server: the BEGIN is held back, or all has failed.
    bool is_in_transaction() const { return own_.is_in_transaction(); }
    std::uint64_t queries() const { return queries_; } // Query and Execute messages so far

private:
    ruling body(std::size_t available);
    ruling without_server(bytes in, const frame_header& h, std::string& out);
    ruling with_server(bytes in, const frame_header& h, reply_tracker& server, std::string& out);
    bool is_undecided(bytes in, const frame_header& h, const reply_tracker& server) const;
    bool needs_server(bytes in, const frame_header& h) const;
    bool answers(std::string_view sql, std::string& out);
    void deny(const error& why, std::string& out);
    ruling on_query(bytes in, const frame_header& h, reply_tracker& server, std::string& out);
    ruling on_parse(bytes in, const frame_header& h, reply_tracker& server, std::string& out);
    ruling on_bind(bytes in, const frame_header& h, reply_tracker& server, std::string& out);
    ruling on_describe(bytes in, const frame_header& h, reply_tracker& server, std::string& out);
    ruling on_close(bytes in, const frame_header& h, reply_tracker& server);
    ruling on_execute(bytes in, const frame_header& h, reply_tracker& server, std::string& out);
    ruling on_function_call(bytes in, const frame_header& h, reply_tracker& server);
    std::shared_ptr<prepared_statement> read_statement(std::string_view tail) const;
    statement_words classify(std::string_view sql) const;
    void touch(reply_tracker& server, const statement_words& words) const;
    ruling on_copy_data(bytes in);
    void remember(std::string_view portal, const statement_ptr& statement);
    statement_ptr bound_to(std::string_view portal) const; // null: a plain one, or none
    ruling
    poison(bytes in, const frame_header& h, reply_tracker& server, error why, std::string& out);
    bool bring(std::string_view name, reply_tracker& server, std::string& out);
    ruling stream(bytes in, const frame_header& h, verdict what);
    ruling fail(const error& why, std::string& out);

    // session_channels.cpp
    struct channel_request : client_channels {
        std::vector<std::string> wanted;
        std::optional<result<void>> answer;
    };
    channel_script_ptr script_of(std::string_view sql, const frame_header& h) const;
    bool must_ask_for(const channel_script& script);
    std::optional<error> take_channels_refusal();
    bool may_notify(std::string_view sql) const { return channels_ && mentions_notify(sql); }
    void note_channels(channel_script_ptr script, std::string_view sql, reply_tracker& server);
    std::optional<ruling>
    without_server(const channel_script& script, bytes in, const frame_header& h, std::string& out);
    std::optional<ruling> with_server(const channel_script& script,
                                      bytes in,
                                      const frame_header& h,
                                      reply_tracker& server,
                                      std::string& out);

    static const session_rules& default_rules();

    const session_rules* rules_ = &default_rules();
    prepared_statements names_;
    std::unique_ptr<channel_request> channels_;
    own_answers own_;
    // What is bound to a portal, where Execute has to know: few statements are not plain, so most
    // clients have none.
    using bound_statement = std::pair<std::string, statement_ptr>;
    std::unique_ptr<std::vector<bound_statement>> portals_;
    std::uint64_t queries_ = 0;
    std::uint32_t body_left_ = 0;
    verdict body_goes_ = verdict::forward;
    bool shares_channels_ = false;
    bool skip_to_sync_ = false; // an error was answered here, without a server
};

} // namespace weir::pgwire
