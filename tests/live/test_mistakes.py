"""The mistakes that poolers are known for, each with a test of its own; weir makes none of them.

Those that are about more than a client and a server are here. The others:

  CopyDone and the next Query in one write      test_wire
  a client that stalls inside a message         test_pool
  a client that closes its half                 test_wire, test_pool, test_free_answers
  startup parameters refused                    test_settings
  bad lengths, HTTP, TLS left silent            test_front
  a cancel that comes between queries or late   test_failures, test_cancel_races
  LISTEN, settings, tables and locks, one by one  test_session_state
"""

import asyncio
import contextlib
import time

import asyncpg
import psycopg
import psycopg2
import pytest

from cluster import cluster
from raw_client import (
    bind,
    cancel,
    describe,
    execute,
    kinds,
    parse,
    query,
    raw_client,
    sqlstates,
    sync,
)

LOGIN = dict(user="tester", database="postgres")


@pytest.fixture
def two_servers(pg, start):
    """(daemon, come): a weir with two servers, and come(), which is a client of it."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    with contextlib.ExitStack() as opened:
        yield daemon, lambda: opened.enter_context(raw_client(daemon.socket_path(), **LOGIN))


class usurper:
    """A client that takes the server that another one has just used, so that it gets the other of
    the two when it comes back.
    """

    def __init__(self, client):
        self.client = client

    def take(self, pid):
        """Holds this server until it takes another one."""
        self.client.ask("COMMIT")
        if self.gets(self.client) == pid:
            return
        with raw_client(self.client.socket.getpeername(), **LOGIN) as other:
            assert self.gets(other) == pid
            self.client.ask("COMMIT")
            other.ask("COMMIT")  # used last, so it goes to whoever comes next
            assert self.gets(self.client) == pid

    @staticmethod
    def gets(client):
        client.ask("BEGIN")
        return client.rows("SELECT pg_backend_pid()")[0][0]


def run(client, name=""):
    """Binds and runs what was parsed; the one row."""
    client.send(bind("", name) + execute() + sync())
    answers = client.until_ready()
    assert kinds(answers) == "2DCZ", answers
    return answers[1].values()


def test_an_unnamed_statement_is_its_clients_own_on_whatever_server(two_servers):
    """lib/pq parses and syncs, then binds and syncs: between the two its server may have gone to
    somebody else, and have a statement of that one.
    """
    _, come = two_servers
    client, other, thief = come(), come(), usurper(come())
    text = "SELECT '{}', pg_backend_pid()::text"
    client.send(parse("", text.format("mine")) + sync())
    client.until_ready()
    other.send(parse("", text.format("theirs")) + sync())
    other.until_ready()
    seen = set()
    for _ in range(6):
        word, pid = run(client)
        assert word == "mine"
        seen.add(pid)
        thief.take(pid)
        assert run(other)[0] == "theirs"
    assert len(seen) == 2, "it was never moved"


def test_names_are_reused_and_deallocated_by_sql_on_whatever_server(two_servers):
    """PDO takes its names back with DEALLOCATE, and counts on from one for each connection."""
    _, come = two_servers
    client, thief = come(), usurper(come())
    name = "pdo_stmt_00000001"
    seen = set()
    for turn in range(6):
        client.send(parse(name, f"SELECT 'turn {turn}', pg_backend_pid()::text") + sync())
        assert kinds(client.until_ready()) == "1Z"
        for _ in range(2):
            word, pid = run(client, name)
            assert word == f"turn {turn}"
            seen.add(pid)
            thief.take(pid)
        assert client.ask(f"DEALLOCATE {name}")[0].tag() == "DEALLOCATE"
        client.send(bind("", name) + execute() + sync())
        assert sqlstates(client.until_ready()) == ["26000"]
    assert len(seen) == 2, "it was never moved"


def test_a_name_that_was_not_closed_is_refused_on_whatever_server(two_servers):
    """psqlodbc parses a name that it has already, and recovers with Close."""
    _, come = two_servers
    client, thief = come(), usurper(come())
    client.send(parse("_PLAN0x1", "SELECT 'old', pg_backend_pid()::text") + sync())
    client.until_ready()
    for _ in range(2):
        word, pid = run(client, "_PLAN0x1")
        assert word == "old"
        thief.take(pid)
        client.send(parse("_PLAN0x1", "SELECT 'new'") + describe("S", "_PLAN0x1") + sync())
        assert sqlstates(client.until_ready()) == ["42P05"]


def test_two_clients_call_different_statements_by_the_same_name(two_servers):
    """asyncpg and pg8000 count from one in every process, and cannot be told not to."""
    _, come = two_servers
    clients, thief = [come(), come()], usurper(come())
    for number, client in enumerate(clients):
        client.send(
            parse("__asyncpg_stmt_1__", f"SELECT '{number}', pg_backend_pid()::text")
            + describe("S", "__asyncpg_stmt_1__")
            + sync()
        )
        assert kinds(client.until_ready()) == "1tTZ"
    for _ in range(4):
        for number, client in enumerate(clients):
            word, pid = run(client, "__asyncpg_stmt_1__")
            assert word == str(number)
            thief.take(pid)


def test_a_cancel_between_queries_costs_no_server(two_servers):
    daemon, come = two_servers
    client = come()
    [[server]] = client.rows("SELECT pg_backend_pid()")
    for turn in range(20):
        if turn % 2:
            client.ask("BEGIN")  # which no server has seen yet
        with raw_client(daemon.socket_path()) as messenger:
            messenger.send(cancel(*client.key))
            assert messenger.hears_the_end() == []
        assert client.rows("SELECT pg_backend_pid()") == [[server]]
        if turn % 2:
            client.ask("COMMIT")


def test_the_first_login_after_a_restart_serves_whoever_has_waited(start):
    """Others wait for a fixed time, which tends to be 15 s. Here the time is counted in attempts: once
    PostgreSQL accepts connections, only one that had begun before may still fail.
    """

    def failures():
        return daemon.metric("weir_pool_connects_total", result="failed")

    with cluster(tcp=False) as pg:
        daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0, DB_POOL_TIMEOUT=120)
        with raw_client(daemon.socket_path(), **LOGIN) as client:
            for _ in range(3):
                client.rows("SELECT 2")
                pg.stop()
                before = failures()
                client.send(query("SELECT 'served'"))
                while failures() < before + 4:  # the pauses between two attempts have grown
                    time.sleep(0.05)
                pg.start()
                before = failures()
                answers = client.until_ready()
                assert [each.values() for each in answers if each.kind == "D"] == [["served"]]
                assert failures() <= before + 1


# -- what one client leaves to the next

LEFT_BEHIND = [
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET search_path = pg_catalog",
    "SET my.tenant = 'leaked'",
    "CREATE TEMP TABLE leaked (i int)",
    "SELECT pg_advisory_lock(7)",
    "SET ROLE leaker",
]
FOUND = """
    SELECT current_setting('default_transaction_isolation'), current_setting('search_path'),
           coalesce(current_setting('my.tenant', true), ''), to_regclass('pg_temp.leaked')::text,
           (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
           (SELECT count(*) FROM pg_prepared_statements), current_user::text, session_user::text
"""


def with_psycopg2(dsn, statements, leave):
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    with contextlib.suppress(psycopg2.Error):  # SQL's own names are refused, unless allowed
        cursor.execute("PREPARE leaked AS SELECT 1")
    leave()
    connection.close()


def with_psycopg(dsn, statements, leave):
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
        with contextlib.suppress(psycopg.Error):
            connection.execute("PREPARE leaked AS SELECT 1")
        leave()


def with_asyncpg(dsn, statements, leave):
    words = dict(word.split("=") for word in dsn.replace("'", "").split())

    async def work():
        connection = await asyncpg.connect(
            host=words["host"], port=words["port"], user=words["user"], database=words["dbname"]
        )
        for statement in statements:
            await connection.execute(statement)
        with contextlib.suppress(asyncpg.PostgresError):
            await connection.execute("PREPARE leaked AS SELECT 1")
        leave()
        await connection.close()

    asyncio.run(work())


@pytest.mark.parametrize("driver", [with_psycopg2, with_psycopg, with_asyncpg])
def test_nothing_leaks_to_the_next_client(pg, start, driver):
    """Neither while the one who did it is there nor when it has gone, on either of two servers."""
    pg.psql("DROP ROLE IF EXISTS leaker; CREATE ROLE leaker")
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    with psycopg.connect(pg.unix_url()) as direct:
        clean = direct.execute(FOUND).fetchall()

    def found(clients):
        """What clients who hold servers at the same time see there."""
        with contextlib.ExitStack() as opened:
            held = [opened.enter_context(psycopg.connect(daemon.dsn())) for _ in range(clients)]
            return [each.execute(FOUND).fetchall() for each in held]

    def leave():
        assert found(1) == [clean]

    driver(daemon.dsn(), LEFT_BEHIND, leave)
    assert found(2) == [clean, clean]
