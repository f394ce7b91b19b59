"""How cost grows with clients and with backends: it must not, since nothing on the way of a
transaction looks at all clients or all pools.
"""

from contest import POOLERS, contest
from null_cases import LENGTH
from programs import load
from report import result
from turns import median


def curve_point(server, databases, clients, rounds, transactions):
    """{pooler: CPU µs per transaction}"""
    options = {
        "clients": clients,
        "database": databases,
        "warm_up": max(clients, transactions // 10),
        "transactions": max(transactions, clients),
    }
    turns = {name: [] for name in POOLERS}
    with contest(server, databases, with_relay=False) as who:
        for _ in range(rounds):
            for name in POOLERS:
                measured = load(who[name], **options)
                turns[name].append(measured["cpu"].us / measured["transactions"])
    return {name: median(values) for name, values in turns.items()}


def curve(key, title, axis, points):
    """`points`: (where, {pooler: CPU µs})."""
    rows = [
        [f"{where:,}", *[f"{cpu[name]:.2f}" for name in POOLERS],
         f"{cpu['weir'] / cpu['PgBouncer']:.2f}"]
        for where, cpu in points
    ]  # fmt: skip
    columns = [axis, "weir µs/tx", "PgBouncer µs/tx", "ratio"]
    return result(key, title, columns, rows, points=dict(points))


def curves(server, rounds, scale, many_clients, many_backends):
    count = int(LENGTH * scale)
    yield curve(
        "curve-clients",
        "CPU per transaction as clients grow, one backend",
        "clients",
        [(n, curve_point(server, ["null"], n, rounds, count)) for n in many_clients],
    )
    names = [f"null{n}" for n in range(max(many_backends))]
    yield curve(
        "curve-backends",
        "CPU per transaction as backends grow, 100 clients among them",
        "backends",
        [(n, curve_point(server, names[:n], 100, rounds, count)) for n in many_backends],
    )
