#!/usr/bin/python3
"""weir beside Debian's PgBouncer, a bare relay and a direct connection: what a transaction costs.

All of them run at the same time in front of one server and take turns. CPU time is the pooler's,
all its threads, as the kernel's scheduler counts it around the transactions; medians are compared,
and the spread is printed beside them.
"""

import argparse
import json
import re
import resource
import sys

import machine
import other_cases
from contest import contest
from null_cases import null_cases
from postgres_cases import MOST_CLIENTS, fill, plain_contest, postgres_cases, tls_cases, tls_contest
from programs import null_backend
from sqlite_cases import sqlite_cases
from turns import show, sum_up, take_turns

from cluster import cluster, find_programs

ROUNDS, QUICK_ROUNDS = 5, 5
QUICK_CASES = "null-64|null-1000|extended-64|transaction-64|rows-1kB|pgbench-64|equal-settings|counts|sqlite-insert"


class bench:
    """What is asked for, and the results so far."""

    def __init__(self, options):
        quick = options.how_much == "quick"
        self.wanted = re.compile(options.cases or (QUICK_CASES if quick else ""))
        self.rounds = options.rounds or (QUICK_ROUNDS if quick else ROUNDS)
        self.scale = options.scale or (0.3 if quick else 1.0)
        self.results = []

    def wants(self, *keys):
        return any(self.wanted.search(key) for key in keys)

    def keep(self, result):
        self.results.append(result)

    def run(self, cases, start_contest, server):
        cases = [case for case in cases if self.wants(case.key)]
        if not cases:
            return
        with start_contest(server) as who:
            for case in cases:
                result = sum_up(case, take_turns(case, who, self.rounds))
                show(case, result)
                self.keep(result)


def in_front_of_nothing(todo):
    with null_backend() as server:
        todo.run(null_cases(todo.scale), contest, server)
        if todo.wants("equal-settings"):
            with contest(server, with_relay=False) as who:
                todo.keep(other_cases.equal_settings(server, who, todo.scale))
        if todo.wants("counts"):
            todo.keep(other_cases.counts(server, 2000))
        if todo.wants("idle"):
            todo.keep(other_cases.idle_clients(server, [1000, 10_000]))
        if todo.wants("curve"):
            for curve in other_cases.curves(
                server, 3, todo.scale / 2, [1, 10, 100, 1000, 10_000], [1, 5, 20, 50]
            ):
                todo.keep(curve)


def in_front_of_postgres(todo):
    if not todo.wants("pgbench-8", "pgbench-64", "pgbench-500", "tpcb-64", "tls-64"):
        return
    with cluster(max_connections=MOST_CLIENTS + 100) as pg:
        fill(pg)
        todo.run(postgres_cases(pg, todo.scale), plain_contest, pg)
        todo.run(tls_cases(pg, todo.scale), tls_contest, pg)


def on_a_file(todo):
    if todo.wants("sqlite-select", "sqlite-insert", "sqlite-read-modify-write"):
        for result in sqlite_cases(3, todo.scale, todo.wants):
            todo.keep(result)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("how_much", nargs="?", choices=["full", "quick"], default="full")
    parser.add_argument("--cases", metavar="REGEX", help="only those whose name matches")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--scale", type=float, help="length of a turn; 1 is the full length")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    options = parser.parse_args()

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for thousands of clients
    todo = bench(options)
    described = machine.describe(f"{find_programs()}/postgres")
    machine.show(described)
    in_front_of_nothing(todo)
    in_front_of_postgres(todo)
    on_a_file(todo)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"machine": described, "cases": todo.results}, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
