"""A restart keeps the clients: they are in the service manager's descriptor store meanwhile. Here a
stand-in keeps them; test_systemd has the real one.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from descriptor_store import descriptor_store
from patience import wait_for
from ticking import ticking


@pytest.fixture
def store(scratch):
    keeper = descriptor_store(scratch / "notify")
    yield keeper
    keeper.close()


@pytest.fixture
def serve(pg, start, store):
    def one(**settings):
        return start(pg.unix_url(), WEIR_KEEP_CLIENTS="on", NOTIFY_SOCKET=store.path, **settings)

    return one


def crash(daemon):
    daemon.process.kill()
    daemon.process.wait()


def start_again(daemon, store):
    daemon.passed = store.passed()
    daemon.start()
    daemon.wait_until_listening()


def restart(daemon, store):
    daemon.stop()
    start_again(daemon, store)


def connect(daemon, database="postgres", **settings):
    return psycopg.connect(daemon.dsn(database, **settings), autocommit=True)


def kept(daemon, store):
    """How many idle clients would outlive a crash now."""
    return store.names().count("weir-clients")


def test_a_restart_keeps_idle_clients_with_all_that_is_theirs(serve, store):
    daemon = serve()
    with connect(daemon, application_name="kept") as client:
        client.execute("SET work_mem = '5MB'")
        client.execute("SET search_path = pg_catalog, public")
        client.prepare_threshold = 0
        for i in range(3):
            assert client.execute("SELECT %s::int + 1", [i]).fetchone() == (i + 1,)
        restart(daemon, store)
        assert client.execute("SHOW work_mem").fetchone() == ("5MB",)
        assert client.execute("SHOW search_path").fetchone() == ("pg_catalog, public",)
        assert client.execute("SHOW application_name").fetchone() == ("kept",)
        assert client.execute("SELECT %s::int + 1", [7]).fetchone() == (8,)
        with client.transaction():
            client.execute("CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1 AS a")
            assert client.execute("SELECT a FROM t").fetchone() == (1,)


def test_reset_goes_back_to_what_a_client_began_with(serve, store):
    daemon = serve()
    began = {"options": "-c work_mem=3MB"}
    with connect(daemon, **began) as as_it_began, connect(daemon, **began) as changed:
        changed.execute("SET work_mem = '5MB'")
        restart(daemon, store)
        for client, now in ((as_it_began, "3MB"), (changed, "5MB")):
            assert client.execute("SHOW work_mem").fetchone() == (now,)
            client.execute("SET work_mem = '7MB'")
            client.execute("RESET work_mem")
            assert client.execute("SHOW work_mem").fetchone() == ("3MB",)


def test_its_cancel_key_is_good_afterwards(serve, store):
    daemon = serve()
    with connect(daemon) as client:
        client.execute("SELECT 'x'")
        restart(daemon, store)
        canceller = threading.Timer(0.3, client.cancel)
        canceller.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            client.execute("SELECT pg_sleep(60)")
        canceller.join()


def test_several_restarts_in_a_row_and_a_client_that_comes_between(serve, store):
    daemon = serve()
    with contextlib.ExitStack() as open_ones:
        clients = []
        for _ in range(4):
            clients.append(open_ones.enter_context(connect(daemon)))
            restart(daemon, store)
            for client in clients:
                assert client.execute("SELECT 'x'").fetchone() == ("x",)


def test_a_transaction_finishes_first_and_what_comes_meanwhile_waits(serve, store):
    daemon = serve()
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(connect(daemon))
        other = open_ones.enter_context(connect(daemon))
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        daemon.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not os.path.exists(daemon.socket_path()))
        other.pgconn.send_query(b"SELECT 'later'")
        assert holder.execute("SELECT 'goes on'").fetchone() == ("goes on",)
        holder.execute("COMMIT")
        assert daemon.wait() == 0
        start_again(daemon, store)
        result = other.pgconn.get_result()
        assert result.get_value(0, 0) == b"later"
        assert other.pgconn.get_result() is None
        assert holder.execute("SELECT 'x'").fetchone() == ("x",)


def test_one_who_connects_and_says_nothing_is_not_waited_for(serve, store):
    daemon = serve()
    with socket.socket(socket.AF_UNIX) as silent, connect(daemon) as client:
        silent.connect(daemon.socket_path())
        client.execute("SELECT 'x'")
        restart(daemon, store)
        assert "transactions are cut off" not in daemon.log()
        assert client.execute("SELECT 'x'").fetchone() == ("x",)


def test_who_keeps_a_server_is_told(serve, store):
    daemon = serve()
    client = connect(daemon)
    client.execute("CREATE TEMP TABLE mine (a int)")
    daemon.stop()
    with pytest.raises(psycopg.OperationalError, match="administrator command"):
        client.execute("SELECT 'x'")
    assert "weir-clients" not in store.names()


def test_a_crash_keeps_the_idle_clients_and_ends_the_others(serve, store):
    daemon = serve()
    with contextlib.ExitStack() as open_ones:
        idle = [open_ones.enter_context(connect(daemon)) for _ in range(5)]
        busy = connect(daemon)
        for i, client in enumerate([*idle, busy]):
            client.execute(f"SET application_name = 'client {i}'")
        wait_for(lambda: kept(daemon, store) == 6)
        busy.execute("BEGIN")
        busy.execute("SELECT 'held'")
        crash(daemon)
        start_again(daemon, store)
        for i, client in enumerate(idle):
            assert client.execute("SHOW application_name").fetchone() == (f"client {i}",)
        with pytest.raises(psycopg.OperationalError, match="restarted while this connection"):
            busy.execute("SELECT 'x'")
        wait_for(lambda: kept(daemon, store) == 5)


def test_what_a_client_has_just_changed_is_not_forgotten_by_a_crash(serve, store):
    """A record that is older than the client's state is worse than none."""
    daemon = serve()
    with contextlib.closing(connect(daemon)) as client:
        client.execute("SELECT 'x'")
        wait_for(lambda: kept(daemon, store) == 1)
        client.execute("SET application_name = 'changed'")
        crash(daemon)
        start_again(daemon, store)
        try:
            assert client.execute("SHOW application_name").fetchone() == ("changed",)
        except psycopg.OperationalError as told:
            assert "restarted while this connection" in str(told)


def test_a_client_with_an_unanswered_query_never_waits_for_ever(serve, store):
    daemon = serve(DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    clients = [connect(daemon) for _ in range(3)]
    for client in clients:
        client.execute("SELECT 'x'")
    wait_for(lambda: kept(daemon, store) == 3)
    for client in clients:  # one runs, two are in the queue
        client.pgconn.send_query(b"SELECT pg_sleep(60)")
    wait_for(lambda: daemon.metric("weir_pool_waiting", backend="postgres") == 2)
    crash(daemon)
    start_again(daemon, store)
    for client in clients:
        ready, _, _ = select.select([client.fileno()], [], [], 30)
        assert ready
        told = client.pgconn.get_result().error_message
        assert b"restarted while this connection" in told
        client.close()


def test_a_client_that_leaves_leaves_the_store(serve, store):
    daemon = serve()
    with connect(daemon) as client:
        client.execute("SELECT 'x'")
        wait_for(lambda: kept(daemon, store) == 1)
    wait_for(lambda: kept(daemon, store) == 0)
    with connect(daemon) as client:
        wait_for(lambda: kept(daemon, store) == 1)
        with connect(daemon, "weir") as operator:
            (row,) = [r for r in operator.execute("SHOW CLIENTS") if r[2] == "postgres"]
            operator.execute(f"KILL_CLIENT {row[13]}")
        ready, _, _ = select.select([client.fileno()], [], [], 30)
        assert ready  # it hears of it, though the store has the socket, too
    wait_for(lambda: kept(daemon, store) == 0)


def test_who_has_hung_up_meanwhile_is_no_trouble(serve, store):
    daemon = serve()
    with connect(daemon) as stays:
        leaves = connect(daemon)
        for client in (stays, leaves):
            client.execute("SELECT 'x'")
        daemon.stop()
        daemon.passed = store.passed()
        leaves.close()
        daemon.start()
        daemon.wait_until_listening()
        assert stays.execute("SELECT 'x'").fetchone() == ("x",)
        wait_for(lambda: kept(daemon, store) == 1)


@pytest.mark.parametrize("spoil", ["version", "short", "garbage", "missing", "one record"])
def test_a_bad_record_ends_its_clients_cleanly(serve, store, spoil):
    daemon = serve()
    clients = [connect(daemon) for _ in range(3)]
    for client in clients:
        client.execute("SELECT 'x'")
    daemon.stop()
    passed = store.passed()
    (states,) = [d for name, d in passed if name.startswith("weir-states-")]
    if spoil == "version":
        os.pwrite(states, (999).to_bytes(4, "little"), 8)
    elif spoil == "short":
        os.ftruncate(states, 4096)
    elif spoil == "garbage":
        os.pwrite(states, os.urandom(4096), 0)
    elif spoil == "missing":
        passed = [p for p in passed if p[1] != states]
    else:  # the first slot's checksum
        os.pwrite(states, bytes(4), 4096 + 28)
    daemon.passed = passed
    daemon.start()
    daemon.wait_until_listening()
    ended = 0
    for client in clients:
        try:
            assert client.execute("SELECT 'x'").fetchone() == ("x",)
        except psycopg.OperationalError as told:
            assert "restarted while this connection" in str(told)
            ended += 1
        client.close()
    assert ended == (1 if spoil == "one record" else 3)
    with connect(daemon) as new:
        assert new.execute("SELECT 'x'").fetchone() == ("x",)


def test_a_backend_that_is_gone_ends_its_clients_cleanly(serve, store):
    daemon = serve()
    client = connect(daemon)
    client.execute("SELECT 'x'")
    daemon.stop()
    del daemon.settings["DATABASE_URL"]
    start_again(daemon, store)
    with pytest.raises(psycopg.OperationalError, match="restarted while this connection"):
        client.execute("SELECT 'x'")


def test_a_listener_hears_again(serve, store):
    daemon = serve()
    with connect(daemon) as listener, connect(daemon) as speaker:
        listener.execute('LISTEN "news"')
        restart(daemon, store)
        wait_for(lambda: daemon.metric("weir_listening_channels", backend="postgres") == 1)

        heard = []
        listener.add_notify_handler(heard.append)

        def has_heard():
            speaker.execute("NOTIFY news, 'after'")
            listener.execute("")
            return heard

        wait_for(has_heard)
        assert heard[0].payload == "after"


def test_two_hundred_workers_notice_nothing_of_restarts_and_lose_nothing(serve, store, pg):
    """Each transaction is carried out once, whenever weir is restarted."""
    daemon = serve(DB_POOL_SIZE=5)
    idle = [connect(daemon) for _ in range(180)]
    with ticking([connect(daemon) for _ in range(20)]) as workers:
        for _ in range(3):
            time.sleep(0.5)
            restart(daemon, store)
    workers.examine()
    for client in idle:
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
        client.close()


def test_without_the_setting_a_stop_sends_everybody_away(pg, start, store):
    daemon = start(pg.unix_url(), NOTIFY_SOCKET=store.path)
    client = connect(daemon)
    client.execute("SELECT 'x'")
    daemon.stop()
    with pytest.raises(psycopg.OperationalError, match="administrator command"):
        client.execute("SELECT 'x'")
    assert store.names() == []


def takes_over(daemon):
    """Another weir on the same socket, in the first one's place."""
    old = daemon.process
    daemon.arguments = ("--takeover",)
    daemon.start()
    assert old.wait(60) == 0, daemon.log()
    wait_for(lambda: "clients of the weir before go on" in daemon.log())
    daemon.wait_until_listening()


def test_a_takeover_keeps_the_clients_and_the_socket(pg, start):
    daemon = start(pg.unix_url())
    socket_file = os.stat(daemon.socket_path()).st_ino
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(connect(daemon)) for _ in range(300)]
        for i, client in enumerate(clients):
            client.execute(f"SET application_name = 'client {i}'")
        takes_over(daemon)
        assert os.stat(daemon.socket_path()).st_ino == socket_file
        for i, client in enumerate(clients):
            assert client.execute("SHOW application_name").fetchone() == (f"client {i}",)
        late = open_ones.enter_context(connect(daemon))
        assert late.execute("SELECT 'x'").fetchone() == ("x",)
        with open(f"{daemon.socket_path()}.lock") as lock:
            assert int(lock.readline()) == daemon.process.pid


def test_who_knocks_during_a_takeover_is_served_by_the_new_one(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(connect(daemon))
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        old = daemon.process
        daemon.arguments = ("--takeover",)
        daemon.start()
        wait_for(lambda: "another weir takes over" in daemon.log())
        results = []
        knocking = threading.Thread(
            target=lambda: results.append(connect(daemon).execute("SELECT 'new'").fetchone())
        )
        knocking.start()
        assert holder.execute("SELECT 'goes on'").fetchone() == ("goes on",)
        holder.execute("COMMIT")
        knocking.join(60)
        assert results == [("new",)]
        assert old.wait(60) == 0
        assert holder.execute("SELECT 'x'").fetchone() == ("x",)


def test_one_who_asks_to_take_over_and_is_gone_has_changed_nothing(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(connect(daemon))
        other = open_ones.enter_context(connect(daemon))
        for _ in range(2):
            holder.execute("BEGIN")
            holder.execute("SELECT 'held'")
            other.execute("SELECT 'x'")
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asker:
                asker.connect(f"{daemon.socket_path()}.takeover")
                times = daemon.log().count("this one goes on")
                wait_for(lambda: "another weir takes over" in daemon.log())
                other.pgconn.send_query(b"SELECT 'put off'")
            wait_for(lambda: daemon.log().count("this one goes on") > times)
            assert other.pgconn.get_result().get_value(0, 0) == b"put off"
            assert other.pgconn.get_result() is None
            holder.execute("COMMIT")
            with connect(daemon) as late:
                assert late.execute("SELECT 'x'").fetchone() == ("x",)
        takes_over(daemon)
        assert holder.execute("SELECT 'x'").fetchone() == ("x",)


def test_only_weirs_own_user_may_take_over(pg, start):
    daemon = start(pg.unix_url())
    asked = subprocess.run(
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        + [sys.executable, "-c", "import socket, sys; socket.socket(1, 5).connect(sys.argv[1])"]
        + [f"{daemon.socket_path()}.takeover"],
        capture_output=True,
        text=True,
    )
    assert "PermissionError" in asked.stderr
    with connect(daemon) as client:
        assert client.execute("SELECT 'x'").fetchone() == ("x",)


def test_a_takeover_of_nobody_is_a_start(pg, start):
    daemon = start(pg.unix_url(), arguments=("--takeover",))
    assert "there is no weir to take over from" in daemon.log()
    with connect(daemon) as client:
        assert client.execute("SELECT 'x'").fetchone() == ("x",)


def test_a_sqlite_file_goes_from_one_weir_to_the_next(start):
    daemon = start()
    with connect(daemon, "database") as client:
        client.execute("CREATE TABLE t (a int)")
        for i in range(3):
            client.execute("INSERT INTO t VALUES (%s)", [i])
            takes_over(daemon)
        assert client.execute("SELECT count(*) FROM t").fetchone() == (3,)
