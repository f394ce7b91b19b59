"""What weir answers itself: probes while the pool works, and transactions that come to nothing.

A client cannot tell: each answer is compared with a direct connection's. Only a pool of one that
somebody else holds can, and there whoever needs no server is served at once.
"""

import asyncio
import contextlib
import os
import socket
import struct
import threading
import time

import asyncpg
import psycopg
import psycopg2
import pytest
import sqlalchemy

from cluster import cluster
from raw_client import (
    bind,
    close,
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
from weir import weir

LOGIN = dict(user="tester", database="postgres")
ONE_SERVER = dict(DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)


def bind_binary(statement=""):
    return frame("B", text("") + text(statement) + b"\0\0\0\0\0\1\0\1")


def run_once(statement=""):
    return bind("", statement) + describe("P") + execute() + sync()


PROBES = [
    query(""),
    query(";"),
    query(" -- ping"),
    query("/* SQLx ping */"),
    query("SELECT 1"),
    query("select 1 as Alive;"),
    query("/* ping */ SELECT 1"),
    parse("", "") + run_once(),
    parse("", "SELECT 1") + run_once(),
    parse("", "SELECT 1") + bind_binary() + describe("P") + execute() + sync(),
    parse("a", "SELECT 1 AS x") + describe("S", "a") + sync(),
    run_once("a"),
    bind("p", "a") + execute("p", 1) + close("P", "p") + sync(),
    bind("", "a") + execute("", 7) + sync(),
    close("S", "a") + sync(),
    parse("", "select 1;") + describe("S") + flush() + run_once(),
]

TRANSACTIONS = [
    (query("BEGIN"), query("COMMIT")),
    (query("begin work"), query("end")),
    (query("START TRANSACTION READ ONLY"), query("ABORT")),
    (query("BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE;"), query("ROLLBACK;")),
    (query("BEGIN"), sync(), query("COMMIT AND NO CHAIN")),
    (query("BEGIN") + query("ROLLBACK") + query("BEGIN") + query("COMMIT"),),
    (parse("", "BEGIN") + run_once(), parse("", "COMMIT") + run_once()),
    (parse("b", "BEGIN") + run_once("b"), parse("r", "ROLLBACK") + run_once("r"), run_once("b")),
    (query("END"),),
]

# What comes to something: BEGIN is sent with the first statement that needs a server.
STATEMENTS = [
    (query("BEGIN"), query("BEGIN"), query("COMMIT")),
    (query("BEGIN"), query("COMMIT AND CHAIN"), query("SELECT 2"), query("COMMIT")),
    (query("BEGIN"), query("SELECT 2"), query("SELECT 1/0"), query("SELECT 1"), query("COMMIT")),
    (query("BEGIN"), query("SELECT nonsense"), query("SELECT 2"), query("END")),
    (query("BEGIN"), query("SELEC 2"), query(""), query("ROLLBACK")),
    (query("BEGIN"), query("SAVEPOINT s"), query("ROLLBACK TO s"), query("COMMIT")),
    (query("BEGIN"), query("ROLLBACK TO s"), query("ROLLBACK")),
    (
        query("BEGIN"),
        query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"),
        query("SHOW transaction_isolation"),
        query("ROLLBACK"),
    ),
    (
        query("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE"),
        query("SHOW transaction_isolation"),
        query("SHOW transaction_read_only"),
        query("SHOW transaction_deferrable"),
        query("CREATE TABLE refused ()"),
        query("ROLLBACK"),
    ),
    (query("BEGIN"), query("VACUUM"), query("ROLLBACK")),
    (query("BEGIN"), query("SELECT 2; SELECT 3"), query("COMMIT; SELECT 4")),
    (query("BEGIN") + query("SELECT 2") + query("COMMIT") + query("SELECT 3"),),
    (query("BEGIN") + query("SELECT 1/0") + query("SELECT 2") + query("ROLLBACK"),),
    (query("BEGIN"), parse("", "SELECT 2") + run_once(), parse("", "COMMIT") + run_once()),
    (query("BEGIN"), parse("", "SELECT $1::int") + bind("", "", [b"x"]) + sync(), query("END")),
    (query("BEGIN"), bind("", "nowhere") + sync(), query("SELECT 2"), query("COMMIT")),
    (parse("", "BEGIN") + bind() + execute() + parse("", "SELECT 2") + run_once(), query("END")),
    (query("BEGIN"), parse("", "SELECT 2") + describe("S") + flush() + run_once(), query("END")),
    (query("BEGIN"), query("DECLARE c CURSOR FOR SELECT 2"), query("FETCH c"), query("COMMIT")),
    (query("BEGIN"), query("COPY (SELECT 2) TO STDOUT"), query("COMMIT")),
    (query("BEGIN"), frame("F", b"\0\0\0\0" + b"\0" * 6), query("ROLLBACK")),
    (query("BEGIN"), query("LOCK nowhere"), query("COMMIT"), query("SELECT 2")),
]


@pytest.fixture
def held(pg, start):
    """held(**settings): a weir with one server, and a client who holds it in a transaction, and
    keeps asking it, which proves that it is there.
    """
    with contextlib.ExitStack() as leaving:

        def one(prove=True, first=lambda daemon: None, **settings):
            daemon = start(pg.unix_url(), **ONE_SERVER, **settings)
            first(daemon)
            holder = leaving.enter_context(raw_client(daemon.socket_path(), **LOGIN))
            holder.ask("BEGIN")
            holder.rows("SELECT 2")
            if prove:
                over = threading.Event()
                asking = threading.Thread(target=lambda: keep_asking(holder, over))
                asking.start()
                leaving.callback(lambda: (over.set(), asking.join()))
            return daemon

        yield one


def keep_asking(holder, over):
    while not over.wait(0.05):
        holder.rows("SELECT 2")


def readies(data):
    """How many ReadyForQuery these messages are owed."""
    count = 0
    while data:
        count += data[:1] in (b"Q", b"S", b"F")
        data = data[1 + struct.unpack_from("!i", data, 1)[0] :]
    return count


def exchange(client, steps):
    """All that is answered, but for what may come at any time."""
    heard = []
    for step in steps:
        client.send(step)
        for _ in range(readies(step)):
            heard += [
                (answer.kind, alike(answer)) for answer in client.until_ready() if answer.kind != "S"
            ]
    return heard


def alike(answer):
    """The body; of errors and notices what a program reads, since the rest names source lines."""
    if answer.kind not in "EN":
        return answer.body
    return {name: value for name, value in answer.fields().items() if name in "SVCMDHP"}


def direct(pg):
    path = os.path.join(pg.directory, f".s.PGSQL.{pg.port}")
    return raw_client(path, user="postgres", database="postgres")


def test_every_answer_is_postgresqls_own(pg, start):
    daemon = start(pg.unix_url(), **ONE_SERVER)
    for conversation in [PROBES, *TRANSACTIONS, *STATEMENTS]:
        with direct(pg) as model, raw_client(daemon.socket_path(), **LOGIN) as client:
            client.rows("SELECT 2")  # it works: from here on weir answers
            assert exchange(client, conversation) == exchange(model, conversation), conversation
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 2") == [["2"]]  # and the one server is free


def test_probes_are_answered_at_once_while_another_holds_the_only_server(held):
    daemon = held()
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        for probe in PROBES:
            for answers in exchange(client, [probe]):
                assert answers[0] != "E"
        assert daemon.metric("weir_pool_waiting") == 0
        client.send(query("SELECT 2"))  # to which there is no answer without a server
        assert client.is_silent(0.2)


def test_empty_transactions_are_answered_while_nothing_moves(held):
    daemon = held(prove=False)
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        time.sleep(1.2)  # nothing proves any more that the server is there
        for transaction in TRANSACTIONS[:-1]:
            exchange(client, transaction)
        client.send(query("SELECT 1"))
        assert client.is_silent(0.2)


def test_drivers_probe_and_begin_and_end_without_a_server(held):
    async def once(daemon):  # what it asks for at the start has been tried on the server before
        await (await asyncpg.connect(daemon.url())).close()

    daemon = held(first=lambda daemon: asyncio.run(once(daemon)))

    with contextlib.closing(psycopg2.connect(daemon.dsn())) as connection:
        for _ in range(3):
            connection.cursor().execute("SELECT 1")
            connection.rollback()
        connection.autocommit = True
        connection.cursor().execute("SELECT 1")

    with psycopg.connect(daemon.dsn()) as connection:
        with connection.transaction():
            pass
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.execute("")
        connection.rollback()
        connection.autocommit = True
        for _ in range(8):  # it prepares what it repeats
            assert connection.execute("SELECT 1", binary=True).fetchone() == (1,)

    async def with_asyncpg():
        connection = await asyncpg.connect(daemon.url())
        async with connection.transaction(isolation="serializable", readonly=True):
            pass
        with contextlib.suppress(KeyError):
            async with connection.transaction():
                assert await connection.fetchval("SELECT 1") == 1
                raise KeyError
        for _ in range(3):
            assert await connection.fetchval("SELECT 1") == 1
            assert await connection.fetch("SELECT 1") == [(1,)]
            assert await connection.fetchrow(";") is None  # SQLAlchemy's
        await connection.close()

    asyncio.run(with_asyncpg())


def test_sqlalchemy_pings_without_a_server(pg, start):
    daemon = start(pg.unix_url(), **ONE_SERVER)
    engine = sqlalchemy.create_engine(daemon.url("postgresql+psycopg2"), pool_pre_ping=True)
    with engine.connect() as connection:
        first = connection.connection.connection  # the driver's, after SQLAlchemy's own questions
    with raw_client(daemon.socket_path(), **LOGIN) as holder:
        holder.ask("BEGIN")
        holder.rows("SELECT 2")
        over = threading.Event()
        asking = threading.Thread(target=lambda: keep_asking(holder, over))
        asking.start()
        try:
            with engine.connect() as connection:
                assert connection.connection.connection is first
                with connection.begin():
                    pass
        finally:
            over.set()
            asking.join()
    engine.dispose()


def test_a_pool_that_is_down_answers_no_probe():
    with cluster(tcp=False) as own, weir(own.unix_url(), DB_POOL_TIMEOUT=1) as daemon:
        with raw_client(daemon.socket_path(), **LOGIN) as client:
            assert client.rows("SELECT 1") == [["1"]]
            own.stop("immediate")
            while daemon.metric("weir_pool_connections", state="idle") > 0:
                time.sleep(0.02)
            for probe in (query("SELECT 1"), query(""), parse("", "SELECT 1") + run_once()):
                assert [answer[0] for answer in exchange(client, [probe])] == ["E", "Z"]
            # BEGIN takes nothing; its first statement hears of it, and the transaction has failed.
            assert client.ask("BEGIN")[-1].body == b"T"
            refused = client.ask("SELECT 2")
            assert kinds(refused) == "EZ" and refused[-1].body == b"E"
            assert sqlstates(client.ask("SELECT 2")) == ["25P02"]
            ended = client.ask("COMMIT")
            assert [answer.tag() for answer in ended if answer.kind == "C"] == ["ROLLBACK"]
            assert ended[-1].body == b"I"
            own.start()
            while sqlstates(client.ask("SELECT 2")):
                pass
            assert client.rows("SELECT 1") == [["1"]]


def test_a_transaction_that_gets_no_server_has_failed_until_it_is_ended(held):
    daemon = held(prove=False, DB_POOL_TIMEOUT=1)
    with raw_client(daemon.socket_path(), **LOGIN) as simple:
        simple.ask("BEGIN")
        refused = simple.ask("SELECT 2")
        assert sqlstates(refused) == ["53300"] and refused[-1].body == b"E"
        assert sqlstates(simple.ask("SELECT 2")) == ["25P02"]
        simple.send(parse("", "SELECT 2") + run_once())
        refused = simple.until_ready()
        assert sqlstates(refused) == ["25P02"] and refused[-1].body == b"E"
        simple.send(parse("", "ROLLBACK") + run_once())
        assert kinds(simple.until_ready()) == "12nCZ"
    with psycopg.connect(daemon.dsn()) as connection:
        with pytest.raises(psycopg.errors.TooManyConnections):
            connection.execute("SELECT 2")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 2")
        connection.rollback()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_begin_that_the_server_refuses_is_the_error_of_its_first_statement():
    """A hot standby refuses SERIALIZABLE; nothing of the transaction may run outside it."""
    with cluster(tcp=False) as own:
        own.stop()
        own.write("data/standby.signal", "")
        own.start()
        with weir(own.unix_url(), **ONE_SERVER) as daemon:
            for first in (query("SELECT 2"), parse("", "SELECT 2") + run_once()):
                for rest in (b"", query("SELECT 3")):
                    with raw_client(daemon.socket_path(), **LOGIN) as client:
                        assert kinds(client.ask("BEGIN ISOLATION LEVEL SERIALIZABLE")) == "CZ"
                        client.send(first + rest)
                        refused = client.until_ready()
                        assert sqlstates(refused) == ["0A000"] and refused[-1].body == b"E"
                        if rest:
                            assert sqlstates(client.until_ready()) == ["25P02"]
                        assert sqlstates(client.ask("SELECT 3")) == ["25P02"]
                        assert client.ask("ROLLBACK")[-1].body == b"I"
                        assert client.rows("SHOW transaction_isolation") == [["read committed"]]


@pytest.mark.parametrize("words", [query("INSERT INTO left_behind VALUES (1)"), b""])
def test_a_client_that_vanishes_leaves_nothing_behind(pg, start, words):
    pg.psql("DROP TABLE IF EXISTS left_behind; CREATE TABLE left_behind (i int)")
    daemon = start(pg.unix_url(), **ONE_SERVER)
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.send(query("BEGIN") + words)
        for _ in range(readies(query("BEGIN") + words)):
            client.until_ready()
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT count(*) FROM left_behind") == [["0"]]


def test_a_client_that_sends_all_at_once_and_closes_its_half_is_answered(pg, start):
    pg.psql("DROP TABLE IF EXISTS halves; CREATE TABLE halves (i int)")
    daemon = start(pg.unix_url(), **ONE_SERVER)
    words = query("BEGIN") + query("INSERT INTO halves VALUES (1)") + query("COMMIT")
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.send(words)
        client.socket.shutdown(socket.SHUT_WR)
        assert kinds(client.hears_the_end()) == "CZ" * 3
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT count(*) FROM halves") == [["1"]]


def test_a_waiter_that_closes_its_half_is_answered(pg, start):
    daemon = start(pg.unix_url(), **ONE_SERVER)
    with raw_client(daemon.socket_path(), **LOGIN) as holder:
        holder.ask("BEGIN")
        holder.rows("SELECT 2")
        with raw_client(daemon.socket_path(), **LOGIN) as waiter:
            waiter.send(query("SELECT 3"))
            while daemon.metric("weir_pool_waiting") != 1:
                time.sleep(0.02)
            waiter.socket.shutdown(socket.SHUT_WR)
            assert waiter.is_silent(0.1)
            holder.ask("COMMIT")
            assert kinds(waiter.hears_the_end()) == "TDCZ"


def test_both_can_be_switched_off(pg, start):
    pool = {"size": 1, "max_overflow": 0, "timeout": "1s"}
    off = {**pool, "free_answers": False, "hold_back_begin": False}
    daemon = start(config={"backends": {"main": {"url": pg.unix_url(), "pool": off}}})
    login = {**LOGIN, "database": "main"}
    with raw_client(daemon.socket_path(), **login) as holder:
        holder.ask("BEGIN")  # takes the server
        with raw_client(daemon.socket_path(), **login) as client:
            assert sqlstates(client.ask("SELECT 1")) == ["53300"]
            assert sqlstates(client.ask("BEGIN")) == ["53300"]


def test_the_file_backend_is_no_different(start, scratch):
    daemon = start(f"sqlite:///{scratch}/file.db", **ONE_SERVER)
    with raw_client(daemon.socket_path(), user="tester", database="file") as client:
        client.ask("CREATE TABLE t (i int)")
        for end, count in (("ROLLBACK", "0"), ("COMMIT", "1")):
            assert client.ask("BEGIN")[-1].body == b"T"
            assert kinds(client.ask("INSERT INTO t VALUES (1)")) == "CZ"
            assert client.ask(end)[-1].body == b"I"
            assert client.rows("SELECT count(*) FROM t") == [[count]]
        client.ask("BEGIN READ ONLY")
        client.send(parse("", "INSERT INTO t VALUES (2)") + bind() + execute() + sync())
        refused = client.until_ready()
        assert sqlstates(refused) == ["25006"] and refused[-1].body == b"E"
        assert client.ask("ROLLBACK")[-1].body == b"I"
        assert client.rows("SELECT 1") == [["1"]]
