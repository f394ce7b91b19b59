"""What it costs to keep clients over a restart: weir with keep_clients beside weir without, both told
of a service manager, whose descriptor store is a stand-in.

A client is recorded when it has been quiet for a while. So there are clients that never are, such
that are recorded and then go on, and many that do nothing, with which weir is restarted.
"""

import contextlib
import functools
import os
import signal
import statistics
import subprocess
import tempfile
import time

from contest import weir_for
from counts import profiled, system_calls, traced
from counts_case import COUNTED_LENGTH
from cpu import watch
from idle_case import private_bytes
from null_cases import LENGTH
from programs import load, load_run, watched
from report import at_most, number, result

from descriptor_store import descriptor_store
from patience import wait_for

EITHER = ("off", "on")
MOST = 1.02  # the target: user instructions of a transaction, on / off
CLIENTS = 64
TURNS = 3  # of those whose instructions are counted
RECORDED = 500  # clients whose records are counted
QUIET_SECONDS = 1.7  # all are recorded by then
IDLE_SECONDS = 2


@contextlib.contextmanager
def weir_keeping(clients, server, wrap=()):
    """`clients` is "on" or "off"; weir's `store` is the service manager's."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-"))
        store = descriptor_store(f"{directory}/notify")
        stack.callback(store.close)
        daemon = weir_for(
            {"null": server.unix_url("null")},
            wrap=lambda daemon: wrap,
            WEIR_KEEP_CLIENTS=clients,
            NOTIFY_SOCKET=store.path,
        )
        daemon.store, daemon.keeps = store, clients == "on"
        yield stack.enter_context(daemon)


def recorded(daemon):
    return daemon.store.names().count("weir-clients")


def be_quiet(daemon, clients):
    """Until all of them are recorded, if they ever are."""
    if daemon.keeps:
        wait_for(lambda: recorded(daemon) >= clients)
    else:
        time.sleep(QUIET_SECONDS)


# -- transactions: of clients that are never quiet, and of such that were until they were recorded


def calls(server, clients):
    """{figure: value}"""
    found = {}
    with weir_keeping(clients, server) as daemon, contextlib.ExitStack() as stack:
        for kind, settle in (
            ("never quiet", lambda: None),
            ("recorded", lambda: be_quiet(daemon, CLIENTS)),
        ):
            each = system_calls(daemon, COUNTED_LENGTH // 2, settle, clients=CLIENTS)
            found[f"{kind}: system calls"] = sum(each.values())
        with traced(daemon) as each:
            stack.enter_context(load_run(daemon.socket_path(), clients=RECORDED))
            be_quiet(daemon, RECORDED)
        found["a client that comes and falls quiet: system calls"] = sum(each.values()) / RECORDED
    return found


def instructions(server):
    """{figure: {keep_clients: value}}"""
    never, falls, after = {}, {}, {name: [] for name in EITHER}
    with contextlib.ExitStack() as stack:
        poolers = {
            name: stack.enter_context(profiled(functools.partial(weir_keeping, name, server)))
            for name in EITHER
        }
        runs = {}
        for name, pooler in poolers.items():
            daemon = pooler.contestant
            never[name] = pooler.user_work(COUNTED_LENGTH, clients=CLIENTS)["instructions"]
            with load_run(daemon.socket_path(), clients=RECORDED):
                pooler.counted()
                be_quiet(daemon, RECORDED)
                falls[name] = pooler.counted()["instructions"] / RECORDED
            runs[name] = stack.enter_context(
                load_run(daemon.socket_path(), clients=CLIENTS, transactions=COUNTED_LENGTH)
            )
            be_quiet(daemon, CLIENTS)
        for _ in range(TURNS):
            for name, pooler in poolers.items():
                pooler.counted()
                runs[name].go()
                after[name].append(pooler.counted()["instructions"] / COUNTED_LENGTH)
    return {
        "never quiet: user instructions": never,
        "recorded: user instructions": {name: statistics.median(of) for name, of in after.items()},
        "a client that falls quiet: user instructions": falls,
    }


def cpu(server, rounds, scale):
    """{figure: {keep_clients: value}}"""
    length = max(int(LENGTH * scale / 2), 2 * CLIENTS)
    never, after = [{name: [] for name in EITHER} for _ in range(2)]
    with contextlib.ExitStack() as stack:
        daemons = {name: stack.enter_context(weir_keeping(name, server)) for name in EITHER}
        options = {"clients": CLIENTS, "warm_up": CLIENTS, "transactions": length}
        for _ in range(rounds):
            for name, daemon in daemons.items():
                never[name].append(load(daemon, **options)["cpu"].us / length)
        runs = {
            name: stack.enter_context(load_run(daemon.socket_path(), **options))
            for name, daemon in daemons.items()
        }
        for daemon in daemons.values():
            be_quiet(daemon, CLIENTS)
        for _ in range(rounds):
            for name, daemon in daemons.items():
                after[name].append(watched(daemon, runs[name])["cpu"].us / length)
    return {
        f"{kind}: CPU µs": {name: statistics.median(us) for name, us in of.items()}
        for kind, of in (("never quiet", never), ("recorded", after))
    }


# -- many that do nothing


def restart(daemon):
    """Seconds from the signal to READY, without what the stand-in takes to pass the descriptors."""

    def readies():
        return sum(words.get("READY") == "1" for words in daemon.store.said)

    daemon.passed = daemon.store.passed()
    begin = time.monotonic()
    passed = [descriptor for _, descriptor in daemon.passed]
    subprocess.run([*daemon.passing(), "true"], pass_fds=passed, check=True)
    passing = time.monotonic() - begin

    before, begin = readies(), time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.wait() == 0, daemon.log()
    daemon.passed = daemon.store.passed()
    daemon.start()
    while readies() == before:
        assert daemon.process.poll() is None, daemon.log()
        time.sleep(0.001)
    return time.monotonic() - begin - passing


def record_bytes(daemon):
    return sum(
        512 * os.fstat(descriptor).st_blocks
        for name, descriptor in daemon.store.passed()
        if name.startswith("weir-states")
    )


def idle(server, clients, count):
    """{figure: value}"""
    with weir_keeping(clients, server) as daemon:
        load(daemon, clients=CLIENTS, transactions=10 * CLIENTS)
        before = private_bytes(daemon.process)
        with load_run(daemon.socket_path(), clients=count, transactions=count) as run:
            run.go()
            left, begin = count - recorded(daemon), time.monotonic()
            with watch(daemon.process) as first:
                be_quiet(daemon, count)
            took = time.monotonic() - begin
            with watch(daemon.process) as then:
                time.sleep(IDLE_SECONDS)
            found = {
                "CPU ms/s": then.cpu.us / 1e3 / IDLE_SECONDS,
                "private bytes each": (private_bytes(daemon.process) - before) / count,
                "restart, ms": 1e3 * restart(daemon),
            }
            if daemon.keeps:
                of_records = first.cpu.us - then.cpu.us * took / IDLE_SECONDS
                found["CPU µs to record one"] = of_records / left
                found["bytes of its record"] = record_bytes(daemon) / count
                run.go()  # all of them go on
    return {f"{count:,} idle clients: {name}": value for name, value in found.items()}


# -- all of it


def row(figure, values):
    off, on = values["off"], values["on"]
    digits = 0 if on >= 100 else 2
    return [figure, number(off, digits), number(on, digits), number(on / off if off else None, 3)]


def keep_clients(server, rounds, scale, idle_count):
    found = instructions(server) | cpu(server, rounds, scale)
    parts = {name: calls(server, name) | idle(server, name, idle_count) for name in EITHER}
    for figure in parts["on"]:
        found[figure] = {name: parts[name].get(figure) for name in EITHER}
    kinds_in_order = list(dict.fromkeys(figure.partition(":")[0] for figure in found))
    in_order = sorted(found, key=lambda figure: kinds_in_order.index(figure.partition(":")[0]))
    ratios = {
        kind: found[f"{kind}: user instructions"]["on"] / found[f"{kind}: user instructions"]["off"]
        for kind in ("never quiet", "recorded")
    }
    return result(
        "keep-clients",
        f"keep_clients, null backend: a simple query, {CLIENTS} clients; clients that are idle",
        ["", "off", "on", "on / off"],
        [row(figure, found[figure]) for figure in in_order],
        [
            at_most(f"clients that are {kind}, user instructions, on / off", ratio, MOST)
            for kind, ratio in ratios.items()
        ],
        found=found,
        instructions=ratios,
    )
