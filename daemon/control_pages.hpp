// The pages of the control thread: / for people, /metrics for Prometheus, /healthz and /readyz for
// whoever restarts or routes.
#pragma once

#include "daemon/http_handler.hpp"
#include "daemon/metrics_snapshot.hpp"
#include "daemon/status/status_board.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace weir {

// Where the pages have what they show. The loop is asked for its numbers; the answer comes on any
// thread, or never, if the loop is gone: then the page is a 503.
struct page_sources {
    std::function<void(std::function<void(metrics_snapshot)>)> numbers;
    std::function<void(std::function<void(status::moment)>)> moment; // with those who hold servers
    std::shared_ptr<const status::board> known;                      // the control thread's
    // Since the loop's last sign of life; called on the control thread.
    std::function<std::chrono::seconds()> silence;
};

http_handler control_pages(page_sources);

// For whoever restarts weir: 503 when its loop has been silent for so long that it must be stuck.
http_page health(std::chrono::seconds silence);

// 200 when clients are let in, every backend is up and no migration keeps its gate closed, else
// 503; the body says what is not so:
// {"ready":false,"closed_because":"draining","backends":[{"name":"main","up":true,"gate":"open"}]}
// with the server's own words in `down_because` of a backend that is not up, and in
// `closed_because` of one whose gate is closed.
http_page readiness(const metrics_snapshot&);

} // namespace weir
