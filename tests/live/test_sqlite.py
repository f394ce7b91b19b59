"""A SQLite file behind PostgreSQL's protocol and dialect: the scripts that run on it give what a
server gives.
"""

import difflib
import os
import re
import sqlite3
import subprocess
import sys
import time

import psycopg
import pytest

from basic_scripts import SCRIPTS
from raw_client import kinds, raw_client, sqlstates

HERE = os.path.dirname(__file__)
LOGIN = dict(user="tester", database="database")


def printed(name, url, tag):
    """The lines that one driver's script prints."""
    if name == "psql":
        path = os.path.join(HERE, "psql_basic.sql")
        command = ["psql", "-X", "-d", url, "-v", f"tag={tag}", "-f", path]
    else:
        command = [sys.executable, os.path.join(HERE, "basic_scripts.py"), name, url, tag]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PGTZ": "UTC"},
        timeout=300,
    )
    return done.stdout.replace(f"_{tag}", "_TAG").splitlines() + [f"exit status {done.returncode}"]


@pytest.mark.parametrize("name", ["psql", *SCRIPTS])
def test_a_script_sees_on_a_file_what_it_sees_on_a_server(pg, start, name):
    daemon = start()
    expected = printed(name, pg.unix_url(), "server")
    assert expected[-1] == "exit status 0" and len(expected) > 10, expected
    difference = difflib.unified_diff(
        expected, printed(name, daemon.url(), "file"), "server", "file", n=0, lineterm=""
    )
    assert "\n".join(difference) == ""


def test_without_a_database_url_there_is_a_file_and_a_string_to_connect_with(start):
    daemon = start()
    deadline = time.monotonic() + 30  # the socket serves a moment before the banner says so
    while not (pasted := re.findall(r"postgresql://\S+", daemon.log())):
        assert time.monotonic() < deadline, daemon.log()
        time.sleep(0.01)
    done = subprocess.run(
        [
            "psql",
            "-XAt",
            "-d",
            pasted[0],
            "-c",
            "CREATE TABLE made (i int)",
            "-c",
            "INSERT INTO made VALUES (42)",
            "-c",
            "SELECT i FROM made",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split("\n")[-2] == "42", done.stdout + done.stderr
    assert os.path.exists(daemon.path("app/database.db"))


def test_what_was_committed_is_there_after_a_restart_and_after_a_crash(start):
    daemon = start()
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.ask("CREATE TABLE kept (i int)")
        client.ask("INSERT INTO kept VALUES (1)")
    daemon.restart()
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.ask("INSERT INTO kept VALUES (2)")
        client.ask("BEGIN")
        client.ask("INSERT INTO kept VALUES (3)")
        daemon.process.kill()
        daemon.wait()
    daemon.start()
    daemon.wait_until_listening()
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT i FROM kept ORDER BY i") == [["1"], ["2"]]
    daemon.stop()
    assert sqlite3.connect(daemon.path("app/database.db")).execute(
        "PRAGMA integrity_check"
    ).fetchall() == [("ok",)]


def test_readers_do_not_see_what_is_not_committed_and_do_not_wait_for_it(start):
    daemon = start(DB_POOL_SIZE=2)
    with raw_client(daemon.socket_path(), **LOGIN) as writer, raw_client(
        daemon.socket_path(), **LOGIN
    ) as reader:
        writer.ask("CREATE TABLE seen (i int)")
        writer.ask("BEGIN")
        writer.ask("INSERT INTO seen VALUES (1)")
        assert reader.rows("SELECT count(*) FROM seen") == [["0"]]
        writer.ask("COMMIT")
        assert reader.rows("SELECT count(*) FROM seen") == [["1"]]


def test_a_client_that_vanishes_in_a_transaction_gives_the_writer_back(start):
    daemon = start(DB_POOL_SIZE=2)
    with raw_client(daemon.socket_path(), **LOGIN) as other:
        other.ask("CREATE TABLE given_back (i int)")
        for _ in range(5):
            vanishing = raw_client(daemon.socket_path(), **LOGIN)
            vanishing.ask("BEGIN")
            vanishing.ask("INSERT INTO given_back VALUES (1)")
            vanishing.socket.close()
            assert kinds(other.ask("INSERT INTO given_back VALUES (2)")) == "CZ"
        assert other.rows("SELECT DISTINCT i FROM given_back") == [["2"]]


def test_what_it_cannot_do_is_refused_by_name(start):
    daemon = start()
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        for sql in (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE ROLE somebody",
            "CREATE TRIGGER t AFTER INSERT ON x EXECUTE FUNCTION f()",
            "LISTEN channel",
        ):
            answers = client.ask(sql)
            assert sqlstates(answers) == ["0A000"], sql
        assert client.rows("SELECT 'still here'") == [["still here"]]


def test_a_transaction_of_a_driver_is_one(start):
    daemon = start()
    with psycopg.connect(daemon.dsn()) as connection:
        connection.execute("CREATE TABLE one (i int PRIMARY KEY)")
        connection.commit()
        with pytest.raises(psycopg.errors.UniqueViolation):
            with connection.transaction():
                connection.execute("INSERT INTO one VALUES (1)")
                connection.execute("INSERT INTO one VALUES (1)")
        assert connection.execute("SELECT count(*) FROM one").fetchone() == (0,)


def test_the_pages_know_the_file(start):
    daemon = start(DB_POOL_SIZE=3)
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.rows("SELECT 'counted'")
        assert daemon.metric("weir_backend_up", backend="database") == 1
        assert daemon.metric("weir_pool_size", backend="database") == 3
        assert daemon.metric("weir_queries_total", backend="database") >= 1
    assert daemon.get("/readyz")[0] == 200
