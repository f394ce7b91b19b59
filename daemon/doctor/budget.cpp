#include "daemon/doctor/budget.hpp"

#include "daemon/doctor/facts.hpp"

#include <algorithm>

namespace weir::doctor {
namespace {

constexpr std::int64_t listeners = 1; // what all clients' LISTENs share

std::string number(std::int64_t n) { return std::to_string(n); }

// The least of what the limits leave, and the words for that one.
class least {
public:
    void consider(std::int64_t limit, std::int64_t taken, std::string words)
    {
        const std::int64_t left = std::max<std::int64_t>(limit - taken, 0);
        if (has_any_ && left >= found_.available)
            return;
        has_any_ = true;
        found_.available = left;
        found_.because = std::move(words);
    }

    budget take() && { return std::move(found_); }

private:
    budget found_;
    bool has_any_ = false;
};

std::string words_for_server(const budget_facts& f, std::int64_t kept_back)
{
    std::string words = "max_connections is " + number(f.max_connections);
    if (kept_back > 0)
        words += ", of which " + number(kept_back) + " are reserved";
    words += ", and others have " + number(f.others);
    if (f.weirs > 0)
        words += " (" + number(f.weirs) + " of them other weirs')";
    if (f.siblings != 0)
        words += "; weir's other backends on that server may open " +
                 (f.siblings ? number(*f.siblings) : "all that is left (one has no limit)");
    return words;
}

std::string listed(const pool_settings& s)
{
    return "size " + number(s.size) + ", max_overflow " + number(s.max_overflow) +
           " and session_pool_size " + number(s.session_pool_size);
}

} // namespace

std::optional<std::int64_t> configured_connections(const pool_settings& s)
{
    if (s.size == 0 || s.max_overflow < 0)
        return std::nullopt;
    return std::int64_t{s.size} + s.max_overflow + s.session_pool_size + listeners;
}

budget_facts count(const server_facts& f, std::span<const int> own_pids)
{
    budget_facts counted = f.limits;
    for (const server_session& s : f.sessions) {
        if (std::ranges::count(own_pids, s.pid) != 0)
            continue;
        ++counted.others;
        counted.others_of_role += s.is_of_role;
        counted.others_of_database += s.is_of_database;
        counted.weirs += s.is_weirs;
    }
    return counted;
}

budget weigh(const pool_settings& s, const budget_facts& f)
{
    least limits;
    std::int64_t kept_back = f.is_superuser ? 0 : f.superuser_reserved;
    if (!f.is_superuser && !f.may_use_reserved)
        kept_back += f.reserved;
    limits.consider(f.max_connections - kept_back,
                    f.siblings ? f.others + *f.siblings : f.max_connections,
                    words_for_server(f, kept_back));
    // PostgreSQL does not apply the other two to superusers.
    if (f.role_limit >= 0 && !f.is_superuser)
        limits.consider(f.role_limit,
                        f.others_of_role,
                        "role \"" + f.role + "\" has CONNECTION LIMIT " + number(f.role_limit) +
                            ", and others have " + number(f.others_of_role));
    if (f.database_limit >= 0 && !f.is_superuser)
        limits.consider(f.database_limit,
                        f.others_of_database,
                        "database \"" + f.database + "\" has CONNECTION LIMIT " +
                            number(f.database_limit) + ", and others have " +
                            number(f.others_of_database));
    budget made = std::move(limits).take();
    made.configured = configured_connections(s);
    return made;
}

pool_settings fitted(pool_settings s, std::int64_t available)
{
    const auto left = std::max<std::int64_t>(available - listeners, 1);
    if (s.size == 0) // no limit: then the whole of it is the size
        s.size = static_cast<unsigned>(left);
    const std::int64_t least_lane = s.session_pool_size > 0 ? 1 : 0; // to a lane 0 is no limit
    const std::int64_t size = std::clamp<std::int64_t>(left - least_lane, 1, s.size);
    const std::int64_t lane =
        std::clamp<std::int64_t>(left - size, least_lane, s.session_pool_size);
    const std::int64_t overflow = std::max<std::int64_t>(left - size - lane, 0);
    s.size = static_cast<unsigned>(size);
    s.session_pool_size = static_cast<unsigned>(lane);
    if (s.max_overflow < 0 || s.max_overflow > overflow)
        s.max_overflow = static_cast<int>(overflow);
    s.min_idle = std::min(s.min_idle, s.size);
    return s;
}

std::string sum_of(const pool_settings& s)
{
    const auto all = configured_connections(s);
    if (!all)
        return s.size == 0 ? "size 0, which is no limit" : "max_overflow -1, which is no limit";
    std::string words = "size " + number(s.size) + " + max_overflow " + number(s.max_overflow);
    if (s.session_pool_size > 0)
        words += " + session_pool_size " + number(s.session_pool_size);
    return words + " + 1 for LISTEN = " + number(*all) + " connections";
}

finding judge(const std::string& backend, const pool_settings& s, const budget& b)
{
    const std::string sum = sum_of(s) + "; " + number(b.available) + " are available: " + b.because;
    if (b.is_enough())
        return {severity::ok, backend, "budget", sum};
    const pool_settings fits = fitted(s, b.available);
    const std::int64_t needed = *configured_connections(fits);
    const bool refuses = s.budget == budget_policy::refuse;
    finding less{
        refuses ? severity::error : severity::warning,
        backend,
        "budget",
        "the pool may want more connections than there are" +
            std::string(refuses ? ", and with budget = \"refuse\" weir does not start: " : ": ") +
            sum};
    if (needed > b.available) {
        less.fix = "raise what limits them: even " + listed(fits) + " need " + number(needed);
    } else if (s.budget == budget_policy::fit) { // nothing fails
        less.is = severity::note;
        less.fix = "raise what limits them, if " + listed(fits) +
                   ", which budget = \"fit\" makes of it at boot, are too few";
    } else {
        less.fix = "set " + listed(fits) +
                   " (budget = \"fit\" does it at boot), or raise what limits them";
    }
    return less;
}

} // namespace weir::doctor
