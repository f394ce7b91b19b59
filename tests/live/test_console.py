"""The console beside PgBouncer's: monitoring agents that know the one read the other."""

import asyncio
import contextlib
import decimal
import os
import subprocess

import asyncpg
import psycopg
import psycopg2
import pytest

from patience import wait_for
from pgbouncer import pgbouncer
from weir import USER, binary

SHOWN_BY_BOTH = [
    "POOLS",
    "CLIENTS",
    "SERVERS",
    "SOCKETS",
    "ACTIVE_SOCKETS",
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


def console(daemon, command):
    """Its tag."""
    with psycopg.connect(daemon.dsn("weir"), autocommit=True) as connection:
        return connection.execute(command).statusmessage


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


def test_clients_and_servers_are_shown_one_by_one(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(
            psycopg.connect(daemon.dsn(application_name="holder"), autocommit=True)
        )
        waiter = open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True)).pgconn
        holder.execute("BEGIN")
        server_pid = holder.execute("SELECT pg_backend_pid()").fetchone()[0]
        waiter.send_query(b"SELECT 'waits'")
        wait_for(lambda: shown(daemon, "WAITERS"))
        clients = {row["application_name"]: row for row in shown(daemon, "CLIENTS")}
        (server,) = shown(daemon, "SERVERS")
        ours = clients["holder"]
        assert (ours["type"], ours["user"], ours["database"]) == ("C", USER, "postgres")
        assert ours["state"] == "active" and ours["remote_pid"] == os.getpid()
        assert ours["link"] == server["ptr"] and server["link"] == ours["ptr"]
        assert server["remote_pid"] == server_pid and server["state"] == "active"
        assert [row["state"] for row in shown(daemon, "CLIENTS")].count("waiting") == 1
        assert {row["database"] for row in shown(daemon, "CLIENTS")} == {"postgres", "weir"}
        states = [row["state"] for row in shown(daemon, "SOCKETS")]
        assert sorted(states) == ["cl_active", "cl_active", "cl_waiting", "sv_active"]
        assert "cl_waiting" not in [row["state"] for row in shown(daemon, "ACTIVE_SOCKETS")]

        (waits,) = shown(daemon, "WAITERS")
        assert waits["backend"] == "postgres" and waits["pid"] == os.getpid()
        assert waits["waited_ms"] > 0
        (holds,) = shown(daemon, "HOLDERS")
        assert holds["server_pid"] == server_pid and holds["client"] == ours["ptr"]
        assert holds["doing"] == "idle in transaction" and holds["pid"] == os.getpid()
        assert holds["held_ms"] >= holds["silent_ms"] > 0
        assert shown(daemon, "PINS") == []
        holder.execute("COMMIT")
        while waiter.get_result():
            pass
        assert shown(daemon, "WAITERS") == [] and shown(daemon, "HOLDERS") == []


def test_pins_say_why(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2)
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        client.execute("CREATE TEMP TABLE kept (a int)")
        wait_for(lambda: shown(daemon, "PINS"))
        (pin,) = shown(daemon, "PINS")
        assert pin["for"] == "temp_tables" and pin["pid"] == os.getpid()
        (holder,) = shown(daemon, "HOLDERS")
        assert holder["doing"] == "idle"
        client.execute("DROP TABLE kept")
        wait_for(lambda: not shown(daemon, "PINS"))


def test_kill_client_ends_the_one_that_is_meant(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        idle, holder = [
            open_ones.enter_context(
                psycopg.connect(daemon.dsn(application_name=name), autocommit=True)
            )
            for name in ("idle", "holder")
        ]
        holder.execute("BEGIN")
        holder.execute("CREATE TABLE never_committed (a int)")
        ptrs = {row["application_name"]: row["ptr"] for row in shown(daemon, "CLIENTS")}
        for name, connection in (("idle", idle), ("holder", holder)):
            assert console(daemon, f"KILL_CLIENT {ptrs[name]}") == "KILL_CLIENT"
            with pytest.raises(psycopg.OperationalError, match="administrator command"):
                connection.execute("SELECT 'on'")
        with pytest.raises(psycopg.errors.UndefinedObject, match="there is no client"):
            console(daemon, f"KILL_CLIENT {ptrs['idle']}")
    with psycopg.connect(daemon.dsn("weir"), autocommit=True) as itself:
        names = [column.name for column in itself.execute("SHOW CLIENTS").description]
        (ours,) = itself.execute("SHOW CLIENTS").fetchall()
        with pytest.raises(psycopg.OperationalError, match="administrator command"):
            itself.execute(f"KILL_CLIENT {ours[names.index('ptr')]}")
    wait_for(lambda: not shown(daemon, "HOLDERS"))
    assert pg.psql("SELECT to_regclass('never_committed')") == ""


def test_reconnect_replaces_each_connection_once_nobody_holds_it(pg, start):
    daemon = start(pg.unix_url())
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        with client.transaction():
            before = client.execute("SELECT pg_backend_pid()").fetchone()[0]
            assert console(daemon, "RECONNECT") == "RECONNECT"
            assert client.execute("SELECT pg_backend_pid()").fetchone()[0] == before
        assert client.execute("SELECT pg_backend_pid()").fetchone()[0] != before
        now = client.execute("SELECT pg_backend_pid()").fetchone()[0]
        console(daemon, 'RECONNECT "postgres"')
        assert client.execute("SELECT pg_backend_pid()").fetchone()[0] != now
    assert daemon.metric("weir_pool_closes_total", reason="reconnect") >= 2
    with pytest.raises(psycopg.errors.InvalidCatalogName):
        console(daemon, "RECONNECT elsewhere")


def test_reload_answers_when_it_is_done_and_says_what_is_wrong(pg, start):
    def config(size):
        return {"backends": {"postgres": {"url": pg.unix_url(), "pool": {"size": size}}}}

    def size_now():
        (database,) = shown(daemon, "DATABASES")
        return database["pool_size"]

    daemon = start(config=config(3))
    daemon.write_config(config(4))
    assert size_now() == 3
    assert console(daemon, "RELOAD") == "RELOAD"
    assert size_now() == 4
    daemon.write_config(config("many"))
    with pytest.raises(psycopg.errors.ConfigFileError) as caught:
        console(daemon, "RELOAD")
    assert "backends.postgres.pool.size" in caught.value.diag.message_detail
    assert size_now() == 4


def test_who_asks_a_running_weir_needs_not_its_credentials(pg, start, scratch):
    (scratch / "url").write_text(pg.unix_url())
    url_file = "${CREDENTIALS_DIRECTORY}/url"
    config = {"backends": {"postgres": {"url_file": url_file}}}
    daemon = start(config=config, CREDENTIALS_DIRECTORY=scratch)
    shell = {n: v for n, v in daemon.environment().items() if n != "CREDENTIALS_DIRECTORY"}
    asked = subprocess.run([binary(), "reload"], env=shell, capture_output=True, text=True, timeout=60)
    assert (asked.returncode, asked.stderr) == (0, "")


def test_the_shell_reloads_and_reconnects_with_an_exit_status(pg, start):
    def config(size):
        return {"backends": {"postgres": {"url": pg.unix_url(), "pool": {"size": size}}}}

    def run(*arguments):
        return subprocess.run(
            [binary(), *arguments],
            cwd=daemon.directory,
            env=daemon.environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )

    daemon = start(config=config(3))
    daemon.write_config(config(4))
    done = run("reload")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert shown(daemon, "DATABASES")[0]["pool_size"] == 4
    daemon.write_config(config("many"))
    refused = run("reload")
    assert refused.returncode == 1 and "backends.postgres.pool.size" in refused.stderr
    assert shown(daemon, "DATABASES")[0]["pool_size"] == 4
    with open(daemon.path("weir.json"), "w") as file:
        file.write("{")
    refused = run("reload")
    assert refused.returncode == 1 and "not valid JSON" in refused.stderr
    assert "settings stay" in refused.stderr  # who says so is the running weir
    daemon.write_config(config(4))

    with psycopg.connect(daemon.dsn("postgres"), autocommit=True) as client:
        before = client.execute("SELECT pg_backend_pid()").fetchone()[0]
        assert run("reconnect", "postgres").returncode == 0
        assert client.execute("SELECT pg_backend_pid()").fetchone()[0] != before
    refused = run("reconnect", "elsewhere")
    assert refused.returncode == 1 and 'no backend "elsewhere"' in refused.stderr

    daemon.stop()
    nobody = run("reload")
    assert nobody.returncode == 1 and "no weir serves" in nobody.stderr


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
