"""Processes that share one SQLite file: through weir, and by opening it themselves (WAL, a busy
timeout, both with synchronous=FULL).
"""

import contextlib
import json
import os
import sqlite3
import subprocess
import tempfile

from programs import program
from report import at_most, number, result
from turns import median
from weir import weir

PROCESSES = (1, 4, 16, 64)
WORKS = ("select", "insert", "read-modify-write")
ROWS = 1000
TABLES = [
    "CREATE TABLE counter (id integer PRIMARY KEY, n integer NOT NULL)",
    "CREATE TABLE entries (who integer NOT NULL, turn integer NOT NULL)",
    "INSERT INTO counter VALUES " + ", ".join(f"({i}, 0)" for i in range(ROWS)),
]


def run(*arguments):
    done = subprocess.run(
        ["setsid", "--wait", program("sqlite_load"), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


@contextlib.contextmanager
def through_weir():
    with weir() as daemon:
        words = [word for sql in TABLES for word in ("-c", sql)]
        psql = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", daemon.url(), *words]
        subprocess.run(psql, check=True, stdin=subprocess.DEVNULL)
        yield [daemon.socket_path(), "--database", daemon.database]


@contextlib.contextmanager
def directly():
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
        path = os.path.join(directory, "direct.db")
        file = sqlite3.connect(path)
        file.execute("PRAGMA journal_mode = WAL")
        for sql in TABLES:
            file.execute(sql)
        file.commit()
        file.close()
        yield [path]


def measure(how, work, processes, seconds):
    words = ["--work", work, "--processes", str(processes), "--seconds", str(seconds)]
    return run(*how, *words)


def sum_up(turns):
    medians = {key: median(turn[key] for turn in turns) for key in ("rate", "p50_ms", "p99_ms")}
    return medians | {
        "longest_ms": max(turn["longest_ms"] for turn in turns),
        "locked": sum(turn["locked"] for turn in turns),
    }


def sqlite_cases(rounds, seconds, wanted, many_processes=PROCESSES):
    """One result for each kind of work; both sides take turns, on files of their own."""
    with through_weir() as ours, directly() as theirs:
        for work in WORKS:
            if not wanted(f"sqlite-{work}"):
                continue
            figures = {}
            for processes in many_processes:
                turns = {"weir": [], "direct": []}
                for _ in range(rounds):
                    turns["weir"].append(measure(ours, work, processes, seconds))
                    turns["direct"].append(measure(theirs, work, processes, seconds))
                figures[processes] = {name: sum_up(of_one) for name, of_one in turns.items()}
            yield describe(work, rounds, figures)


def describe(work, rounds, figures):
    rows = [
        [name, str(processes), number(f["rate"], 0), number(f["p50_ms"], 2),
         number(f["p99_ms"], 1), number(f["longest_ms"], 0), str(f["locked"])]
        for processes, sides in figures.items()
        for name, f in sides.items()
    ]  # fmt: skip
    most = max(figures)
    ours, theirs = figures[most]["weir"], figures[most]["direct"]
    writes = work != "select"
    return result(
        f"sqlite-{work}",
        f"SQLite, {work}, by processes that share one file  ({rounds} rounds)",
        ["", "processes", "tx/s", "p50 ms", "p99 ms", "longest ms", "locked"],
        rows,
        [
            at_most(f"direct / weir, transactions per second of {most} processes",
                  theirs["rate"] / ours["rate"], 1.0 if writes else None),
            at_most(f"weir / direct, p99 of {most} processes",
                  ours["p99_ms"] / theirs["p99_ms"], 0.2 if writes else None),
        ],
        by_processes=figures,
    )  # fmt: skip
