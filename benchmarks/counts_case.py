"""What load does not move, for one transaction of each kind: system calls, user instructions and
heap allocations.
"""

from contest import poolers_for
from counts import profiled, system_calls
from report import at_most, result

COUNTED_LENGTH = 3200
COUNT_TARGETS = {"system_calls": 4.3, "instructions": 1800, "allocations": 0.01}
COUNTED = {
    "simple": {},
    "extended": {"work": "extended"},
    "transaction": {"work": "transaction"},
}


def counted(server, names):
    """{pooler: {kind: {"system_calls": n, "instructions": n, "allocations": n, "calls": {…}}}} of a
    transaction, at 64 clients.
    """
    out = {name: {kind: {} for kind in COUNTED} for name in names}
    for name in names:
        start = poolers_for(server, ["null"])[name]
        with start() as pooler:
            for kind, options in COUNTED.items():
                calls = system_calls(pooler, COUNTED_LENGTH, clients=64, **options)
                out[name][kind] = {"system_calls": sum(calls.values()), "calls": calls}
        with profiled(start) as pooler:
            for kind, options in COUNTED.items():
                out[name][kind] |= pooler.user_work(COUNTED_LENGTH, clients=64, **options)
    return out


def counts(server, names):
    found = counted(server, names)
    ours = found["weir"]["simple"]
    rows = [
        [name, kind, f"{f['system_calls']:.2f}", f"{f['instructions']:,.0f}",
         f"{f['allocations']:.2f}"]
        for kind in COUNTED
        for name in names
        for f in [found[name][kind]]
    ]  # fmt: skip
    return result(
        "counts",
        "one transaction, 64 clients, null backend: what load does not move",
        ["", "transaction", "system calls", "user instructions", "allocations"],
        rows,
        [
            at_most(f"weir, {name.replace('_', ' ')} of a simple query", ours[name], target)
            for name, target in COUNT_TARGETS.items()
        ],
        counted=found,
    )
