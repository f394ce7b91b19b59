"""The gate: nobody is served until the schema is where it should be, and everyone is told why; and
the console, which shows and runs migrations.

What has to take its time stands at a door that the test opens, so no test depends on how fast
anything is.
"""

import asyncio
import contextlib
import functools
import os
import re
import signal
import subprocess

import asyncpg
import psycopg
import psycopg2
import pytest

from cluster import cluster
from patience import wait_for
from raw_client import kinds, query, raw_client, sqlstates, startup


# -- revisions, doors, databases


def is_ready(daemon):
    """False, too, while nobody listens there yet."""
    try:
        return daemon.get("/readyz")[0] == 200
    except OSError:
        return False


class revisions:
    """A directory of them, each following the one before."""

    def __init__(self, path):
        self.path, self.ids = path, []
        path.mkdir()

    def add(self, name, upgrade, downgrade="SELECT 1"):
        down = f"-- down_revision: {self.ids[-1] if self.ids else 'none'}\n"
        number = len(self.ids) + 1
        text = f"-- revision: {name}\n{down}-- message: the {name}\n\n"
        text += f"-- upgrade\n{upgrade};\n\n-- downgrade\n{downgrade};\n"
        (self.path / f"{number:03}_{name}.sql").write_text(text)
        self.ids.append(name)

    def add_table(self, name):
        self.add(name, f"CREATE TABLE {name} (i int)", f"DROP TABLE {name}")

    def replace(self, name, was, becomes):
        (file,) = self.path.glob(f"*_{name}.sql")
        file.write_text(file.read_text().replace(was, becomes))


@pytest.fixture
def revs(scratch):
    return revisions(scratch / "revisions")


class postgres_door:
    """A revision that waits for a lock, which the test has until it opens the door."""

    sql = "SELECT pg_advisory_xact_lock(77)"
    waiters = "FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted"

    def __init__(self, pg, database):
        self.pg, self.database = pg, database
        self.key = psycopg.connect(pg.unix_url(database), autocommit=True)
        self.key.execute("SELECT pg_advisory_lock(77)")

    def is_waited_at(self):
        return self.key.execute(f"SELECT count(*) {self.waiters}").fetchone() > (0,)

    def who_waits(self):
        """The process."""
        return self.key.execute(f"SELECT pid {self.waiters}").fetchone()[0]

    def open(self):
        self.key.close()


@pytest.fixture
def database(pg, request):
    """A fresh database's name."""
    name = re.sub(r"\W", "_", request.node.name)[:60]
    pg.psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    pg.psql(f'CREATE DATABASE "{name}"')
    yield name
    pg.psql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def door(pg, database):
    made = postgres_door(pg, database)
    yield made
    made.open()


@pytest.fixture
def serve(pg, start, database, revs):
    """serve(DB_POOL_TIMEOUT=1, on_failure="exit") starts a weir whose one backend, app, is the
    fresh database and has the revisions.
    """

    def one(url=None, dir=revs.path, wrap=lambda daemon: [], **settings):
        pool = {n: settings.pop(n) for n in list(settings) if n.startswith(("DB_", "NOTIFY"))}
        migrations = {"dir": str(dir), "lock_timeout": 0, **settings}
        backend = {"url": url or pg.unix_url(database), "migrations": migrations}
        daemon = start(config={"backends": {"app": backend}}, wrap=wrap, **pool)
        daemon.database = "app"
        return daemon

    return one


@pytest.fixture(params=["postgresql", "sqlite"])
def anywhere(request, serve, scratch):
    """serve(), on either kind of database."""
    file = f"sqlite:///{scratch}/app.db"
    return serve if request.param == "postgresql" else functools.partial(serve, url=file)


def connecting(daemon):
    """A client that has said who it is, and waits to be let in."""
    client = raw_client(daemon.socket_path())
    client.send(startup(user="tester", database="app"))
    return client


def connected(daemon, database="app"):
    return raw_client(daemon.socket_path(), database=database)


def rows_when_served(daemon, sql):
    with connected(daemon) as client:
        return client.rows(sql)


def applied(pg, database):
    return pg.psql("SELECT version_num FROM alembic_version ORDER BY 1", database).split()


def fatal(client):
    """What a client hears that is sent away."""
    (last,) = [m.fields() for m in client.hears_the_end() if m.kind == "E"]
    assert last["S"] == "FATAL"
    return last


def console(daemon, command, expect=0):
    """What psql prints on the console, and as errors and notices."""
    done = subprocess.run(
        ["psql", "-XAt", "-v", "ON_ERROR_STOP=1", "-d", daemon.dsn("weir"), "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env=daemon.client_environment(),
    )
    assert done.returncode == expect, (done.stdout, done.stderr)
    return done.stdout.splitlines(), done.stderr


def shown(daemon):
    """SHOW MIGRATIONS of the one backend, by column."""
    with psycopg.connect(daemon.dsn("weir"), autocommit=True) as connection:
        cursor = connection.execute("SHOW MIGRATIONS")
        (row,) = cursor.fetchall()
        return {column.name: value for column, value in zip(cursor.description, row)}


# -- while migrations run


def test_clients_wait_while_migrations_run_and_are_served_after(pg, serve, revs, door):
    revs.add_table("users")
    revs.add("door", door.sql)
    revs.add_table("orders")
    daemon = serve()
    wait_for(door.is_waited_at)
    with connecting(daemon) as first, connecting(daemon) as second:
        assert first.is_silent(0.3) and second.is_silent(0.1)
        assert daemon.get("/readyz")[0] == 503
        assert "2 of 3, 002_door" in daemon.get("/readyz")[1]
        assert daemon.metric("weir_migration_running", backend="app") == 1
        assert "serving" not in daemon.log()
        door.open()
        for client in (first, second):
            client.until_ready()
            assert client.rows("SELECT count(*) FROM orders") == [["0"]]
    wait_for(lambda: is_ready(daemon))
    assert "serving" in daemon.log()
    assert daemon.metric("weir_migrations_applied_total", backend="app") == 3
    assert daemon.metric("weir_migration_seconds_count", backend="app") == 3
    assert daemon.metric("weir_migration_info", current="orders", head="orders") == 1
    assert daemon.metric("weir_migrations_pending") == 0
    assert daemon.metric("weir_migration_running") == 0


def test_on_a_file_clients_wait_as_well(serve, revs, scratch):
    revs.add_table("users")
    door = scratch / "door"
    command = f"echo waiting; while [ ! -e {door} ]; do sleep 0.02; done; echo opened"
    daemon = serve(url=f"sqlite:///{scratch}/app.db", command=command)
    wait_for(lambda: "line=waiting" in daemon.log())
    with connecting(daemon) as client:
        assert client.is_silent(0.3)
        door.touch()
        client.until_ready()
        assert client.rows("SELECT count(*) FROM users") == [["0"]]
        assert client.rows("SELECT version_num FROM alembic_version") == [["users"]]
    assert "line=opened" in daemon.log()


def test_at_the_timeout_a_client_hears_how_far_they_are(serve, revs, door):
    revs.add_table("users")
    revs.add("door", door.sql)
    daemon = serve(DB_POOL_TIMEOUT="300ms")
    wait_for(door.is_waited_at)
    with connecting(daemon) as client:
        told = fatal(client)
        assert told["C"] == "57P03"
        assert told["M"] == "migrations are running: 2 of 2, 002_door"
    door.open()
    wait_for(lambda: is_ready(daemon))


def test_a_client_that_is_logged_in_hears_it_and_stays(serve, revs, door):
    revs.add_table("users")
    daemon = serve(DB_POOL_TIMEOUT="2s")
    wait_for(lambda: is_ready(daemon))
    with connected(daemon) as client:
        assert client.rows("SELECT 1") == [["1"]]
        revs.add("door", door.sql)
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(door.is_waited_at)
        answers = client.ask("SELECT 2")
        assert sqlstates(answers) == ["57P03"] and kinds(answers) == "EZ"
        door.open()
        wait_for(lambda: is_ready(daemon))
        assert client.rows("SELECT 3") == [["3"]]


# -- when they fail


def test_closed_by_a_failure_it_says_which_and_why_until_it_is_mended(anywhere, revs):
    revs.add_table("users")
    revs.add("broken", "CREATE TABEL orders (i int)", "DROP TABLE orders")
    daemon = anywhere()
    wait_for(lambda: "migrations failed" in daemon.log())
    with connecting(daemon) as client:
        told = fatal(client)
        assert told["C"] == "57P03"
        assert "broken" in told["M"] and 'syntax error at or near "TABEL"' in told["M"]
    status, page = daemon.get("/readyz")
    assert status == 503 and "TABEL" in page
    told = shown(daemon)
    assert told["state"] == "closed" and "TABEL" in told["error"]
    assert (told["current"], told["pending"]) == ("users", 1)
    assert daemon.metric("weir_migration_failures_total") == 1
    assert "serving" not in daemon.log()
    revs.replace("broken", "TABEL", "TABLE")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: is_ready(daemon))
    assert rows_when_served(daemon, "SELECT count(*) FROM orders") == [["0"]]
    assert shown(daemon)["current"] == "broken"
    assert daemon.metric("weir_migration_failures_total") == 1  # it was never retried by itself
    assert "serving" in daemon.log()


def test_sighup_with_a_revision_that_fails_leaves_what_was_served(anywhere, revs):
    revs.add_table("users")
    daemon = anywhere()
    assert rows_when_served(daemon, "SELECT count(*) FROM users") == [["0"]]
    revs.add("broken", "CREATE TABEL orders (i int)", "DROP TABLE orders")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.metric("weir_migration_failures_total") == 1)
    wait_for(lambda: is_ready(daemon))
    assert rows_when_served(daemon, "SELECT count(*) FROM users") == [["0"]]
    assert "TABEL" in shown(daemon)["error"]
    revs.replace("broken", "TABEL", "TABLE")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: shown(daemon)["current"] == "broken")


def test_on_failure_exit_ends_weir_with_status_1(serve, revs, door):
    revs.add("door", door.sql)
    revs.add("broken", "SELECT 1/0")
    daemon = serve(on_failure="exit")
    wait_for(door.is_waited_at)
    with connecting(daemon) as client:
        door.open()
        fatal(client)
    assert daemon.wait() == 1
    assert "division by zero" in daemon.log()
    daemon.destroy()


def test_on_failure_serve_serves_the_schema_as_it_is(anywhere, revs):
    revs.add_table("users")
    revs.add("broken", "SELECT 1/0")
    daemon = anywhere(on_failure="serve")
    assert rows_when_served(daemon, "SELECT count(*) FROM users") == [["0"]]
    assert "division by zero" in daemon.log()
    assert shown(daemon)["state"] == "open" and "division by zero" in shown(daemon)["error"]
    assert shown(daemon)["pending"] == 1


def test_a_lost_connection_is_tried_again(pg, serve, revs, door, database):
    revs.add_table("users")
    revs.add("door", door.sql)
    revs.add_table("orders")
    daemon = serve()
    wait_for(door.is_waited_at)
    pg.kill_backend(door.who_waits())
    wait_for(lambda: daemon.metric("weir_migration_failures_total") == 1)
    with connecting(daemon) as client:
        assert client.is_silent(0.1)
        door.open()
        client.until_ready()
        assert client.rows("SELECT count(*) FROM orders") == [["0"]]
    assert applied(pg, database) == ["orders"]
    assert daemon.metric("weir_migrations_applied_total") == 3


def test_a_backend_that_comes_up_late_is_waited_for(start, revs):
    revs.add_table("users")
    with cluster(tcp=False) as late:
        late.stop()
        backend = {"url": late.unix_url(), "migrations": {"dir": str(revs.path)}}
        daemon = start(config={"backends": {"app": backend}})
        daemon.database = "app"
        with connecting(daemon) as client:
            wait_for(lambda: "migrations wait for the backend" in daemon.log())
            assert client.is_silent(0.1)
            late.start()
            client.until_ready()
            assert client.rows("SELECT count(*) FROM users") == [["0"]]
        daemon.stop()


def test_a_closed_backend_does_not_close_the_others(pg, start, database, revs, scratch):
    revs.add("broken", "SELECT 1/0")
    app = {"url": pg.unix_url(database), "migrations": {"dir": str(revs.path)}}
    daemon = start(config={"backends": {"app": app, "file": {"url": f"sqlite:///{scratch}/a.db"}}})
    wait_for(lambda: "migrations failed" in daemon.log())
    with connected(daemon, "file") as client:
        assert client.rows("SELECT 'served'") == [["served"]]
    with connecting(daemon) as client:
        assert fatal(client)["C"] == "57P03"
    assert daemon.get("/readyz")[0] == 503
    assert daemon.metric("weir_migration_gate_open", backend="app") == 0
    assert daemon.metric("weir_migration_gate_open", backend="file") == 1


# -- many at once


@pytest.mark.parametrize("count", [2, 10])
def test_weirs_that_start_at_once_apply_each_revision_once(pg, serve, revs, database, count):
    revs.add("ran", "CREATE TABLE ran (name text)")
    for number in range(8):
        revs.add(f"r{number}", f"INSERT INTO ran VALUES ('r{number}'); SELECT pg_sleep(0.02)")
    daemons = [serve() for _ in range(count)]
    for daemon in daemons:
        assert rows_when_served(daemon, "SELECT count(*) FROM ran") == [["8"]]
    assert pg.psql("SELECT count(DISTINCT name) FROM ran", database) == "8"
    assert sum(d.metric("weir_migrations_applied_total") for d in daemons) == 9


def test_who_waits_for_the_lock_says_who_holds_it(serve, revs, door):
    revs.add("door", door.sql)
    first = serve()
    wait_for(door.is_waited_at)
    second = serve()
    wait_for(lambda: "migrations wait for the lock" in second.log())
    assert re.search(r"migrations wait for the lock, held by .*\d", second.log())
    door.open()
    for daemon in (first, second):
        assert rows_when_served(daemon, "SELECT 1") == [["1"]]


# -- a reload


def test_sighup_migrates_what_is_new_and_recycles_connections(pg, serve, revs, database):
    revs.add_table("users")
    daemon = serve(DB_POOL_SIZE=2)
    with connected(daemon) as holder, connected(daemon) as other:
        other.rows("SELECT 'held'")
        holder.ask("BEGIN")
        holder.rows("SELECT 'held'")
        revs.add_table("orders")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: shown(daemon)["state"] == "draining")
        other.send(query("SELECT count(*) FROM orders"))
        assert other.is_silent(0.2)  # the transaction is waited for
        assert pg.psql("SELECT to_regclass('orders') IS NULL", database) == "t"
        assert sqlstates(holder.ask("SELECT count(*) FROM users")) == []
        holder.ask("COMMIT")
        assert other.until_ready()[1].values() == ["0"]
        assert holder.rows("SELECT count(*) FROM orders") == [["0"]]
    assert daemon.metric("weir_pool_closes_total", reason="migration") >= 1
    assert shown(daemon)["current"] == "orders"


def test_sighup_with_nothing_new_disturbs_nobody(anywhere, revs):
    revs.add_table("users")
    daemon = anywhere()
    with connected(daemon) as holder:
        holder.ask("BEGIN")
        holder.rows("SELECT 'held'")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "settings reloaded" in daemon.log())
        assert rows_when_served(daemon, "SELECT 1") == [["1"]]
        assert sqlstates(holder.ask("COMMIT")) == []
    assert "clients wait" not in daemon.log()


# -- the end


def test_sigterm_stops_migrations_cleanly(pg, serve, revs, door, database):
    revs.add_table("users")
    revs.add("door", door.sql)
    daemon = serve()
    wait_for(door.is_waited_at)
    with connecting(daemon) as client:
        daemon.process.send_signal(signal.SIGTERM)
        assert fatal(client)["C"] == "57P01"
    assert daemon.wait() == 0
    assert applied(pg, database) == ["users"]
    assert not door.is_waited_at()


def test_a_second_sigterm_does_not_wait_for_them(serve):
    daemon = serve(command="trap '' TERM; echo deaf; sleep 60")
    wait_for(lambda: "line=deaf" in daemon.log())
    daemon.process.send_signal(signal.SIGTERM)
    wait_for(lambda: "stopping" in daemon.log())
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.wait() == 1
    assert "migrations are cut off" in daemon.log()
    daemon.destroy()


# -- systemd


def asks_for_time(line):
    return line.startswith("EXTEND_TIMEOUT_USEC=")


def test_systemd_hears_the_progress_and_ready_only_after(serve, revs, door, systemd):
    revs.add("door", door.sql)
    serve(NOTIFY_SOCKET=systemd.path)
    heard = systemd.until(lambda line: line.startswith("STATUS=") and "1 of 1, 001_door" in line)
    assert any(map(asks_for_time, heard)) and "READY=1" not in heard
    wait_for(door.is_waited_at)
    door.open()
    heard = systemd.until("READY=1")
    assert any(line.startswith("STATUS=serving") for line in heard)


def test_systemd_hears_why_it_stays_closed_and_is_asked_for_time(serve, revs, systemd):
    revs.add("broken", "SELECT 1/0")
    daemon = serve(NOTIFY_SOCKET=systemd.path)
    heard = systemd.until(lambda line: line.startswith("STATUS=") and "division by zero" in line)
    for _ in range(2):  # again and again
        heard += systemd.until(asks_for_time)
    assert "READY=1" not in heard
    revs.replace("broken", "1/0", "1")
    daemon.process.send_signal(signal.SIGHUP)
    systemd.until("READY=1")


def test_a_reload_is_over_when_its_migrations_are(serve, revs, door, systemd):
    revs.add_table("users")
    daemon = serve(NOTIFY_SOCKET=systemd.path)
    systemd.until("READY=1")
    revs.add("door", door.sql)
    daemon.process.send_signal(signal.SIGHUP)
    heard = systemd.until(lambda line: "2 of 2, 002_door" in line or "1 of 1, 002_door" in line)
    assert "RELOADING=1" in heard and "READY=1" not in heard
    wait_for(door.is_waited_at)
    door.open()
    systemd.until("READY=1")


# -- the console


def test_the_console_shows_and_migrates(anywhere, revs):
    for name in ("users", "orders", "items"):
        revs.add_table(name)
    daemon = anywhere()
    rows_when_served(daemon, "SELECT 1")
    assert [line.split("|")[:5] for line in console(daemon, "SHOW MIGRATIONS")[0]] == [
        ["app", "open", "items", "items", "0"]
    ]
    rows, notices = console(daemon, "MIGRATE app DOWNGRADE '-2'")
    assert [row.split("|")[:3] for row in rows if "|" in row] == [
        ["downgrade", "items", "the items"],
        ["downgrade", "orders", "the orders"],
    ]
    assert "1 of 2" in notices and "2 of 2" in notices
    assert (shown(daemon)["current"], shown(daemon)["pending"]) == ("users", 2)
    console(daemon, "MIGRATE app UPGRADE +1 ONLINE")
    assert shown(daemon)["current"] == "orders"
    console(daemon, "MIGRATE \"app\" STAMP 'base' PURGE")
    assert shown(daemon)["current"] is None
    console(daemon, "MIGRATE app STAMP heads")
    assert shown(daemon)["current"] == "items"
    assert rows_when_served(daemon, "SELECT count(*) FROM orders") == [["0"]]
    assert "weir 0" in console(daemon, "SHOW VERSION")[0][0]
    assert any(line.startswith("MIGRATE") for line in console(daemon, "SHOW HELP")[0])


def test_what_the_console_cannot_do_it_says(anywhere, revs):
    revs.add_table("users")
    daemon = anywhere()
    rows_when_served(daemon, "SELECT 1")
    assert 'syntax error at or near "selct"' in console(daemon, "selct 1", expect=1)[1]
    assert 'no backend "ap"' in console(daemon, "MIGRATE ap UPGRADE heads", expect=1)[1]
    assert "nowhere" in console(daemon, "MIGRATE app UPGRADE nowhere", expect=1)[1]
    assert rows_when_served(daemon, "SELECT 1") == [["1"]]


def test_one_migration_at_a_time_and_a_client_that_leaves_does_not_stop_it(
    pg, serve, revs, door, database
):
    revs.add_table("users")
    daemon = serve()
    rows_when_served(daemon, "SELECT 1")
    revs.add("door", door.sql)
    revs.add_table("orders")
    with connected(daemon, "weir") as operator:
        operator.send(query("MIGRATE app UPGRADE heads"))
        wait_for(door.is_waited_at)
        assert shown(daemon)["revision"] == "door"
        assert (shown(daemon)["number"], shown(daemon)["total"]) == (1, 2)
        with connected(daemon, "pgbouncer") as other:
            assert sqlstates(other.ask("MIGRATE app UPGRADE heads")) == ["55006"]
    with connected(daemon) as client:
        client.send(query("SELECT count(*) FROM orders"))
        assert client.is_silent(0.2)
        door.open()
        assert client.until_ready()[1].values() == ["0"]
    assert applied(pg, database) == ["orders"]


def test_a_migration_online_pauses_nobody(serve, revs, door):
    revs.add_table("users")
    daemon = serve()
    rows_when_served(daemon, "SELECT 1")
    revs.add("door", door.sql)
    with connected(daemon, "weir") as operator:
        operator.send(query("MIGRATE app UPGRADE heads ONLINE"))
        wait_for(door.is_waited_at)
        assert rows_when_served(daemon, "SELECT count(*) FROM users") == [["0"]]
        door.open()
        assert sqlstates(operator.until_ready()) == []


def test_drivers_can_talk_to_the_console(anywhere, revs):
    revs.add_table("users")
    daemon = anywhere()
    rows_when_served(daemon, "SELECT 1")
    with contextlib.closing(psycopg2.connect(daemon.dsn("weir"))) as connection:
        cursor = connection.cursor()  # in a transaction, as far as psycopg2 knows
        cursor.execute("SHOW MIGRATIONS")
        assert cursor.fetchone()[:3] == ("app", "open", "users")
        connection.rollback()
    with psycopg.connect(daemon.dsn("pgbouncer")) as connection:
        for binary in (False, True):
            row = connection.execute("SHOW MIGRATIONS", binary=binary).fetchone()
            assert row[:5] == ("app", "open", "users", "users", 0)

    async def ask():
        connection = await asyncpg.connect(daemon.url(database="weir"))
        try:
            row = await connection.fetchrow("SHOW MIGRATIONS")
            with pytest.raises(asyncpg.PostgresSyntaxError):
                await connection.fetch("SHOW TABLES")
            return row
        finally:
            await connection.close()

    row = asyncio.run(ask())
    assert row["backend"] == "app" and row["pending"] == 0


def test_the_console_is_there_while_the_gate_is_closed(anywhere, revs):
    revs.add("broken", "SELECT 1/0")
    daemon = anywhere()
    wait_for(lambda: "migrations failed" in daemon.log())
    assert shown(daemon)["state"] == "closed"
    console(daemon, "MIGRATE app STAMP heads")
    wait_for(lambda: is_ready(daemon))  # nothing is pending any more
    assert rows_when_served(daemon, "SELECT 1") == [["1"]]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_console_is_for_operators(serve, revs):
    daemon = serve()
    wait_for(lambda: is_ready(daemon))
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        + ["psql", "-X", "-d", daemon.dsn("weir"), "-c", "SHOW MIGRATIONS"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=daemon.client_environment() | {"HOME": "/nonexistent"},
    )
    assert done.returncode != 0 and "permission denied for the console" in done.stderr
