"""The committed figures of what load does not move (expected.json): system calls and user
instructions of a transaction through weir.
"""

import json
import os

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.json")
KEPT = ("system_calls", "instructions")
TOLERANCE = 0.10


def figures_in(results):
    """{kind of transaction: {figure: value}}"""
    for one in results:
        if one["case"] == "counts":
            return {
                kind: {name: round(found[name], 2) for name in KEPT}
                for kind, found in one["figures"]["counted"]["weir"].items()
            }
    raise RuntimeError("the case `counts` was not run")


def accept(results):
    with open(FILE, "w") as file:
        json.dump(figures_in(results), file, indent=2)
        file.write("\n")
    return 0


def compare(results):
    """The exit status: 1 when a figure has moved by more than the tolerance, either way."""
    with open(FILE) as file:
        committed = json.load(file)
    moved = False
    for kind, figures in figures_in(results).items():
        for name, value in figures.items():
            before = committed[kind][name]
            change = value / before - 1
            far = abs(change) > TOLERANCE
            moved = moved or far
            print(
                f"{kind}, {name.replace('_', ' ')} of a transaction: {value:,.2f}, committed "
                f"{before:,.2f} ({change:+.1%}){' MOVED' if far else ''}"
            )
    if moved:
        print("If that was meant, ./dev bench smoke --accept writes benchmarks/expected.json anew.")
    return 1 if moved else 0
