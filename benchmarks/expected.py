"""What a smoke of the benchmarks holds weir to, as far as the cases for it have run: the committed
figures of what load does not move (expected.json: system calls and user instructions of a
transaction), that clients with equal settings cost no byte, and that it costs next to nothing to
keep clients.
"""

import json
import os

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.json")
KEPT = ("system_calls", "instructions")
TOLERANCE = 0.10


def find(results, key):
    """None: the case was not asked for."""
    return next((one["figures"] for one in results if one["case"] == key), None)


def figures_in(counts):
    """{kind of transaction: {figure: value}}"""
    counted = counts["counted"]["weir"]
    return {kind: {name: round(found[name], 2) for name in KEPT} for kind, found in counted.items()}


def accept(results):
    """The exit status."""
    counts = find(results, "counts")
    if counts is None:
        print("Nothing is accepted: the case `counts` was not among those that have run.")
        return 1
    with open(FILE, "w") as file:
        json.dump(figures_in(counts), file, indent=2)
        file.write("\n")
    return 0


def compare(results):
    """The exit status: 1 when something is not as it should be."""
    checks = {
        "counts": have_moved,
        "equal-settings": cost_bytes,
        "keep-clients": cost_instructions,
    }
    found = {key: find(results, key) for key in checks}
    wrong = [check(found[key]) for key, check in checks.items() if found[key] is not None]
    return 1 if any(wrong) else 0


def have_moved(counts):
    """By more than the tolerance, either way."""
    with open(FILE) as file:
        committed = json.load(file)
    moved = False
    for kind, figures in figures_in(counts).items():
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
    return moved


def cost_bytes(settings):
    extra = settings["extra_bytes"]
    print(f"bytes of a transaction to the server because of equal settings: {extra:.2f}")
    return extra != 0


def cost_instructions(kept):
    more = {kind: ratio - 1 for kind, ratio in kept["instructions"].items()}
    for kind, share in more.items():
        print(f"user instructions because of keep_clients, clients that are {kind}: {share:+.1%}")
    return max(more.values()) > TOLERANCE
