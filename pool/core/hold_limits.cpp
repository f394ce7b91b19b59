#include "pool/core/hold_limits.hpp"

#include "pool/core/refusal.hpp"

#include <string>
#include <utility>

namespace weir {

using std::chrono::milliseconds;

namespace {

std::string by(hold_limit limit, const pool_settings& settings)
{
    return " by " + std::string(to_string(limit)) + " (" + in_words(value_of(limit, settings)) +
           ")";
}

} // namespace

std::string_view to_string(hold_limit limit)
{
    switch (limit) {
    case hold_limit::none: return "none";
    case hold_limit::query_timeout: return "query_timeout";
    case hold_limit::idle_transaction_timeout: return "idle_transaction_timeout";
    case hold_limit::transaction_timeout: return "transaction_timeout";
    }
    return "";
}

milliseconds value_of(hold_limit limit, const pool_settings& settings)
{
    switch (limit) {
    case hold_limit::none: break;
    case hold_limit::query_timeout: return settings.query_timeout;
    case hold_limit::idle_transaction_timeout: return settings.idle_transaction_timeout;
    case hold_limit::transaction_timeout: return settings.transaction_timeout;
    }
    return milliseconds{0};
}

error cancelled_by(hold_limit limit, const pool_settings& settings)
{
    return {"57014", "canceling statement, as asked" + by(limit, settings)};
}

error rolled_back_by(hold_limit limit, const pool_settings& settings)
{
    return {limit == hold_limit::transaction_timeout ? sqlstate{"25P04"} : sqlstate{"25P03"},
            "transaction was rolled back" + by(limit, settings),
            "Its connection has gone to others; nothing of it remains.",
            "End it with ROLLBACK, and begin anew."};
}

error disconnected_by(hold_limit limit, milliseconds grace)
{
    return {"57014",
            "terminating connection: its query did not end within " + in_words(grace) + " of " +
                std::string(to_string(limit))};
}

hold_limit hold_watch::look(const sight& now_seen, const pool_settings& settings, time_point now)
{
    const sight before = std::exchange(seen_, now_seen);
    if (!now_seen.in_transaction || now_seen.transactions != before.transactions)
        transaction_since_ = now;
    if (now_seen.busy != before.busy || now_seen.in_transaction != before.in_transaction ||
        now_seen.answers != before.answers)
        state_since_ = now;
    const auto passed = [&](hold_limit limit, time_point since) {
        const milliseconds value = value_of(limit, settings);
        return value > milliseconds{0} && now - since >= value;
    };
    if (now_seen.busy && passed(hold_limit::query_timeout, state_since_))
        return hold_limit::query_timeout;
    if (!now_seen.in_transaction)
        return hold_limit::none;
    if (!now_seen.busy && passed(hold_limit::idle_transaction_timeout, state_since_))
        return hold_limit::idle_transaction_timeout;
    if (passed(hold_limit::transaction_timeout, transaction_since_))
        return hold_limit::transaction_timeout;
    return hold_limit::none;
}

} // namespace weir
