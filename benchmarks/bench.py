#!/usr/bin/python3
"""weir beside Debian's PgBouncer, a bare relay and a direct connection: what a transaction costs.

All of them run at the same time in front of one server and take turns. CPU time is the pooler's,
all its threads, as the kernel's scheduler counts it around the transactions; medians are compared,
and the spread is printed beside them. `smoke` tries each case for a moment, and compares what load
does not move with expected.json; it looks at no time.
"""

import argparse
import dataclasses
import json
import re
import resource
import sys

import support  # noqa: F401  (first: what follows imports what the tests share)

import expected
import machine
from contest import POOLERS, contest
from counts_case import counts
from curves import curves
from idle_case import idle_clients
from keep_case import keep_clients
from null_cases import null_cases
from postgres_cases import MOST_CLIENTS, fill, plain_contest, postgres_cases, tls_cases, tls_contest
from programs import null_backend
from report import show, summary
from settings_case import equal_settings
from sqlite_cases import sqlite_cases
from turns import sum_up, take_turns

from cluster import cluster, find_programs


@dataclasses.dataclass
class extent:
    """How much is measured. `scale` is the length of a turn."""

    rounds: int = 5
    scale: float = 1.0
    cases: str = ""  # a regular expression
    counted: tuple = POOLERS
    idle: tuple = (1000, 10_000)
    curve_rounds: int = 3
    curve_clients: tuple = (1, 10, 100, 1000, 10_000)
    curve_backends: tuple = (1, 5, 20, 50)
    sqlite_processes: tuple = (1, 4, 16, 64)

    def wants(self, key):
        return re.search(self.cases, key) is not None


EXTENTS = {
    "full": extent(),
    "quick": extent(
        scale=0.3,
        cases="null-64|null-1000|extended-64|transaction-64|rows-1kB|pgbench-64|equal|counts|insert",
    ),
    "smoke": extent(
        rounds=1,
        scale=0.01,
        counted=("weir",),
        idle=(200,),
        curve_rounds=1,
        curve_clients=(1, 100),
        curve_backends=(1, 5),
        sqlite_processes=(1, 4),
    ),
}


def run_turns(cases, start_contest, server, how_much):
    cases = [one for one in cases if how_much.wants(one.key)]
    if cases:
        with start_contest(server) as who:
            for one in cases:
                yield sum_up(one, take_turns(one, who, how_much.rounds))


def in_front_of_nothing(how_much):
    with null_backend() as server:
        yield from run_turns(null_cases(how_much.scale), contest, server, how_much)
        if how_much.wants("equal-settings"):
            yield equal_settings(server, how_much.scale)
        if how_much.wants("counts"):
            yield counts(server, how_much.counted)
        if how_much.wants("idle"):
            yield idle_clients(server, how_much.idle)
        if how_much.wants("keep-clients"):
            yield keep_clients(server, how_much.rounds, how_much.scale, max(how_much.idle))
        if how_much.wants("curve"):
            yield from curves(
                server,
                how_much.curve_rounds,
                how_much.scale / 2,
                how_much.curve_clients,
                how_much.curve_backends,
            )


def in_front_of_postgres(how_much):
    cases = lambda of_them, pg: of_them(pg, how_much.scale)  # noqa: E731
    with cluster(max_connections=MOST_CLIENTS + 100) as pg:
        fill(pg)
        yield from run_turns(cases(postgres_cases, pg), plain_contest, pg, how_much)
        yield from run_turns(cases(tls_cases, pg), tls_contest, pg, how_much)


def all_results(how_much):
    yield from in_front_of_nothing(how_much)
    if any(
        how_much.wants(key)
        for key in ("pgbench-8", "pgbench-64", "pgbench-500", "tpcb-64", "tls-64")
    ):
        yield from in_front_of_postgres(how_much)
    yield from sqlite_cases(
        how_much.rounds, how_much.scale, how_much.wants, how_much.sqlite_processes
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extent", nargs="?", choices=list(EXTENTS), default="full")
    parser.add_argument("--cases", metavar="REGEX", help="only those whose name matches")
    parser.add_argument("--rounds", type=int, help="turns of each contestant")
    parser.add_argument("--scale", type=float, help="length of a turn; 1 is the full length")
    parser.add_argument("--json", metavar="FILE", help="all figures go there")
    parser.add_argument("--accept", action="store_true", help="smoke: write expected.json anew")
    options = parser.parse_args()
    asked = {name: getattr(options, name) for name in ("cases", "rounds", "scale")}
    how_much = dataclasses.replace(
        EXTENTS[options.extent],
        **{name: value for name, value in asked.items() if value is not None},
    )

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for thousands of clients
    described = machine.describe(f"{find_programs()}/postgres")
    machine.show(described)
    results = []
    for one in all_results(how_much):
        results.append(one)
        if options.extent == "smoke":
            print(f"{one['case']}: completed", flush=True)
        else:
            show(one)
    if options.extent != "smoke":
        for line in summary(described, results):
            print(line)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"machine": described, "cases": results}, file, indent=1)
    if options.extent == "smoke":
        return expected.accept(results) if options.accept else expected.compare(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
