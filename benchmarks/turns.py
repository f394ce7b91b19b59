"""Takes turns and sums up: every contestant measures a case once a round, A B C A B C, so that
whatever else the machine does hits all of them; what is compared are medians.
"""

import dataclasses
import statistics


@dataclasses.dataclass
class measure:
    """One figure of a case. `key` is its name in a turn's result; `decides` marks the one that is
    compared with PgBouncer's.
    """

    key: str
    title: str
    digits: int = 2
    decides: bool = False


CPU = measure("cpu_us", "CPU µs/tx", 2, decides=True)
USER = measure("user_us", "user", 2)
SYSTEM = measure("system_us", "system", 2)
RATE = measure("rate", "tx/s", 0)
MEDIAN = measure("p50_ms", "p50 ms", 2)
MEAN = measure("mean_ms", "mean ms", 2)
P99 = measure("p99_ms", "p99 ms", 2)
CPU_OF_A_GB = measure("cpu_s_gb", "CPU s/GB", 3, decides=True)
SPEED = measure("mb_s", "MB/s", 0)

OF_TRANSACTIONS = (CPU, USER, SYSTEM, RATE, MEDIAN, P99)
OF_PGBENCH = (CPU, USER, SYSTEM, RATE, MEAN)
OF_BULK = (CPU_OF_A_GB, SPEED)


@dataclasses.dataclass
class case:
    """`turn(contestant)` measures once and answers {measure's key: figure}; None is printed as a
    dash. `target` is the issue's: weir's share of PgBouncer's figure.
    """

    key: str
    title: str
    turn: object
    measures: tuple = OF_TRANSACTIONS
    target: float = None


def take_turns(case, who, rounds):
    """{contestant: [a turn's result, ...]}"""
    turns = {name: [] for name in who}
    for _ in range(rounds):
        for name, contestant in who.items():
            turns[name].append(case.turn(contestant))
    return turns


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def sum_up(case, turns):
    """What is printed, and kept as JSON."""
    figures = {
        name: {
            m.key: {
                "median": median(turn.get(m.key) for turn in of_one),
                "turns": [turn.get(m.key) for turn in of_one],
            }
            for m in case.measures
        }
        for name, of_one in turns.items()
    }
    deciding = next(m.key for m in case.measures if m.decides)
    ratio = None
    if "weir" in figures and "PgBouncer" in figures:
        ratio = figures["weir"][deciding]["median"] / figures["PgBouncer"][deciding]["median"]
    return {
        "case": case.key,
        "title": case.title,
        "rounds": len(next(iter(turns.values()))),
        "figures": figures,
        "ratio_to_pgbouncer": ratio,
        "target": case.target,
    }


def cell(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(titles, rows):
    """Lines; the first column to the left, the others to the right."""
    lines = [titles, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(titles))]
    for line in lines:
        yield "  " + "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths))
        ).rstrip()


def show(case, result):
    print(f"\n{result['title']}  ({result['rounds']} rounds)")
    deciding = next(m for m in case.measures if m.decides)
    rows = []
    for name, figures in result["figures"].items():
        known = [one for one in figures[deciding.key]["turns"] if one is not None]
        spread = (
            f"{min(known):.{deciding.digits}f} to {max(known):.{deciding.digits}f}" if known else "-"
        )
        cells = [cell(figures[m.key]["median"], m.digits) for m in case.measures]
        rows.append([name, *cells, spread])
    for line in table(["", *[m.title for m in case.measures], "spread"], rows):
        print(line)
    if result["ratio_to_pgbouncer"] is not None:
        print(f"  weir / PgBouncer  {result['ratio_to_pgbouncer']:.2f}{judgement(result)}", flush=True)


def judgement(result):
    if result["target"] is None:
        return ""
    met = result["ratio_to_pgbouncer"] <= result["target"]
    return f"   target {result['target']:.2f}: {'met' if met else 'MISSED'}"
