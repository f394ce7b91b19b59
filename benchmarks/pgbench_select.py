#!/usr/bin/python3
"""pgbench -S through weir and through Debian's PgBouncer: transactions per second, and the pooler's
CPU time for each.

    pgbench_select.py [quick]

Both poolers run at the same time beside one PostgreSQL, with a pool of 20 over Unix sockets, and
take turns: A B A B, so that whatever else the machine does hits both. What is compared are medians;
the spread is printed beside them. CPU time is what the kernel's scheduler counted for the pooler's
threads around a fixed number of transactions.
"""

import glob
import os
import platform
import re
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "support"))

from cluster import cluster  # noqa: E402
from pgbouncer import PROGRAM, pgbouncer  # noqa: E402
from weir import binary, weir  # noqa: E402

POOL = 20
SCALE = 5
DATABASE = "bench"

# (protocol, clients, transactions of one turn)
CASES = [
    ("simple", 1, 10_000),
    ("simple", 64, 40_000),
    ("simple", 500, 40_000),
    ("extended", 64, 40_000),
]
QUICK = [("simple", 64, 20_000)]


def cpu_seconds(pid):
    """All threads of a process, from the scheduler's own books: exact, where utime and stime count
    ticks.
    """
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    return total / 1e9


def turn(pg, pooler, protocol, clients, transactions):
    """(transactions per second, CPU µs per transaction) of one pgbench."""
    before = cpu_seconds(pooler.process.pid)
    each = transactions // clients
    done = subprocess.run(
        [
            "setsid",
            "--wait",
            pg.program("pgbench"),
            "-n",
            "-S",
            "-M",
            protocol,
            "-c",
            str(clients),
            "-j",
            "1",
            "-t",
            str(each),
            "-h",
            pooler.directory,
            "-p",
            str(pooler.port),
            "-U",
            "bench",
            DATABASE,
        ],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    spent = cpu_seconds(pooler.process.pid) - before
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    per_second = float(re.search(r"tps = ([0-9.]+) \(without", done.stdout).group(1))
    return per_second, spent * 1e6 / (each * clients)


def spread(values):
    return f"{statistics.median(values):9.1f}  ({min(values):.1f} to {max(values):.1f})"


def compare(pg, poolers, rounds, protocol, clients, transactions):
    """Prints one case."""
    turns = {name: [] for name in poolers}
    for _ in range(rounds):
        for name, pooler in poolers.items():
            turns[name].append(turn(pg, pooler, protocol, clients, transactions))
    print(
        f"\npgbench -S -M {protocol}, {clients} client{'s' * (clients > 1)}: {rounds} turns of {transactions} transactions each"
    )
    for which, title in ((0, "transactions/s"), (1, "CPU µs per transaction")):
        medians = {
            name: statistics.median(pair[which] for pair in pairs) for name, pairs in turns.items()
        }
        for name, pairs in turns.items():
            print(f"  {title:22}  {name:9}  {spread([pair[which] for pair in pairs])}")
        print(
            f"  {title:22}  weir / PgBouncer  {medians['weir'] / medians['PgBouncer']:.2f}",
            flush=True,
        )


def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]


def describe_machine(pg):
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    print(
        f"{os.cpu_count()} x {model.group(1) if model else platform.machine()}, Linux {platform.release()}, "
        f"load {os.getloadavg()[0]:.2f}"
    )
    print(
        f"{first_line(binary(), '--version')}; {first_line(PROGRAM, '--version')}; {first_line(pg.program('postgres'), '--version')}"
    )


def main():
    quick = sys.argv[1:] == ["quick"]
    if sys.argv[1:] and not quick:
        sys.exit(__doc__)
    with cluster(tcp=False) as pg:
        describe_machine(pg)
        pg.psql(f"CREATE DATABASE {DATABASE}")
        subprocess.run(
            [
                pg.program("pgbench"),
                "-i",
                "-q",
                "-s",
                str(SCALE),
                "-h",
                pg.directory,
                "-p",
                str(pg.port),
                "-U",
                "postgres",
                DATABASE,
            ],
            check=True,
            capture_output=True,
        )
        with weir(pg.unix_url(DATABASE), DB_POOL_SIZE=POOL, DB_MAX_OVERFLOW=0) as ours, pgbouncer(
            pg, DATABASE, POOL
        ) as theirs:
            poolers = {"weir": ours, "PgBouncer": theirs}
            for pooler in poolers.values():  # logins and caches are not what is measured
                turn(pg, pooler, "simple", POOL, 2000)
            for case in QUICK if quick else CASES:
                compare(pg, poolers, 3 if quick else 5, *case)


if __name__ == "__main__":
    main()
