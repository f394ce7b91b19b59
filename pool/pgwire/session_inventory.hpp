// What a server is asked after statements that may have changed its session: the values of the
// settings they touched, and whether there is state that lives on that server alone. The server
// itself says what is true, so nobody has to follow transactions, savepoints and failures.
//
//   session_inventory i{touched, ...};   i.sql() ─► server      server ─► i.add(each DataRow)
//   i.of_server(), i.of_client(), i.found(): what is true now
#pragma once

#include "pool/pgwire/frame.hpp"
#include "pool/pgwire/session_effects.hpp"
#include "pool/pgwire/session_settings.hpp"

#include <string>
#include <vector>

namespace weir::pgwire {

class session_inventory {
public:
    // `pinned`: what the client was known to have. `before`: the server's settings as they were
    // known.
    session_inventory(session_effects touched, state_set pinned, settings_ptr before);

    bool is_empty() const { return names_.empty() && !all_settings_ && kinds_.empty(); }
    std::string sql() const; // of one simple Query
    const session_effects& subject() const { return touched_; }

    void add(bytes row); // the body of a DataRow

    // What is true now; after the last row, or at once if nothing was to be asked.
    settings_map of_server() const;
    // `before`: what the client wanted so far; `startup`: what a RESET goes back to.
    settings_map of_client(const settings_map& before, const settings_map& startup) const;
    state_set found() const { return (pinned_ - kinds_) | found_; }
    // Settings may have been made whose names nobody knows.
    bool has_unseen_settings() const { return touched_.unseen_settings; }

private:
    void add_setting(const std::string& name, std::string value, bool is_null);
    settings_map changed(settings_map settings) const;

    session_effects touched_;
    state_set pinned_;
    settings_ptr before_;
    std::vector<std::string> names_; // asked for by name
    bool all_settings_ = false;      // asked for all that were SET
    state_set kinds_;                // asked for
    state_set found_;
    settings_map now_;               // of the settings told, those that are set
    std::vector<std::string> unset_; // ... and those that are not
    std::string statement_timeout_;
};

} // namespace weir::pgwire
