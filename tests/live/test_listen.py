"""LISTEN and NOTIFY in transaction mode: any number of clients over one connection that listens."""

import asyncio
import concurrent.futures
import contextlib
import select
import struct
import threading

import asyncpg
import psycopg
import psycopg2
import pytest
import sqlalchemy

from cluster import cluster
from patience import wait_for
from raw_client import bind, cancel, execute, kinds, parse, query, raw_client, sqlstates, sync

LOGIN = dict(user="tester", database="postgres")
PATIENCE_SECONDS = 60
LISTENERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'weir: LISTEN'"


@pytest.fixture
def own_pg():
    """A cluster for one test, to do harm to."""
    with cluster(tcp=False) as server:
        yield server


@pytest.fixture
def come():
    """come(daemon): a raw client, logged in, closed with the test."""
    with contextlib.ExitStack() as clients:
        yield lambda daemon, **more: clients.enter_context(
            raw_client(daemon.socket_path(), **{**LOGIN, **more})
        )


def notification(answer):
    """(channel, payload) of a NotificationResponse."""
    assert answer.kind == "A", answer
    channel, payload = answer.body[4:-1].split(b"\0")
    return channel.decode(), payload.decode()


def nothing_but(client, channel, payload, notify):
    """A later notification is the first thing that the idle client hears: nothing came before it."""
    notify(channel, payload)
    assert notification(client.read()) == (channel, payload)


@pytest.fixture
def notify(pg):
    return lambda channel, payload="": pg.psql(f"SELECT pg_notify('{channel}', '{payload}')")


# -- one client


def test_a_notification_reaches_an_idle_client(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client = come(daemon)
    assert kinds(client.ask("LISTEN jobs")) == "CZ"
    notify("jobs", "now")
    assert notification(client.read()) == ("jobs", "now")
    assert client.rows("SELECT 'and it works on'") == [["and it works on"]]


def test_one_in_a_transaction_hears_of_it_before_the_end(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    client, witness = come(daemon), come(daemon)
    for each in (client, witness):
        each.ask("LISTEN jobs")
    client.ask("BEGIN")
    client.rows("SELECT 1")
    notify("jobs", "first")
    notify("jobs", "second")
    for payload in ("first", "second"):
        assert notification(witness.read()) == ("jobs", payload)
    assert kinds(client.ask("SELECT 1")) == "TDCZ"
    end = client.ask("COMMIT")
    assert kinds(end) == "CAAZ"
    assert [notification(a)[1] for a in end if a.kind == "A"] == ["first", "second"]


def test_one_whose_query_runs_hears_of_it_before_it_is_ready(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    client, witness = come(daemon), come(daemon)
    for each in (client, witness):
        each.ask("LISTEN jobs")
    gate = come(daemon)
    gate.ask("BEGIN; SELECT pg_advisory_xact_lock(7)")
    client.send(query("SELECT pg_advisory_xact_lock(7)"))
    wait_for(lambda: pg.psql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1")
    notify("jobs", "meanwhile")
    assert notification(witness.read()) == ("jobs", "meanwhile")
    gate.ask("COMMIT")
    assert kinds(client.until_ready()) == "TDCAZ"


def test_a_client_hears_of_its_own_notifications_before_it_is_ready(connect):
    client = connect()
    client.ask("LISTEN jobs")

    def heard(answers):
        assert answers[-1].kind == "Z"
        return [notification(a)[1] for a in answers if a.kind == "A"]

    assert heard(client.ask("NOTIFY jobs, 'mine'")) == ["mine"]
    assert heard(client.ask("SELECT pg_notify('jobs', 'by function')")) == ["by function"]
    # Duplicates within a transaction are folded by the server.
    together = "BEGIN; NOTIFY jobs, 'x'; NOTIFY jobs, 'x'; NOTIFY jobs, 'y'; COMMIT"
    assert heard(client.ask(together)) == ["x", "y"]
    assert heard(client.ask("BEGIN")) == []
    assert heard(client.ask("NOTIFY jobs, 'later'")) == []
    assert heard(client.ask("SELECT 1")) == []
    assert heard(client.ask("COMMIT")) == ["later"]
    client.ask("BEGIN; NOTIFY jobs, 'never'")
    assert heard(client.ask("ROLLBACK")) == []
    client.send(parse("n", "SELECT pg_notify('jobs', $1)", [25]) + sync())
    client.until_ready()
    for payload in ("a", "b"):
        client.send(bind("", "n", [payload.encode()]) + execute() + sync())
        assert heard(client.until_ready()) == [payload]
    assert heard(client.ask("UNLISTEN jobs; NOTIFY jobs, 'in vain'")) == []
    assert client.rows("SELECT 2") == [["2"]]


def test_what_was_sent_behind_a_notify_is_answered_behind_it(connect):
    """In one write, so that weir has the next answers before it knows of the notification."""
    client = connect()
    client.ask("LISTEN jobs")
    client.send(query("NOTIFY jobs, 'x'") + query("SELECT 1") + query("NOTIFY jobs, 'y'"))
    answers = [a for _ in range(3) for a in client.until_ready()]
    assert [a.kind for a in answers if a.kind != "A"] == list("CZTDCZCZ")
    assert [notification(a)[1] for a in answers if a.kind == "A"] == ["x", "y"]


@pytest.mark.parametrize(
    "name, sent_to",
    [
        ("Jobs", "jobs"),
        ('"Jobs"', "Jobs"),
        ('"a ""b""; c"', 'a "b"; c'),
        ("x" * 80, "x" * 63),
        ("straße", "straße"),
    ],
)
def test_names_are_read_as_postgresql_reads_them(pg, start, come, name, sent_to):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client = come(daemon)
    client.ask(f"LISTEN {name}")
    pg.psql(f"NOTIFY {name}, 'x'")
    assert notification(client.read()) == (sent_to, "x")
    client.ask(f"UNLISTEN {name}; LISTEN last")
    pg.psql(f"NOTIFY {name}, 'y'")
    pg.psql("NOTIFY last")
    assert notification(client.read()) == ("last", "")


def test_the_largest_payload_arrives_whole_and_in_order(pg, start, come):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client = come(daemon)
    client.ask("LISTEN large")
    pg.psql("SELECT pg_notify('large', repeat(chr(96 + i), 7999)) FROM generate_series(1, 26) i")
    for letter in "abcdefghijklmnopqrstuvwxyz":
        assert notification(client.read()) == ("large", letter * 7999)


def test_thousands_of_notifications_keep_their_order(pg, start, come):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    clients = [come(daemon) for _ in range(5)]
    for client in clients:
        client.ask("LISTEN numbers")
    pg.psql("SELECT pg_notify('numbers', i::text) FROM generate_series(1, 5000) i")
    for client in clients:
        assert [int(notification(client.read())[1]) for _ in range(5000)] == list(range(1, 5001))
    assert daemon.metric("weir_notifications_total") == 5 * 5000


# -- transactions


@pytest.mark.parametrize(
    "statements, listens",
    [
        (["BEGIN", "LISTEN a", "COMMIT"], True),
        (["BEGIN", "LISTEN a", "ROLLBACK"], False),
        (["BEGIN; LISTEN a; COMMIT"], True),
        (["BEGIN; LISTEN a; ROLLBACK"], False),
        (["LISTEN a; SELECT 1/0"], False),
        (["BEGIN", "SAVEPOINT s", "LISTEN a", "ROLLBACK TO s", "COMMIT"], False),
        (["BEGIN", "LISTEN a", "SAVEPOINT s", "SELECT 1/0", "ROLLBACK TO s", "COMMIT"], True),
        (["BEGIN", "SAVEPOINT s", "LISTEN a", "RELEASE s", "COMMIT"], True),
        (["BEGIN", "LISTEN a", "SELECT 1/0", "COMMIT"], False),
        (["LISTEN a", "BEGIN", "UNLISTEN a", "ROLLBACK"], True),
        (["LISTEN a", "BEGIN", "UNLISTEN a", "COMMIT"], False),
        (["LISTEN a", "UNLISTEN *"], False),
        (["LISTEN a", "UNLISTEN b"], True),
        (["LISTEN a", "DISCARD ALL"], False),
        (["BEGIN", "SELECT 1/0", "LISTEN a", "COMMIT"], False),
        (["SELECT 1; LISTEN a; SELECT 2"], True),
    ],
)
def test_it_is_as_on_a_connection_of_ones_own(connect, pg, statements, listens):
    """Runs directly as well: the expectation is PostgreSQL's."""
    client = connect()
    for statement in statements:
        client.ask(statement)
    client.ask("LISTEN last")
    pg.psql("NOTIFY a, 'x'")
    pg.psql("NOTIFY last")
    heard = [notification(client.read())]
    while heard[-1][0] != "last":
        heard.append(notification(client.read()))
    assert heard == [("a", "x")] * listens + [("last", "")]


def test_the_answers_are_those_of_postgresql(connect):
    client = connect()

    def tags(sql):
        return [a.tag() if a.kind == "C" else a.kind + a.body.decode() for a in client.ask(sql)]

    assert tags("LISTEN a") == ["LISTEN", "ZI"]
    assert tags("UNLISTEN a") == ["UNLISTEN", "ZI"]
    assert tags("UNLISTEN *") == ["UNLISTEN", "ZI"]
    assert tags("BEGIN") == ["BEGIN", "ZT"]
    assert tags("LISTEN a; LISTEN b; UNLISTEN c") == ["LISTEN", "LISTEN", "UNLISTEN", "ZT"]
    assert tags("COMMIT") == ["COMMIT", "ZI"]
    assert sqlstates(client.ask("LISTEN 'a'")) == ["42601"]
    assert sqlstates(client.ask("BEGIN; SELECT 1/0")) == ["22012"]
    assert sqlstates(client.ask("LISTEN a")) == ["25P02"]
    assert tags("ROLLBACK") == ["ROLLBACK", "ZI"]
    client.send(parse("l", "LISTEN a") + bind("", "l") + execute() + sync())
    assert kinds(client.until_ready()) == "12CZ"
    client.send(bind("", "l") + execute() + parse("", "LISTEN b") + bind() + execute() + sync())
    answers = client.until_ready()
    assert kinds(answers) == "2C12CZ"
    assert [a.tag() for a in answers if a.kind == "C"] == ["LISTEN", "LISTEN"]


def test_no_listen_reaches_a_pooled_server(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client, other = come(daemon), come(daemon)
    client.ask("BEGIN; LISTEN a; COMMIT")
    client.ask("LISTEN b")
    assert other.rows("SELECT pg_listening_channels()") == []
    notify("a", "for the first")
    assert notification(client.read()) == ("a", "for the first")
    assert kinds(other.ask("SELECT 1")) == "TDCZ"


def test_a_listen_that_a_function_leaves_behind_is_heard_by_nobody(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client, other = come(daemon), come(daemon)
    client.ask("DO $$BEGIN EXECUTE 'LISTEN hidden'; END$$")
    other.ask("LISTEN open")
    notify("hidden", "x")
    assert kinds(other.ask("SELECT 1")) == "TDCZ"
    for each in (client, other):
        assert kinds(each.ask("SELECT 1")) == "TDCZ"
    assert client.rows("SELECT pg_listening_channels()") == []  # and it was reset meanwhile
    nothing_but(other, "open", "y", notify)


# -- beside what else weir does for its clients


def test_nothing_is_heard_within_a_transaction_that_has_no_server(pg, start, come, notify):
    """BEGIN is held back; to the client it is a transaction all the same."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client, witness = come(daemon), come(daemon)
    for each in (client, witness):
        each.ask("LISTEN jobs")
    assert client.ask("BEGIN")[-1].body == b"T"
    notify("jobs", "meanwhile")
    assert notification(witness.read()) == ("jobs", "meanwhile")
    assert client.is_silent(0.3)
    assert kinds(client.ask("COMMIT")) == "CZ"
    assert notification(client.read()) == ("jobs", "meanwhile")


def test_a_listen_behind_a_begin_that_was_held_back_waits_for_its_commit(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client, witness = come(daemon), come(daemon)
    witness.ask("LISTEN jobs")
    for end, listens in (("ROLLBACK", False), ("COMMIT", True)):
        client.ask("BEGIN")
        answers = client.ask("LISTEN jobs")
        assert kinds(answers) == "CZ" and answers[-1].body == b"T"
        notify("jobs", "too early")
        assert notification(witness.read()) == ("jobs", "too early")
        ended = client.ask(end)
        assert kinds(ended) == "CZ" and ended[0].tag() == end
        client.ask("LISTEN last")
        notify("jobs", "x")
        assert notification(witness.read()) == ("jobs", "x")
        notify("last", "y")
        heard = [notification(client.read()) for _ in range(1 + listens)]
        assert heard == [("jobs", "x")] * listens + [("last", "y")]


def test_one_whose_transaction_was_taken_back_hears_when_it_has_ended_it(pg, start, come, notify):
    pool = {"size": 1, "max_overflow": 0, "idle_transaction_timeout": "300ms"}
    daemon = start(config={"backends": {"postgres": {"url": pg.unix_url(), "pool": pool}}})
    client, witness = come(daemon), come(daemon)
    for each in (client, witness):
        each.ask("LISTEN jobs")
    client.ask("BEGIN; LISTEN lost")
    wait_for(lambda: "a transaction is rolled back" in daemon.log())
    notify("lost", "nobody listens")
    notify("jobs", "meanwhile")
    assert notification(witness.read()) == ("jobs", "meanwhile")
    assert client.is_silent(0.3)
    assert sqlstates(client.ask("SELECT 1")) == ["25P03"]
    assert client.ask("ROLLBACK")[-1].body == b"I"
    assert notification(client.read()) == ("jobs", "meanwhile")
    nothing_but(client, "jobs", "the next", notify)


def test_one_that_keeps_a_server_hears_in_its_pauses(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    client = come(daemon)
    client.ask("LISTEN jobs")
    client.ask("CREATE TEMP TABLE mine (a int)")
    wait_for(lambda: daemon.metric("weir_pool_connections", state="pinned") == 1)
    notify("jobs", "pinned")
    assert notification(client.read()) == ("jobs", "pinned")
    client.ask("BEGIN; LISTEN more; INSERT INTO mine VALUES (1); COMMIT")
    notify("more", "and in its own transaction")
    assert notification(client.read()) == ("more", "and in its own transaction")
    assert client.rows("SELECT a FROM mine") == [["1"]]
    assert daemon.metric("weir_pins_total", reason="temp_tables") == 1


def test_to_listen_is_no_state_of_a_pooled_server(pg, start, come, notify):
    """So there is nothing to ask for, to pin or to clean up."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client = come(daemon)
    client.ask("LISTEN a")
    client.ask("BEGIN; LISTEN b; SELECT 1; COMMIT")
    client.send(parse("", "LISTEN c") + bind() + execute() + sync())
    client.until_ready()
    client.ask("UNLISTEN a")
    nothing_but(client, "c", "x", notify)
    assert daemon.metric("weir_inventories_total", backend="postgres") == 0
    assert daemon.metric("weir_resets_total", backend="postgres") == 0
    assert daemon.metric("weir_pins_total", backend="postgres") == 0


def test_who_has_a_server_of_its_own_listens_there(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client = come(daemon, database="postgres:session")
    assert kinds(client.ask("LISTEN jobs")) == "CZ"
    assert client.rows("SELECT pg_listening_channels()") == [["jobs"]]
    notify("jobs", "direct")
    assert notification(client.read()) == ("jobs", "direct")
    assert kinds(client.ask("NOTIFY jobs, 'mine'")) == "CAZ"
    assert pg.psql(LISTENERS) == "0"
    client.socket.close()
    successor = come(daemon, database="postgres:session")
    assert successor.rows("SELECT pg_listening_channels()") == []


def test_a_listen_that_waits_can_be_cancelled(own_pg, start, come):
    daemon = start(own_pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client = come(daemon)
    own_pg.stop()
    client.send(query("LISTEN a"))
    assert client.is_silent(0.3)
    with raw_client(daemon.socket_path()) as asker:
        asker.send(cancel(*client.key))
        assert asker.hears_the_end() == []
    assert sqlstates(client.until_ready()) == ["57014"]
    own_pg.start()
    wait_for(lambda: kinds(client.ask("LISTEN a")) == "CZ")


def test_one_that_leaves_while_its_listen_waits_is_forgotten(own_pg, start, come):
    daemon = start(own_pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    stays, leaves = come(daemon), come(daemon)
    own_pg.stop()
    for client in (stays, leaves):
        client.send(query("LISTEN a"))
    leaves.socket.close()
    own_pg.start()
    assert kinds(stays.until_ready()) == "CZ"
    own_pg.psql("NOTIFY a, 'x'")
    assert notification(stays.read()) == ("a", "x")
    wait_for(lambda: daemon.metric("weir_client_connections") == 1)


# -- many clients


def test_500_clients_share_one_connection(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    clients = [come(daemon) for _ in range(500)]
    for client in clients:
        client.send(query("LISTEN news"))
    for client in clients:
        assert kinds(client.until_ready()) == "CZ"
    assert pg.psql(LISTENERS) == "1"
    notify("news", "to all")
    for client in clients:
        assert notification(client.read()) == ("news", "to all")
    assert daemon.metric("weir_listening_channels", backend="postgres") == 1
    assert daemon.metric("weir_notifications_total", backend="postgres") == 500
    # +1: two of the pool, and the one that listens.
    assert (
        int(pg.psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
        <= 2 + 1 + 1
    )


def test_a_client_that_leaves_is_forgotten(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    stays, *leave = [come(daemon) for _ in range(10)]
    for number, client in enumerate([stays, *leave]):
        client.ask(f"LISTEN shared; LISTEN own_{number}")
    assert daemon.metric("weir_listening_channels") == 11
    for client in leave:
        client.socket.close()
    wait_for(lambda: daemon.metric("weir_listening_channels") == 2)
    newcomer = come(daemon)
    notify("shared", "x")
    assert notification(stays.read()) == ("shared", "x")
    assert kinds(newcomer.ask("SELECT 1")) == "TDCZ"


def test_a_notify_after_listen_is_never_missed(pg, start, come):
    """The first LISTEN is answered when the connection listens, though that has to log in first."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    sender = come(daemon)
    for round in range(30):
        client = come(daemon)
        client.ask(f"LISTEN round_{round}")
        sender.ask(f"NOTIFY round_{round}")
        assert notification(client.read()) == (f"round_{round}", "")
        client.socket.close()


def test_each_hears_what_was_committed_in_order_whatever_else_it_does(pg, start, come):
    """Senders and listeners share three servers; listeners work meanwhile, and some hang up."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=3, DB_MAX_OVERFLOW=0)
    senders, listeners, rounds = 4, 8, 120
    all_listen = threading.Barrier(senders + listeners)

    def send(name):
        client = come(daemon)
        all_listen.wait(PATIENCE_SECONDS)
        for number in range(rounds):
            client.ask("BEGIN")
            client.ask(f"NOTIFY load, '{name} {number}'")
            client.ask("COMMIT" if number % 3 else "ROLLBACK")
        client.ask(f"NOTIFY load, '{name} end'")

    def listen(name):
        client = come(daemon)
        client.ask("LISTEN load")
        all_listen.wait(PATIENCE_SECONDS)
        heard = {sender: [] for sender in range(senders)}

        def note(answers):
            for answer in answers:
                if answer.kind == "A":
                    sender, what = notification(answer)[1].split()
                    heard[int(sender)].append(what)

        turn = name
        while not all(what[-1:] == ["end"] for what in heard.values()):
            turn += 1
            if turn % 3:
                note([client.read()])
                continue
            note(client.ask("BEGIN"))
            assert kinds(client.ask("SELECT 1, pg_backend_pid()")) == "TDCZ"
            note(client.ask("COMMIT"))
            with raw_client(daemon.socket_path(), **LOGIN) as leaves:
                leaves.ask("LISTEN load")
        return heard

    with concurrent.futures.ThreadPoolExecutor(senders + listeners) as crowd:
        sent = [crowd.submit(send, name) for name in range(senders)]
        found = [crowd.submit(listen, name) for name in range(listeners)]
        for one in sent:
            one.result()
        expected = [str(number) for number in range(rounds) if number % 3] + ["end"]
        for one in found:
            assert one.result() == {sender: expected for sender in range(senders)}


def test_a_client_that_does_not_read_is_sent_away_and_keeps_no_other(pg, start, come):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    slow, quick = come(daemon), come(daemon)
    for client in (slow, quick):
        client.ask("LISTEN flood")
    before = daemon.resident_kb()
    for _ in range(6):
        pg.psql(
            "SELECT pg_notify('flood', repeat('x', 7000) || i) FROM generate_series(1, 500) i"
        )
        for _ in range(500):
            assert notification(quick.read())[0] == "flood"
    last = slow.hears_the_end()[-1]
    assert last.kind == "E" and last.fields()["S"] == "FATAL" and last.fields()["C"] == "54000"
    assert quick.rows("SELECT 1") == [["1"]]
    assert daemon.resident_kb() - before < 64 * 1024


def test_no_client_may_listen_to_everything(pg, start, come):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client, other = come(daemon), come(daemon)
    for hundred in range(100):
        names = "; ".join(f"LISTEN c{hundred}_{i}" for i in range(100))
        assert sqlstates(client.ask(names)) == []
    refused = client.ask("LISTEN one_more")
    assert sqlstates(refused) == ["53400"] and refused[-1].body == b"I"
    client.ask("UNLISTEN c0_0")
    assert sqlstates(client.ask("LISTEN one_more")) == []
    assert sqlstates(other.ask("LISTEN one_more")) == []
    assert daemon.metric("weir_listening_channels", backend="postgres") == 10_000


# -- what goes wrong


def test_it_survives_a_restart_and_says_so(own_pg, start, come):
    daemon = start(own_pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    clients = [come(daemon) for _ in range(3)]
    for client in clients:
        client.ask("LISTEN a; LISTEN b")
    own_pg.restart()
    for client in clients:
        notice = client.read()
        assert notice.kind == "N"
        assert notice.fields()["M"] == "notifications may have been missed"
    own_pg.psql("NOTIFY b, 'again'")
    for client in clients:
        assert notification(client.read()) == ("b", "again")
        assert client.rows("SELECT 1") == [["1"]]


def test_its_backend_may_be_terminated(own_pg, start, come):
    daemon = start(own_pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    client = come(daemon)
    for round in range(3):
        client.ask(f"LISTEN c{round}")
        own_pg.psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'weir: LISTEN'"
        )
        assert client.read().kind == "N"
        own_pg.psql(f"NOTIFY c{round}, 'x'")
        assert notification(client.read()) == (f"c{round}", "x")


def test_a_listen_that_cannot_be_had_is_refused_after_the_timeout(own_pg, start, come):
    daemon = start(own_pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0, DB_POOL_TIMEOUT=1)
    idle = come(daemon)
    own_pg.stop()
    answers = idle.ask("LISTEN a")
    assert kinds(answers) == "EZ" and answers[-1].body == b"I"
    assert sqlstates(answers)[0] in ("08006", "08001", "57P03")
    own_pg.start()
    wait_for(lambda: kinds(idle.ask("LISTEN a")) == "CZ")
    own_pg.psql("NOTIFY a")
    assert notification(idle.read()) == ("a", "")


def test_a_bad_channel_is_refused_and_keeps_no_other_away(pg, start, come, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    good, bad = come(daemon), come(daemon)
    good.ask("LISTEN a")
    body = b'LISTEN "\xff"\0'
    bad.send(b"Q" + struct.pack("!i", len(body) + 4) + body)
    good.send(query("LISTEN b"))
    refused = bad.until_ready()
    assert sqlstates(refused) == ["22021"] and kinds(refused) == "EZ"
    assert kinds(good.until_ready()) == "CZ"
    notify("b", "x")
    assert notification(good.read()) == ("b", "x")


def test_a_server_that_ends_idle_sessions_does_not_end_this_one(start, come):
    with cluster(tcp=False, settings={"idle_session_timeout": "500ms"}) as pg:
        daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
        client = come(daemon)
        client.ask("LISTEN a")
        assert client.is_silent(1.5)
        pg.psql("NOTIFY a, 'x'")
        assert notification(client.read()) == ("a", "x")


def test_sqlite_refuses_it_and_nothing_is_opened_for_it(start, scratch, come):
    daemon = start(f"sqlite:///{scratch}/app.db")
    with raw_client(daemon.socket_path(), user="tester", database="app") as client:
        assert sqlstates(client.ask("LISTEN a")) == ["0A000"]
        assert kinds(client.ask("UNLISTEN *")) == "CZ"
        client.send(parse("", "LISTEN a") + bind() + execute() + sync())
        assert sqlstates(client.until_ready()) == ["0A000"]
    assert daemon.metric("weir_listening_channels", backend="app") == 0


# -- drivers


def test_psycopg2_polls(pg, start, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with contextlib.closing(psycopg2.connect(daemon.dsn())) as connection:
        with connection.cursor() as cursor:
            cursor.execute("LISTEN jobs")
            connection.commit()
            notify("jobs", "a")
            assert select.select([connection], [], [], PATIENCE_SECONDS)[0]
            connection.poll()
            assert [(n.channel, n.payload) for n in connection.notifies] == [("jobs", "a")]
            connection.notifies.clear()
            cursor.execute("LISTEN other")
            connection.rollback()
            notify("other", "b")
            notify("jobs", "c")
            assert select.select([connection], [], [], PATIENCE_SECONDS)[0]
            connection.poll()
            assert [(n.channel, n.payload) for n in connection.notifies] == [("jobs", "c")]


def test_psycopg2_has_its_own_without_polling(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with contextlib.closing(psycopg2.connect(daemon.dsn())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("LISTEN jobs")
            cursor.execute("NOTIFY jobs, 'my own'")
            assert [n.payload for n in connection.notifies] == ["my own"]


def test_psycopg_iterates(pg, start, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with psycopg.connect(daemon.dsn(), autocommit=True) as connection:
        connection.execute("LISTEN jobs")
        connection.execute("LISTEN jobs", prepare=True)
        for payload in ("a", "b", "c"):
            notify("jobs", payload)
        found = []
        for n in connection.notifies():
            found.append((n.channel, n.payload))
            if len(found) == 3:
                break
        assert found == [("jobs", "a"), ("jobs", "b"), ("jobs", "c")]


def test_sqlalchemy_listens_on_the_connection_below(pg, start, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    engine = sqlalchemy.create_engine(daemon.url("postgresql+psycopg2"), future=True)
    with engine.connect() as connection, engine.connect() as other:
        connection.execute(sqlalchemy.text("LISTEN jobs"))
        connection.commit()
        other.execute(sqlalchemy.text("SELECT pg_notify('jobs', 'from the other')"))
        other.commit()
        below = connection.connection.connection
        assert select.select([below], [], [], PATIENCE_SECONDS)[0]
        below.poll()
        assert [(n.channel, n.payload) for n in below.notifies] == [("jobs", "from the other")]
    engine.dispose()


def test_asyncpg_calls_back(pg, start, notify):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)

    async def run():
        heard = asyncio.Queue()
        connection = await asyncpg.connect(
            host=daemon.directory, port=daemon.port, user="tester", database=daemon.database
        )
        other = await asyncpg.connect(
            host=daemon.directory, port=daemon.port, user="tester", database=daemon.database
        )

        def hear(_connection, _pid, channel, payload):
            heard.put_nowait((channel, payload))

        try:
            await connection.add_listener("Jobs", hear)
            await other.execute("NOTIFY \"Jobs\", 'one'")
            assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == ("Jobs", "one")
            await connection.remove_listener("Jobs", hear)
            await connection.add_listener("last", hear)
            await other.execute("SELECT pg_notify('Jobs', 'two'), pg_notify('last', 'three')")
            assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == ("last", "three")
            await connection.remove_listener("last", hear)
            await connection.reset()
        finally:
            await connection.close()
            await other.close()

    asyncio.run(run())
    wait_for(lambda: daemon.metric("weir_listening_channels") == 0)
