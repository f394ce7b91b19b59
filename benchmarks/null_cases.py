"""Cases in front of the null backend: what is left is the pooler's own cost."""

from programs import load
from turns import OF_BULK, case

# Of a simple query, for 10,000 transactions of each contestant in a round at full length.
LENGTH = 30_000


def divided(measured, amount):
    """CPU µs for each of `amount`: all, in user space, in the kernel. The sum is exact; its
    division is the kernel's, by ticks.
    """
    ticks = measured["user_ticks"] + measured["system_ticks"]
    each = measured["cpu_us"] / amount
    user = each * measured["user_ticks"] / ticks if ticks else None
    return each, user, each - user if ticks else None


def run(contestant, **options):
    process = contestant.process
    if process is not None:
        options["watch"] = process.pid
    return load(contestant.socket_path(), **options)


def transactions(**options):
    """A turn that counts transactions."""

    def turn(contestant):
        measured = run(contestant, **options)
        count = measured["transactions"]
        out = {
            "rate": count / measured["seconds"],
            "p50_ms": measured["p50_us"] / 1e3,
            "p99_ms": measured["p99_us"] / 1e3,
        }
        if contestant.process is not None:
            all_of_it, user, system = divided(measured, count)
            out |= {"cpu_us": all_of_it, "user_us": user, "system_us": system}
        return out

    return turn


def bulk(**options):
    """A turn that counts bytes."""

    def turn(contestant):
        measured = run(contestant, **options)
        out = {"mb_s": measured["bytes"] / 1e6 / measured["seconds"]}
        if contestant.process is not None:
            out["cpu_s_gb"] = measured["cpu_us"] / 1e6 / (measured["bytes"] / 1e9)
        return out

    return turn


def with_clients(clients, scale, share=1.0, **options):
    """`share`: how many transactions it takes to last as long as LENGTH simple queries do."""
    count = max(int(LENGTH * scale * share), 2 * clients)
    return transactions(
        clients=clients, warm_up=max(count // 10, clients), transactions=count, **options
    )


def null_cases(scale):
    """`scale` shortens or lengthens all of them."""

    def bulk_of(megabytes, **options):
        return bulk(clients=4, warm_up=4, transactions=max(int(megabytes * scale), 4), **options)

    return [
        case("null-64", "null backend, 64 clients, simple query", with_clients(64, scale), target=0.70),
        case("null-1000", "null backend, 1000 clients, simple query", with_clients(1000, scale), target=0.60),
        case("null-1", "null backend, 1 client, simple query", with_clients(1, scale, 0.5), target=1.0),
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
