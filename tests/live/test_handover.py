"""A restart keeps the clients: they are in the service manager's descriptor store meanwhile. Here a
stand-in keeps them; test_systemd has the real one.
"""

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from descriptor_store import descriptor_store
from free_port import free_port
from patience import wait_for
from raw_client import raw_client, startup
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


def hears_the_end(client):
    """All that is said to it until its connection ends."""
    said = b""
    with socket.socket(fileno=os.dup(client.fileno())) as its:
        its.settimeout(30)
        while more := its.recv(65536):
            said += more
    return said


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


def test_one_whom_the_settings_do_not_admit_any_more_hears_so(serve, store):
    def allow(user):
        return {"listen": {"allow": {"users": [user]}}}

    daemon = serve(config=allow(str(os.geteuid())))
    with connect(daemon) as client:
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
        daemon.write_config(allow("nobody"))
        restart(daemon, store)
        with pytest.raises(psycopg.Error, match="may not connect"):
            client.execute("SELECT 'x'")
    wait_for(lambda: kept(daemon, store) == 0)


def test_a_weir_that_keeps_nobody_any_more_goes_on_with_them_and_lets_them_go(serve, store):
    daemon = serve()
    with connect(daemon) as client:
        client.execute("SELECT 'x'")
        daemon.stop()
        assert kept(daemon, store) == 1
        daemon.settings["WEIR_KEEP_CLIENTS"] = "off"
        start_again(daemon, store)
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
        wait_for(lambda: kept(daemon, store) == 0)
        daemon.stop()
        with pytest.raises(psycopg.OperationalError, match="administrator command"):
            client.execute("SELECT 'x'")


def tell(daemon, command):
    with connect(daemon, "weir") as console:
        console.execute(command)


def stopped(daemon):
    """{backend: (paused, disabled)}"""
    with connect(daemon, "weir") as console:
        shown = console.execute("SHOW DATABASES")
        at = {column.name: i for i, column in enumerate(shown.description)}
        return {
            row[at["name"]]: (row[at["paused"]], row[at["disabled"]])
            for row in shown
            if row[at["name"]] in ("postgres", "other")
        }


def test_what_an_operator_has_stopped_stays_so_over_a_restart_and_a_crash(pg, serve, store):
    daemon = serve(config={"backends": {"other": {"url": pg.unix_url()}}})
    tell(daemon, "PAUSE postgres")
    tell(daemon, "DISABLE other")
    for end in (daemon.stop, lambda: crash(daemon)):
        end()
        start_again(daemon, store)
        assert stopped(daemon) == {"postgres": (1, 0), "other": (0, 1)}
    tell(daemon, "RESUME postgres")
    tell(daemon, "ENABLE other")
    restart(daemon, store)
    assert stopped(daemon) == {"postgres": (0, 0), "other": (0, 0)}
    with connect(daemon) as client:
        assert client.execute("SELECT 'x'").fetchone() == ("x",)


def test_what_an_operator_has_stopped_stays_so_over_a_takeover(pg, start):
    daemon = start(pg.unix_url())
    with connect(daemon) as client:
        client.execute("SELECT 'x'")
        tell(daemon, "PAUSE")
        takes_over(daemon)
        assert stopped(daemon) == {"postgres": (1, 0)}
        tell(daemon, "RESUME")
        assert client.execute("SELECT 'x'").fetchone() == ("x",)


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


def test_how_long_a_restart_waits_for_half_a_message_is_a_setting(serve, store):
    daemon = serve(config={"shutdown_timeout": "300ms"})
    with socket.socket(socket.AF_UNIX) as slow, connect(daemon) as client:
        slow.connect(daemon.socket_path())
        login = b"user\0tester\0database\0postgres\0\0"
        slow.sendall(struct.pack("!ii", len(login) + 8, 3 << 16) + login)
        while not slow.recv(65536).endswith(b"Z\0\0\0\x05I"):
            pass
        slow.sendall(b"Q\0\0\0\x0dSEL")
        client.execute("SELECT 'x'")
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0  # sooner than with the 30 s that it has by default
        start_again(daemon, store)
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
        assert b"57P01" in slow.recv(65536)


def test_one_who_connects_and_says_nothing_is_not_waited_for(serve, store):
    daemon = serve()
    with socket.socket(socket.AF_UNIX) as silent, connect(daemon) as client:
        silent.connect(daemon.socket_path())
        client.execute("SELECT 'x'")
        restart(daemon, store)
        assert "transactions are cut off" not in daemon.log()
        assert client.execute("SELECT 'x'").fetchone() == ("x",)


def test_those_who_have_knocked_before_a_restart_are_let_in_and_kept(serve, store):
    daemon = serve()
    with contextlib.ExitStack() as stack:
        with daemon.halted():
            knocking = [stack.enter_context(raw_client(daemon.socket_path())) for _ in range(100)]
            for client in knocking:
                client.send(startup(user="tester", database="postgres"))
            daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait() == 0
        start_again(daemon, store)
        for client in knocking:
            client.until_ready()
            assert client.rows("SELECT 'x'") == [["x"]]


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
        assert b"KILL_CLIENT" in hears_the_end(client)  # though the store has the socket, too
    wait_for(lambda: kept(daemon, store) == 0)


def test_when_clients_are_kept_no_longer_the_store_lets_go_of_them(serve, store):
    daemon = serve()
    with connect(daemon) as client:
        client.execute("SELECT 'x'")
        wait_for(lambda: kept(daemon, store) == 1)
        daemon.stop()
        daemon.settings["WEIR_KEEP_CLIENTS"] = "off"
        start_again(daemon, store)
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
        wait_for(lambda: store.names() == [])
        with connect(daemon, "weir") as operator:
            (row,) = [r for r in operator.execute("SHOW CLIENTS") if r[2] == "postgres"]
            operator.execute(f"KILL_CLIENT {row[13]}")
        assert b"KILL_CLIENT" in hears_the_end(client)


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


def door_of(daemon):
    return f"{daemon.socket_path()}.takeover2"


class asker:
    """One who asks as a weir does that takes over: as far as the test has it."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(60)
        self.socket.connect(door_of(daemon))
        self.passed = []
        self.heard = self.hears()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        for _, descriptor in self.passed:
            os.close(descriptor)

    def says(self, words):
        self.socket.send(words.encode())

    def hears(self):
        text, descriptors, _, _ = socket.recv_fds(self.socket, 65536, 250)
        self.passed += [(text.decode(), descriptor) for descriptor in descriptors]
        return text.decode()

    def takes_all(self):
        self.says("go")
        while self.hears() != "end":
            pass


@contextlib.contextmanager
def another_weir(daemon, config=None, wrap=lambda daemon: [], **settings):
    """Wants the place of the first one, which stays the daemon."""
    first = {name: getattr(daemon, name) for name in ("process", "settings", "config", "wrap")}
    daemon.settings = daemon.settings | settings
    daemon.config, daemon.wrap = config or daemon.config, wrap
    daemon.arguments = ("--takeover",)
    daemon.start()
    other = daemon.process
    for name, value in first.items():
        setattr(daemon, name, value)
    try:
        yield other
    finally:
        if other.poll() is None:
            other.kill()
            other.wait()


def goes_on(daemon, *clients):
    """As if nobody had asked it for anything."""
    assert daemon.process.poll() is None, daemon.log()
    for client in clients:
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
    with connect(daemon) as late:
        assert late.execute("SELECT 'x'").fetchone() == ("x",)
    assert daemon.get("/healthz")[0] == 200


def takes_over(daemon):
    """Another weir on the same socket, in the first one's place."""
    old = daemon.process
    daemon.arguments = ("--takeover",)
    daemon.start()
    assert old.wait(60) == 0, daemon.log()
    wait_for(lambda: holder_of_the_lock(daemon) == daemon.process.pid)
    daemon.wait_until_listening()


def holder_of_the_lock(daemon):
    with open(f"{daemon.socket_path()}.lock") as lock:
        return int(lock.readline() or 0)


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
        assert holder_of_the_lock(daemon) == daemon.process.pid


def test_workers_notice_nothing_of_takeovers_that_fail_and_those_that_do_not(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=5)
    with ticking([connect(daemon) for _ in range(20)]) as workers:
        for _ in range(3):
            with asker(daemon) as taker:
                taker.takes_all()
            time.sleep(0.3)
            takes_over(daemon)
    workers.examine()


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
            with asker(daemon) as taker:
                times = daemon.log().count("this one goes on")
                taker.says("go")
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
        + [door_of(daemon)],
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


# -- A takeover that fails leaves the weir that runs as it was.


@pytest.mark.parametrize("mistake", ["allow", "metrics", "budget"])
def test_a_weir_that_cannot_start_takes_nothing(pg, start, mistake):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(connect(daemon)) for _ in range(5)]
        clients[0].execute("BEGIN")
        clients[0].execute("SELECT 'held'")
        clients[1].execute("CREATE TEMP TABLE mine (a int)")
        taken_port = open_ones.enter_context(socket.create_server(("127.0.0.1", 0)))
        wrong, complaint = {
            "allow": (
                {"config": {"listen": {"allow": {"users": ["nosuchuser"]}}}},
                "whom this host does not know",
            ),
            "metrics": (
                {"WEIR_METRICS": f"127.0.0.1:{taken_port.getsockname()[1]}"},
                "cannot serve metrics",
            ),
            "budget": (
                {
                    "config": {
                        "backends": {
                            "postgres": {
                                "url": pg.unix_url(),
                                "pool": {"size": 1000, "budget": "refuse"},
                            }
                        }
                    }
                },
                "may want more connections than there are",
            ),
        }[mistake]
        if mistake == "budget":
            del daemon.settings["DATABASE_URL"]
        with another_weir(daemon, **wrong) as other:
            assert other.wait(60) == 1
        assert complaint in daemon.log()
        assert "another weir takes over" not in daemon.log()
        goes_on(daemon, *clients)
        assert clients[1].execute("SELECT count(*) FROM mine").fetchone() == (0,)
        clients[1].execute("DROP TABLE mine")
        clients[0].execute("COMMIT")
        daemon.settings["DATABASE_URL"] = pg.unix_url()
        takes_over(daemon)
        goes_on(daemon, *clients)


@pytest.mark.parametrize("limit", [80, 230])
def test_a_weir_without_room_for_all_clients_takes_none(pg, start, limit):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(connect(daemon)) for _ in range(200)]
        with another_weir(daemon, wrap=lambda _: ["prlimit", f"--nofile={limit}", "--"]) as other:
            assert other.wait(60) == 1
        assert f"may have {limit} descriptors, too few for the clients" in daemon.log()
        goes_on(daemon, *clients)
        takes_over(daemon)
        goes_on(daemon, *clients)


@pytest.mark.parametrize("how", ["leaves", "is silent"])
def test_one_who_has_been_passed_all_and_does_not_answer_has_changed_nothing(pg, start, how):
    daemon = start(pg.unix_url())
    with connect(daemon) as client:
        client.execute("SET work_mem = '5MB'")
        with asker(daemon) as taker:
            taker.takes_all()
            assert [name for name, _ in taker.passed].count("weir-clients") == 1
            client.pgconn.send_query(b"SHOW work_mem")
            if how == "leaves":
                taker.socket.close()
            wait_for(lambda: "this one goes on" in daemon.log())
            assert client.pgconn.get_result().get_value(0, 0) == b"5MB"
            assert client.pgconn.get_result() is None
        goes_on(daemon, client)
        takes_over(daemon)
        assert client.execute("SHOW work_mem").fetchone() == ("5MB",)


def test_it_is_the_others_when_that_has_said_so_and_heard_it(pg, start):
    daemon = start(pg.unix_url())
    with connect(daemon) as client, asker(daemon) as taker:
        client.execute("SELECT 'x'")
        taker.takes_all()
        taker.says("taken")
        assert taker.hears() == "yours"
        assert daemon.wait() == 0
        assert os.path.exists(daemon.socket_path())
        with pytest.raises(OSError):
            daemon.get("/healthz")


def test_one_asks_at_a_time(pg, start):
    daemon = start(pg.unix_url())
    with asker(daemon):
        with asker(daemon) as second:
            assert second.heard.startswith("no ") and "another weir" in second.heard
    wait_for(lambda: "no " not in asker(daemon).heard[:3])
    goes_on(daemon)


def test_a_weir_of_another_version_is_not_disturbed(pg, start):
    """Such a one has its door elsewhere, as this one has for it."""
    daemon = start(pg.unix_url())
    with connect(daemon) as client:
        os.unlink(door_of(daemon))
        with another_weir(daemon) as other:
            assert other.wait(60) == 1
        assert f"another weir (pid {daemon.process.pid}) serves" in daemon.log()
        assert "of another version" in daemon.log()
        goes_on(daemon, client)


def test_one_that_ends_leaves_the_door_of_the_next(pg, start):
    """Which may have started before the last transaction has finished."""
    daemon = start(pg.unix_url())
    holder = connect(daemon)
    holder.execute("BEGIN")
    holder.execute("SELECT 'held'")
    old = daemon.process
    old.send_signal(signal.SIGTERM)
    wait_for(lambda: not os.path.exists(f"{daemon.socket_path()}.lock"))
    daemon.settings["WEIR_METRICS"] = "off"
    daemon.start()
    daemon.wait_until_listening()
    with connect(daemon) as client:
        holder.execute("COMMIT")
        assert old.wait(60) == 0
        takes_over(daemon)
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
    holder.close()


def test_a_socket_of_systemds_is_not_taken_over(pg, start):
    daemon = start(pg.unix_url())
    daemon.stop()
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(daemon.socket_path())
        passed.listen()
        daemon.passed = [("postgres", passed.fileno())]
        daemon.start()
        daemon.wait_until_listening()
        daemon.passed = []
        with connect(daemon) as client:
            with another_weir(daemon) as other:
                assert other.wait(60) == 1
            assert "systemctl restart" in daemon.log()
            goes_on(daemon, client)


def test_while_migrations_run_nobody_takes_over(pg, start, scratch):
    door = scratch / "door"
    config = {
        "backends": {
            "postgres": {
                "url": pg.unix_url(),
                "migrations": {"command": f"until [ -e {door} ]; do sleep 0.05; done"},
            }
        }
    }
    daemon = start(config=config)
    with another_weir(daemon) as other:
        assert other.wait(60) == 1
    assert "migrations run" in daemon.log()
    door.touch()
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    goes_on(daemon)
    takes_over(daemon)
    goes_on(daemon)


def test_migrations_that_begin_meanwhile_have_precedence(pg, start, scratch):
    door = scratch / "door"
    door.touch()
    command = {"command": f"until [ -e {door} ]; do sleep 0.05; done"}
    daemon = start(config={"backends": {"postgres": {"url": pg.unix_url(), "migrations": command}}})
    with connect(daemon) as holder, connect(daemon) as other:
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        with asker(daemon) as taker:
            taker.says("go")
            wait_for(lambda: "another weir takes over" in daemon.log())
            door.unlink()
            daemon.process.send_signal(signal.SIGHUP)
            assert "migrations run" in taker.hears()
        other.pgconn.send_query(b"SELECT 'waits'")
        holder.execute("COMMIT")
        door.touch()
        assert other.pgconn.get_result().get_value(0, 0) == b"waits"
        assert other.pgconn.get_result() is None
        goes_on(daemon, holder, other)
        takes_over(daemon)
        goes_on(daemon, holder, other)


def test_a_gate_that_a_failure_has_closed_stays_closed(pg, start, store):
    config = {"backends": {"postgres": {"url": pg.unix_url(), "migrations": {"command": "false"}}}}
    daemon = start(config=config, NOTIFY_SOCKET=store.path)
    wait_for(lambda: "clients are not served" in daemon.log())
    with connect(daemon, "weir"):
        failed = next(words["STATUS"] for words in store.said[::-1] if "STATUS" in words)
        assert "status 1" in failed
        with asker(daemon) as taker:
            taker.says("go")
            wait_for(lambda: any("takes over" in words.get("STATUS", "") for words in store.said))
        wait_for(lambda: [w["STATUS"] for w in store.said if "STATUS" in w][-1] == failed)
        assert not any("READY" in words for words in store.said)


def test_the_service_manager_hears_that_it_goes_on(pg, start, store):
    daemon = start(pg.unix_url(), NOTIFY_SOCKET=store.path)

    def statuses():
        return [words["STATUS"] for words in store.said if "STATUS" in words]

    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(connect(daemon))
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        keeper = open_ones.enter_context(contextlib.closing(connect(daemon)))
        keeper.execute("CREATE TEMP TABLE mine (a int)")
        with asker(daemon) as taker:
            taker.says("go")
            wait_for(lambda: "takes over" in statuses()[-1])
        wait_for(lambda: statuses()[-1] == "serving 1 backend(s)")
        assert not any("STOPPING" in words for words in store.said)
        holder.execute("COMMIT")
        goes_on(daemon, holder)
        assert keeper.execute("SELECT count(*) FROM mine").fetchone() == (0,)
        takes_over(daemon)
        wait_for(lambda: any("STOPPING" in words for words in store.said))
        with pytest.raises(psycopg.OperationalError, match="administrator command"):
            keeper.execute("SELECT 'x'")


def test_nobody_takes_over_from_one_that_waits_for_its_clients_to_leave(pg, start):
    daemon = start(pg.unix_url())
    with connect(daemon) as holder, contextlib.closing(connect(daemon, "weir")) as operator:
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        operator.pgconn.send_query(b"SHUTDOWN WAIT_FOR_CLIENTS")
        wait_for(lambda: "by=SHUTDOWN" in daemon.log())
        with asker(daemon) as taker:
            assert taker.heard.startswith("no ") and "shutting down" in taker.heard
        assert holder.execute("SELECT 'goes on'").fetchone() == ("goes on",)
        holder.execute("COMMIT")
        holder.close()
        assert daemon.wait() == 0


@pytest.mark.parametrize(
    "how", ["SIGTERM", "SHUTDOWN WAIT_FOR_SERVERS", "SHUTDOWN WAIT_FOR_CLIENTS"]
)
def test_the_end_has_precedence_over_a_takeover(pg, start, how):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(connect(daemon))
        operator = open_ones.enter_context(contextlib.closing(connect(daemon, "weir")))
        taker = open_ones.enter_context(asker(daemon))
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        taker.says("go")
        wait_for(lambda: "another weir takes over" in daemon.log())
        if how == "SIGTERM":
            daemon.process.send_signal(signal.SIGTERM)
        else:
            operator.pgconn.send_query(how.encode())
        assert "shutting down" in taker.hears()
        assert holder.execute("SELECT 'goes on'").fetchone() == ("goes on",)
        holder.execute("COMMIT")
        holder.close()
        assert daemon.wait() == 0


def test_a_weir_that_waits_to_take_over_can_be_stopped(pg, start):
    daemon = start(pg.unix_url())
    with connect(daemon) as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        with another_weir(daemon) as other:
            wait_for(lambda: "another weir takes over" in daemon.log())
            other.send_signal(signal.SIGHUP)  # interrupts its waiting, and is no reason to end it
            time.sleep(0.5)
            assert other.poll() is None
            other.send_signal(signal.SIGTERM)
            assert other.wait(60) == -signal.SIGTERM
        wait_for(lambda: "this one goes on" in daemon.log())
        goes_on(daemon, holder)
        holder.execute("COMMIT")


@pytest.mark.parametrize("pages", ["0.0.0.0", "elsewhere", "off"])
def test_the_one_that_takes_over_has_its_pages_where_it_wants_them(pg, start, pages):
    daemon = start(pg.unix_url())
    with connect(daemon) as client:
        client.execute("SELECT 'x'")
        if pages == "elsewhere":
            daemon.metrics_port = free_port()
        elif pages == "off":
            daemon.settings["WEIR_METRICS"] = "off"
        else:
            daemon.settings["WEIR_METRICS"] = f"0.0.0.0:{daemon.metrics_port}"
        takes_over(daemon)
        assert client.execute("SELECT 'x'").fetchone() == ("x",)
        if pages != "off":
            assert daemon.get("/healthz")[0] == 200


def test_the_servers_of_the_one_that_ends_do_not_count_against_the_budget(pg, start):
    pg.psql("CREATE ROLE tight LOGIN CONNECTION LIMIT 10")  # 4, 5, and 1 that listens
    pool = {"size": 4, "max_overflow": 0, "session_pool_size": 5, "budget": "refuse"}
    url = pg.unix_url().replace("://postgres@", "://tight@")
    daemon = start(config={"backends": {"postgres": {"url": url, "pool": pool}}})
    with contextlib.ExitStack() as open_ones:
        open_ones.enter_context(connect(daemon)).execute("LISTEN news")
        holders = [open_ones.enter_context(connect(daemon)) for _ in range(4)]
        for holder in holders:
            holder.execute("BEGIN")
            holder.execute("SELECT 'held'")
        there = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tight'"
        wait_for(lambda: "the budget is enough" in daemon.log())
        wait_for(lambda: pg.psql(there) == "5")  # whoever asked for it has gone
        old = daemon.process
        daemon.arguments = ("--takeover",)
        daemon.start()
        wait_for(lambda: "another weir takes over" in daemon.log() or daemon.process.poll())
        for holder in holders:
            holder.execute("COMMIT")
        assert old.wait(60) == 0, daemon.log()
        daemon.wait_until_listening()
        goes_on(daemon, *holders)
