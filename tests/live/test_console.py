"""The console beside PgBouncer's: monitoring agents that know the one read the other."""

import asyncio
import contextlib
import decimal

import asyncpg
import psycopg
import psycopg2
import pytest
from pgbouncer import pgbouncer

SHOWN_BY_BOTH = [
    "POOLS",
    "DATABASES",
    "STATS",
    "STATS_TOTALS",
    "STATS_AVERAGES",
    "TOTALS",
    "LISTS",
    "USERS",
    "CONFIG",
    "VERSION",
    "DNS_HOSTS",
    "DNS_ZONES",
]


@pytest.fixture(scope="module")
def theirs(pg):
    """A connection to the console of Debian's PgBouncer."""
    with pgbouncer({"postgres": f"host={pg.directory} port={pg.port}"}, size=5) as running:
        words = {"host": running.directory, "port": running.port, "user": "postgres"}
        with contextlib.closing(psycopg2.connect(dbname="pgbouncer", **words)) as connection:
            connection.autocommit = True
            yield connection


def shown(daemon, what):
    """[{column: value}, ...]"""
    with psycopg.connect(daemon.dsn("pgbouncer"), autocommit=True) as connection:
        cursor = connection.execute(f"SHOW {what}")
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def columns(connection, what):
    """As an agent sees them: name, type, and size of the type."""
    cursor = connection.cursor()
    cursor.execute(f"SHOW {what}")
    return [(c.name, c.type_code, c.internal_size) for c in cursor.description]


@pytest.mark.parametrize("what", SHOWN_BY_BOTH)
def test_the_columns_are_pgbouncers(pg, start, theirs, what):
    daemon = start(pg.unix_url())
    with contextlib.closing(psycopg2.connect(daemon.dsn("pgbouncer"))) as ours:
        ours.autocommit = True
        assert columns(ours, what) == columns(theirs, what)


@pytest.mark.parametrize("what", ["LISTS", "TOTALS"])
def test_lists_of_names_have_pgbouncers_names(pg, start, theirs, what):
    daemon = start(pg.unix_url())
    cursor = theirs.cursor()
    cursor.execute(f"SHOW {what}")
    (key, *_) = [c.name for c in cursor.description]
    assert [row[key] for row in shown(daemon, what)] == [row[0] for row in cursor.fetchall()]


def test_pools_and_stats_follow_what_clients_do(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with contextlib.ExitStack() as open_ones:
        clients = [
            open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True))
            for _ in range(3)
        ]
        clients[0].execute("SELECT pg_sleep(0.05)")
        clients[0].execute("BEGIN")
        clients[0].execute("SELECT 'held'")
        waiting = clients[1].pgconn
        waiting.send_query(b"SELECT 'waits'")
        (pool,) = [row for row in shown(daemon, "POOLS") if row["database"] == "postgres"]
        assert pool["cl_active"] == 2 and pool["cl_waiting"] == 1
        assert pool["sv_active"] == 1 and pool["sv_idle"] == 0
        assert pool["user"] == "postgres" and pool["pool_mode"] == "transaction"
        lists = {row["list"]: row["items"] for row in shown(daemon, "LISTS")}
        assert lists["used_clients"] == 4 and lists["used_servers"] == 1  # and this very client
        clients[0].execute("COMMIT")
        while waiting.get_result():
            pass
    (stats,) = [row for row in shown(daemon, "STATS") if row["database"] == "postgres"]
    assert stats["total_xact_count"] == 3 and stats["total_query_count"] == 4  # COMMIT, too
    assert stats["total_query_time"] >= 50_000
    assert stats["total_xact_time"] >= stats["total_query_time"]
    assert stats["total_wait_time"] > 0
    assert stats["total_received"] > 0 and stats["total_sent"] > 0
    assert {row["database"]: row["xact_count"] for row in shown(daemon, "STATS_TOTALS")} == {
        "postgres": 3
    }
    assert {row["name"]: row["value"] for row in shown(daemon, "TOTALS")}["total_xact_count"] == 3


def test_databases_say_where_a_backend_is_and_config_how_it_is_set(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=7, DB_MAX_OVERFLOW=2)
    (database,) = shown(daemon, "DATABASES")
    assert database["name"] == "postgres" and database["host"] == str(pg.directory)
    assert database["port"] == pg.port and database["force_user"] == "postgres"
    assert database["pool_size"] == 7 and database["reserve_pool"] == 2
    assert database["max_connections"] == 9 and database["paused"] == 0
    config = {row["key"]: row for row in shown(daemon, "CONFIG")}
    size = config["backends.postgres.pool.size"]
    assert (size["value"], size["default"], size["changeable"]) == ("7", "10", "yes")
    assert config["listen.port"]["changeable"] == "no"
    assert config["backends.postgres.url"]["default"] is None
    assert {row["key"]: row["value"] for row in shown(daemon, "STATE")} == {
        "active": "yes",
        "paused": "no",
        "suspended": "no",
    }
    assert [row["name"] for row in shown(daemon, "USERS")] == ["postgres"]


def test_a_sqlite_backend_has_no_host_and_no_user(start):
    (database,) = shown(start(), "DATABASES")
    assert database["host"] is None and database["force_user"] is None
    assert database["database"].endswith("database.db")


@pytest.mark.parametrize("binary", [False, True])
def test_numbers_come_as_text_and_as_binary(pg, start, binary):
    daemon = start(pg.unix_url())
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        for _ in range(3):
            client.execute("SELECT 'x'")
    with psycopg.connect(daemon.dsn("weir"), autocommit=True) as connection:
        row = connection.execute("SHOW STATS_TOTALS", binary=binary).fetchone()
        assert row[:3] == ("postgres", decimal.Decimal(3), decimal.Decimal(3))
        port = connection.execute("SHOW DATABASES", binary=binary).fetchone()[2]
        assert port == pg.port


def test_asyncpg_reads_them(pg, start):
    daemon = start(pg.unix_url())

    async def totals():
        connection = await asyncpg.connect(daemon.url(database="pgbouncer"))
        try:
            return {row["name"]: row["value"] for row in await connection.fetch("SHOW TOTALS")}
        finally:
            await connection.close()

    assert asyncio.run(totals())["total_client_bytes"] == decimal.Decimal(0)


def test_no_password_is_shown(pg, start):
    url = pg.unix_url().replace("postgres@", "postgres:s3cr3t-w0rd@")
    assert "s3cr3t-w0rd" in url
    daemon = start(url)
    everything = str([shown(daemon, what) for what in [*SHOWN_BY_BOTH, "STATE", "MIGRATIONS"]])
    assert "s3cr3t-w0rd" not in everything and "***" in everything
