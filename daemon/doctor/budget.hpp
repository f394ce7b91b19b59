// PURE. Whether a pool may open at the database what its settings promise to its clients: size and
// max_overflow against what the server, the role and the database allow, and others have taken.
#pragma once

#include "daemon/doctor/finding.hpp"
#include "pool/core/pool_settings.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace weir::doctor {

struct server_facts;

// What the server says. Counted are client backends, without those of the weir that asks.
struct budget_facts {
    std::string role = {};
    std::string database = {};
    std::int64_t max_connections = 0;
    std::int64_t superuser_reserved = 0; // superuser_reserved_connections
    std::int64_t reserved = 0;           // reserved_connections, of PostgreSQL 16 and later
    bool is_superuser = false;
    bool may_use_reserved = false;    // has the role pg_use_reserved_connections
    std::int64_t role_limit = -1;     // ALTER ROLE ... CONNECTION LIMIT; -1 = none
    std::int64_t database_limit = -1; // ALTER DATABASE ... CONNECTION LIMIT; -1 = none
    std::int64_t others = 0;          // connections of others
    std::int64_t others_of_role = 0;  // with our role
    std::int64_t others_of_database = 0;
    std::int64_t weirs = 0; // of `others`: by their application_name other weirs'
    // What this weir's other backends on that server may open; nothing: there is no limit.
    std::optional<std::int64_t> siblings = 0;
};

struct budget {
    std::optional<std::int64_t> configured = {}; // nothing: the settings know no limit
    std::int64_t available = 0; // for all of this pool, what it has already included
    std::string because = {};   // "max_connections is 100, of which 3 are reserved ..."

    bool is_enough() const { return configured && *configured <= available; }
    friend bool operator==(const budget&, const budget&) = default;
};

// Of all connections that the settings allow: size, max_overflow, the session lane's, and one that
// listens.
std::optional<std::int64_t> configured_connections(const pool_settings& s);

// Counts the sessions but those with one of our own pids.
budget_facts count(const server_facts& f, std::span<const int> own_pids);

budget weigh(const pool_settings& s, const budget_facts& f);

// Settings that need no more than `available`: the overflow goes first, then the session lane but
// one, then the size but one. So they need three at the least.
pool_settings fitted(pool_settings s, std::int64_t available);

// "size 10 + max_overflow 20 + session_pool_size 5 + 1 for LISTEN = 36 connections"
std::string sum_of(const pool_settings& s);

finding judge(const std::string& backend, const pool_settings& s, const budget& b);

} // namespace weir::doctor
