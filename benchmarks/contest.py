"""Who is compared with whom: weir, PgBouncer, the bare relay and a direct connection, all in front
of one server at the same time, taking turns.
"""

import contextlib

from pgbouncer import pgbouncer
from programs import REPOSITORY, listener  # noqa: F401  (puts tests/support on the path)
from weir import weir

POOL = 20
MANY = 20_000  # more clients than any case has


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


@contextlib.contextmanager
def contest(server, databases=("null",), with_relay=True):
    """{name: contestant}, weir and PgBouncer first."""
    with contextlib.ExitStack() as stack:
        urls = {name: server.unix_url(name) for name in databases}
        who = {
            "weir": stack.enter_context(weir_for(urls)),
            "PgBouncer": stack.enter_context(pgbouncer_for(server, databases)),
        }
        who["direct"] = direct(server)
        if with_relay:
            who["bare relay"] = stack.enter_context(
                listener("bare_relay", who["direct"].socket_path())
            )
        yield who
