// What a client has left behind on a server, and the SQL that cleans it up: targeted where the
// cause is known, DISCARD ALL (which throws away plans as well) where it is not.
#pragma once

#include "pool/pgwire/session_effects.hpp"

#include <string>

namespace weir::pgwire {

struct session_leftovers {
    bool anything = false; // nobody knows what
    bool settings = false; // perhaps custom ones whose names nobody knows
    state_set state = {};

    bool empty() const { return !anything && !settings && state.empty(); }
    bool are_for_good() const { return state.has(state_kind::libraries); } // only closing helps
    bool include_settings() const { return anything || settings; }
};

std::string reset_sql(const session_leftovers& left);

} // namespace weir::pgwire
