// What `weir check` looks at, before anybody has judged it.
#pragma once

#include "daemon/doctor/budget.hpp"
#include "pool/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::doctor {

struct socket_facts {
    struct listener {
        std::string who = {};              // "weir, pid 812", by the kernel's word
        std::optional<error> refusal = {}; // of the console; nothing: it has let us in
    };
    std::string path = {};                  // of the socket
    std::string directory = {};             // it is in
    std::optional<error> obstacle = {};     // what weir serve would say of the path
    std::optional<listener> served_by = {}; // who has the directory then
    bool exists = false;                    // the directory
    bool is_writable = false;               // for whoever asks
    bool others_may_write = false;   // and there is no sticky bit: anybody can put a socket there
    std::string admits = {};         // by listen.mode: "everybody", "the group www-data"
    std::string closed_to_them = {}; // a directory on the way that they may not pass
};

struct metrics_facts {
    std::string address = {};           // "127.0.0.1:9127"
    std::optional<error> obstacle = {}; // what weir serve would say of it
    bool is_served = false;             // by the weir that serves the socket, as it says itself
    bool may_be_served = false;         // there is one, it seems, which does not say
};

struct server_session { // of anybody, in pg_stat_activity
    int pid = 0;
    bool is_of_role = false;     // has our role
    bool is_of_database = false; // is in our database
    bool is_weirs = false;       // by its application_name
};

struct server_facts {         // PostgreSQL
    std::string version = {}; // "15.20 (Debian 15.20-0+deb12u1)"
    int version_number = 0;   // 150020
    bool is_in_recovery = false;
    bool has_statistics = false;               // the extension pg_stat_statements
    std::optional<std::string> tls = {};       // "TLSv1.3"; nothing: the bytes are in the clear
    bool is_local = false;                     // a Unix socket
    budget_facts limits = {};                  // without what count() counts
    std::vector<server_session> sessions = {}; // client backends, but for the one that asked
};

struct file_facts { // SQLite
    std::string path = {};
    std::string directory = {};
    bool exists = false;
    bool is_regular = true;
    bool is_readable = false;
    bool is_writable = false;
    bool directory_is_writable = false;         // the journal is made in there
    std::optional<error> unreadable = {};       // SQLite's word on what is in it
    std::vector<std::string> closed_files = {}; // -wal, -shm that one may not read and write
    bool is_remote = false;                     // on NFS and its like, where WAL does not work
    std::chrono::seconds ahead{0};              // of the clock is the time of its last change
    std::uint64_t size_bytes = 0;
    std::uint64_t free_bytes = 0; // on its disk, for weir
};

// Of `weir migrate check`.
struct migration_facts {
    std::vector<std::string> current = {};
    std::vector<std::string> pending = {};
    std::vector<std::string> edited = {};
    std::vector<std::string> unknown = {};
    std::vector<std::string> half_done = {};
    bool is_unstamped = false;       // tables, but no version table
    bool edited_are_refused = false; // migrations.on_edited
    bool runs_at_boot = true;
    bool command_is_at_head = true;
    std::string directory = {};
    bool is_one_of_several = false; // backends: weir migrate wants to know which
};

} // namespace weir::doctor
