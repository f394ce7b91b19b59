"""The console beside PgBouncer's: monitoring agents that know the one read the other."""

import ast
import asyncio
import contextlib
import decimal
import os
import socket
import subprocess
import sys
import time

import asyncpg
import psycopg
import psycopg2
import pytest

from cluster import SCRAM_PASSWORD, SCRAM_USER, as_account, cluster
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
    "MEM",
]


WEIRS_OWN = ["STATE", "MIGRATIONS", "FDS", "BACKENDS", "WAITERS", "HOLDERS", "PINS", "QUERIES"]


@pytest.fixture(scope="module")
def theirs(pg):
    """A connection to the console of Debian's PgBouncer."""
    words = f"host={pg.directory} port={pg.port} user=postgres"
    with pgbouncer({"postgres": words}, size=5) as running:
        words = {"host": running.directory, "port": running.port, "user": "postgres"}
        with contextlib.closing(psycopg2.connect(dbname="pgbouncer", **words)) as connection:
            connection.autocommit = True
            yield connection


def asked(connection, what):
    """[{column: value}, ...]"""
    cursor = connection.cursor()
    cursor.execute(f"SHOW {what}")
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def shown(daemon, what):
    with psycopg.connect(daemon.dsn("pgbouncer"), autocommit=True) as connection:
        return asked(connection, what)


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


def test_the_columns_of_fds_are_pgbouncers(pg, start, theirs):
    """It shows them to its own user alone, who says to be pgbouncer."""
    daemon = start(pg.unix_url())
    where = f"host={theirs.info.host} port={theirs.info.port} user=pgbouncer dbname=pgbouncer"
    ask = """if True:
        import psycopg2, sys
        connection = psycopg2.connect(sys.argv[1])
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SHOW FDS")
        print([(c.name, c.type_code, c.internal_size) for c in cursor.description])
    """
    own_user = as_account(pgbouncer({}, size=1).account(), "KILL")
    told = subprocess.check_output([*own_user, sys.executable, "-c", ask, where], text=True)
    with contextlib.closing(psycopg2.connect(daemon.dsn("pgbouncer"))) as ours:
        ours.autocommit = True
        assert columns(ours, "FDS") == ast.literal_eval(told)


@pytest.mark.parametrize("what", ["LISTS", "TOTALS"])
def test_lists_of_names_have_pgbouncers_names(pg, start, theirs, what):
    daemon = start(pg.unix_url())
    cursor = theirs.cursor()
    cursor.execute(f"SHOW {what}")
    (key, *_) = [c.name for c in cursor.description]
    assert [row[key] for row in shown(daemon, what)] == [row[0] for row in cursor.fetchall()]


def test_lists_count_all_servers_as_pgbouncer_does(pg, start, theirs):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=3)
    there = {"host": theirs.info.host, "port": theirs.info.port, "user": "postgres"}
    for dsn in (daemon.dsn(), psycopg2.extensions.make_dsn(dbname="postgres", **there)):
        with contextlib.ExitStack() as open_ones:
            clients = [
                open_ones.enter_context(contextlib.closing(psycopg2.connect(dsn)))
                for _ in range(2)
            ]
            for client in clients:
                client.cursor().execute("SELECT 'held'")
            for client in clients:
                client.commit()
    wait_for(lambda: not shown(daemon, "HOLDERS"))
    for show in (lambda what: shown(daemon, what), lambda what: asked(theirs, what)):
        lists = {row["list"]: row["items"] for row in show("LISTS")}
        states = [row["state"] for row in show("SERVERS")]
        assert lists["used_servers"] == len(states) and states.count("idle") == len(states) > 0
    assert {row["list"]: row["items"] for row in shown(daemon, "LISTS")}["free_servers"] == 2


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


@pytest.mark.parametrize("lane", ["", ":session"])
def test_who_keeps_a_server_is_in_no_transaction_between_two(pg, start, lane):
    daemon = start(pg.unix_url())

    def totals():
        rows = {row["database"]: row for row in shown(daemon, "STATS_TOTALS")}
        return rows["postgres" + lane]

    def transactions(count):
        wait_for(lambda: totals()["xact_count"] == count)
        return totals()

    with psycopg.connect(daemon.dsn("postgres" + lane), autocommit=True) as client:
        client.execute("SELECT pg_advisory_lock(1)")  # in the pool's lane this pins its server
        before = transactions(1)
        client.execute("SELECT pg_sleep(0.05)")
        after = transactions(2)
        assert after["xact_time"] - before["xact_time"] >= 50_000
        assert after["xact_time"] >= after["query_time"]
        time.sleep(0.1)
    wait_for(lambda: not shown(daemon, "HOLDERS"))
    left = totals()
    for figure in ("xact_count", "query_count", "xact_time", "query_time"):
        assert left[figure] == after[figure], figure


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


def test_servers_are_where_pgbouncer_says_they_are(start):
    with cluster(tls=False) as pg, contextlib.ExitStack() as open_ones:
        urls = {"unix": pg.unix_url(), "tcp": pg.scram_url()}
        config = {"backends": {name: {"url": url} for name, url in urls.items()}}
        daemon = start(config=config)
        words = {
            "unix": f"host={pg.directory} port={pg.port} dbname=postgres user=postgres",
            "tcp": f"host=127.0.0.1 port={pg.port} dbname=postgres user={SCRAM_USER}"
            f" password='{SCRAM_PASSWORD}'",
        }
        bouncer = open_ones.enter_context(pgbouncer(words, size=1))
        there = {"host": bouncer.directory, "port": bouncer.port, "user": "postgres"}
        for name in urls:
            for dsn in (daemon.dsn(name), psycopg2.extensions.make_dsn(dbname=name, **there)):
                client = open_ones.enter_context(contextlib.closing(psycopg2.connect(dsn)))
                client.cursor().execute("SELECT 'held'")
        theirs = open_ones.enter_context(
            contextlib.closing(psycopg2.connect(dbname="pgbouncer", **there))
        )
        theirs.autocommit = True

        def servers(rows):
            return {row["database"]: row for row in rows}

        def ends(row, *names):
            return [row[name] for name in names]

        ours, bouncers = servers(shown(daemon, "SERVERS")), servers(asked(theirs, "SERVERS"))
        for name in urls:
            same = ("addr", "port", "local_addr")
            assert ends(ours[name], *same) == ends(bouncers[name], *same)
        assert ends(ours["unix"], "addr", "port") == ["unix", pg.port]
        assert bouncers["unix"]["local_port"] == bouncer.port
        assert ours["unix"]["local_port"] == shown(daemon, "CLIENTS")[0]["port"]
        assert ends(ours["tcp"], "addr", "port") == ["127.0.0.1", pg.port]
        for row in (ours["tcp"], bouncers["tcp"]):
            known = f"SELECT client_port FROM pg_stat_activity WHERE pid = {row['remote_pid']}"
            assert str(row["local_port"]) == pg.psql(known)
        same = ("addr", "port", "local_addr", "local_port")
        sockets = servers(row for row in shown(daemon, "SOCKETS") if row["type"] == "S")
        assert [ends(sockets[name], *same) for name in urls] == [
            ends(ours[name], *same) for name in urls
        ]
        descriptors = servers(row for row in shown(daemon, "FDS") if row["task"] == "server")
        assert [ends(descriptors[name], "addr", "port") for name in urls] == [
            ["unix", pg.port],
            ["127.0.0.1", pg.port],
        ]


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


def answer(connection):
    """Of the one command it was sent."""
    answers = iter(connection.pgconn.get_result, None)
    (only,) = list(answers)
    return only


def test_pause_waits_for_holders_and_lets_nobody_else_in_until_resume(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=3)
    with contextlib.ExitStack() as open_ones:
        holder, other = [
            open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True))
            for _ in range(2)
        ]
        operator = open_ones.enter_context(
            psycopg.connect(daemon.dsn("weir"), autocommit=True)
        )
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        operator.pgconn.send_query(b"PAUSE")
        wait_for(lambda: shown(daemon, "STATE")[1]["value"] == "yes")
        other.pgconn.send_query(b"SELECT 'waits'")
        wait_for(lambda: shown(daemon, "WAITERS"))
        assert holder.execute("SELECT 'goes on'").fetchone() == ("goes on",)
        assert operator.pgconn.is_busy()
        assert shown(daemon, "DATABASES")[0]["paused"] == 1
        holder.execute("COMMIT")
        assert answer(operator).command_status == b"PAUSE"
        assert [row["state"] for row in shown(daemon, "CLIENTS")].count("waiting") == 1
        assert console(daemon, "RESUME") == "RESUME"
        assert answer(other).get_value(0, 0) == b"waits"
        assert shown(daemon, "DATABASES")[0]["paused"] == 0


def test_a_resume_ends_a_pause_that_still_waits(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True))
        operator = open_ones.enter_context(
            psycopg.connect(daemon.dsn("weir"), autocommit=True)
        )
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        operator.pgconn.send_query(b'PAUSE "postgres"')
        wait_for(lambda: shown(daemon, "DATABASES")[0]["paused"] == 1)
        console(daemon, "RESUME postgres")
        assert b"ended by a RESUME" in answer(operator).error_message
        holder.execute("COMMIT")
    with pytest.raises(psycopg.errors.InvalidCatalogName):
        console(daemon, "PAUSE elsewhere")


def test_who_waits_out_a_pause_is_told_of_it(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_TIMEOUT=1)
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        console(daemon, "PAUSE")
        with pytest.raises(psycopg.errors.CannotConnectNow, match="is paused"):
            client.execute("SELECT 'x'")
        console(daemon, "RESUME")
        assert client.execute("SELECT 'x'").fetchone() == ("x",)


def test_a_backend_is_called_by_its_name_or_an_alias(pg, start):
    config = {"backends": {"shop": {"url": pg.unix_url(), "aliases": ["store"]}, "blog": {"url": pg.unix_url()}}}
    daemon = start(config=config)
    assert console(daemon, "PAUSE store") == "PAUSE"
    assert {row["name"]: row["paused"] for row in shown(daemon, "DATABASES") if row["paused"]} == {"shop": 1}
    assert console(daemon, "RESUME store") == "RESUME"
    for command in ("PAUSE", "RESUME", "KILL", "RECONNECT", "DISABLE", "WAIT_CLOSE"):
        with pytest.raises(psycopg.errors.InvalidCatalogName) as raised:
            console(daemon, f"{command} shops")
        assert raised.value.diag.message_hint == "There are: blog, shop."
        with pytest.raises(psycopg.errors.SyntaxError, match="zero-length"):
            console(daemon, f'{command} ""')
    assert [row["name"] for row in shown(daemon, "DATABASES") if row["paused"] or row["disabled"]] == []


def test_disable_keeps_new_clients_out_and_lets_the_others_be(pg, start):
    daemon = start(pg.unix_url())
    with psycopg.connect(daemon.dsn(), autocommit=True) as there:
        assert console(daemon, "DISABLE postgres") == "DISABLE"
        with pytest.raises(psycopg.OperationalError, match='"postgres" is disabled'):
            psycopg.connect(daemon.dsn())
        with pytest.raises(psycopg.OperationalError, match="is disabled"):
            psycopg.connect(daemon.dsn("postgres:session"))
        assert there.execute("SELECT 'x'").fetchone() == ("x",)
        assert shown(daemon, "DATABASES")[0]["disabled"] == 1
        assert shown(daemon, "BACKENDS")[0]["clients_are"] == "disabled"
        assert console(daemon, "ENABLE postgres") == "ENABLE"
        psycopg.connect(daemon.dsn()).close()


def test_kill_ends_clients_and_servers_and_pauses(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_TIMEOUT=30)
    with contextlib.ExitStack() as open_ones:
        idle, holder = [psycopg.connect(daemon.dsn(), autocommit=True) for _ in range(2)]
        pids = [idle.execute("SELECT pg_backend_pid()").fetchone()[0]]
        holder.execute("BEGIN")
        pids.append(holder.execute("SELECT pg_backend_pid()").fetchone()[0])
        assert console(daemon, "KILL postgres") == "KILL"
        for client in (idle, holder):
            with pytest.raises(psycopg.OperationalError, match="administrator command"):
                client.execute("SELECT 'x'")
            client.close()
        late = open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True))
        late.pgconn.send_query(b"SELECT pg_backend_pid()")
        wait_for(lambda: shown(daemon, "WAITERS"))
        wait_for(lambda: not shown(daemon, "SERVERS"))
        console(daemon, "RESUME")
        assert int(answer(late).get_value(0, 0)) not in pids


def test_suspend_stops_all_and_resume_goes_on_where_it_stopped(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        holder, other = [
            open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True))
            for _ in range(2)
        ]
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        assert console(daemon, "SUSPEND") == "SUSPEND"
        assert shown(daemon, "STATE")[2]["value"] == "yes"
        holder.pgconn.send_query(b"SELECT 'holder'")
        other.pgconn.send_query(b"SELECT 'other'")
        queries = shown(daemon, "STATS_TOTALS")[0]["query_count"]
        time.sleep(0.3)
        assert shown(daemon, "STATS_TOTALS")[0]["query_count"] == queries
        assert console(daemon, "RESUME") == "RESUME"
        assert answer(holder).get_value(0, 0) == b"holder"
        assert answer(other).get_value(0, 0) == b"other"
        assert shown(daemon, "STATE")[2]["value"] == "no"


def test_who_leaves_while_it_is_suspended_is_gone_after_it(pg, start):
    daemon = start(pg.unix_url())
    clients = [psycopg.connect(daemon.dsn(), autocommit=True) for _ in range(3)]
    for client in clients:
        client.execute("BEGIN")
        client.execute("SELECT 'held'")
    console(daemon, "SUSPEND")
    for client in clients:
        client.close()
    console(daemon, "RESUME")
    wait_for(lambda: not shown(daemon, "HOLDERS"))
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        assert client.execute("SELECT 'x'").fetchone() == ("x",)


def test_wait_close_waits_for_what_reconnect_replaces(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True))
        operator = open_ones.enter_context(psycopg.connect(daemon.dsn("weir"), autocommit=True))
        assert console(daemon, "WAIT_CLOSE") == "WAIT_CLOSE"
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        console(daemon, "RECONNECT")
        operator.pgconn.send_query(b"WAIT_CLOSE postgres")
        time.sleep(0.3)
        operator.pgconn.consume_input()
        assert operator.pgconn.is_busy()
        holder.execute("COMMIT")
        assert answer(operator).command_status == b"WAIT_CLOSE"
    with pytest.raises(psycopg.errors.InvalidCatalogName):
        console(daemon, "WAIT_CLOSE elsewhere")


def test_set_changes_what_can_be_changed_until_a_reload(pg, start):
    config = {"backends": {"postgres": {"url": pg.unix_url(), "pool": {"size": 3}}}}
    daemon = start(config=config)
    assert console(daemon, "SET backends.postgres.pool.size = 5") == "SET"
    assert shown(daemon, "DATABASES")[0]["pool_size"] == 5
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="it must be"):
        console(daemon, "SET backends.postgres.pool.size = many")
    for name in ("backends.postgres.pool.sizes", "default_pool_size"):
        with pytest.raises(psycopg.errors.UndefinedObject, match=name):
            console(daemon, f"SET {name} = 5")
    for name in ("listen.port", "admin.users", "backends.postgres.migrations.command"):
        with pytest.raises(psycopg.errors.CantChangeRuntimeParam, match=name):
            console(daemon, f"SET {name} = '/bin/true'")
    assert shown(daemon, "DATABASES")[0]["pool_size"] == 5
    console(daemon, "SET max_client_conn = 1")
    with psycopg.connect(daemon.dsn("postgres")):
        with pytest.raises(psycopg.OperationalError, match="max_client_conn is 1"):
            psycopg.connect(daemon.dsn("postgres"))
    console(daemon, "RELOAD")
    assert shown(daemon, "DATABASES")[0]["pool_size"] == 3
    settings = {row["key"]: row["value"] for row in shown(daemon, "CONFIG")}
    assert settings["max_client_conn"] == "10000"


def test_shutdown_ends_at_once_and_says_so(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.closing(psycopg.connect(daemon.dsn(), autocommit=True)) as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        assert console(daemon, "SHUTDOWN") == "SHUTDOWN"
        assert daemon.wait() == 0


def test_shutdown_wait_for_servers_lets_transactions_finish(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(psycopg.connect(daemon.dsn("postgres"), autocommit=True))
        idle = psycopg.connect(daemon.dsn("postgres"), autocommit=True)
        operator = open_ones.enter_context(psycopg.connect(daemon.dsn("weir"), autocommit=True))
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        operator.pgconn.send_query(b"SHUTDOWN WAIT_FOR_SERVERS")
        # Psycopg of Debian 12 loses the words of a FATAL that comes while it asks something.
        wait_for(lambda: shown(daemon, "BACKENDS")[0]["clients_are"] == "draining")
        with pytest.raises(psycopg.OperationalError, match="administrator command"):
            wait_for(lambda: idle.execute("") is None)
        assert holder.execute("SELECT 'goes on'").fetchone() == ("goes on",)
        holder.execute("COMMIT")
        assert answer(operator).command_status == b"SHUTDOWN"
        assert daemon.wait() == 0


def test_shutdown_wait_for_clients_serves_them_until_they_leave(pg, start):
    daemon = start(pg.unix_url())
    with (
        psycopg.connect(daemon.dsn("weir"), autocommit=True) as operator,
        socket.socket(socket.AF_UNIX) as mute,  # says nothing, and is not waited for
    ):
        with psycopg.connect(daemon.dsn("postgres"), autocommit=True) as client:
            operator.pgconn.send_query(b"SHUTDOWN WAIT_FOR_CLIENTS")
            wait_for(lambda: shown(daemon, "BACKENDS")[0]["clients_are"] == "draining")
            with pytest.raises(psycopg.OperationalError, match="weir is shutting down"):
                psycopg.connect(daemon.dsn("postgres"))
            mute.connect(daemon.socket_path())
            for _ in range(5):
                assert client.execute("SELECT 'x'").fetchone() == ("x",)
        assert answer(operator).command_status == b"SHUTDOWN"
        assert daemon.wait() == 0


def test_a_signal_ends_the_wait_for_clients(pg, start):
    daemon = start(pg.unix_url())
    with psycopg.connect(daemon.dsn("weir"), autocommit=True) as operator:
        with contextlib.closing(psycopg.connect(daemon.dsn("postgres"), autocommit=True)):
            operator.pgconn.send_query(b"SHUTDOWN WAIT_FOR_CLIENTS")
            wait_for(lambda: shown(daemon, "BACKENDS")[0]["clients_are"] == "draining")
            daemon.stop()
        assert answer(operator).command_status == b"SHUTDOWN"


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
    asked = subprocess.run(
        [binary(), "reload"], env=shell, capture_output=True, text=True, timeout=60
    )
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
        assert run("pause").returncode == 0
        assert shown(daemon, "DATABASES")[0]["paused"] == 1
        assert run("resume", "postgres").returncode == 0
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
    refused = run("reconnect", "elsewhere")
    assert refused.returncode == 1 and 'no backend "elsewhere"' in refused.stderr

    drained = run("drain")
    assert (drained.returncode, drained.stdout, drained.stderr) == (0, "", "")
    assert daemon.wait() == 0
    nobody = run("reload")
    assert nobody.returncode == 1 and "no weir serves" in nobody.stderr


def as_stranger(daemon, command):
    """psql of an account that is neither root nor weir's."""
    return subprocess.run(
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        + ["psql", "-X", "-At", "-c", command, daemon.dsn("weir", user="stranger")],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_console_is_for_operators_whom_the_settings_name(pg, start):
    config = {"backends": {"postgres": {"url": pg.unix_url()}}}
    daemon = start(config=config)
    refused = as_stranger(daemon, "SHOW POOLS")
    assert refused.returncode == 2 and "permission denied for the console" in refused.stderr
    daemon.write_config(config | {"admin": {"users": ["nobody"]}})
    console(daemon, "RELOAD")
    assert as_stranger(daemon, "SHOW POOLS").stdout.startswith("postgres|")
    daemon.write_config(config | {"admin": {"groups": ["nogroup"]}})
    console(daemon, "RELOAD")
    assert as_stranger(daemon, "RECONNECT").stdout == "RECONNECT\n"
    daemon.write_config(config | {"admin": {"users": ["no-such-user"]}})
    with pytest.raises(psycopg.errors.ConfigFileError, match="no-such-user"):
        console(daemon, "RELOAD")
    assert as_stranger(daemon, "SHOW POOLS").returncode == 0
    daemon.write_config(config)
    console(daemon, "RELOAD")
    assert as_stranger(daemon, "SHOW POOLS").returncode == 2


def test_listen_allow_follows_a_reload(pg, start):
    config = {"backends": {"postgres": {"url": pg.unix_url()}}}
    daemon = start(config=config)
    psycopg.connect(daemon.dsn("postgres")).close()
    daemon.write_config(config | {"listen": {"allow": {"users": ["nobody"]}}})
    console(daemon, "RELOAD")
    with pytest.raises(psycopg.OperationalError, match="may not connect"):
        psycopg.connect(daemon.dsn("postgres"))


def test_a_slow_transaction_is_logged_with_its_last_statement_without_its_literals(pg, start):
    config = {
        "backends": {
            "postgres": {"url": pg.unix_url(), "pool": {"log_min_duration": "50ms"}},
        }
    }
    daemon = start(config=config)
    with psycopg.connect(daemon.dsn("postgres"), autocommit=True) as client:
        client.execute("SELECT 'quick'")
        client.execute("BEGIN")
        client.execute("SELECT pg_sleep(0.2), 'confidential'")
        (holder,) = shown(daemon, "HOLDERS")
        assert holder["statement"] == "SELECT pg_sleep(?), ?"
        client.execute("/* app */ COMMIT")
        for _ in range(2):  # the second time by its name
            client.execute("SELECT pg_sleep(%s), 'confidential'", [0.2], prepare=True)
        console(daemon, "SET backends.postgres.pool.log_literals = on")
        client.execute("SELECT pg_sleep(0.1), 'as it is'")

    def slow():
        return [line for line in daemon.log().splitlines() if "a transaction was slow" in line]

    wait_for(lambda: len(slow()) == 4)
    assert [line.split("last_statement=")[1] for line in slow()] == [
        '"SELECT pg_sleep(?), ?"',
        '"SELECT pg_sleep($1), ?"',
        '"SELECT pg_sleep($1), ?"',
        "\"SELECT pg_sleep(0.1), 'as it is'\"",
    ]
    assert "confidential" not in daemon.log()


def queries(daemon):
    return {row["query"]: row for row in shown(daemon, "QUERIES") if row["backend"] == "postgres"}


def test_queries_are_summed_up_by_what_they_have_in_common(pg, start):
    daemon = start(pg.unix_url())
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        for i in range(5):
            client.execute(f"SELECT generate_series(1, {i + 1}), 'confidential {i}'")
        for i in range(3):
            client.execute("SELECT %s::int + 1, pg_sleep(0.01)", [i], prepare=True)
        with client.transaction():
            client.execute("CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1 AS a")
    series = "SELECT generate_series($1, $2), $3"
    wait_for(lambda: {series, "CREATE TEMP TABLE t ON COMMIT DROP AS SELECT ? AS a"} <= set(queries(daemon)))
    seen = queries(daemon)
    assert seen[series]["calls"] == 5 and seen[series]["rows"] == 15
    assert seen[series]["mean_us"] <= seen[series]["max_us"] <= seen[series]["total_us"]
    (slept,) = [row for query, row in seen.items() if "pg_sleep" in query]
    assert slept["calls"] == 3 and slept["rows"] == 3 and slept["total_us"] >= 30_000
    assert next(iter(seen)) == slept["query"]  # what has cost the most comes first
    assert not any("COMMIT" == query for query in seen)
    assert "confidential" not in str(seen)


def test_of_many_queries_some_stand_for_all(pg, start):
    daemon = start(pg.unix_url())
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        for _ in range(3_000):
            client.execute("SELECT 'one of many'")
    wait_for(lambda: queries(daemon).get("SELECT $1", {}).get("calls", 0) > 2_900)
    assert queries(daemon)["SELECT $1"]["calls"] <= 3_000


def test_what_is_not_utf8_is_shown_all_the_same(pg, start):
    daemon = start(pg.unix_url())
    with psycopg.connect(daemon.dsn(), autocommit=True, client_encoding="LATIN1") as client:
        client.execute('SELECT 1 AS "na\u00efve"')
        wait_for(lambda: any("na\ufffdve" in row["query"] for row in shown(daemon, "QUERIES")))
        client.execute("BEGIN")
        client.execute('SELECT 2 AS "na\u00efve"')
        assert 'SELECT ? AS "na\ufffdve"' in shown(daemon, "HOLDERS")[0]["statement"]
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        client.execute("BEGIN")
        client.execute("SELECT " + ", ".join(["1 AS \u00e9\u00e9\u00e9"] * 100))  # cut somewhere
        assert "\u00e9" in shown(daemon, "HOLDERS")[0]["statement"]


def test_each_of_a_pipeline_that_repeats_a_statement_is_a_call(pg, start):
    daemon = start(pg.unix_url())
    pg.psql("CREATE TABLE IF NOT EXISTS piped (i int)")
    with psycopg.connect(daemon.dsn()) as client:
        client.cursor().executemany(
            "INSERT INTO piped VALUES (%s), (%s)", [(i, i) for i in range(40)]
        )
    insert = "INSERT INTO piped VALUES ($1), ($2)"
    wait_for(lambda: queries(daemon).get(insert, {}).get("calls", 0) >= 40)
    seen = queries(daemon)[insert]
    assert (seen["calls"], seen["rows"]) == (40, 80)
    assert seen["max_us"] <= seen["total_us"]


def test_who_waited_for_a_server_is_seen_in_the_queries(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with contextlib.ExitStack() as open_ones:
        clients = [
            open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True))
            for _ in range(2)
        ]
        clients[0].pgconn.send_query(b"SELECT pg_sleep(0.2)")
        wait_for(lambda: shown(daemon, "HOLDERS"))
        clients[1].execute("SELECT 'waited'")
        answer(clients[0])
    wait_for(lambda: "SELECT $1" in queries(daemon))
    assert queries(daemon)["SELECT $1"]["wait_us"] > 50_000


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
    # pgbouncer_exporter reads these two.
    assert config["max_client_conn"]["value"] == "10000"
    assert config["max_user_connections"]["value"] == "0"
    assert {row["key"]: row["value"] for row in shown(daemon, "STATE")} == {
        "active": "yes",
        "paused": "no",
        "suspended": "no",
    }
    assert [row["name"] for row in shown(daemon, "USERS")] == ["postgres"]


def test_a_console_and_a_new_connection_say_what_there_is_to_say(pg, start):
    daemon = start(config={"backends": {"main": {"url": pg.unix_url(), "pool": {"min_idle": 2}}}})
    wait_for(lambda: len(shown(daemon, "SERVERS")) >= 2)
    for row in shown(daemon, "SERVERS"):
        assert row["request_time"] >= row["connect_time"]
    with psycopg.connect(daemon.dsn("weir"), application_name="pager", autocommit=True) as operator:
        own = [row for row in asked(operator, "CLIENTS") if row["application_name"] == "pager"]
        assert [row["database"] for row in own] == ["weir"]


def test_a_sqlite_backend_has_no_host_and_no_user(start):
    (database,) = shown(start(), "DATABASES")
    assert database["host"] is None and database["force_user"] is None
    assert database["database"].endswith("database.db")


def test_descriptors_and_memory_are_those_of_the_process(pg, start):
    daemon = start(pg.unix_url())
    with psycopg.connect(daemon.dsn(), autocommit=True) as client:
        client.execute("SELECT 'x'")
        mine = f"socket:[{os.fstat(client.fileno()).st_ino}]"
        there = f"/proc/{daemon.process.pid}/fd"
        others = [row for row in shown(daemon, "FDS") if row["database"] != "weir"]
        assert {row["task"] for row in others} == {"client", "server"}
        for row in others:
            linked = os.readlink(f"{there}/{row['fd']}")
            assert linked.startswith("socket:") and linked != mine
        kinds = {row["name"]: row for row in shown(daemon, "MEM")}
        assert kinds["client"]["used"] >= 2 and kinds["server"]["used"] >= 1
        for row in kinds.values():
            assert row["memtotal"] == row["size"] * (row["used"] + row["free"])


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
    everything = str([shown(daemon, what) for what in [*SHOWN_BY_BOTH, *WEIRS_OWN]])
    assert "s3cr3t-w0rd" not in everything and "***" in everything
