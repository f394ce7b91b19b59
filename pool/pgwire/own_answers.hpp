// What weir answers in a server's stead while the client holds none: probes (the empty query,
// SELECT 1), and transactions that have not come to anything yet. BEGIN is answered here and held
// back until a statement needs a server; then it goes in front of that, in the same write. An
// unnamed portal that weir has run to its end is gone with its Sync, even in a transaction: no
// driver comes back to it.
#pragma once

#include "pool/core/error.hpp"
#include "pool/pgwire/easy_statement.hpp"
#include "pool/pgwire/frame.hpp"
#include "pool/pgwire/prepared_statements.hpp"
#include "pool/pgwire/reply_tracker.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::pgwire {

// What may be answered at this moment.
struct liberties {
    bool probes = false;    // the pool has just proved that it works
    bool hold_back = false; // BEGIN
};

class own_answers {
public:
    // Messages of the extended protocol are answered together, up to their Sync or Flush; more than
    // this is no probe.
    static constexpr std::size_t longest_unit = 4'096;

    enum class outcome : std::uint8_t {
        answered,    // `size` bytes are done with
        need_more,   // so far it could be answered: call again with more behind the same bytes
        need_server, // for this and whatever stands behind it
    };
    struct ruling {
        outcome what{};
        std::size_t size = 0;
    };

    void allow(liberties what) { allowed_ = what; }

    // The message at the front, and in the extended protocol those behind it. `names` are the
    // client's. Nothing is appended to `out` unless the outcome is `answered`.
    ruling next(bytes in, prepared_statements& names, std::string& out);

    // As ReadyForQuery says it, while no server is held.
    char status() const;
    bool is_in_transaction() const { return transaction_ != transaction::none; }

    // An error inside the transaction that has no server, or a server that was taken away: from
    // here on the client hears `why` once, and 25P02 until it ends the transaction. Nothing: it has
    // heard of it.
    void fail(std::unique_ptr<const error> why = nullptr);
    error failure(); // for a statement that comes now

    // The client gets a server.
    bool holds_back() const { return transaction_ == transaction::begun; }
    void send_begin(reply_tracker& server, std::string& out);

private:
    enum class transaction : std::uint8_t {
        none,
        begun,  // BEGIN has been answered, and no server knows of it
        failed, // no server knows of it any more
    };
    class unit;

    ruling on_query(bytes in, const frame_header& h, prepared_statements& names, std::string& out);
    ruling on_pipeline(bytes in, prepared_statements& names, std::string& out);
    bool may_answer(const easy_statement& statement) const;
    bool is_begun_after(const easy_statement* executed) const; // null: nothing was
    std::string_view tag_of(const easy_statement& statement) const;
    void carry_out(const easy_statement& statement);

    liberties allowed_;
    transaction transaction_ = transaction::none;
    transaction_modes modes_;
    std::unique_ptr<const error> why_failed_;
    bool failure_told_ = false;
};

} // namespace weir::pgwire
