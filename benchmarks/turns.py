"""Takes turns and sums up: every contestant measures a case once a round, A B C A B C, so that
whatever else the machine does hits all of them; what is compared are medians.
"""

import dataclasses
import statistics
from typing import Callable, Optional

from report import at_most, number, result


@dataclasses.dataclass
class measure:
    """One figure of a turn, by its key. The first one of a case decides: it is what is compared
    with PgBouncer's, and its spread is printed.
    """

    key: str
    title: str
    digits: int


CPU = measure("cpu_us", "CPU µs/tx", 2)
USER = measure("user_us", "user", 2)
SYSTEM = measure("system_us", "system", 2)
RATE = measure("rate", "tx/s", 0)

OF_TRANSACTIONS = (
    *(CPU, USER, SYSTEM, RATE),
    *(measure("p50_ms", "p50 ms", 2), measure("p99_ms", "p99 ms", 2)),
)
OF_PGBENCH = (CPU, USER, SYSTEM, RATE, measure("mean_ms", "mean ms", 2))
OF_BULK = (measure("cpu_s_gb", "CPU s/GB", 3), measure("mb_s", "MB/s", 0))


@dataclasses.dataclass
class case:
    """`turn(contestant)` measures once and answers {measure's key: figure}; what a contestant does
    not have is printed as a dash. `target` is weir's share of PgBouncer's figure.
    """

    key: str
    title: str
    turn: Callable
    measures: tuple = OF_TRANSACTIONS
    target: Optional[float] = None


def take_turns(one, who, rounds):
    """{contestant: [a turn's figures, ...]}"""
    turns = {name: [] for name in who}
    for _ in range(rounds):
        for name, contestant in who.items():
            turns[name].append(one.turn(contestant))
    return turns


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def spread(values, digits):
    known = [value for value in values if value is not None]
    return f"{number(min(known), digits)} to {number(max(known), digits)}" if known else "-"


def sum_up(one, turns):
    deciding = one.measures[0]
    medians = {
        name: {m.key: median(figures.get(m.key) for figures in of_one) for m in one.measures}
        for name, of_one in turns.items()
    }
    rows = [
        [
            name,
            *[number(medians[name][m.key], m.digits) for m in one.measures],
            spread([figures.get(deciding.key) for figures in of_one], deciding.digits),
        ]
        for name, of_one in turns.items()
    ]
    rounds = len(turns["weir"])
    ratio = medians["weir"][deciding.key] / medians["PgBouncer"][deciding.key]
    return result(
        one.key,
        f"{one.title}  ({rounds} rounds)",
        ["", *[m.title for m in one.measures], f"spread of {deciding.title}"],
        rows,
        [at_most("weir / PgBouncer", ratio, one.target)],
        unit=deciding.title.removeprefix("CPU "),
        digits=deciding.digits,
        medians={name: of_one[deciding.key] for name, of_one in medians.items()},
        turns=[
            {
                name: {m.key: of_one[i].get(m.key) for m in one.measures}
                for name, of_one in turns.items()
            }
            for i in range(rounds)
        ],
        ratio=ratio,
        target=one.target,
    )
