"""Many weirs at once on one database: each revision is applied once, by one of them, and all serve."""

import concurrent.futures
import contextlib
import re
import signal
import subprocess
import threading
import time

import psycopg2
import pytest

from cluster import cluster
from sample import (
    HEAD,
    INIT_DB,
    LIVE,
    counting_revisions,
    databases,
    settings_file,
    sqlite_database,
)
from weir import binary, weir

FIFTY = 50
REVISIONS = 20
NAMES = [f"{i:03}_counting" for i in range(1, REVISIONS + 1)]


def ask(daemon, sql):
    with contextlib.closing(psycopg2.connect(daemon.dsn())) as connection:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()


@contextlib.contextmanager
def crowd(number, database, **migrations):
    """Weirs that were all started before any of them was waited for."""
    daemons = [
        weir(
            config=settings_file(database, lock_wait="5min", **migrations),
            WEIR_METRICS="off",
            DB_POOL_SIZE=1,
            DB_MAX_OVERFLOW=0,
        )
        for _ in range(number)
    ]
    try:
        for daemon in daemons:
            daemon.start()
        for daemon in daemons:
            daemon.wait_until_listening()
        yield daemons
        for daemon in daemons:
            daemon.process.send_signal(signal.SIGTERM)
        for daemon in daemons:
            daemon.stop()
    finally:
        for daemon in daemons:
            daemon.destroy()


class connection_count:
    """The most connections that the server had at once, looked at all the time."""

    def __init__(self, server):
        self.server, self.most, self.over = server, 0, threading.Event()

    def __enter__(self):
        self.watcher = threading.Thread(target=self.watch)
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()

    def watch(self):
        connection = psycopg2.connect(self.server.unix_url())
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            while not self.over.wait(0.01):
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
                self.most = max(self.most, cursor.fetchone()[0])


def test_fifty_weirs_at_once_apply_each_revision_once(scratch):
    revisions = counting_revisions(scratch / "revisions", REVISIONS, work="SELECT pg_sleep(0.05)")
    with cluster(max_connections=2 * FIFTY + 10, tcp=False) as server:
        database = databases("postgresql", server, None).fresh()
        with connection_count(server) as connections, crowd(
            FIFTY, database, dir=revisions
        ) as daemons:
            with concurrent.futures.ThreadPoolExecutor(FIFTY) as workers:
                answers = list(
                    workers.map(lambda each: ask(each, "SELECT count(*) FROM applied"), daemons)
                )
            logs = [daemon.log() for daemon in daemons]
        assert answers == [[(REVISIONS,)]] * FIFTY
        assert [row[0] for row in database.rows("SELECT revision FROM applied ORDER BY 1")] == NAMES
        assert sorted(revision for revision, _ in database.notes()) == NAMES
        assert database.versions() == [NAMES[-1]]
        # One to migrate with or to wait, and one for the worker.
        assert 0 < connections.most <= 2 * FIFTY
        pids = {str(daemon.process.pid) for daemon in daemons}
        waiting = [log for log in logs if set(re.findall(r"pid (\d+)", log)) & pids]
        assert waiting, logs[0]  # and they said for whom


def test_ten_commands_at_once_on_one_file_apply_each_revision_once(scratch):
    database = sqlite_database(str(scratch), "archive")
    revisions = counting_revisions(scratch / "revisions", REVISIONS, work="SELECT 1")
    commands = [
        subprocess.Popen(
            [binary(), "migrate", "upgrade", "heads"],
            env={
                "PATH": "/usr/bin:/bin",
                "DATABASE_URL": database.url,
                "WEIR_MIGRATIONS_DIR": revisions,
                "WEIR_SOCKET_DIR": str(scratch),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(10)
    ]
    for command in commands:
        said, _ = command.communicate(timeout=120)
        assert command.returncode == 0, said
    assert [row[0] for row in database.rows("SELECT revision FROM applied ORDER BY 1")] == NAMES
    assert sorted(revision for revision, _ in database.notes()) == NAMES


def test_when_the_holder_of_the_lock_dies_the_next_one_goes_on(pg, scratch):
    database = databases("postgresql", pg, None).fresh()
    revisions = counting_revisions(scratch / "revisions", 3, work="SELECT pg_sleep(1)")
    with crowd(2, database, dir=revisions) as daemons:
        holders = "SELECT application_name FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        deadline = time.monotonic() + 60
        while not (holding := re.findall(r"pid (\d+)", str(database.rows(holders)))):
            assert time.monotonic() < deadline, daemons[0].log()
            time.sleep(0.01)
        (first,) = [daemon for daemon in daemons if str(daemon.process.pid) == holding[0]]
        (second,) = [daemon for daemon in daemons if daemon is not first]
        first.process.kill()
        first.wait()
        assert ask(second, "SELECT count(*) FROM applied") == [(3,)]
        assert f"pid {first.process.pid}" in second.log()
        assert database.versions() == ["003_counting"]
        first.start()
        first.wait_until_listening()
        assert ask(first, "SELECT count(*) FROM applied") == [(3,)]


# -- the application's command


def test_two_replicas_collide_without_weir(pg):
    """That is what init_db() does by itself; the next test would show nothing otherwise."""
    fresh = databases("postgresql", pg, None).fresh()
    with concurrent.futures.ThreadPoolExecutor(2) as replicas:
        done = list(replicas.map(lambda _: fresh.init_db(check=False, SAMPLE_LINGER="2"), range(2)))
    assert sorted(each.returncode != 0 for each in done) == [False, True]


@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_that_start_at_once_run_the_command_one_after_another(pg, replicas):
    fresh = databases("postgresql", pg, None).fresh()
    with crowd(replicas, fresh, command=INIT_DB, cwd=LIVE, env={"SAMPLE_LINGER": "0.5"}) as daemons:
        for daemon in daemons:
            assert ask(daemon, "SELECT count(*) FROM audit_log") == [(0,)]
        assert sum("a fresh database" in daemon.log() for daemon in daemons) == 1
        assert fresh.current() == [f"{HEAD} (head)"]
