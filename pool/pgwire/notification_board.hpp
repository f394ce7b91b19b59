// The channels that the clients of one backend listen to, and what the one connection that listens
// for all of them has to be asked. Told what happened; it owns no connection.
//
//   want(client, channels) ... next_statements() ─► server      server ─► done() or failed()
//   is_ready(client): its LISTEN can be answered     lost(): all over again
#pragma once

#include "pool/pgwire/channel_journal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::pgwire {

using board_client = std::uint32_t; // whoever keeps the clients knows them by these

class notification_board {
public:
    using client = board_client;
    using clients = std::set<client>;

    // So many channels are asked for at once.
    static constexpr std::size_t batch_limit = 500;
    // No client wants more; they are kept in memory for it.
    static constexpr std::size_t client_limit = 10'000;

    // --- the clients --------------------------------------------------------------------------
    void want(client who, std::span<const std::string> channels); // besides what it has
    void keep(client who, const channel_set& channels);           // and nothing else
    void leave(client who) { keep(who, {}); }
    bool is_ready(client who) const; // everything it wants is listened to
    bool has_room_for(client who, std::size_t channels) const;
    const clients& listeners(std::string_view name) const;

    // --- the connection -----------------------------------------------------------------------
    bool is_needed() const { return !wanted_by_.empty(); }
    std::size_t listened() const { return listened_; }
    // One simple Query, or nothing. Until done(), failed() or lost() there is no next one.
    std::string next_statements();
    void done();
    // A statement of the last ones failed, and so none has an effect. One bad channel must not keep
    // others away: they are tried one by one. Answers who cannot have what it wants.
    clients failed();
    void retry_failed(); // now and then, and on a new connection
    void lost();
    // Those that may have missed notifications while there was no connection, and whose channels
    // are listened to again. Each is told once.
    clients take_missed();

private:
    enum class on_server : std::uint8_t { no, asked, yes, leaving };
    struct channel {
        clients wanted_by;
        on_server state = on_server::no;
        bool refused = false;
    };
    using channel_map = std::map<std::string, channel, std::less<>>;

    bool is_amiss(const channel& c) const; // there is something to ask for
    void examine(const channel_map::iterator& at);
    void enter(channel& c, on_server next);

    channel_map channels_;
    std::map<client, channel_set> wanted_by_; // those that want something
    channel_set amiss_;                       // channels to ask for
    std::vector<std::string> asked_;
    clients missed_;
    std::size_t listened_ = 0;
    std::size_t one_by_one_ = 0; // so many of the next ones
};

} // namespace weir::pgwire
