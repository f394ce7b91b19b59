"""Cases that are not turns: what idle clients cost, how cost grows, what a transaction counts."""

import re
import time

from contest import contest, pgbouncer_for, weir_for
from counts import profiled, system_calls
from cpu import watch
from null_cases import LENGTH
from programs import QUESTION, load, load_run
from report import at_most, number, result
from turns import median

IDLE_SECONDS = 2
PAGES = 10
EQUAL_SETTINGS = ["SET search_path = app", "SET application_name = 'worker'"]
POOLERS = ("weir", "PgBouncer")


def poolers_for(server, databases):
    """{name: how to start it, given the front of a command line}"""
    urls = {name: server.unix_url(name) for name in databases}
    return {
        "weir": lambda wrap=(): weir_for(urls, wrap=lambda daemon: wrap),
        "PgBouncer": lambda wrap=(): pgbouncer_for(server, databases, wrap=wrap),
    }


# -- equal settings cost nothing


def received_for_each(server, contestant, transactions, settings):
    """(messages, bytes) that reach the server for one transaction."""
    options = {"clients": 64, "warm_up": 64 * 20, "transactions": transactions, "setting": settings}
    with load_run(contestant.socket_path(), **options) as run:
        before = server.received()
        run.go()
        after = server.received()
    messages = after[0] - before[0] - 1  # the question itself
    bytes_ = after[1] - before[1] - len(QUESTION)
    return messages / transactions, bytes_ / transactions


def equal_settings(server, scale):
    """The clients of one application have all SET the same: nothing more is sent to the server."""
    count = max(int(LENGTH * scale), 2000)
    rows, without_and_with = [], []
    with contest(server, with_relay=False) as who:
        for settings in ([], EQUAL_SETTINGS):
            words = "; ".join(settings) or "nothing"
            for name in POOLERS:
                messages, bytes_ = received_for_each(server, who[name], count, settings)
                rows.append([name, words, f"{messages:.3f}", f"{bytes_:.2f}"])
                if name == "weir":
                    without_and_with.append(bytes_)
    extra = without_and_with[1] - without_and_with[0]
    return result(
        "equal-settings",
        "what reaches the server for a transaction when 64 clients have all SET the same",
        ["", "each client has run", "messages/tx", "bytes/tx"],
        rows,
        [f"weir sends {extra:.2f} bytes more with the settings than without"],
        extra_bytes=extra,
    )


# -- idle clients


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
    """Private bytes of each client that has run a query and is idle; and what they cost while
    nothing happens, or the metrics are read.
    """
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
        [at_most(f"weir, private bytes of one of {max(counts):,} clients", ours, 600)],
        bytes_each=bytes_of,
    )


# -- how cost grows


def curve_point(server, databases, clients, rounds, transactions):
    """{pooler: CPU µs per transaction}"""
    options = {
        "clients": clients,
        "database": databases,
        "warm_up": max(clients, transactions // 10),
        "transactions": max(transactions, clients),
    }
    turns = {name: [] for name in POOLERS}
    with contest(server, databases, with_relay=False) as who:
        for _ in range(rounds):
            for name in POOLERS:
                measured = load(who[name], **options)
                turns[name].append(measured["cpu"].us / measured["transactions"])
    return {name: median(values) for name, values in turns.items()}


def curve(key, title, axis, points):
    """`points`: (where, {pooler: CPU µs})."""
    rows = [
        [f"{where:,}", *[f"{cpu[name]:.2f}" for name in POOLERS],
         f"{cpu['weir'] / cpu['PgBouncer']:.2f}"]
        for where, cpu in points
    ]  # fmt: skip
    columns = [axis, "weir µs/tx", "PgBouncer µs/tx", "ratio"]
    return result(key, title, columns, rows, points=dict(points))


def curves(server, rounds, scale, many_clients, many_backends):
    count = int(LENGTH * scale)
    yield curve(
        "curve-clients",
        "CPU per transaction as clients grow, one backend",
        "clients",
        [(n, curve_point(server, ["null"], n, rounds, count)) for n in many_clients],
    )
    names = [f"null{n}" for n in range(max(many_backends))]
    yield curve(
        "curve-backends",
        "CPU per transaction as backends grow, 100 clients among them",
        "backends",
        [(n, curve_point(server, names[:n], 100, rounds, count)) for n in many_backends],
    )


# -- what load does not move

COUNTED_LENGTH = 1500
COUNT_TARGETS = {"system_calls": 4.3, "instructions": 1800, "allocations": 0.01}
COUNTED = {
    "simple": {},
    "extended": {"work": "extended"},
    "transaction": {"work": "transaction"},
}


def counted(server, names):
    """{pooler: {kind: {"system_calls": n, "instructions": n, "allocations": n, "calls": {…}}}} of a
    transaction, at 64 clients.
    """
    out = {name: {kind: {} for kind in COUNTED} for name in names}
    for name in names:
        start = poolers_for(server, ["null"])[name]
        with start() as pooler:
            for kind, options in COUNTED.items():
                calls = system_calls(pooler, COUNTED_LENGTH, clients=64, **options)
                out[name][kind] = {"system_calls": sum(calls.values()), "calls": calls}
        with profiled(start) as pooler:
            for kind, options in COUNTED.items():
                out[name][kind] |= pooler.user_work(COUNTED_LENGTH, clients=64, **options)
    return out


def counts(server, names):
    found = counted(server, names)
    ours = found["weir"]["simple"]
    rows = [
        [name, kind, f"{f['system_calls']:.2f}", f"{f['instructions']:,.0f}",
         f"{f['allocations']:.2f}"]
        for kind in COUNTED
        for name in names
        for f in [found[name][kind]]
    ]  # fmt: skip
    return result(
        "counts",
        "one transaction, 64 clients, null backend: what load does not move",
        ["", "transaction", "system calls", "user instructions", "allocations"],
        rows,
        [
            at_most(f"weir, {name.replace('_', ' ')} of a simple query", ours[name], target)
            for name, target in COUNT_TARGETS.items()
        ],
        counted=found,
    )
