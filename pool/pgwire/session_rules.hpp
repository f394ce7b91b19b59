// What the clients of one pool may leave behind on a server, as the pool's settings and its present
// load have it. Shared by all its clients; a session asks before a statement runs.
#pragma once

#include "pool/core/error.hpp"
#include "pool/core/pool_settings.hpp"
#include "pool/pgwire/session_effects.hpp"
#include "pool/pgwire/statement_text.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::pgwire {

struct session_rules {
    bool is_session_lane = false; // a server for the whole connection: everything goes
    bool allow_sql_prepare = false;
    pin_policies pins;
    std::vector<std::string> stateful_functions; // by name in lower case
    std::string pins_are_full; // max_pinned is reached, and who has them; empty: there is room

    bool has_sql_names() const { return allow_sql_prepare || is_session_lane; }
    pin_policy policy(state_kind kind) const;
    state_set with_policy(pin_policy wanted) const;

    // Some statements may be objected to that are not about names.
    bool may_object() const
    {
        return !pins_are_full.empty() || !with_policy(pin_policy::reject).empty();
    }

    // Why a statement must not run; `pinned`: what its client has pinned already.
    std::optional<error> objection(const statement_words& words, state_set pinned) const;
};

session_rules rules_of(const pool_settings& settings, bool is_session_lane = false);

} // namespace weir::pgwire
