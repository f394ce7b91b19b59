"""RELOAD with backends that come, go and move: nobody notices but whose backend is gone."""

import contextlib
import threading
import urllib.parse

import psycopg
import pytest

from cluster import SCRAM_PASSWORD, SCRAM_USER, cluster
from patience import wait_for
from raw_client import closed, raw_client, sqlstates
from ticking import ticking

NOBODY = "postgresql://app@127.0.0.1:1/one"  # where no server is


@pytest.fixture
def databases(pg):
    """Two of them, empty: one, two."""
    for name in ["one", "two"]:
        pg.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        pg.psql(f"CREATE DATABASE {name}")


@pytest.fixture
def to(pg, databases):
    """to("two"): a backend's settings."""
    return lambda database, **more: {"url": pg.unix_url(database), **more}


@pytest.fixture
def slow(scratch):
    """Settings with a migration that waits for a lock."""
    (scratch / "revisions").mkdir()
    (scratch / "revisions" / "001_ticks.sql").write_text(
        "-- revision: ticks\n-- down_revision: none\n-- message: the ticks\n\n-- upgrade\n"
        "SELECT pg_advisory_xact_lock(77);\nCREATE TABLE ticks (i int);\n"
    )
    return {"migrations": {"dir": str(scratch / "revisions")}}


def connect(daemon, database, **words):
    return psycopg.connect(daemon.dsn(database, **words), autocommit=True)


def reload(daemon, **backends):
    """With these backends and no others."""
    daemon.write_config({"backends": backends})
    with connect(daemon, "weir") as console:
        console.execute("RELOAD")


def where(connection):
    return connection.execute("SELECT current_database()").fetchone()[0]


@contextlib.contextmanager
def sent_away(why):
    """libpq has 57P01 in its words alone when it hears of it between two queries."""
    with pytest.raises(psycopg.OperationalError) as caught:
        yield
    assert "terminating connection due to administrator command" in str(caught.value)
    assert why in str(caught.value)


def connections(pg, database):
    """weir's, for its clients."""
    found = pg.psql(
        f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
        " AND backend_type = 'client backend' AND application_name <> 'weir: budget'"
    )
    return int(found)


def backends_of(daemon):
    return {
        name.split('backend="')[1].split('"')[0]
        for name in daemon.metrics()
        if name.startswith("weir_backend_up")
    }


# -- a backend that comes


def test_a_new_backend_is_served(start, to):
    daemon = start(config={"backends": {"a": to("one")}})
    with pytest.raises(psycopg.OperationalError, match='database "b" does not exist'):
        connect(daemon, "b")
    with connect(daemon, "a") as client:
        reload(daemon, a=to("one"), b=to("two", aliases=["second"]))
        assert where(client) == "one"
        for name in ["b", "second"]:
            with connect(daemon, name) as other:
                assert where(other) == "two"
    assert backends_of(daemon) == {"a", "b"}
    budget = 'weir_pool_budget_available_connections{backend="b"}'
    wait_for(lambda: daemon.metrics().get(budget, 0) > 0)


def test_a_new_backend_is_migrated_before_anybody_is_served(pg, start, to, slow):
    daemon = start(config={"backends": {"a": to("one")}})
    with psycopg.connect(pg.unix_url("two"), autocommit=True) as door:
        door.execute("SELECT pg_advisory_lock(77)")
        reload(daemon, a=to("one"), b=to("two", **slow))
        found = []

        def ask():
            with connect(daemon, "b") as client:
                found.append(client.execute("SELECT count(*) FROM ticks").fetchone()[0])

        early = threading.Thread(target=ask)
        early.start()
        wait_for(lambda: daemon.metric("weir_pool_waiting", backend="b") == 1)
        assert not found
        with connect(daemon, "a") as client:
            assert where(client) == "one"
    early.join()
    assert found == [0]


def test_names_follow_a_reload(start, to):
    daemon = start(config={"backends": {"a": to("one", aliases=["old", "moves"]), "b": to("two")}})
    with connect(daemon, "old") as client:
        reload(daemon, a=to("one", aliases=["new"]), b=to("two", aliases=["moves"]))
        assert where(client) == "one"  # who is there stays
    for name, database in {"new": "one", "new:session": "one", "moves": "two"}.items():
        with connect(daemon, name) as client:
            assert where(client) == database
    for name in ["old", "old:session"]:
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            connect(daemon, name)


# -- a backend that goes


def test_who_is_idle_at_a_backend_that_goes_is_told_and_who_is_at_it_finishes(pg, start, to):
    daemon = start(config={"backends": {"a": to("one"), "b": to("two")}})
    with contextlib.ExitStack() as opened:
        come = lambda name: opened.enter_context(connect(daemon, name))
        stays, idle, pinned = come("a"), come("b"), come("b:session")
        busy = opened.enter_context(raw_client(daemon.socket_path(), database="b"))
        pinned.execute("CREATE TEMPORARY TABLE t ()")
        busy.rows("CREATE TABLE kept (i int)")
        busy.rows("BEGIN")
        busy.rows("INSERT INTO kept VALUES (1)")
        reload(daemon, a=to("one"))
        for gone in [idle, pinned]:
            with sent_away('A reload has taken backend "b'):
                gone.execute("SELECT 'x'")
        with pytest.raises(psycopg.OperationalError, match='"b" does not exist'):
            connect(daemon, "b")
        assert backends_of(daemon) == {"a"}
        busy.rows("INSERT INTO kept VALUES (2)")
        busy.rows("COMMIT")
        assert sqlstates(busy.hears_the_end()) == ["57P01"]
        assert where(stays) == "one"
    assert pg.psql("SELECT count(*) FROM kept", "two").strip() == "2"
    wait_for(lambda: connections(pg, "two") == 0)
    reload(daemon, a=to("one"), b=to("two"))
    with connect(daemon, "b") as client:
        assert where(client) == "two"


def test_a_transaction_that_does_not_end_is_cut_off(pg, start, to):
    daemon = start(config={"backends": {"a": to("one"), "b": to("two")}})
    with connect(daemon, "b") as client:
        client.execute("BEGIN")
        client.execute("SELECT 'held'")
        reload(daemon, a=to("one"))
        wait_for(lambda: "transactions are cut off" in daemon.log())
        with sent_away("its time is over"):
            client.execute("SELECT 'x'")
    wait_for(lambda: connections(pg, "two") == 0)


def test_who_waits_for_a_backend_that_goes_is_told(start, to):
    daemon = start(config={"backends": {"a": to("one"), "b": {"url": NOBODY}}})
    caught = []

    def ask():
        with pytest.raises(psycopg.OperationalError) as refused:
            connect(daemon, "b")
        caught.append(str(refused.value))

    early = threading.Thread(target=ask)
    early.start()
    wait_for(lambda: daemon.metric("weir_pool_waiting", backend="b") == 1)
    reload(daemon, a=to("one"))
    early.join()
    assert "administrator command" in caught[0]


def test_a_backend_goes_while_it_is_migrated(pg, start, to, slow):
    daemon = start(config={"backends": {"a": to("one")}})
    with psycopg.connect(pg.unix_url("two"), autocommit=True) as door:
        door.execute("SELECT pg_advisory_lock(77)")
        reload(daemon, a=to("one"), b=to("two", **slow))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_for(lambda: door.execute(waiting).fetchone() == (1,))
        reload(daemon, a=to("one"))
        wait_for(lambda: connections(pg, "two") == 1)  # the door
    assert pg.psql("SELECT to_regclass('ticks') IS NULL", "two").strip() == "t"
    reload(daemon, a=to("one"), b=to("two", **slow))
    with connect(daemon, "b") as client:
        assert client.execute("SELECT count(*) FROM ticks").fetchone() == (0,)


# -- a backend that moves


def test_clients_stay_when_their_backend_moves(pg, start, to):
    daemon = start(config={"backends": {"main": to("one")}})
    with connect(daemon, "main", application_name="moved") as idle, connect(
        daemon, "main"
    ) as busy, connect(daemon, "main:session") as lane:
        idle.execute("SET work_mem = '5MB'")
        idle.prepare_threshold = 0
        assert idle.execute("SELECT %s::int + 1", [1]).fetchone() == (2,)
        lane.execute("SELECT 'x'")
        busy.execute("BEGIN")
        assert where(busy) == "one"
        reload(daemon, main=to("two"))
        assert where(busy) == "one"  # the transaction goes on where it began
        busy.execute("COMMIT")
        assert where(busy) == "two"
        assert where(idle) == "two"
        assert idle.execute("SHOW work_mem").fetchone() == ("5MB",)
        assert idle.execute("SHOW application_name").fetchone() == ("moved",)
        assert idle.execute("SELECT %s::int + 1", [1]).fetchone() == (2,)
    with connect(daemon, "main:session") as later:
        assert where(later) == "two"
    wait_for(lambda: connections(pg, "one") == 0)
    assert daemon.metric("weir_pool_closes_total", reason="reload") >= 2


def test_a_pause_lasts_over_a_move(start, to):
    daemon = start(config={"backends": {"main": to("one")}})
    with connect(daemon, "main") as client, connect(daemon, "weir") as console:
        assert where(client) == "one"
        console.execute("PAUSE main")
        reload(daemon, main=to("two"))
        client.pgconn.send_query(b"SELECT current_database()")
        wait_for(lambda: daemon.metric("weir_pool_waiting", backend="main") == 1)
        console.execute("RESUME main")
        assert client.pgconn.get_result().get_value(0, 0) == b"two"
        assert client.pgconn.get_result() is None


def test_who_waits_for_a_dead_server_is_served_where_its_backend_goes(start, to):
    daemon = start(config={"backends": {"main": {"url": NOBODY}}})
    found = []

    def ask():
        with connect(daemon, "main") as client:
            found.append(where(client))

    early = threading.Thread(target=ask)
    early.start()
    wait_for(lambda: daemon.metric("weir_pool_waiting", backend="main") == 1)
    wait_for(lambda: daemon.metric("weir_pool_connects_total", result="failed") > 2)
    reload(daemon, main=to("two"))
    early.join()
    assert found == ["two"]


def test_where_a_backend_goes_is_migrated_before_anybody_is_served(pg, start, to, slow):
    daemon = start(config={"backends": {"main": to("one", **slow)}})
    with connect(daemon, "main") as client, psycopg.connect(
        pg.unix_url("two"), autocommit=True
    ) as door:
        assert client.execute("SELECT count(*) FROM ticks").fetchone() == (0,)
        door.execute("SELECT pg_advisory_lock(77)")
        reload(daemon, main=to("two", **slow))
        client.pgconn.send_query(b"SELECT count(*), current_database() FROM ticks")
        wait_for(lambda: daemon.metric("weir_pool_waiting", backend="main") == 1)
        door.execute("SELECT pg_advisory_unlock(77)")
        answer = client.pgconn.get_result()
        assert (answer.get_value(0, 0), answer.get_value(0, 1)) == (b"0", b"two")
        assert client.pgconn.get_result() is None


def test_a_backend_moves_while_it_is_migrated(pg, start, to, slow):
    """What was begun there is rolled back, and clients meet only where it goes."""
    daemon = start(config={"backends": {"a": to("one")}})
    with psycopg.connect(pg.unix_url("one"), autocommit=True) as door:
        door.execute("SELECT pg_advisory_lock(77)")
        reload(daemon, a=to("one"), b=to("one", **slow))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_for(lambda: door.execute(waiting).fetchone() == (1,))
        reload(daemon, a=to("one"), b=to("two", **slow))
        with connect(daemon, "b") as client:
            found = client.execute("SELECT count(*), current_database() FROM ticks").fetchone()
        assert found == (0, "two")
    assert pg.psql("SELECT to_regclass('ticks') IS NULL", "one").strip() == "t"


def test_listeners_hear_from_where_their_backend_goes(pg, start, to):
    daemon = start(config={"backends": {"main": to("one")}})
    with connect(daemon, "main") as listener:
        heard, notices = [], []
        listener.add_notify_handler(lambda n: heard.append(n.payload))
        listener.add_notice_handler(lambda n: notices.append(n.message_primary))
        listener.execute("LISTEN news")
        reload(daemon, main=to("two"))

        def has_heard():
            pg.psql("NOTIFY news, 'here'", "two")
            listener.execute("")
            return heard

        wait_for(has_heard)
        assert set(heard) == {"here"} and "notifications may have been missed" in notices


def test_a_rotated_password_is_read_anew(start, scratch):
    with cluster() as pg:
        file = scratch / "url"
        file.write_text(pg.scram_url())
        config = {"backends": {"main": {"url_file": str(file)}}}
        daemon = start(config=config)
        with connect(daemon, "main") as client:
            before = client.execute("SELECT pg_backend_pid()").fetchone()
            pg.psql(f"ALTER ROLE {SCRAM_USER} PASSWORD 'kanarienvogel'")
            old = urllib.parse.quote(SCRAM_PASSWORD, safe="")
            file.write_text(pg.scram_url().replace(old, "kanarienvogel"))
            with connect(daemon, "weir") as console:
                console.execute("RELOAD")
            assert client.execute("SELECT pg_backend_pid()").fetchone() != before
        daemon.destroy()
        assert "kanarienvogel" not in daemon.log()


def test_a_backend_becomes_one_of_another_kind(start, to, scratch):
    file = {"url": f"sqlite:///{scratch}/app.db"}
    daemon = start(config={"backends": {"main": to("one")}})
    with connect(daemon, "main") as client:
        assert where(client) == "one"
        reload(daemon, main=file)
        with sent_away('A reload has taken backend "main"'):
            where(client)
    with connect(daemon, "main") as client:
        client.execute("CREATE TABLE here (i int)")
        file = {"url": f"sqlite:///{scratch}/other.db"}
        reload(daemon, main=file)
        with pytest.raises(psycopg.errors.UndefinedTable):
            client.execute("SELECT * FROM here")
    reload(daemon, main=to("two"))
    with connect(daemon, "main") as client:
        assert where(client) == "two"


# -- all of it


def test_a_lane_comes_and_goes_with_session_pool_size(start, to):
    without = to("one", pool={"session_pool_size": 0})
    daemon = start(config={"backends": {"main": without}})
    reload(daemon, main=to("one"))
    with connect(daemon, "main:session") as lane, connect(daemon, "main") as client:
        assert where(lane) == "one"
        reload(daemon, main=without)
        with sent_away('A reload has taken backend "main:session"'):
            where(lane)
        assert where(client) == "one"
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(daemon, "main:session")


def test_a_reload_that_cannot_be_changes_nothing(start, to):
    daemon = start(config={"backends": {"main": to("one")}})
    with connect(daemon, "main") as client:
        for wrong in [
            {"backends": {"main": to("two"), "b": {"url": "mysql://app@db/app"}}},
            {"backends": {"main": to("two")}, "listen": {"allow": {"users": ["nobody-here"]}}},
        ]:
            daemon.write_config(wrong)
            with connect(daemon, "weir") as console, pytest.raises(psycopg.Error):
                console.execute("RELOAD")
            assert where(client) == "one"
    assert backends_of(daemon) == {"main"}


def test_backends_come_move_and_go_under_load(pg, start, to):
    """Clients of the one that stays notice nothing, and those of the others are told."""
    daemon = start(config={"backends": {"a": to("one")}})
    ending, failures = threading.Event(), []

    def come_and_go():
        while not ending.is_set():
            try:
                with raw_client(daemon.socket_path(), database="b") as client:
                    with contextlib.suppress(BrokenPipeError):  # what came before says why
                        while not ending.is_set():
                            client.rows("SELECT current_database()")
                    if not ending.is_set():
                        client.until_ready()
            except Exception as why:
                told = why.args[0] if isinstance(why, closed) else why
                if not isinstance(told, dict) or told["C"] not in ("57P01", "3D000"):
                    failures.append(why)

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    with ticking([connect(daemon, "a") for _ in range(4)]) as workers:
        for _ in range(10):
            reload(daemon, a=to("one"), b=to("two"))
            reload(daemon, a=to("one"), b=to("one"))
            reload(daemon, a=to("one"))
    ending.set()
    for thread in threads:
        thread.join()
    assert not failures
    workers.examine()
    wait_for(lambda: connections(pg, "two") == 0)
