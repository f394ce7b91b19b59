"""Clients that mean harm, or do it: whatever they send, wherever they stop, they are answered or
cut off, they leave nothing behind, and 50 others beside them notice nothing.
"""

import contextlib
import os
import resource
import select
import socket
import struct
import threading
import time

import pytest

from bank import TOTAL, bank
from patience import wait_for
from raw_client import (
    CANCEL_REQUEST,
    PROTOCOL_3_0,
    bind,
    cancel,
    close,
    copy_data,
    copy_done,
    copy_fail,
    describe,
    execute,
    flush,
    frame,
    kinds,
    parse,
    query,
    raw_client,
    request,
    sqlstates,
    startup,
    sync,
    terminate,
)
from weir import weir

LOGIN = dict(user="tester", database="postgres")
CUSTOMERS = 50
SILENT = 2000
GROWTH_KB = 40_000  # of the memory that weir fills: room for an allocator, not for a leak


@pytest.fixture(scope="module")
def daemon(pg):
    """One weir for all of them: harm adds up. A sanitizer keeps less of what was freed, so that
    memory means the same in both builds.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= 2 * SILENT, f"these tests need `ulimit -Hn` of {2 * SILENT}, it is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pg.psql("CREATE TABLE never (i int); CREATE TABLE copied (i int)")
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"
    config = {"client_login_timeout": "20s"}
    with weir(
        pg.unix_url(), config=config, DB_POOL_SIZE=4, DB_MAX_OVERFLOW=0, ASAN_OPTIONS=sanitizer
    ) as running:
        yield running
        assert pg.psql("SELECT count(*) FROM never") == "0", "a cut statement was run"


@pytest.fixture(scope="module")
def town(pg, daemon):
    """The 50, at work from the first test to the last."""
    with bank(pg, daemon.socket_path(), processes=5, clients=CUSTOMERS // 5) as customers:
        assert customers.is_working()
        yield customers
    assert customers.complaints == []
    assert customers.total() == TOTAL
    wait_for(lambda: daemon.metric("weir_client_connections") == 0)
    wait_for(lambda: daemon.metric("weir_pool_connections", state="active") == 0)
    assert daemon.metric("weir_pool_connections", state="idle") == 4
    assert pg.psql(f"SELECT count(*) FROM ({OTHER_SERVERS}) s WHERE state <> 'idle'") == "0"


OTHER_SERVERS = "SELECT state FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@pytest.fixture(autouse=True)
def nobody_else_notices(daemon, town):
    """After each test: all others get on, weir holds no client but them, and no more memory."""
    before = daemon.resident_kb()
    yield
    assert town.is_working()
    wait_for(lambda: daemon.metric("weir_client_connections") == CUSTOMERS)
    assert daemon.resident_kb() < before + GROWTH_KB


@pytest.fixture
def come(daemon):
    """come() is a client that has logged in, come(None) one that has not; closed with the test."""
    with contextlib.ExitStack() as opened:
        yield lambda login=LOGIN: opened.enter_context(
            raw_client(daemon.socket_path(), **(login or {}))
        )


def say(client, words):
    """Sends what the other side may already not want to hear."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        client.send(words)


def is_turned_away(client):
    """The end comes, and the errors before it, if any, are FATAL and have an SQLSTATE."""
    errors = [answer.fields() for answer in client.hears_the_end() if answer.kind == "E"]
    return all(error["S"] == "FATAL" and len(error["C"]) == 5 for error in errors)


# -- messages that end too early

INSERT = "INSERT INTO never VALUES (1)"
ONCE = parse("", INSERT) + bind() + execute()

# What has been said and answered before, and the message that is cut. Nothing that is cut here has
# an effect, or else `never` has a row in the end.
MESSAGES = {
    "startup": (None, startup(**LOGIN)),
    "encryption": (None, request((1234 << 16) | 5679)),
    "cancel": (None, cancel(1, b"abcd")),
    "query": (b"", query(INSERT)),
    "parse": (b"", parse("", INSERT)),
    "bind": (parse("", INSERT), bind("", "", [b"value"])),
    "describe": (parse("", INSERT), describe("S")),
    "execute": (parse("", INSERT) + bind(), execute()),
    "close": (parse("name", INSERT), close("S", "name")),
    "sync": (ONCE, sync()),
    "flush": (ONCE, flush()),
    "function call": (b"", frame("F", struct.pack("!ihhh", 177, 0, 0, 0))),
    "copy data": (query("COPY never FROM STDIN"), copy_data(b"1\n")),
    "copy done": (query("COPY never FROM STDIN") + copy_data(b"1\n"), copy_done()),
    "copy fail": (query("COPY never FROM STDIN") + copy_data(b"1\n"), copy_fail("no")),
    "password": (b"", frame("p", b"secret\0")),
    "terminate": (query("BEGIN") + query(INSERT), terminate()),
}


@pytest.mark.parametrize("what", MESSAGES)
def test_a_message_may_end_at_any_byte(daemon, come, what):
    before, message = MESSAGES[what]
    for cut in range(len(message)):
        with raw_client(daemon.socket_path(), **(LOGIN if before is not None else {})) as client:
            client.send((before or b"") + message[:cut])
            if cut % 2:
                continue  # it is gone, with whatever has been answered unread
            client.socket.shutdown(socket.SHUT_WR)
            client.hears_the_end()
    assert come().rows("SELECT 'served'") == [["served"]]


def test_every_message_may_come_one_byte_at_a_time(come):
    client = come(None)
    script = (
        startup(**LOGIN)
        + query("SELECT 'simple'")
        + parse("name", "SELECT $1::text")
        + describe("S", "name")
        + flush()
        + bind("portal", "name", [b"bound"])
        + describe("P", "portal")
        + execute("portal")
        + close("P", "portal")
        + close("S", "name")
        + sync()
        + query("COPY copied FROM STDIN")
        + copy_data(b"1\n")
        + copy_fail("changed my mind")
        + terminate()
    )
    for byte in script:
        client.send(bytes([byte]))
    answers = client.hears_the_end()
    assert kinds(answers) == "RKZ" + "TDCZ" + "1tT2TDC33Z" + "GEZ"
    assert sqlstates(answers) == ["57014"]


@pytest.mark.parametrize("length", [-(2**31), -1, 0, 1, 3, 2**30 + 4, 2**31 - 1])
def test_a_length_that_cannot_be_ends_the_connection(come, length):
    for kind in "QPBDECSHFdcfX":
        client = come()
        say(client, kind.encode() + struct.pack("!i", length) + b"some of it")
        answers = client.hears_the_end()
        assert sqlstates(answers) == ["08P01"], kind
        assert answers[-1].fields()["S"] == "FATAL"


def test_a_gigabyte_that_is_announced_and_does_not_come_costs_no_memory(daemon, come):
    before = daemon.resident_kb()
    for kind in "QPBdF" * 10:
        client = come()
        client.send(kind.encode() + struct.pack("!i", 2**30 - 1) + bytes(4000))
    assert daemon.resident_kb() < before + GROWTH_KB
    assert come().rows("SELECT 'served'") == [["served"]]


KNOWN = set(b"QPBDECSHFXdcfp")


def test_messages_of_unknown_types_end_the_connection(come):
    for kind in sorted(set(range(256)) - KNOWN):
        client = come()
        client.send(bytes([kind]) + struct.pack("!i", 8) + b"body")
        answers = client.hears_the_end()
        assert sqlstates(answers) == ["08P01"], kind
        client.socket.close()


# -- messages that are whole and wrong

PARSED = parse("", "SELECT $1::text")

MALFORMED = {
    "Query without a NUL": frame("Q", b"SELECT 1"),
    "Query with more behind its NUL": frame("Q", b"SELECT 1\0SELECT 2\0"),
    "Query without anything": frame("Q"),
    "Parse without a NUL": frame("P", b"name"),
    "Parse without its counts": frame("P", b"\0SELECT 1\0"),
    "Parse with fewer types than it says": frame("P", b"\0SELECT 1\0" + struct.pack("!hi", 9, 25)),
    "Parse with a negative count": frame("P", b"\0SELECT 1\0" + struct.pack("!h", -1)),
    "Bind without anything": frame("B"),
    "Bind with a length beyond its end": PARSED
    + frame("B", b"\0\0" + struct.pack("!hhi", 0, 1, 2**31 - 1)),
    "Bind with a negative count": PARSED + frame("B", b"\0\0" + struct.pack("!hh", 0, -1)),
    "Bind with 65535 formats": PARSED + frame("B", b"\0\0" + struct.pack("!H", 65535)),
    "Bind to a name that does not exist": bind("", "nobody"),
    "Describe of something else": describe("Z", "name"),
    "Describe without anything": frame("D"),
    "Describe of a name that does not exist": describe("S", "nobody"),
    "Execute of a portal that does not exist": execute("nobody"),
    "Execute without its limit": frame("E", b"\0"),
    "Close of something else": close("Z", "name"),
    "Close without anything": frame("C"),
    "a function call without anything": frame("F"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_message_is_refused_with_its_sqlstate(come, what):
    """As PostgreSQL does: an ERROR, and the client goes on after its Sync. A closed connection is
    fair as well, if FATAL has been said.
    """
    client = come()
    for _ in range(3):
        client.send(MALFORMED[what] + (b"" if what.startswith(("Query", "a func")) else sync()))
        answers = [client.read()]
        while answers[-1].kind not in "ZE":
            answers.append(client.read())
        (state,) = sqlstates(answers)
        assert state in ("08P01", "22P03", "26000", "34000", "42P02"), answers
        assert what.endswith("that does not exist") == (state in ("26000", "34000"))
        if answers[-1].fields()["S"] == "FATAL":
            assert client.hears_the_end() == []
            return
        assert client.until_ready()[-1].body == b"I"
    assert client.rows("SELECT 'on'") == [["on"]]


def test_terminate_in_the_middle_of_copy_ends_the_copy(pg, come):
    for _ in range(10):
        client = come()
        client.send(query("COPY copied FROM STDIN"))
        client.until("G")
        client.send(copy_data(b"1\n") * 100 + terminate())
        client.hears_the_end()
    assert come().rows("SELECT count(*) FROM copied") == [["0"]]


def test_any_message_in_the_middle_of_copy_is_survived(come):
    """PostgreSQL is lost after a message of another type in COPY: the server is, too, and no more."""
    for words in (query("SELECT 1"), parse("", "SELECT 1"), bind(), execute(), describe("S"), close("S", "")):  # fmt: skip
        client = come()
        client.send(query("COPY copied FROM STDIN"))
        client.until("G")
        say(client, copy_data(b"1\n") + words + sync() + copy_done() + sync())
        client.socket.shutdown(socket.SHUT_WR)
        answers = client.hears_the_end()
        assert any(state in ("08P01", "57014", "08006") for state in sqlstates(answers)), answers
        assert come().rows("SELECT count(*) FROM copied") == [["0"]]


# -- connections that never speak, and those that say too much


def test_2000_connections_that_never_speak_keep_nobody_out(pg, start):
    daemon = start(pg.unix_url(), config={"client_login_timeout": "3s"}, DB_POOL_SIZE=2)
    silent = []
    for _ in range(SILENT):
        one = socket.socket(socket.AF_UNIX)
        one.connect(daemon.socket_path())
        silent.append(one)
    for _ in range(20):
        with raw_client(daemon.socket_path(), **LOGIN) as client:
            assert client.rows("SELECT 'in'") == [["in"]]
    for one in silent:
        one.settimeout(60)
        assert heard_to_the_end(one)[:1] in (b"", b"E")
        one.close()
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 'still in'") == [["still in"]]
        wait_for(lambda: daemon.metric("weir_client_connections") == 1)


def heard_to_the_end(one):
    heard = b""
    with contextlib.suppress(ConnectionResetError):
        while data := one.recv(4096):
            heard += data
    return heard


STARTUP_LIMIT = 10_000


@pytest.mark.parametrize("size", [STARTUP_LIMIT - 1, STARTUP_LIMIT])
def test_a_startup_packet_may_have_10_kilobytes(come, size):
    client = come(None)
    name = "options"
    empty = len(startup(**LOGIN, **{name: ""}))
    client.send(startup(**LOGIN, **{name: " " * (size - empty)}))
    assert kinds(client.until_ready()) == "RKZ"


@pytest.mark.parametrize("size", [STARTUP_LIMIT + 1, 65_536, 10_000_000, 2**31 - 1])
def test_a_larger_startup_packet_is_turned_away_at_once(come, size):
    client = come(None)
    packet = struct.pack("!ii", size, PROTOCOL_3_0) + b"user\0"
    say(client, packet + b"x" * min(size - len(packet), 1_000_000))
    assert is_turned_away(client)


def test_a_thousand_startup_parameters_are_survived(daemon, come):
    client = come(None)
    extra = {f"app.p{number}": "" for number in range(700)}
    client.send(startup(**LOGIN, **extra))
    client.hears_the_end() if client.read().kind == "E" else client.until_ready()
    assert come().rows("SELECT 'served'") == [["served"]]


# -- connections that are reset

BIG = "SELECT repeat('x', 1000) FROM generate_series(1, 20000)"

# Each step's last words are answered, and the client closes without having read the answer: on a
# Unix socket that is what the other side sees as a reset.
STEPS = {
    "logged in": b"",
    "a row": query("SELECT 1"),
    "an error": query("SELECT 1/0"),
    "in a transaction": query("BEGIN") + query("SELECT 1"),
    "in a failed transaction": query("BEGIN") + query("SELECT 1/0"),
    "more than fits": query(BIG),
    "more than fits, in a transaction": query("BEGIN") + query(BIG),
    "parsed": parse("name", "SELECT 1") + flush(),
    "described": parse("", "SELECT 1") + describe("S") + flush(),
    "executed without a sync": parse("", INSERT) + bind() + execute() + flush(),
    "a portal half read": parse("", BIG) + bind() + execute(rows=5) + flush(),
    "copy in": query("COPY copied FROM STDIN"),
    "copy in with data": query("COPY copied FROM STDIN") + copy_data(b"1\n" * 10_000),
    "copy in refused": query("COPY copied FROM STDIN") + copy_data(b"no number\n"),
    "copy out": query(f"COPY ({BIG}) TO STDOUT"),
    "half a message": query("SELECT 1") + query(INSERT)[:9],
    "a pipeline": query("SELECT 1") * 500,
}


@pytest.mark.parametrize("what", STEPS)
def test_a_connection_may_be_reset_at_any_step(daemon, come, what):
    for _ in range(8):
        client = raw_client(daemon.socket_path())
        client.send(startup(**LOGIN) + STEPS[what])
        assert select.select([client.socket], [], [], 30)[0], "no answer at all"
        time.sleep(0.002)  # so that some of it arrives, and some is on its way
        client.socket.close()
    other = come()
    assert other.rows("SELECT 'served'") == [["served"]]
    assert other.rows("SELECT count(*) FROM copied") == [["0"]]


def test_connections_may_be_reset_while_they_wait_for_a_server(daemon, come):
    holders = [come() for _ in range(4)]
    for holder in holders:
        holder.ask("BEGIN")
        holder.rows("SELECT 'held'")
    for _ in range(50):
        waiter = raw_client(daemon.socket_path())
        waiter.send(startup(**LOGIN) + query(INSERT))
        waiter.until_ready()
        waiter.socket.close()
    for holder in holders:
        holder.ask("COMMIT")
    assert come().rows("SELECT count(*) FROM never") == [["0"]]


# -- cancel requests


def test_a_flood_of_cancel_requests_with_wrong_keys_hits_nobody(daemon, come):
    victim = come()
    victim.send(query("SELECT pg_sleep(1), 'undisturbed'"))
    pid, secret = victim.key
    wrong = bytes(byte ^ 1 for byte in secret)

    def flood():
        for turn in range(100):
            with raw_client(daemon.socket_path()) as messenger:
                key = [(pid, wrong), (pid + turn + 1, secret), (0, b"\0\0\0\0")][turn % 3]
                messenger.send(cancel(*key))
                assert messenger.hears_the_end() == []

    floods = [threading.Thread(target=flood) for _ in range(5)]
    for each in floods:
        each.start()
    answers = victim.until_ready()
    for each in floods:
        each.join()
    assert sqlstates(answers) == [] and answers[1].values()[1] == "undisturbed"


def test_a_flood_of_cancels_for_one_query_ends_that_query_alone(daemon, come):
    victim = come()
    victim.send(query("SELECT pg_sleep(60)"))
    messengers = [come(None) for _ in range(100)]
    for messenger in messengers:
        messenger.send(cancel(*victim.key))
    assert sqlstates(victim.until_ready()) == ["57014"]
    for messenger in messengers:
        messenger.hears_the_end()
    assert victim.rows("SELECT 'on'") == [["on"]]


@pytest.mark.parametrize("size", [8, 9, 12, 15, 17, 20, 300, 9000])
def test_a_cancel_request_of_another_size_hits_nobody(come, size):
    victim, messenger = come(), come(None)
    victim.send(query("SELECT pg_sleep(0.2), 'undisturbed'"))
    pid, secret = victim.key
    packet = struct.pack("!iii", size, CANCEL_REQUEST, pid) + secret + bytes(9000)
    say(messenger, packet[:size])
    assert is_turned_away(messenger)
    assert sqlstates(victim.until_ready()) == []
