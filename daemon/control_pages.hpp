// The pages of the control thread: /metrics for Prometheus, /healthz and /readyz for whoever
// restarts or routes.
#pragma once

#include "daemon/http_handler.hpp"
#include "daemon/metrics_snapshot.hpp"

#include <functional>
#include <string>

namespace weir {

// Asks the loop for its numbers. The answer comes on any thread, or never, if the loop is gone:
// then the page is a 503.
using snapshot_source = std::function<void(std::function<void(metrics_snapshot)>)>;

http_handler control_pages(snapshot_source);

// 200 when clients are let in, every backend is up and no migration keeps its gate closed, else
// 503; the body says what is not so:
// {"ready":false,"closed_because":"draining","backends":[{"name":"main","up":true}]}
http_page readiness(const metrics_snapshot&);

} // namespace weir
