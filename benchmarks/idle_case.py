"""What clients cost that are idle: bytes, and the pooler's time while nothing happens or its metrics
are read.
"""

import re
import time

from contest import poolers_for
from cpu import watch
from programs import load, load_run
from report import at_most, number, result

IDLE_SECONDS = 2
PAGES = 10
BYTES = 600  # the target


def private_bytes(process):
    with open(f"/proc/{process.pid}/smaps_rollup") as file:
        text = file.read()
    return 1024 * sum(int(kb) for kb in re.findall(r"Private_\w+: +(\d+) kB", text))


def cost_of_a_page(daemon):
    """CPU ms of the metrics' page."""
    with watch(daemon.process) as spent:
        for _ in range(PAGES):
            daemon.get("/metrics")
    return spent.cpu.us / 1e3 / PAGES


def idle_clients(server, counts):
    """Clients that have each run a query."""
    rows, bytes_of = [], {}
    for count in counts:
        for name, start in poolers_for(server, ["null"]).items():
            with start() as pooler:
                load(pooler, clients=64, transactions=640)
                before = private_bytes(pooler.process)
                with load_run(pooler.socket_path(), clients=count, transactions=count) as run:
                    run.go()
                    each = (private_bytes(pooler.process) - before) / count
                    with watch(pooler.process) as spent:
                        time.sleep(IDLE_SECONDS)
                    page = cost_of_a_page(pooler) if name == "weir" else None
            idle = spent.cpu.us / 1e3 / IDLE_SECONDS
            rows.append([name, number(count, 0), number(each, 0), number(idle, 2), number(page, 2)])
            bytes_of[f"{name} {count}"] = each
    ours = bytes_of[f"weir {max(counts)}"]
    return result(
        "idle",
        "idle clients that have each run a query",
        ["", "clients", "bytes each", "CPU ms/s while idle", "CPU ms of /metrics"],
        rows,
        [at_most(f"weir, private bytes of one of {max(counts):,} clients", ours, BYTES)],
        bytes_each=bytes_of,
    )
