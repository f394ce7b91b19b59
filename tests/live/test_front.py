"""The front door: what happens before a client is logged in, and who is turned away with which
words.
"""

import os
import struct

import pytest

from raw_client import (
    GSSENC_REQUEST,
    PROTOCOL_3_0,
    SSL_REQUEST,
    cancel,
    closed,
    kinds,
    query,
    raw_client,
    request,
    sqlstates,
    startup,
)

LOGIN = dict(user="tester", database="postgres")


@pytest.fixture
def daemon(pg, start):
    return start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)


@pytest.fixture
def stranger(daemon):
    """A connection that has not said anything yet."""
    with raw_client(daemon.socket_path()) as client:
        yield client


# -- encryption is declined


@pytest.mark.parametrize(
    "codes",
    [[SSL_REQUEST], [GSSENC_REQUEST], [SSL_REQUEST, GSSENC_REQUEST], [GSSENC_REQUEST, SSL_REQUEST]],
)
def test_encryption_is_declined_and_the_login_goes_on(stranger, codes):
    for code in codes:
        stranger.send(request(code))
        assert stranger.read_bytes(1) == b"N"
    stranger.login(**LOGIN)
    assert stranger.rows("SELECT 'in'") == [["in"]]


def test_nobody_can_ask_for_encryption_for_ever(stranger):
    for _ in range(1000):
        stranger.send(request(SSL_REQUEST))
        if stranger.read_bytes(1) != b"N":
            return
    pytest.fail("it was declined a thousand times, and could have gone on")


# -- versions


@pytest.mark.parametrize(
    "version, extras, declined",
    [
        ((3 << 16) | 2, {}, []),
        ((3 << 16) | 3999, {}, []),
        ((3 << 16) | 9999, {}, []),
        (PROTOCOL_3_0, {"_pq_.unheard_of": "1"}, ["_pq_.unheard_of"]),
        ((3 << 16) | 2, {"_pq_.one": "1", "_pq_.two": "x"}, ["_pq_.one", "_pq_.two"]),
    ],
)
def test_a_newer_protocol_is_negotiated_down_once(stranger, version, extras, declined):
    stranger.send(startup(version, **LOGIN, **extras))
    answers = stranger.until_ready()
    negotiations = [answer.body for answer in answers if answer.kind == "v"]
    assert len(negotiations) == 1 and kinds(answers).startswith("v")
    newest, count = struct.unpack_from("!ii", negotiations[0])
    assert (newest, count) == (PROTOCOL_3_0, len(declined))
    assert sorted(negotiations[0][8:].decode().split("\0")[:-1]) == declined
    assert stranger.rows("SELECT 'in'") == [["in"]]


def test_protocol_3_0_is_not_negotiated(stranger):
    stranger.send(startup(**LOGIN))
    assert "v" not in kinds(stranger.until_ready())


@pytest.mark.parametrize("version", [1 << 16, 2 << 16, 4 << 16])
def test_another_major_version_is_refused(stranger, version):
    stranger.send(startup(version, **LOGIN))
    answers = stranger.hears_the_end()
    assert [answer.fields()["S"] for answer in answers] == ["FATAL"]


# -- what is no startup packet

GARBAGE = {
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: weir\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(512),
    "an SSH greeting": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a negative length": struct.pack("!ii", -1, PROTOCOL_3_0),
    "a length of 0": struct.pack("!ii", 0, PROTOCOL_3_0),
    "a length of 4": struct.pack("!i", 4),
    "a length of 7": struct.pack("!i", 7) + b"abc",
    "a packet that is too large": struct.pack("!ii", 1_000_000, PROTOCOL_3_0) + b"user\0",
    "no end of the parameters": struct.pack("!ii", 13, PROTOCOL_3_0) + b"user\0",
    "a name without a value": struct.pack("!ii", 8 + 20, PROTOCOL_3_0) + b"user\0tester\0options\0",
    "no parameters at all": struct.pack("!ii", 8, PROTOCOL_3_0),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_turned_away_at_once(daemon, stranger, what):
    """At once: hears_the_end has less patience than the login timeout has."""
    stranger.send(GARBAGE[what])
    assert all(answer.kind == "E" for answer in stranger.hears_the_end())
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 'unharmed'") == [["unharmed"]]


def test_a_startup_packet_may_come_one_byte_at_a_time(stranger):
    for byte in request(SSL_REQUEST):
        stranger.send(bytes([byte]))
    assert stranger.read_bytes(1) == b"N"
    for byte in startup(**LOGIN):
        stranger.send(bytes([byte]))
    assert kinds(stranger.until_ready()) == "RKZ"


def test_a_query_may_follow_the_startup_packet_in_one_write(stranger):
    stranger.send(startup(**LOGIN) + query("SELECT 'eager'"))
    stranger.until_ready()
    assert [answer.values() for answer in stranger.until_ready() if answer.kind == "D"] == [
        ["eager"]
    ]


# -- who is refused


def test_an_unknown_database_is_refused_with_the_names_there_are(stranger):
    stranger.send(startup(user="tester", database="nowhere"))
    refused = stranger.hears_the_end()
    assert sqlstates(refused) == ["3D000"]
    words = " ".join(refused[-1].fields().values())
    assert "nowhere" in words and "postgres" in words


def test_the_database_is_the_users_name_when_none_is_given(stranger):
    stranger.send(startup(user="postgres"))
    assert kinds(stranger.until_ready()) == "RKZ"


def test_a_silent_connection_is_closed_while_others_log_in(pg, start):
    daemon = start(pg.unix_url(), config={"client_login_timeout": "1s"})
    silent = [raw_client(daemon.socket_path()) for _ in range(50)]
    half = raw_client(daemon.socket_path())
    half.send(startup(**LOGIN)[:10])
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 'in'") == [["in"]]
        for each in [*silent, half]:
            assert all(answer.kind == "E" for answer in each.hears_the_end())
        assert client.rows("SELECT 'still in'") == [["still in"]]


def test_a_client_too_many_gets_53300_and_a_place_when_one_is_free(pg, start):
    daemon = start(pg.unix_url(), config={"max_client_conn": 3})
    first, *_ = admitted = [raw_client(daemon.socket_path(), **LOGIN) for _ in range(3)]
    with raw_client(daemon.socket_path()) as refused:
        refused.send(startup(**LOGIN))
        answers = refused.hears_the_end()
        assert sqlstates(answers) == ["53300"] and answers[-1].fields()["S"] == "FATAL"
    assert [client.rows("SELECT 1") for client in admitted] == [[["1"]]] * 3
    first.socket.close()
    for _ in range(1000):  # weir may take a moment to notice
        try:
            with raw_client(daemon.socket_path(), **LOGIN) as late:
                assert late.rows("SELECT 'at last'") == [["at last"]]
            return
        except closed as refusal:
            assert "53300" in str(refusal)
    pytest.fail("the place was not given back")


# -- who is who


def test_every_client_has_a_key_of_its_own(daemon):
    keys = set()
    for _ in range(50):
        with raw_client(daemon.socket_path(), **LOGIN) as client:
            keys.add(client.key)
    assert len(keys) == 50


@pytest.mark.parametrize("key", [(0, b"\0\0\0\0"), (2**31 - 1, b"\xff\xff\xff\xff")])
def test_a_cancel_request_with_a_wrong_key_is_closed_in_silence(daemon, stranger, key):
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.send(query("SELECT pg_sleep(0.5), 'undisturbed'"))
        stranger.send(cancel(*key))
        assert stranger.hears_the_end() == []
        assert client.until_ready()[1].values()[1] == "undisturbed"


def test_the_log_names_the_peer_by_its_process(pg, start):
    daemon = start(pg.unix_url(), config={"log": {"level": "debug"}})
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.rows("SELECT 1")
    assert str(os.getpid()) in daemon.log()
