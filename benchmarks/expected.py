"""What a smoke of the benchmarks holds weir to: the committed figures of what load does not move
(expected.json: system calls and user instructions of a transaction), and that clients with equal
settings cost no byte.
"""

import json
import os

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.json")
KEPT = ("system_calls", "instructions")
TOLERANCE = 0.10


def find(results, key):
    return next(one["figures"] for one in results if one["case"] == key)


def figures_in(results):
    """{kind of transaction: {figure: value}}"""
    counted = find(results, "counts")["counted"]["weir"]
    return {kind: {name: round(found[name], 2) for name in KEPT} for kind, found in counted.items()}


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
    extra = find(results, "equal-settings")["extra_bytes"]
    print(f"bytes of a transaction to the server because of equal settings: {extra:.2f}")
    return 1 if moved or extra != 0 else 0
