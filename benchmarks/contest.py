"""Who is compared with whom: weir, PgBouncer, the bare relay and a direct connection, all in front
of one server at the same time, taking turns.
"""

import contextlib

from pgbouncer import pgbouncer
from programs import bench_program
from weir import weir

POOL = 20
MANY = 20_000  # more clients than any case has
POOLERS = ("weir", "PgBouncer")


class direct:
    """No pooler: the server itself."""

    process = None

    def __init__(self, server):
        self.directory, self.port = server.directory, server.port

    def socket_path(self):
        return f"{self.directory}/.s.PGSQL.{self.port}"


def weir_for(urls, size=POOL, **more):
    """weir in front of {database: url}."""
    pool = {"size": size, "max_overflow": 0}
    config = {
        "backends": {name: {"url": url, "pool": pool} for name, url in urls.items()},
        "max_client_conn": MANY,
    }
    return weir(config=config, **more)


def pgbouncer_for(server, databases, size=POOL, **more):
    """PgBouncer in front of the same databases of one server."""
    words = f"host={server.directory} port={server.port} user=postgres"
    return pgbouncer({name: f"{words} dbname={name}" for name in databases}, size, **more)


def poolers_for(server, databases):
    """{name: how to start it, given the front of a command line}"""
    urls = {name: server.unix_url(name) for name in databases}
    return {
        "weir": lambda wrap=(): weir_for(urls, wrap=lambda daemon: wrap),
        "PgBouncer": lambda wrap=(): pgbouncer_for(server, databases, wrap=wrap),
    }


@contextlib.contextmanager
def contest(server, databases=("null",), with_relay=True):
    """{name: contestant}, weir and PgBouncer first."""
    with contextlib.ExitStack() as stack:
        who = {
            name: stack.enter_context(start())
            for name, start in poolers_for(server, databases).items()
        }
        who["direct"] = direct(server)
        if with_relay:
            who["bare relay"] = stack.enter_context(
                bench_program("bare_relay", who["direct"].socket_path())
            )
        yield who
