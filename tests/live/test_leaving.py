"""How clients leave: whoever is told and reads gets all it is owed and its last words, and whoever
does not read is waited for a moment, never for ever.
"""

import contextlib
import signal
import time

import psycopg
import pytest

from patience import wait_for
from raw_client import kinds, query, raw_client, sqlstates, terminate

SOME = 400  # rows: more than the kernel takes for a client, and weir keeps the rest
KEPT = 300_000  # bytes of them, which are more than the kernel takes
PLENTY = 5_000  # more than weir keeps: the server waits, too
SOME_ROWS = query(f"SELECT repeat('x', 1000) FROM generate_series(1, {SOME})")
PLENTY_OF_ROWS = query(f"SELECT repeat('x', 1000) FROM generate_series(1, {PLENTY})")


@pytest.fixture
def come():
    """come(daemon): a client, logged in, closed with the test."""
    with contextlib.ExitStack() as opened:
        yield lambda daemon, database="postgres": opened.enter_context(
            raw_client(daemon.socket_path(), database=database)
        )


@pytest.fixture
def operator():
    """operator(daemon): a connection to the console, closed with the test."""
    with contextlib.ExitStack() as opened:
        yield lambda daemon: opened.enter_context(
            psycopg.connect(daemon.dsn("weir"), autocommit=True)
        )


def clients(console):
    """{ptr: what SHOW CLIENTS says}, without those of the console."""
    found = console.execute("SHOW CLIENTS")
    names = [column.name for column in found.description]
    rows = [dict(zip(names, row)) for row in found]
    return {row["ptr"]: row for row in rows if row["database"] != "weir"}


def the_only_client(console):
    (ptr,) = clients(console)
    return ptr


def leave_unread(daemon, client, rows=SOME_ROWS):
    """What it asks for is answered, and stays with weir."""

    def sent():
        return daemon.metric("weir_bytes_total", backend="postgres", direction="out")

    before = sent()
    client.send(rows)
    wait_for(lambda: sent() - before > KEPT)
    if rows is SOME_ROWS:
        wait_for(lambda: daemon.metric("weir_transactions_total", backend="postgres") >= 1)


def test_who_is_told_and_reads_gets_all_it_is_owed_and_its_last_words(pg, start, come, operator):
    daemon = start(pg.unix_url())
    client, console = come(daemon), operator(daemon)
    leave_unread(daemon, client)
    console.execute(f"KILL_CLIENT {the_only_client(console)}")
    heard = client.hears_the_end()
    assert kinds(heard) == "T" + "D" * SOME + "CZE"
    assert sqlstates(heard) == ["57P01"] and not client.was_cut


@pytest.mark.parametrize("rows", [SOME_ROWS, PLENTY_OF_ROWS])
def test_who_is_told_and_does_not_read_is_gone_soon(pg, start, come, operator, rows):
    daemon = start(pg.unix_url())
    client, console = come(daemon), operator(daemon)
    leave_unread(daemon, client, rows)
    console.execute(f"KILL_CLIENT {the_only_client(console)}")
    wait_for(lambda: not clients(console), 20)
    assert "a client is dropped: it does not take its last words" in daemon.log()


def test_who_is_told_again_is_gone_at_once(pg, start, come, operator):
    daemon = start(pg.unix_url())
    client, console = come(daemon), operator(daemon)
    leave_unread(daemon, client)
    ptr = the_only_client(console)
    console.execute(f"KILL_CLIENT {ptr}")
    assert clients(console)[ptr]["close_needed"] == 1
    console.execute(f"KILL_CLIENT {ptr}")
    assert not clients(console)
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no client"):
        console.execute(f"KILL_CLIENT {ptr}")
    assert daemon.log().count("a client is sent away") == 1
    assert sqlstates(client.hears_the_end()) == []  # it was owed more than it has taken


def test_who_has_said_goodbye_may_read_at_its_leisure_until_it_is_told(pg, start, come, operator):
    daemon = start(pg.unix_url())
    client, console = come(daemon), operator(daemon)
    client.send(SOME_ROWS + terminate())
    wait_for(lambda: clients(console)[the_only_client(console)]["close_needed"] == 1)
    time.sleep(7)  # longer than whoever was told would have
    assert kinds(client.hears_the_end()) == "T" + "D" * SOME + "CZ"

    late = come(daemon)
    late.send(SOME_ROWS + terminate())
    wait_for(lambda: clients(console)[the_only_client(console)]["close_needed"] == 1)
    console.execute(f"KILL_CLIENT {the_only_client(console)}")
    wait_for(lambda: not clients(console), 20)


def test_a_place_is_free_again_when_its_client_was_silent_and_does_not_read(pg, start, come):
    daemon = start(pg.unix_url(), config={"client_idle_timeout": "300ms", "max_client_conn": 1})
    leave_unread(daemon, come(daemon))

    def somebody_else_is_served():
        with raw_client(daemon.socket_path(), database="weir") as console:
            return len(console.rows("SHOW CLIENTS")) == 1

    wait_for(somebody_else_is_served, 20)
    assert come(daemon).rows("SELECT 'in'") == [["in"]]


def test_a_backend_that_went_is_forgotten_though_its_client_does_not_read(pg, start, come):
    backends = {name: {"url": pg.unix_url()} for name in ("postgres", "other")}
    daemon = start(config={"backends": backends})
    leave_unread(daemon, come(daemon))
    del backends["postgres"]
    daemon.write_config({"backends": backends})
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "settings reloaded" in daemon.log())
    wait_for(lambda: daemon.metric("weir_client_connections") == 0, 20)


def test_nobody_who_does_not_read_keeps_a_takeover_waiting(pg, start, come):
    """One of them holds a server, and has as long as a transaction has; the other is done."""
    daemon = start(pg.unix_url())
    stays = come(daemon)
    done = come(daemon)
    leave_unread(daemon, done)
    leave_unread(daemon, come(daemon), PLENTY_OF_ROWS)
    assert stays.rows("SELECT 'before'") == [["before"]]
    old = daemon.process
    daemon.arguments = ("--takeover",)
    daemon.start()
    wait_for(lambda: "transactions are cut off" in daemon.log())
    heard = done.hears_the_end()
    assert kinds(heard) == "T" + "D" * SOME + "CZE" and sqlstates(heard) == ["57P01"]
    assert old.wait(60) == 0
    wait_for(lambda: "clients of the weir before go on" in daemon.log())
    assert stays.rows("SELECT 'after'") == [["after"]]
