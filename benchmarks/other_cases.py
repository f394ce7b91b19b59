"""Cases that are not turns: what idle clients cost, how cost grows, what a transaction counts."""

import re
import time

from contest import contest, pgbouncer_for, weir_for
from counts import system_calls, user_work
from cpu import watch
from null_cases import LENGTH
from programs import QUESTION, load, load_run
from turns import median, table

IDLE_SECONDS = 2
EQUAL_SETTINGS = ["SET search_path = app", "SET application_name = 'worker'"]
POOLERS = ("weir", "PgBouncer")


def poolers_for(server, databases):
    """{name: how to start it, given the front of a command line}"""
    urls = {name: server.unix_url(name) for name in databases}
    return {
        "weir": lambda wrap=(): weir_for(urls, wrap=lambda daemon: wrap),
        "PgBouncer": lambda wrap=(): pgbouncer_for(server, databases, wrap=wrap),
    }


def result(key, title, titles, rows, **more):
    """Printed as it is made, and kept as JSON."""
    print(f"\n{title}")
    for line in table(titles, rows):
        print(line, flush=True)
    return {"case": key, "title": title, "columns": titles, "rows": rows, **more}


# -- issue 4: equal settings cost nothing


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


def equal_settings(server, who, scale):
    """The clients of one application have all SET the same: nothing more is sent to the server."""
    count = max(int(LENGTH * scale), 2000)
    rows, without_and_with = [], []
    for settings in ([], EQUAL_SETTINGS):
        words = "; ".join(settings) or "nothing"
        for name in POOLERS:
            messages, bytes_ = received_for_each(server, who[name], count, settings)
            rows.append([name, words, f"{messages:.3f}", f"{bytes_:.2f}"])
            if name == "weir":
                without_and_with.append((messages, bytes_))
    return result(
        "equal-settings",
        "what reaches the server for a transaction when 64 clients have all SET the same",
        ["", "each client has run", "messages/tx", "bytes/tx"],
        rows,
        extra_bytes=without_and_with[1][1] - without_and_with[0][1],
    )


# -- idle clients


def private_bytes(process):
    with open(f"/proc/{process.pid}/smaps_rollup") as file:
        text = file.read()
    return 1024 * sum(int(kb) for kb in re.findall(r"Private_\w+: +(\d+) kB", text))


def idle_clients(server, counts):
    """Private bytes of each client that has run a query and is idle, and what doing nothing costs."""
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
            idle_ms = spent.cpu.us / 1e3 / IDLE_SECONDS
            rows.append([name, f"{count:,}", f"{each:,.0f}", f"{idle_ms:.2f}"])
            bytes_of[f"{name} {count}"] = each
    return result(
        "idle",
        "idle clients that have each run a query",
        ["", "clients", "bytes each", "CPU ms/s while idle"],
        rows,
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
    return result(key, title, [axis, "weir µs/tx", "PgBouncer µs/tx", "ratio"], rows)


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

COUNTED = {
    "simple": {},
    "extended": {"work": "extended"},
    "transaction": {"work": "transaction"},
}


def system_call_counts(server, transactions, names=POOLERS):
    """{pooler: {work: {system call: count}}} at 64 clients."""
    out = {}
    for name in names:
        with poolers_for(server, ["null"])[name]() as pooler:
            out[name] = {
                work: system_calls(pooler, transactions, clients=64, **options)
                for work, options in COUNTED.items()
            }
    return out


def user_work_counts(server, transactions, names=POOLERS):
    """{pooler: {work: {"instructions": n, "allocations": n}}} at 64 clients."""
    return {
        name: {
            work: user_work(poolers_for(server, ["null"])[name], transactions, clients=64, **options)
            for work, options in COUNTED.items()
        }
        for name in names
    }


def counts(server, transactions):
    calls = system_call_counts(server, transactions)
    work = user_work_counts(server, transactions)
    rows = []
    for kind in COUNTED:
        for name in POOLERS:
            user = work[name][kind]
            rows.append(
                [name, kind, f"{calls[name][kind]['all']:.2f}", f"{user['instructions']:,.0f}",
                 f"{user['allocations']:.2f}"]
            )  # fmt: skip
    return result(
        "counts",
        "for one transaction, 64 clients, null backend",
        ["", "transaction", "system calls", "user instructions", "allocations"],
        rows,
        system_calls=calls,
        user_work=work,
    )
