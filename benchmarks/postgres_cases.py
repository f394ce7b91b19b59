"""pgbench in front of a real PostgreSQL: what a pooler costs where its work is a small part."""

import contextlib
import re
import subprocess

from contest import POOL, contest, pgbouncer, weir_for
from cpu import each, watch
from turns import OF_PGBENCH, case

DATABASE = "bench"
SCALE = 5
LENGTH = 20_000  # transactions of pgbench -S in one turn at full length
MOST_CLIENTS = 500


def pgbench(pg, contestant, *arguments, user="bench"):
    """What it prints."""
    done = subprocess.run(
        [
            *["setsid", "--wait", pg.program("pgbench"), *arguments, "-h", contestant.directory],
            *["-p", str(contestant.port), "-U", user, DATABASE],
        ],
        capture_output=True,
        text=True,
        timeout=600,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def fill(pg):
    pg.psql(f"CREATE DATABASE {DATABASE}")
    pgbench(pg, pg, "-i", "-q", "-s", str(SCALE), user="postgres")
    pg.psql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC", DATABASE)


def turn_of(pg, clients, transactions, *script):
    count = max(transactions // clients, 2)

    def turn(contestant):
        with watch(contestant.process) as spent:
            told = pgbench(pg, contestant, "-n", *script, "-c", str(clients), "-t", str(count),
                           user="postgres")  # fmt: skip
        return each(spent.cpu, count * clients) | {
            "rate": float(re.search(r"tps = ([0-9.]+) \(without", told).group(1)),
            "mean_ms": float(re.search(r"latency average = ([0-9.]+) ms", told).group(1)),
        }

    return turn


def select_turn(pg, clients, scale):
    return turn_of(pg, clients, int(LENGTH * scale), "-S")


def postgres_cases(pg, scale):
    tpcb = turn_of(pg, 64, int(LENGTH * scale / 10), "-b", "tpcb-like")
    return [
        case("pgbench-8", "pgbench -S, 8 clients", select_turn(pg, 8, scale), OF_PGBENCH),
        case("pgbench-64", "pgbench -S, 64 clients", select_turn(pg, 64, scale), OF_PGBENCH, 0.75),
        case(
            "pgbench-500", "pgbench -S, 500 clients", select_turn(pg, 500, scale), OF_PGBENCH, 0.75
        ),
        case("tpcb-64", "pgbench TPC-B, 64 clients", tpcb, OF_PGBENCH),
    ]


def tls_cases(pg, scale):
    title = "pgbench -S, 64 clients, TLS to the server"
    return [case("tls-64", title, select_turn(pg, 64, scale), OF_PGBENCH)]


@contextlib.contextmanager
def plain_contest(pg):
    with contest(pg, [DATABASE], with_relay=False) as who:
        yield who


@contextlib.contextmanager
def tls_contest(pg):
    """Both verify the server's certificate and log in with a password."""
    from cluster import TLS_PASSWORD, TLS_USER

    words = (
        f"host=localhost port={pg.port} dbname={DATABASE} user={TLS_USER} password='{TLS_PASSWORD}'"
    )
    more = f"server_tls_sslmode = verify-full\nserver_tls_ca_file = {pg.path('ca.crt')}"
    with weir_for({DATABASE: pg.tls_url(DATABASE)}) as ours:
        with pgbouncer({DATABASE: words}, POOL, more) as theirs:
            yield {"weir": ours, "PgBouncer": theirs}
