"""Cases in front of the null backend: what is left is the pooler's own cost."""

from cpu import each
from programs import load
from turns import OF_BULK, case

LENGTH = 30_000  # simple queries of one turn at full length; of what costs more there are fewer


def transactions(**options):
    """A turn that counts transactions."""

    def turn(contestant):
        measured = load(contestant, **options)
        count = measured["transactions"]
        return measured | each(measured["cpu"], count) | {"rate": count / measured["seconds"]}

    return turn


def bulk(**options):
    """A turn that counts bytes."""

    def turn(contestant):
        measured = load(contestant, **options)
        gigabytes = measured["bytes"] / 1e9
        out = {"mb_s": gigabytes * 1e3 / measured["seconds"]}
        if measured["cpu"] is not None:
            out["cpu_s_gb"] = measured["cpu"].us / 1e6 / gigabytes
        return out

    return turn


def with_clients(clients, scale, share=1.0, **options):
    """`share`: of LENGTH, for transactions that cost more than a simple query."""
    count = max(int(LENGTH * scale * share), 2 * clients)
    return transactions(
        clients=clients, warm_up=max(count // 10, clients), transactions=count, **options
    )


def null_cases(scale):
    """`scale` shortens or lengthens all of them."""

    def bulk_of(megabytes, **options):
        return bulk(clients=4, warm_up=4, transactions=max(int(megabytes * scale), 4), **options)

    return [
        case("null-64", "null backend, 64 clients, simple query",
             with_clients(64, scale), target=0.70),
        case("null-1000", "null backend, 1000 clients, simple query",
             with_clients(1000, scale), target=0.60),
        case("null-1", "null backend, 1 client, simple query",
             with_clients(1, scale, 0.5), target=1.0),
        case("extended-64", "null backend, 64 clients, extended query",
             with_clients(64, scale, work="extended"), target=0.75),
        case("applications-64", "null backend, 64 clients, two application_names",
             with_clients(64, scale, 0.7, applications=2), target=0.55),
        case("transaction-64", "null backend, 64 clients, BEGIN, three queries, COMMIT",
             with_clients(64, scale, 0.25, work="transaction"), target=0.90),
        case("connect-8", "null backend, 8 clients, connect, query, close",
             with_clients(8, scale, 0.2, work="connect"), target=1.0),
        case("rows-1kB", "null backend, 4 clients, rows of 1 kB",
             bulk_of(400, sql="SELECT * FROM rows(1000, 1000)"), OF_BULK, target=0.40),
        case("rows-30B", "null backend, 4 clients, rows of 30 bytes",
             bulk_of(200, sql="SELECT * FROM rows(25000, 30)"), OF_BULK, target=0.60),
        case("copy-out", "null backend, 4 clients, COPY TO STDOUT, lines of 1 kB",
             bulk_of(400, sql="COPY rows(1000, 1000) TO STDOUT"), OF_BULK, target=0.40),
        case("copy-in", "null backend, 4 clients, COPY FROM STDIN",
             bulk_of(400, sql="COPY rows FROM STDIN", work="copy-in"), OF_BULK, target=0.40),
    ]  # fmt: skip
