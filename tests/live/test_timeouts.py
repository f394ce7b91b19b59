"""Clients that hold a server, or a connection, for too long. No time is measured: a test waits for
what must come.
"""

import contextlib
import os
import signal
import time

import psycopg
import psycopg2
import pytest

from hostile_server import ANSWER, READY, hostile_servers
from hostile_server import LOGIN as GREETING
from patience import wait_for
from raw_client import (
    bind,
    copy_data,
    copy_done,
    describe,
    execute,
    flush,
    frame,
    kinds,
    parse,
    query,
    raw_client,
    sqlstates,
    sync,
    text,
)

LOGIN = dict(user="tester", database="main")


@pytest.fixture
def limited(pg, start):
    """limited(query_timeout="1s"): a weir with one server and these limits on its pool."""

    def one(**limits):
        pool = {"size": 1, "max_overflow": 0, **limits}
        return start(config={"backends": {"main": {"url": pg.unix_url(), "pool": pool}}})

    return one


@pytest.fixture
def come():
    """come(daemon): a client, logged in, closed with the test."""
    with contextlib.ExitStack() as opened:
        yield lambda daemon: opened.enter_context(raw_client(daemon.socket_path(), **LOGIN))


def words(answers):
    return [answer.fields()["M"] for answer in answers if answer.kind == "E"]


def wait_for_a_free_server(daemon):
    while daemon.metric("weir_pool_connections", state="active") > 0:
        time.sleep(0.02)


# -- query_timeout


def test_a_query_that_runs_too_long_is_cancelled_and_its_client_stays(limited, come):
    daemon = limited(query_timeout="300ms")
    client = come(daemon)
    refused = client.ask("SELECT pg_sleep(600)")
    assert sqlstates(refused) == ["57014"] and refused[-1].body == b"I"
    assert words(refused) == ["canceling statement, as asked by query_timeout (300 ms)"]
    assert client.rows("SELECT 'stays'") == [["stays"]]

    client.send(parse("", "SELECT pg_sleep(600)") + bind() + execute() + sync() + query("SELECT 2"))
    assert sqlstates(client.until_ready()) == ["57014"]
    assert kinds(client.until_ready()) == "TDCZ"

    line = next(line for line in daemon.log().splitlines() if "a query is cancelled" in line)
    assert "query_timeout" in line and f"[{os.getpid()}]" in line and "main" in line
    assert "pg_sleep" not in daemon.log()


def test_a_cancelled_query_fails_its_transaction_as_any_other_error(limited, come):
    client = come(limited(query_timeout="300ms"))
    client.ask("BEGIN")
    refused = client.ask("SELECT pg_sleep(600)")
    assert sqlstates(refused) == ["57014"] and refused[-1].body == b"E"
    assert sqlstates(client.ask("SELECT 2")) == ["25P02"]
    assert client.ask("ROLLBACK")[-1].body == b"I"


def test_many_short_queries_are_no_long_one(limited, come):
    client = come(limited(query_timeout="1s"))
    client.ask("BEGIN")
    client.send(query("SELECT pg_sleep(0.2)") * 10)  # they are on their way for two seconds
    for _ in range(10):
        assert kinds(client.until_ready()) == "TDCZ"


@pytest.mark.parametrize("extended", [False, True])
def test_a_copy_whose_client_is_silent_is_ended(pg, limited, come, extended):
    pg.psql("DROP TABLE IF EXISTS slow; CREATE TABLE slow (i int)")
    client = come(limited(query_timeout="300ms"))
    if extended:
        client.send(parse("", "COPY slow FROM STDIN") + bind() + execute() + sync())
    else:
        client.send(query("COPY slow FROM STDIN"))
    client.until("G")
    client.send(copy_data(b"1\n"))
    assert sqlstates(client.until("E")) == ["57014"]
    client.send(copy_data(b"2\n") + copy_done() + (sync() if extended else b""))
    assert kinds(client.until_ready()) == "Z"
    assert client.rows("SELECT count(*) FROM slow") == [["0"]]


def test_a_query_that_no_cancel_ends_costs_its_client_the_connection(pg, limited, come):
    daemon = limited(query_timeout="300ms")
    client = come(daemon)
    backend = int(client.rows("SELECT pg_backend_pid()")[0][0])
    os.kill(backend, signal.SIGSTOP)
    try:
        client.send(query("SELECT 2"))
        farewell = client.hears_the_end()
        assert farewell[-1].fields()["S"] == "FATAL" and sqlstates(farewell) == ["57014"]
    finally:
        os.kill(backend, signal.SIGCONT)
    assert come(daemon).rows("SELECT 3") == [["3"]]


# -- idle_transaction_timeout


def test_a_silent_transaction_is_rolled_back_and_its_client_told_when_it_speaks(pg, limited, come):
    pg.psql("DROP TABLE IF EXISTS silent; CREATE TABLE silent (i int)")
    daemon = limited(idle_transaction_timeout="300ms")
    client, other = come(daemon), come(daemon)
    client.ask("BEGIN")
    client.ask("INSERT INTO silent VALUES (1)")
    assert other.rows("SELECT count(*) FROM silent") == [["0"]]  # it gets the only server

    told = client.ask("INSERT INTO silent VALUES (2)")
    assert sqlstates(told) == ["25P03"] and told[-1].body == b"E"
    assert words(told) == ["transaction was rolled back by idle_transaction_timeout (300 ms)"]
    again = client.ask("SELECT 1")
    assert sqlstates(again) == ["25P02"] and again[-1].body == b"E"
    client.send(parse("", "SELECT 2") + bind() + execute() + sync())
    assert kinds(client.until_ready()) == "EZ"
    ended = client.ask("COMMIT")
    assert [answer.tag() for answer in ended if answer.kind == "C"] == ["ROLLBACK"]
    assert ended[-1].body == b"I"
    assert client.rows("SELECT count(*) FROM silent") == [["0"]]

    line = next(line for line in daemon.log().splitlines() if "is rolled back" in line)
    assert "idle_transaction_timeout" in line and f"[{os.getpid()}]" in line


def test_the_first_thing_said_may_be_its_end(limited, come):
    daemon = limited(idle_transaction_timeout="300ms")
    client = come(daemon)
    client.ask("BEGIN")
    client.rows("SELECT 2")
    wait_for_a_free_server(daemon)
    ended = client.ask("ROLLBACK")
    assert kinds(ended) == "CZ" and ended[-1].body == b"I"


def test_a_failed_transaction_counts_as_well(limited, come):
    daemon = limited(idle_transaction_timeout="300ms")
    client = come(daemon)
    client.ask("BEGIN")
    client.ask("SELECT 1/0")
    wait_for_a_free_server(daemon)
    assert sqlstates(client.ask("SELECT 2")) == ["25P03"]
    assert client.ask("ROLLBACK")[-1].body == b"I"


def test_a_transaction_that_does_something_now_and_then_is_left_alone(limited, come):
    client = come(limited(idle_transaction_timeout="3s"))
    client.ask("BEGIN")
    for _ in range(8):
        assert client.rows("SELECT 2") == [["2"]]
        time.sleep(0.5)
    assert client.ask("COMMIT")[-1].body == b"I"


def test_a_pipeline_that_never_gets_its_sync_is_told_at_once(limited, come):
    daemon = limited(idle_transaction_timeout="300ms")
    client = come(daemon)
    client.send(parse("", "SELECT 2") + describe("S") + flush())
    assert sqlstates(client.until("E")) == ["25P03"]
    client.send(bind() + execute() + sync())
    ready = client.until_ready()
    assert kinds(ready) == "Z" and ready[-1].body == b"I"
    client.ask("BEGIN")
    client.send(parse("", "SELECT 2") + describe("S") + flush())
    assert sqlstates(client.until("E")) == ["25P03"]
    client.send(bind() + execute() + sync())
    ready = client.until_ready()
    assert kinds(ready) == "Z" and ready[-1].body == b"E"
    assert client.ask("ROLLBACK")[-1].body == b"I"


def test_drivers_understand(limited):
    daemon = limited(idle_transaction_timeout="300ms")
    with contextlib.closing(psycopg2.connect(daemon.dsn("main"))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 2")
        wait_for_a_free_server(daemon)
        with pytest.raises(psycopg2.errors.IdleInTransactionSessionTimeout):
            cursor.execute("SELECT 2")
        connection.rollback()
        cursor.execute("SELECT 2")
        connection.rollback()
    with psycopg.connect(daemon.dsn("main")) as connection:
        connection.execute("SELECT 2")
        wait_for_a_free_server(daemon)
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            connection.execute("SELECT %s", (2,))
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        connection.rollback()
        assert connection.execute("SELECT %s", (2,)).fetchone() == (2,)


# -- transaction_timeout


def test_a_transaction_that_lasts_too_long_is_rolled_back_busy_or_not(limited, come):
    daemon = limited(transaction_timeout="1s")
    busy, silent = come(daemon), come(daemon)
    busy.ask("BEGIN")
    for _ in range(10_000):
        answers = busy.ask("SELECT pg_sleep(0.1)")
        if sqlstates(answers):
            break
    assert sqlstates(answers)[0] in ("57014", "25P04") and answers[-1].body == b"E"
    assert "by transaction_timeout (1 s)" in words(answers)[0]
    wait_for_a_free_server(daemon)
    assert busy.ask("ROLLBACK")[-1].body == b"I"

    silent.ask("BEGIN")
    silent.rows("SELECT 2")
    assert busy.rows("SELECT 3") == [["3"]]  # waits until it is gone
    assert sqlstates(silent.ask("SELECT 2")) == ["25P04"]
    assert silent.ask("ROLLBACK")[-1].body == b"I"

    silent.ask("BEGIN")
    refused = silent.ask("SELECT pg_sleep(600)")
    assert sqlstates(refused) == ["57014"] and refused[-1].body == b"E"
    wait_for_a_free_server(daemon)
    assert sqlstates(silent.ask("SELECT 2")) == ["25P04"]
    assert silent.ask("ROLLBACK")[-1].body == b"I"


def test_who_is_told_to_end_a_query_that_has_just_ended_is_not_sent_away(start):
    """A cancel that comes when the query is over ends nothing; what was asked next is cancelled in
    its turn, and no client is blamed for a query that never ran for long.
    """
    queries = 40

    def misbehave(link):
        link.send(GREETING)
        link.read_query()
        link.send(frame("C", text("BEGIN")) + frame("Z", b"T"))
        for _ in range(queries):
            link.read_query()
            time.sleep(0.2)  # longer in all than transaction_timeout and the grace after a cancel
            link.send(ANSWER.removesuffix(READY) + frame("Z", b"T"))
        link.behave()

    with hostile_servers() as servers:
        pool = {"size": 1, "max_overflow": 0, "transaction_timeout": "1s", "hold_back_begin": False}
        url = servers.add("main", misbehave)
        servers.start()
        daemon = start(config={"backends": {"main": {"url": url, "pool": pool}}})
        with raw_client(daemon.socket_path(), **LOGIN) as client:
            client.send(query("BEGIN") + query("SELECT word FROM fake") * queries)
            assert kinds(client.until_ready()) == "CZ"
            for _ in range(queries):
                assert kinds(client.until_ready()) == "TDCZ"
        assert daemon.log().count("a query is cancelled") > 1


# -- client_idle_timeout


def test_a_client_that_is_silent_for_too_long_is_sent_away(pg, start):
    daemon = start(pg.unix_url(), config={"client_idle_timeout": "2s"})
    login = {**LOGIN, "database": "postgres"}
    with raw_client(daemon.socket_path(), **login) as silent, raw_client(
        daemon.socket_path(), **login
    ) as busy, raw_client(daemon.socket_path(), **login) as holder:
        holder.ask("BEGIN")
        holder.rows("SELECT 2")
        for _ in range(30):
            busy.rows("SELECT 2")
            time.sleep(0.1)
        farewell = silent.hears_the_end()
        assert sqlstates(farewell) == ["57P05"] and farewell[-1].fields()["S"] == "FATAL"
        assert holder.rows("SELECT 2") == [["2"]]  # that is idle_transaction_timeout's affair
        busy.send(query("SELECT pg_sleep(4)"))  # it is not silent while it is being answered
        assert kinds(busy.until_ready()) == "TDCZ"
        assert sqlstates(busy.hears_the_end()) == ["57P05"]


def test_a_reload_applies_to_those_who_are_here(pg, start):
    backends = {"main": {"url": pg.unix_url()}}
    daemon = start(config={"backends": backends})
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.rows("SELECT 2")
        daemon.write_config({"backends": backends, "client_idle_timeout": "300ms"})
        daemon.process.send_signal(signal.SIGHUP)
        assert sqlstates(client.hears_the_end()) == ["57P05"]


def test_a_reload_makes_nobody_less_silent(pg, start):
    """Who is sent away after two seconds is, however often the settings are read."""
    daemon = start(pg.unix_url(), config={"client_idle_timeout": "2s"})
    with raw_client(daemon.socket_path(), **{**LOGIN, "database": "postgres"}) as silent:
        silent.rows("SELECT 2")

        def is_told_though_they_are_read_again():
            daemon.process.send_signal(signal.SIGHUP)
            return not silent.is_silent(0.25)

        wait_for(is_told_though_they_are_read_again, 20)
        assert sqlstates(silent.hears_the_end()) == ["57P05"]


def test_a_console_may_be_silent_also_after_a_reload(pg, start):
    daemon = start(pg.unix_url(), config={"client_idle_timeout": "300ms"})
    with raw_client(daemon.socket_path(), database="weir") as console:
        for command in ("RELOAD", "SET client_idle_timeout = '400ms'"):
            console.ask(command)
            assert console.is_silent(1.5)
            assert kinds(console.ask("SHOW VERSION")) == "TDCZ"
