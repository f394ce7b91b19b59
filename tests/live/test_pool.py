"""The pool as a client sees it: who waits, for how long, and what is said when nothing came free.
"""

import os
import re
import socket
import subprocess
import sys
import time

import pytest

from raw_client import (
    bind,
    execute,
    kinds,
    parse,
    query,
    raw_client,
    sqlstates,
    startup,
    sync,
    terminate,
)

LOGIN = dict(user="tester", database="postgres")


@pytest.fixture
def crowd():
    """crowd(daemon, 3): that many clients, logged in, closed with the test."""
    clients = []

    def come(daemon, count):
        more = [raw_client(daemon.socket_path(), **LOGIN) for _ in range(count)]
        clients.extend(more)
        return more

    yield come
    for client in clients:
        client.socket.close()


def test_a_client_that_got_no_connection_in_time_is_told_why_and_stays(pg, start, crowd):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0, DB_POOL_TIMEOUT=1)
    holder, simple, extended = crowd(daemon, 3)
    holder.ask("BEGIN")
    holder.rows("SELECT 'held'")
    simple.send(query("SELECT 2"))
    extended.send(parse("", "SELECT 3") + bind() + execute() + sync())
    for client in (simple, extended):
        refused = client.until_ready()
        assert kinds(refused) == "EZ" and refused[-1].body == b"I"
        error = next(answer.fields() for answer in refused if answer.kind == "E")
        assert (error["S"], error["C"]) == ("ERROR", "53300")
        assert (
            error["M"] == "pool limit of size 1 overflow 0 reached, no connection came free in 1 s"
        )
        assert re.search(r"active 1\b.*idle 0\b.*waiting \d", error["D"])
    holder.ask("COMMIT")
    assert simple.rows("SELECT 'simple goes on'") == [["simple goes on"]]
    extended.send(parse("", "SELECT 'extended goes on'") + bind() + execute() + sync())
    assert kinds(extended.until_ready()) == "12DCZ"
    assert daemon.metric("weir_pool_timeouts_total") == 2


def test_waiters_are_served_in_the_order_they_came(pg, start, crowd):
    pg.psql("DROP TABLE IF EXISTS arrivals; CREATE TABLE arrivals (at serial, who int)")
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    holder, *waiters = crowd(daemon, 21)
    holder.ask("BEGIN")
    holder.rows("SELECT 'held'")
    for number, waiter in enumerate(waiters):
        waiter.send(query(f"INSERT INTO arrivals (who) VALUES ({number})"))
        while daemon.metric("weir_pool_waiting") != number + 1:
            pass  # it has joined the queue when the gauge says so
    holder.ask("COMMIT")
    for waiter in waiters:
        assert kinds(waiter.until_ready()) == "CZ"
    assert holder.rows("SELECT array_agg(who ORDER BY at) FROM arrivals") == [
        ["{" + ",".join(map(str, range(20))) + "}"]
    ]


def test_a_statement_of_a_waiter_that_vanished_is_never_run(pg, start, crowd):
    pg.psql("DROP TABLE IF EXISTS ghosts; CREATE TABLE ghosts (i int)")
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    holder, ghost, witness = crowd(daemon, 3)
    holder.ask("BEGIN")
    holder.rows("SELECT 'held'")
    ghost.send(query("INSERT INTO ghosts VALUES (1)"))
    while daemon.metric("weir_pool_waiting") != 1:
        pass
    ghost.socket.close()
    while daemon.metric("weir_pool_waiting") != 0:
        pass
    holder.ask("COMMIT")
    assert witness.rows("SELECT count(*) FROM ghosts") == [["0"]]


@pytest.mark.parametrize("farewell", [terminate(), b""])
def test_a_waiter_that_has_shut_its_writing_half_still_gets_its_answers(pg, start, crowd, farewell):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    holder, waiter = crowd(daemon, 2)
    holder.ask("BEGIN")
    holder.rows("SELECT 'held'")
    waiter.send(query("SELECT 'first'") + query("SELECT 'second'") + farewell)
    waiter.socket.shutdown(socket.SHUT_WR)
    while daemon.metric("weir_pool_waiting") != 1:
        pass
    holder.ask("COMMIT")
    assert kinds(waiter.hears_the_end()) == "TDCZTDCZ"


def test_clients_that_stall_inside_a_message_hold_no_server(pg, start, crowd):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    half = len(query("SELECT 'late'")) // 2
    *stalled, other = crowd(daemon, 31)
    for client in stalled:
        client.send(query("SELECT 'late'")[:half])
    for _ in range(10):
        assert other.rows("SELECT 'in time'") == [["in time"]]
    for client in stalled:
        client.send(query("SELECT 'late'")[half:])
    for client in stalled:
        assert kinds(client.until_ready()) == "TDCZ"


def test_a_client_that_stalls_inside_a_large_message_starves_nobody_for_long(pg, start, crowd):
    """It is larger than weir's scratch buffer, so it may already have a server."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0, DB_POOL_TIMEOUT=60)
    stalled, other = crowd(daemon, 2)
    message = query("SELECT length('" + "x" * 2_000_000 + "')")
    stalled.send(message[:1_000_000])
    assert other.rows("SELECT 'served'") == [["served"]]


@pytest.mark.parametrize("size, overflow", [(1, 0), (2, 1), (3, 0)])
def test_there_are_never_more_servers_than_size_and_overflow(pg, start, crowd, size, overflow):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=size, DB_MAX_OVERFLOW=overflow)
    clients = crowd(daemon, 12)
    for client in clients:
        client.send(
            query(
                "SELECT pg_sleep(0.05), (SELECT count(*) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' "
                "AND application_name <> 'weir: budget')"  # as it comes up, for a moment
            )
        )
    counts = [int(client.until_ready()[1].values()[1]) for client in clients]
    assert max(counts) <= size + overflow
    assert daemon.metric("weir_pool_connects_total", result="ok") <= size + overflow


def test_two_backends_each_have_their_pool(pg, start):
    pg.psql("DROP DATABASE IF EXISTS shop")
    pg.psql("CREATE DATABASE shop")
    pool = {"size": 1, "max_overflow": 0}
    daemon = start(
        config={
            "backends": {
                "main": {"url": pg.unix_url(), "pool": pool, "aliases": ["primary"]},
                "orders": {"url": pg.unix_url("shop"), "pool": pool},
            }
        }
    )
    clients = {
        name: raw_client(daemon.socket_path(), user="tester", database=name)
        for name in ("main", "primary", "orders")
    }
    clients["main"].ask("BEGIN")
    assert clients["main"].rows("SELECT current_database()") == [["postgres"]]
    assert clients["orders"].rows("SELECT current_database()") == [["shop"]]
    clients["main"].ask("COMMIT")
    assert clients["primary"].rows("SELECT current_database()") == [["postgres"]]
    with raw_client(daemon.socket_path()) as stranger:
        stranger.send(startup(user="tester", database="postgres"))
        refused = stranger.hears_the_end()
        assert sqlstates(refused) == ["3D000"]
        assert all(name in " ".join(refused[-1].fields().values()) for name in ("main", "orders"))
    for client in clients.values():
        client.socket.close()


def test_a_connection_older_than_recycle_is_replaced_between_transactions_only(pg, start, crowd):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0, DB_POOL_RECYCLE=1)
    (client,) = crowd(daemon, 1)
    client.ask("BEGIN")
    [[first]] = client.rows("SELECT pg_backend_pid()")
    client.rows("SELECT pg_sleep(1.5)")
    assert client.rows("SELECT pg_backend_pid()") == [[first]]
    client.ask("COMMIT")
    assert client.rows("SELECT pg_backend_pid()") != [[first]]
    assert daemon.metric("weir_pool_closes_total", reason="recycle") >= 1


# A process of its own: says that it is logged in, asks when told to, and prints the answer.
ANOTHER_PROCESS = """
import sys
from raw_client import raw_client
with raw_client(sys.argv[1], user="tester", database="postgres") as client:
    print("ready", flush=True)
    sys.stdin.readline()
    print(client.rows("SELECT nextval('turns')")[0][0], flush=True)
"""


def test_a_process_with_a_thousand_waiting_connections_does_not_starve_one_with_a_single_one(
    pg, start, crowd
):
    pg.psql("DROP SEQUENCE IF EXISTS turns; CREATE SEQUENCE turns")
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0, DB_POOL_TIMEOUT=300)
    holder, *many = crowd(daemon, 1001)
    with subprocess.Popen(
        [sys.executable, "-c", ANOTHER_PROCESS, daemon.socket_path()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as other:
        assert other.stdout.readline() == "ready\n"
        holder.ask("BEGIN")
        holder.rows("SELECT 'held'")
        for client in many:
            client.send(query("SELECT nextval('turns')"))
        while daemon.metric("weir_pool_waiting") != 1000:
            time.sleep(0.01)
        other.stdin.write("go\n")
        other.stdin.flush()
        while daemon.metric("weir_pool_waiting") != 1001:
            time.sleep(0.01)
        holder.ask("COMMIT")
        assert int(other.stdout.readline()) <= 2
        answers = [answer for client in many for answer in client.until_ready()]
    numbers = [int(answer.values()[0]) for answer in answers if answer.kind == "D"]
    assert sorted(numbers) == numbers, "within the process it is first come, first served"


def test_a_client_that_waits_for_long_gets_a_notice_and_the_error_names_the_holder(
    pg, start, crowd
):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0, DB_POOL_TIMEOUT=6)
    holder, waiter = crowd(daemon, 2)
    holder.ask("BEGIN")
    holder.rows("SELECT 'held'")
    waiter.send(query("SELECT 2"))
    answers = waiter.until_ready()
    assert [answer.kind for answer in answers] == ["N", "E", "Z"]
    notice, refusal = answers[0].fields(), answers[1].fields()
    assert (notice["S"], notice["C"]) == ("NOTICE", "00000")
    assert notice["M"] == (
        "pool limit of size 1 overflow 0 reached, waiting for a connection, up to 6 s"
    )
    assert refusal["C"] == "53300"
    with open("/proc/self/comm") as comm:
        name = f"{comm.read().strip()}[{os.getpid()}]"
    assert re.search(rf"longest held \d+ s by {re.escape(name)}", refusal["D"]), refusal["D"]
    holder.ask("COMMIT")
