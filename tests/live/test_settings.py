"""Settings belong to the client that made them: given at startup or SET, on one server that all
clients share.
"""

import time

import pytest

from raw_client import bind, execute, parse, query, raw_client, sqlstates, startup, sync

SHOWN = [
    "client_encoding",
    "DateStyle",
    "TimeZone",
    "IntervalStyle",
    "application_name",
    "standard_conforming_strings",
    "search_path",
    "statement_timeout",
    "work_mem",
    "extra_float_digits",
]
OTHERS = dict(
    client_encoding="LATIN1",
    DateStyle="German, DMY",
    TimeZone="Asia/Tokyo",
    IntervalStyle="iso_8601",
    application_name="the other",
    search_path="pg_catalog, public",
    options="-c statement_timeout=12345 -c work_mem=5MB --extra_float_digits=2",
)


def shown(client):
    return {name: client.rows(f"SHOW {name}")[0][0] for name in SHOWN}


def test_startup_settings_are_honoured_for_each_client_alone(connect):
    plain, other = connect(), connect(**OTHERS)
    ordinary = shown(plain)
    for _ in range(3):
        special = shown(other)
        assert special == {
            "client_encoding": "LATIN1",
            "DateStyle": "German, DMY",
            "TimeZone": "Asia/Tokyo",
            "IntervalStyle": "iso_8601",
            "application_name": "the other",
            "standard_conforming_strings": "on",
            "search_path": "pg_catalog, public",
            "statement_timeout": "12345ms",
            "work_mem": "5MB",
            "extra_float_digits": "2",
        }
        assert shown(plain) == ordinary
    assert ordinary["client_encoding"] == "UTF8" and ordinary["statement_timeout"] == "0"


def test_parameter_status_says_what_the_server_would_say(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    # An application_name is always given: without one, the server's own connection is called
    # weir's.
    for settings in (
        {"application_name": "a"},
        OTHERS,
        {"application_name": "b", "client_encoding": "'utf-8'"},
    ):
        with raw_client(
            f"{pg.directory}/.s.PGSQL.{pg.port}", database="postgres", user="postgres", **settings
        ) as client:
            direct = client.parameters
        with raw_client(
            daemon.socket_path(), database="postgres", user="postgres", **settings
        ) as client:
            through = client.parameters
        assert {name: through.get(name) for name in direct} == direct


@pytest.mark.parametrize(
    "name, value",
    [
        ("client_encoding", "LATIN1"),
        ("DateStyle", "SQL, DMY"),
        ("TimeZone", "America/New_York"),
        ("IntervalStyle", "postgres_verbose"),
        ("application_name", "me, myself"),
        ("standard_conforming_strings", "off"),
    ],
)
def test_what_a_client_sets_follows_it_and_no_other(connect, name, value):
    setter, other = connect(), connect()
    before = other.rows(f"SHOW {name}")
    answers = setter.ask(f"SET {name} = '{value}'")
    assert any(answer.kind == "S" for answer in answers) and not sqlstates(answers)
    for _ in range(3):
        assert other.rows(f"SHOW {name}") == before
        assert setter.rows(f"SHOW {name}") == [[value]]
        setter.send(parse("", f"SHOW {name}") + bind() + execute() + sync())
        assert [answer.values() for answer in setter.until_ready() if answer.kind == "D"] == [
            [value]
        ]
    setter.ask(f"RESET {name}")
    assert other.rows(f"SHOW {name}") == before
    assert setter.rows(f"SHOW {name}") == before


def test_a_setting_made_in_a_transaction_lives_and_dies_with_it(connect):
    client, other = connect(), connect()
    before = other.rows("SHOW TimeZone")
    client.ask("BEGIN")
    client.ask("SET TimeZone = 'Asia/Tokyo'")
    client.ask("ROLLBACK")
    assert other.rows("SHOW TimeZone") == before and client.rows("SHOW TimeZone") == before
    client.ask("BEGIN")
    client.ask("SET LOCAL TimeZone = 'Asia/Tokyo'")
    assert client.rows("SHOW TimeZone") == [["Asia/Tokyo"]]
    client.ask("COMMIT")
    assert other.rows("SHOW TimeZone") == before and client.rows("SHOW TimeZone") == before
    client.ask("BEGIN; SET TimeZone = 'Asia/Tokyo'; COMMIT")
    assert other.rows("SHOW TimeZone") == before and client.rows("SHOW TimeZone") == [
        ["Asia/Tokyo"]
    ]
    client.ask("BEGIN")
    client.ask("SET TimeZone = 'Europe/Paris'")
    client.ask("SELECT 1/0")
    client.ask("COMMIT")
    assert other.rows("SHOW TimeZone") == before and client.rows("SHOW TimeZone") == [
        ["Asia/Tokyo"]
    ]


def test_moments_and_letters_are_written_as_each_client_reads_them(connect):
    tokyo, latin = connect(TimeZone="Asia/Tokyo"), connect(client_encoding="LATIN1", TimeZone="UTC")
    moment = "SELECT timestamptz '2024-06-01 00:00+00'"
    for _ in range(3):
        assert tokyo.rows(moment) == [["2024-06-01 09:00:00+09"]]
        assert latin.rows(moment) == [["2024-06-01 00:00:00+00"]]
        latin.send(query("SELECT chr(233)"))
        assert latin.until_ready()[1].body.endswith(b"\xe9")
        assert tokyo.rows("SELECT chr(233)") == [["é"]]


def test_settings_are_applied_unseen(connect):
    """What weir sends in front of a client's first message is answered to weir, not to the client."""
    left, right = connect(TimeZone="Asia/Tokyo", application_name="left"), connect(
        TimeZone="UTC", application_name="right"
    )
    for _ in range(3):
        for client in (left, right):
            client.send(parse("", "SELECT 1") + bind() + execute() + sync() + query("SELECT 2"))
            assert [answer.kind for answer in client.until_ready()] == list("12DCZ")
            assert [answer.kind for answer in client.until_ready()] == list("TDCZ")


def test_a_setting_that_the_server_refuses_hurts_its_client_alone(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with raw_client(daemon.socket_path(), database="postgres", user="tester") as good, raw_client(
        daemon.socket_path()
    ) as bad:
        bad.send(
            startup(user="tester", database="postgres", TimeZone="Nowhere/Never")
            + query("SELECT 1")
        )
        answers = [bad.read()]
        while answers[-1].kind != "E":
            answers.append(bad.read())
        assert sqlstates(answers) == ["22023"]
        for _ in range(3):
            assert good.rows("SELECT 'unharmed'") == [["unharmed"]]


def test_the_application_name_is_seen_on_the_server(connect, pg):
    for name in ("first", "second"):
        client = connect(application_name=name)
        assert client.rows(
            "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        ) == [[name]]


def test_settings_that_have_to_wait_for_a_server_are_tried_on_that_one(pg, start):
    """Those who come when the only server is held: each is let in with its own."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with raw_client(daemon.socket_path(), database="postgres") as holder, raw_client(
        daemon.socket_path()
    ) as first, raw_client(daemon.socket_path()) as second:
        holder.ask("BEGIN")
        holder.rows("SELECT 2")
        for waiting, client in enumerate((first, second), 1):
            client.send(
                startup(user="tester", database="postgres", work_mem=f"{waiting}MB")
                + query("SHOW work_mem")
            )
            while daemon.metric("weir_pool_waiting") != waiting:
                time.sleep(0.01)
        holder.ask("COMMIT")
        for value, client in (("1MB", first), ("2MB", second)):
            client.until_ready()
            assert client.until_ready()[1].values() == [value]
        assert holder.rows("SHOW work_mem") == [["4MB"]]
    assert daemon.metric("weir_pool_connects_total", result="ok") == 1
