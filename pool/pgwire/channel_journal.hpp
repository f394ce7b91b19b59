// Which channels one client listens to, and what its open transaction will make of that at COMMIT.
// It is told what the server answers, in order; where that leaves a doubt, the client listens.
#pragma once

#include "pool/pgwire/channel_script.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::pgwire {

using channel_set = std::set<std::string, std::less<>>;

class channel_journal {
public:
    const channel_set& channels() const { return channels_; } // in effect

    void completed(std::string_view tag, const channel_step* step); // null: nothing is known of it
    void failed();                                                  // an ErrorResponse
    void ready(char transaction_status);                            // a ReadyForQuery
    void abandon(); // the transaction has come to an end out of sight, and not by COMMIT

    // LISTEN or UNLISTEN outside a transaction, answered by weir itself.
    void carry_out(const channel_step& step);

private:
    void commit();
    void roll_back_to(const std::string& savepoint);
    void release(const std::string& savepoint);

    channel_set channels_;
    // Of the open transaction, LISTEN, UNLISTEN and SAVEPOINT, in order. Savepoints older than the
    // first of the others are missing: to go back to one of those takes back all.
    std::vector<channel_step> steps_;
    bool failed_ = false;         // since the transaction, or what stands for one, began
    bool perhaps_undone_ = false; // a ROLLBACK, and it is not known whether to a savepoint
};

} // namespace weir::pgwire
