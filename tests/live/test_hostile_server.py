"""Servers that mean harm, or do it: their clients are answered or cut off, the next ones are
served, and those of other backends notice nothing.
"""

import contextlib
import os
import struct
import threading
import time

import pytest

from hostile_server import (
    ANSWER,
    AUTHENTICATED,
    COMPLETE,
    DESCRIPTION,
    KEY,
    LOGIN,
    PARAMETERS,
    READY,
    ROW,
    WORD,
    error,
    hostile_servers,
    parameter,
)
from patience import wait_for
from raw_client import closed, frame, message, query, raw_client, startup, terminate, text
from weir import weir

QUESTION = "SELECT word FROM fake"
GROWTH_KB = 60_000
MEGABYTE = bytes(1_000_000)


def answering(words, farewell=False):
    """A server that has let weir in, and answers its first query like this."""

    def misbehave(link):
        link.send(LOGIN)
        link.read_query()
        link.send(words)
        if not farewell:
            link.behave()

    return misbehave


def greeting(words, farewell=False):
    """A server that answers the startup packet like this."""

    def misbehave(link):
        link.send(words)
        if not farewell:
            link.behave()

    return misbehave


def announced(kind, size=2**30 - 1, sent=b""):
    """A message of a gigabyte, and what comes of it."""
    return kind.encode() + struct.pack("!i", size) + sent


def flood(count):
    return b"".join(parameter(f"flood.p{number}", "x" * 100) for number in range(count))


# What becomes of the query that was asked meanwhile: it is `served`, as if nothing had been wrong;
# its client is `cut` off, with an error before it where there is room for one; or it is answered
# with an `error` and the client stays; or `either`, where it depends on what weir sees first.
MISBEHAVIOURS = {
    # While weir logs in: it tries again, and the client need not know.
    "garbage after login": (greeting(LOGIN + b"\xde\xad\xbe\xef" * 100), "either"),
    "words after login": (greeting(LOGIN + b"HTTP/1.1 400 Bad Request\r\n\r\n"), "either"),
    "half a message after login": (greeting(LOGIN + ROW[:7], farewell=True), "either"),
    "ready twice after login": (greeting(LOGIN + READY), "either"),
    "garbage instead of a login": (greeting(b"\xde\xad\xbe\xef" * 100), "served"),
    "words instead of a login": (greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n", True), "served"),
    "a login that ends in a transaction": (greeting(LOGIN[:-1] + b"T"), "served"),
    "a login that ends in an unknown state": (greeting(LOGIN[:-1] + b"X"), "served"),
    "a login without a key": (greeting(AUTHENTICATED + PARAMETERS + READY), "served"),
    "a login with a flood of parameters": (
        greeting(AUTHENTICATED + PARAMETERS + flood(20_000) + KEY + READY),
        "served",
    ),
    "a login of a gigabyte": (greeting(announced("R", sent=MEGABYTE), True), "served"),
    "parameters of a gigabyte": (
        greeting(AUTHENTICATED + announced("S", sent=MEGABYTE * 20), True),
        "served",
    ),
    "a refusal without an SQLSTATE": (greeting(error("FATAL", M="no"), True), "served"),
    "a refusal without anything": (greeting(frame("E", b"\0"), True), "served"),
    "a password method that nobody knows": (greeting(frame("R", struct.pack("!i", 99))), "served"),
    "a password is wanted": (greeting(frame("R", struct.pack("!i", 3))), "served"),
    "silence instead of a login": (lambda link: link.read(), "served"),
    # While a query is answered.
    "garbage": (answering(b"\xde\xad\xbe\xef" * 100), "cut"),
    "words": (answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", True), "cut"),
    "half a message": (answering(DESCRIPTION[:7], True), "cut"),
    "half an answer": (answering(DESCRIPTION + ROW, True), "cut"),
    "nothing": (answering(b"", True), "cut"),
    "a length of 0": (answering(DESCRIPTION + b"D" + struct.pack("!i", 0)), "cut"),
    "a negative length": (answering(DESCRIPTION + b"D" + struct.pack("!i", -1)), "cut"),
    "a length of 2 GB": (answering(DESCRIPTION + announced("D", 2**31 - 1)), "cut"),
    "a row of a gigabyte": (answering(DESCRIPTION + announced("D", sent=MEGABYTE), True), "cut"),
    "a tag of a gigabyte": (answering(announced("C", sent=MEGABYTE * 20), True), "cut"),
    "an error of a gigabyte": (answering(announced("E", sent=MEGABYTE * 20), True), "cut"),
    "a notice of a gigabyte": (answering(announced("N", sent=MEGABYTE * 20), True), "cut"),
    "a parameter of a gigabyte": (answering(announced("S", sent=MEGABYTE * 20), True), "cut"),
    "a readiness of a gigabyte": (answering(announced("Z", sent=MEGABYTE)), "cut"),
    "an unknown state": (answering(ANSWER[:-1] + b"X"), "cut"),
    "readiness without a state": (answering(ANSWER[:-6] + frame("Z")), "cut"),
    "readiness with two states": (answering(ANSWER[:-6] + frame("Z", b"IT")), "cut"),
    "an unknown type": (answering(frame("?", b"what")), "cut"),
    "authentication again": (answering(AUTHENTICATED), "cut"),
    "an error without an SQLSTATE": (answering(error(M="no") + READY), "error"),
    "an error without anything": (answering(frame("E", b"\0") + READY), "error"),
    "an error that does not end": (answering(frame("E", b"Mno") + READY), "error"),
    "a flood of parameters": (answering(flood(20_000) + ANSWER), "served"),
    "a flood of one parameter": (answering(parameter("TimeZone", "UTC") * 50_000 + ANSWER), "served"),  # fmt: skip
    "parameters without a value": (answering(frame("S", b"TimeZone") + frame("S") + ANSWER), "either"),  # fmt: skip
    # When the answer is complete: its client has it.
    "ready twice": (answering(ANSWER + READY), "served"),
    "the answer twice": (answering(ANSWER + ANSWER), "served"),
    "garbage behind the answer": (answering(ANSWER + b"\xde\xad\xbe\xef" * 100), "served"),
    "half a message behind the answer": (answering(ANSWER + ROW[:3], True), "served"),
    "the end behind the answer": (answering(ANSWER, True), "served"),
    "a flood behind the answer": (answering(ANSWER + flood(20_000)), "served"),
    "an error behind the answer": (answering(ANSWER + error("FATAL", C="57P01", M="end"), True), "served"),  # fmt: skip
}


# The server is given back before it goes.
ENDING_LATE = {
    "half a message behind the answer",
    "the end behind the answer",
    "an error behind the answer",
}


@pytest.fixture(scope="module")
def daemon():
    """One weir, and for each of them a backend."""
    with hostile_servers() as servers:
        ways = {"good": greeting(LOGIN), **{name: way for name, (way, _) in MISBEHAVIOURS.items()}}
        backends = {
            label(name): {
                "url": servers.add(label(name), way) + "&connect_timeout=2",
                # A ping would take the first answer.
                "pool": {"size": 1, "max_overflow": 0, "pre_ping": False},
            }
            for name, way in ways.items()
        }
        servers.start()
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"
        with weir(config={"backends": backends}, ASAN_OPTIONS=sanitizer) as running:
            yield running


def label(name):
    return name.replace(" ", "_").lower()


def outcome(daemon, backend):
    """A client logs in and asks: what came of it."""
    with raw_client(daemon.socket_path()) as client:
        try:
            client.send(startup(user="tester", database=backend) + query(QUESTION))
            hear(client)
            answers = hear(client)
        except (closed, ConnectionError):
            return "cut"
        if any(answer.kind == "E" for answer in answers):
            return "error"
        assert [answer.values() for answer in answers if answer.kind == "D"] == [[WORD]]
        return "served"


@pytest.mark.parametrize("what", MISBEHAVIOURS)
def test_a_server_may_misbehave(daemon, what):
    before = daemon.resident_kb()
    _, expected = MISBEHAVIOURS[what]
    first = outcome(daemon, label(what))
    assert first == expected or expected == "either"
    if what in ENDING_LATE:  # whoever asks before weir can see it is cut off, as it has to be
        closes = {"backend": label(what), "reason": "error"}
        wait_for(lambda: daemon.metric("weir_pool_closes_total", **closes) > 0)
    for _ in range(3):
        assert outcome(daemon, label(what)) == "served"
    assert outcome(daemon, "good") == "served"
    assert daemon.resident_kb() < before + GROWTH_KB


def hear(client):
    """Up to ReadyForQuery; nothing in between is expected to make sense."""
    answers = [client.read()]
    while answers[-1].kind != "Z":
        answers.append(client.read())
    return answers


@pytest.mark.parametrize("answer", [b"", error(C="XX000", M="no") + READY], ids=["lost", "refuses"])
def test_what_was_set_is_not_forgotten_in_silence(answer):
    """The server cannot be asked what the client has SET: going on without it would be wrong."""

    def misbehave(link):
        link.send(LOGIN)
        link.read_query()
        link.send(frame("C", text("SET")) + READY)
        link.read_query()  # what has it set?
        link.send(answer)

    with hostile_servers() as servers:
        url = servers.add("forgetful", misbehave)
        servers.start()
        with weir(url, DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0) as daemon, raw_client(
            daemon.socket_path(), user="tester", database="forgetful"
        ) as client:
            client.send(query("SET search_path = elsewhere"))
            heard = []
            with pytest.raises((closed, ConnectionError)):
                while True:
                    heard.append(client.read())
            assert [each.kind for each in heard] == ["C", "Z", "E"]
            assert (heard[-1].fields()["S"], heard[-1].fields()["C"]) == ("FATAL", "08006")
            assert "search_path" in heard[-1].fields()["M"]
            wait_until_idle(daemon)


@pytest.mark.parametrize("words", [ANSWER, ANSWER + error("FATAL", C="57P01", M="end")])
def test_a_server_that_has_ended_behind_its_answer_goes_to_nobody(words):
    """Others wait for it, and weir hears of the answer and the end at once."""
    asked, answered = threading.Event(), threading.Event()
    stopped = threading.Event()

    def misbehave(link):
        link.send(LOGIN)
        link.read_query()
        asked.set()
        stopped.wait(60)
        link.send(words)
        link.socket.close()
        answered.set()

    with hostile_servers() as servers, contextlib.ExitStack() as opened:
        url = servers.add("brief", misbehave)
        servers.start()
        daemon = opened.enter_context(weir(url, DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0))
        clients = [
            opened.enter_context(raw_client(daemon.socket_path(), database="brief"))
            for _ in range(4)
        ]
        clients[0].send(query(QUESTION))
        assert asked.wait(60)
        for waiting, client in enumerate(clients[1:], 1):
            client.send(query(QUESTION))
            while daemon.metric("weir_pool_waiting") != waiting:
                time.sleep(0.01)
        with daemon.halted():
            stopped.set()
            assert answered.wait(60)
        for client in clients:
            assert client.until_ready()[1].values() == [WORD]
        assert daemon.metric("weir_pool_connects_total", result="ok") == 2


def test_a_server_may_leave_at_any_byte():
    """Of the login and the first answer. Each cut is a backend of its own, so that none waits for
    the patience that another one has used up.
    """
    script = LOGIN + ANSWER

    def cut_after(size):
        def misbehave(link):
            link.send(script[: min(size, len(LOGIN))])
            if size >= len(LOGIN):
                link.read_query()
                link.send(script[len(LOGIN) : size])

        return misbehave

    with hostile_servers() as servers:
        cuts = {f"cut{size}": size for size in range(len(script))}
        backends = {
            name: {"url": servers.add(name, cut_after(size)), "pool": {"size": 1, "max_overflow": 0}}
            for name, size in cuts.items()
        }
        servers.start()
        with weir(config={"backends": backends}) as daemon:
            for name, size in cuts.items():
                heard = all_that_is_heard(daemon, name)
                if size < len(LOGIN):
                    assert heard == ANSWER
                else:
                    assert_is_cut(heard, at=size - len(LOGIN))
            for name in cuts:
                assert outcome(daemon, name) == "served"
            wait_until_idle(daemon)


def all_that_is_heard(daemon, backend):
    """Behind the login, up to the end of the connection: as bytes, since they may end anywhere."""
    with raw_client(daemon.socket_path()) as client:
        client.send(startup(user="tester", database=backend) + query(QUESTION) + terminate())
        client.until_ready()
        heard = client.buffer
        while data := client.socket.recv(65536):
            heard += data
        return heard


def assert_is_cut(heard, at):
    """Up to the end of a message there is room for words; inside of one, what came has to do."""
    ends = [0]
    for size in (len(DESCRIPTION), len(ROW), len(COMPLETE)):
        ends.append(ends[-1] + size)
    whole = max(end for end in ends if end <= at)
    assert heard.startswith(ANSWER[:whole]), at
    rest = heard[whole:]
    if rest[:1] == b"E":
        fields = message("E", rest[5:]).fields()
        assert (fields["S"], fields["C"], len(rest)) == ("FATAL", "08006", rest_size(rest)), at
    else:
        assert at not in ends and ANSWER[whole:at].startswith(rest), at


def rest_size(words):
    return 1 + struct.unpack_from("!i", words, 1)[0]


def wait_until_idle(daemon):
    deadline = time.monotonic() + 30
    while daemon.metric("weir_pool_connections", state="active"):
        assert time.monotonic() < deadline, "servers that were lost are still held"
        time.sleep(0.01)
