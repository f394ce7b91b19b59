// What a text of SQL says about channels: LISTEN and UNLISTEN, and what decides whether they take
// effect (savepoints, COMMIT, ROLLBACK). weir listens for its clients on a connection of its own,
// so LISTEN does not reach a pooled server: a statement that does nothing there takes its place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::pgwire {

struct channel_step {
    enum class kind : std::uint8_t {
        listen,
        unlisten,
        unlisten_all,
        savepoint,
        release,
        rollback_to,
        rollback,
        commit,
    };
    kind what{};
    std::string name = {}; // of the channel or savepoint, folded and cut as PostgreSQL does

    bool is_about_channels() const { return what <= kind::unlisten_all; }
    bool is_answered_by(std::string_view tag) const;

    friend bool operator==(const channel_step&, const channel_step&) = default;
};

struct channel_script {
    std::vector<channel_step> steps; // in the order of their command tags
    std::vector<std::string> wanted; // the channels of LISTEN
    std::string text;                // what a server is to run; empty: the text as it was
    bool is_alone = true;            // it says nothing else
};
using channel_script_ptr = std::shared_ptr<const channel_script>;

// In place of LISTEN. A pooled server listens to nothing, so this ends nothing.
inline constexpr std::string_view listen_stand_in = "UNLISTEN *";

// Null: nothing of the kind is in it, or nothing that is certain (then it is left as it is).
// `and_transactions`: savepoints, COMMIT and ROLLBACK count when there is no LISTEN or UNLISTEN,
// too. Cheap for a text that has none of it.
channel_script_ptr read_channel_script(std::string_view sql, bool and_transactions);

// NOTIFY, pg_notify(), or a word that looks like it.
bool mentions_notify(std::string_view sql);

} // namespace weir::pgwire
