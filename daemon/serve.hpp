// The daemon: settings in, a served socket out, until somebody says stop.
#pragma once

#include "config/settings.hpp"
#include "pool/core/error.hpp"

#include <functional>
#include <string>

namespace weir {

// Reads the settings anew for a reload; an error has all complaints in its detail.
using settings_reader = std::function<result<settings>()>;

struct served_at {
    std::string sockets = {}; // their paths, with commas; those of weir.socket, if it passed any
    std::string metrics = {}; // address and port; empty: off
};

// Serves until SIGTERM or SIGINT: then no new clients, transactions finish (shutdown_timeout), a
// second signal ends at once. SIGHUP reads the settings anew. `started` is called when clients are
// served, after the migrations (the socket is there before: they wait). An error says why it could
// not start, or that migrations failed and migrations.on_failure is "exit". `takes_over`: from the
// weir that serves this socket now, if there is one, with its clients.
result<void> serve(const settings& initial,
                   bool takes_over,
                   const settings_reader& reread,
                   const std::function<void(const served_at&)>& started);

} // namespace weir
