#include "pool/pgwire/session_rules.hpp"

#include "pool/pgwire/session_settings.hpp"

namespace weir::pgwire {

namespace {

error sql_prepare_refused()
{
    return {"0A000",
            "PREPARE and EXECUTE in SQL are not available in transaction mode",
            "The next transaction may run on another server, where the name is not known.",
            "Use the prepared statements of the driver (the extended protocol): their names work. "
            "The setting allow_sql_prepare, or a session of one's own, allows these."};
}

std::string in_words(state_kind kind)
{
    switch (kind) {
    case state_kind::temp_tables: return "temporary tables";
    case state_kind::hold_cursors: return "cursors WITH HOLD";
    case state_kind::advisory_locks: return "session advisory locks";
    case state_kind::sql_prepared: return "PREPARE in SQL";
    case state_kind::libraries: return "LOAD";
    case state_kind::channels: break;
    }
    return "LISTEN";
}

std::string way_out(state_kind kind)
{
    switch (kind) {
    case state_kind::temp_tables: return "Connect to DATABASE:session for a server of one's own.";
    case state_kind::hold_cursors: return "Read the cursor within its transaction.";
    case state_kind::advisory_locks: return "Use pg_advisory_xact_lock, which ends by itself.";
    default: return "Connect to DATABASE:session for a server of one's own.";
    }
}

} // namespace

pin_policy session_rules::policy(state_kind kind) const
{
    switch (kind) {
    case state_kind::temp_tables: return pins.temp_tables;
    case state_kind::hold_cursors: return pins.hold_cursors;
    case state_kind::advisory_locks: return pins.advisory_locks;
    case state_kind::sql_prepared: return pins.prepare;
    case state_kind::libraries: return pins.load;
    case state_kind::channels: break;
    }
    return pin_policy::reset;
}

state_set session_rules::with_policy(pin_policy wanted) const
{
    state_set out;
    state_set::all().each([&](state_kind kind) {
        if (policy(kind) == wanted)
            out |= kind;
    });
    return out;
}

std::optional<error> session_rules::objection(const statement_words& words, state_set pinned) const
{
    if (is_session_lane)
        return std::nullopt;
    if (words.trait == statement_trait::prepare && !allow_sql_prepare)
        return sql_prepare_refused();
    if (words.effects.begins.empty())
        return std::nullopt;
    std::optional<error> why;
    (words.effects.begins & with_policy(pin_policy::reject)).each([&](state_kind kind) {
        why = error{"0A000",
                    in_words(kind) + " are not available in transaction mode",
                    "The setting pins." + std::string(to_string(kind)) + " is reject.",
                    way_out(kind)};
    });
    const state_set pinning = words.effects.begins & with_policy(pin_policy::pin);
    if (!why && !pinning.empty() && pinned.empty() && !pins_are_full.empty())
        pinning.each([&](state_kind kind) {
            why = error{"53400",
                        "too many connections keep a server for themselves (max_pinned), and " +
                            in_words(kind) + " would need one more",
                        pins_are_full,
                        way_out(kind) + " Or raise max_pinned."};
        });
    return why;
}

session_rules rules_of(const pool_settings& settings, bool is_session_lane)
{
    session_rules rules;
    rules.is_session_lane = is_session_lane;
    rules.allow_sql_prepare = settings.allow_sql_prepare;
    rules.pins = settings.pins;
    for (const std::string& name : settings.stateful_functions)
        rules.stateful_functions.push_back(lower(name));
    return rules;
}

} // namespace weir::pgwire
