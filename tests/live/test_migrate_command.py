"""`weir migrate` on databases: what it does, what it says, and that Alembic says the same of the same revisions."""

import contextlib
import json
import os
import pathlib
import pty
import re
import sqlite3
import subprocess
import threading

import pytest

from weir import binary

CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("DB_", "DATABASE_", "WEIR_", "PG", "LC_"))}

# name, parents, message, depends_on: a branch, a merge, a second base that is depended on, two heads.
GRAPH = [
    ("aaaa1", [], "first", []),
    ("bbbb1", ["aaaa1"], "left side", []),
    ("cccc1", ["aaaa1"], "right side", []),
    ("dddd1", ["bbbb1", "cccc1"], "both again", []),
    ("eeee1", [], "other base", []),
    ("ffff1", ["dddd1"], "needs", ["eeee1"]),
    ("abcd1_an_identifier_of_more_than_32_characters", ["dddd1"], "the other head", []),
]
LINE = [("aaaa1", [], "first", []), ("bbbb1", ["aaaa1"], "second", []), ("cccc1", ["bbbb1"], "third", [])]


def write_sql(directory, graph):
    directory.mkdir()
    for number, (name, parents, message, depends_on) in enumerate(graph, 1):
        lines = [f"-- revision: {name}", f"-- down_revision: {', '.join(parents) or 'none'}", f"-- message: {message}"]
        if depends_on:
            lines.append(f"-- depends_on: {', '.join(depends_on)}")
        lines += ["-- upgrade", f"CREATE TABLE t_{name} (a integer);", "-- downgrade", f"DROP TABLE t_{name};"]
        (directory / f"{number:03}_{name}.sql").write_text("\n".join(lines) + "\n")


def run(command, directory, environment):
    return subprocess.run(command, cwd=directory, env={**CLEAN, **environment}, text=True, check=False, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class site:
    """A database, and a directory with ./migrations beside it."""

    def __init__(self, url, path, tables, graph):
        self.url, self.path, self.tables = url, path, tables
        self.environment = {"DATABASE_URL": url, "WEIR_SOCKET_DIR": str(path), "WEIR_MIGRATIONS_WAIT": "5s"}
        write_sql(path / "migrations", graph)

    def weir(self, *arguments, **environment):
        return run([binary(), "migrate", *arguments], self.path, {**self.environment, **environment})

    def says(self, *arguments, **environment):
        done = self.weir(*arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fails(self, *arguments, **environment):
        done = self.weir(*arguments, **environment)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr

    def log(self, *arguments, **environment):
        """What a successful run told on stderr, without what it is always preceded by."""
        done = self.weir(*arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return [line.removeprefix("INFO  [weir.migrations] ") for line in done.stderr.splitlines()]


def postgres_tables(pg, name):
    return lambda: set(pg.psql("SELECT relname FROM pg_class WHERE relname LIKE 't\\_%'", name).split())


def sqlite_tables(file):
    def tables():
        with contextlib.closing(sqlite3.connect(file)) as opened:
            names = opened.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 't~_%' ESCAPE '~'")
            return {name for name, in names}

    return tables


@pytest.fixture
def make(pg, scratch, request):
    """make(kind, graph) -> a site with an empty database of its own."""
    made = []

    def one(kind, graph):
        path = scratch / f"site{len(made)}"
        path.mkdir()
        if kind == "sqlite":
            file = path / "data.db"
            made.append(site(f"sqlite:///{file}", path, sqlite_tables(file), graph))
        else:
            name = re.sub(r"\W", "_", f"m_{request.node.name}_{len(made)}").lower()[-60:]
            pg.psql(f"CREATE DATABASE {name}")
            made.append(site(pg.unix_url(name), path, postgres_tables(pg, name), graph))
        return made[-1]

    return one


KINDS = ["postgresql", "sqlite"]
both = pytest.mark.parametrize("kind", KINDS)


@both
def test_a_database_goes_up_and_down(make, kind):
    s = make(kind, LINE)
    assert s.says("current") == ""
    assert s.log("upgrade", "+1")[-2] == "Running upgrade  -> aaaa1, first"
    assert s.says("current") == "aaaa1\n"
    lines = s.log("upgrade")
    assert lines[-3:-1] == ["Running upgrade aaaa1 -> bbbb1, second", "Running upgrade bbbb1 -> cccc1, third"]
    assert re.fullmatch(r"2 steps in \d+\.\d{3} s", lines[-1])
    assert s.says("current") == "cccc1 (head)\n"
    assert s.tables() == {"t_aaaa1", "t_bbbb1", "t_cccc1"}
    assert s.log("upgrade")[-1] == "nothing to do"
    assert s.log("downgrade", "-1")[-2] == "Running downgrade cccc1 -> bbbb1, third"
    assert s.tables() == {"t_aaaa1", "t_bbbb1"}
    assert s.says("history", "-r", "-1:current", "-i") == "aaaa1 -> bbbb1 (current), second\n<base> -> aaaa1, first\n"
    assert s.says("show", "current").startswith("Rev: bbbb1\n")
    s.says("downgrade", "base")
    assert s.tables() == set() and s.says("current") == ""


@both
def test_check_has_a_status_for_each_state(make, kind):
    s = make(kind, LINE)

    def check(*arguments):
        done = s.weir("check", *arguments)
        return done.returncode, done.stdout

    status, words = check()
    assert status == 3 and words.startswith("pending: 3 revisions to apply:\n  aaaa1, first (./migrations/001_aaaa1.sql)")
    s.says("upgrade", "bbbb1")
    assert check() == (3, "pending: 1 revision to apply:\n  cccc1, third (./migrations/003_cccc1.sql)\n")
    found = json.loads(check("--json")[1])
    assert (found["state"], found["current"], found["pending"]) == ("pending", ["bbbb1"], ["cccc1"])
    s.says("upgrade")
    assert check() == (0, "up to date, at cccc1\n")

    edited = s.path / "migrations/002_bbbb1.sql"
    edited.write_text(edited.read_text() + "-- edited\n")
    status, words = check()
    assert status == 0 and words.startswith("edited: ") and "002_bbbb1.sql" in words
    status, words = s.weir("check", WEIR_CONFIG=refusing(s)).returncode, words
    assert status == 1

    (s.path / "migrations/003_cccc1.sql").unlink()
    status, words = check()
    assert status == 1 and "cccc1" in words and words.startswith("unknown: ")
    assert "Can't locate revision identified by 'cccc1'" in s.fails("current")


def refusing(s):
    """A settings file in which an edited revision is refused."""
    file = s.path / "refusing.json"
    name = re.sub(r"\.db$", "", s.url.split("?")[0].rsplit("/", 1)[-1])
    file.write_text(json.dumps({"backends": {name: {"url": s.url, "migrations": {"on_edited": "refuse"}}}}))
    return str(file)


@both
def test_a_database_with_tables_and_no_versions_has_to_be_stamped_first(make, kind, pg):
    s = make(kind, LINE)
    s.says("upgrade", "bbbb1")
    s.says("stamp", "--purge", "base")
    assert s.tables() == {"t_aaaa1", "t_bbbb1"} and s.says("current") == ""
    assert s.weir("upgrade").returncode == 1
    assert s.log("stamp", "bbbb1")[-2] == "Running stamp_revision  -> bbbb1"
    assert s.says("current") == "bbbb1\n"
    assert s.log("stamp", "cccc1")[-2] == "Running stamp_revision bbbb1 -> cccc1"
    s.says("stamp", "bbbb1")
    s.says("upgrade")
    assert s.tables() == {"t_aaaa1", "t_bbbb1", "t_cccc1"}


@both
def test_a_fresh_database_is_built_from_schema_sql_and_says_so(make, kind):
    s = make(kind, LINE)
    (s.path / "migrations/schema.sql").write_text("".join(f"CREATE TABLE t_{name} (a integer);\n" for name, *_ in LINE))
    lines = s.log("upgrade")
    assert lines[-2:-1] == ["schema.sql has built the database, now at cccc1"] and lines[-1].startswith("1 step in")
    assert s.tables() == {"t_aaaa1", "t_bbbb1", "t_cccc1"}
    s.says("stamp", "bbbb1")
    assert s.weir("check").returncode == 3


@both
def test_a_dry_run_does_nothing(make, kind):
    s = make(kind, LINE)
    s.says("upgrade", "aaaa1")
    assert s.says("upgrade", "--dry-run") == (
        "Running upgrade aaaa1 -> bbbb1, second\nRunning upgrade bbbb1 -> cccc1, third\n")
    plan = json.loads(s.says("downgrade", "base", "--dry-run", "--json"))
    assert plan["before"] == ["aaaa1"] and plan["after"] == []
    assert [(step["step"], step["revision"]) for step in plan["steps"]] == [("downgrade", "aaaa1")]
    assert s.says("current") == "aaaa1\n" and s.tables() == {"t_aaaa1"}


@both
def test_what_was_done_is_told_to_a_program(make, kind):
    s = make(kind, LINE)
    told = json.loads(s.says("upgrade", "bbbb1", "--json"))
    assert [(step["step"], step["revision"], step["message"]) for step in told["applied"]] == [
        ("upgrade", "aaaa1", "first"), ("upgrade", "bbbb1", "second")]
    assert all(step["duration_ms"] >= 0 for step in told["applied"])
    current = json.loads(s.says("current", "--json"))
    assert [(r["revision"], r["current"]) for r in current] == [("bbbb1", True)]


@both
def test_a_statement_that_fails_is_shown_with_its_place(make, kind):
    s = make(kind, LINE)
    (s.path / "migrations/004_bad.sql").write_text(
        "-- revision: dddd1\n-- down_revision: cccc1\n-- upgrade\nCREATE TABLE t_dddd1 (a integer);\n\n"
        "INSERT INTO nowhere VALUES (1);\n")
    words = s.fails("upgrade")
    assert words.count("FAILED: ") == 1 and "\nSQLSTATE: 42P01\n" in words
    assert "dddd1" in words and "004_bad.sql" in words and "nowhere" in words
    assert s.says("current") == "cccc1\n" and "t_dddd1" not in s.tables()
    done = s.weir("upgrade", "--json")
    wrong = json.loads(done.stdout)["error"]
    assert done.returncode == 1 and wrong["revision"] == "dddd1" and wrong["sqlstate"] == "42P01"


def test_a_server_that_is_not_there_is_a_failure_and_not_a_wait_without_end(make, scratch):
    s = make("postgresql", LINE)
    s.environment["DATABASE_URL"] = f"postgresql://nobody@/none?host={scratch}"
    for verb in (["current"], ["check"], ["upgrade"]):
        assert "FAILED: " in s.fails(*verb, WEIR_MIGRATIONS_WAIT="100ms")


def test_a_script_does_what_an_upgrade_does(make, pg):
    by_weir, by_hand = make("postgresql", GRAPH), make("postgresql", GRAPH)
    by_weir.says("upgrade")
    database = by_hand.url.split("?")[0].rsplit("/", 1)[-1]
    pg.psql(by_hand.says("upgrade", "--sql"), database)
    assert by_hand.tables() == by_weir.tables() and len(by_hand.tables()) == len(GRAPH)
    assert by_hand.says("current") == by_weir.says("current")
    assert by_hand.weir("check").returncode == 0  # the checksums are there, too
    pg.psql(by_hand.says("downgrade", "--sql", "ffff1:base"), database)
    assert "t_ffff1" not in by_hand.tables()


def test_progress_on_a_terminal_is_a_bar_that_leaves_lines(make):
    s = make("postgresql", LINE)
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read():
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(ours, 4096):
                shown.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    done = subprocess.run([binary(), "migrate", "upgrade"], cwd=s.path, env={**CLEAN, **s.environment}, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, timeout=120)
    os.close(theirs)
    reader.join()
    os.close(ours)
    text = shown.decode()
    assert done.returncode == 0 and done.stdout == b""
    assert "2 of 3  002_bbbb1" in text and "\r\x1b[K" in text
    left = [re.sub(r".*\r\x1b\[K", "", line) for line in text.replace("\r\n", "\n").split("\n")]
    assert any(re.fullmatch(r"INFO  \[weir.migrations\] Running upgrade bbbb1 -> cccc1, third  \(\d+\.\d{3} s\)", line)
               for line in left), left


@both
def test_the_applications_command_runs_on_the_way_to_the_top(make, kind):
    s = make(kind, LINE)
    here = {"WEIR_MIGRATIONS_COMMAND": "echo hello from $DATABASE_URL"}
    lines = s.log("upgrade", "aaaa1", **here)
    assert not any("hello" in line for line in lines)
    lines = s.log("upgrade", **here)
    assert any(line.startswith("hello from ") for line in lines) and "migrations.command has run" in lines
    assert s.says("current") == "cccc1 (head)\n"


@both
def test_where_a_command_migrates_its_rows_are_shown_as_they_are(make, kind):
    s = make(kind, LINE)
    s.says("upgrade", "bbbb1")
    nothing = s.path / "nothing"
    nothing.mkdir()
    assert s.says("current", "--dir", str(nothing)) == "bbbb1\n"
    assert json.loads(s.says("current", "--dir", str(nothing), "--json")) == [{"revision": "bbbb1"}]
    here = {"WEIR_MIGRATIONS_DIR": str(nothing)}
    assert s.weir("check", **here).returncode == 0


# Beside Alembic.

ENV = """from alembic import context
import sqlalchemy
engine = sqlalchemy.create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


class alembic:
    """An Alembic project with the same revisions as a site, on the site's database."""

    def __init__(self, s, graph):
        self.path = s.path / "project"
        versions = self.path / "scripts/versions"
        versions.mkdir(parents=True)
        url = s.url.replace("postgresql:", "postgresql+psycopg2:").replace("%", "%%")
        (self.path / "alembic.ini").write_text(f"[alembic]\nscript_location = scripts\nsqlalchemy.url = {url}\n")
        (self.path / "scripts/env.py").write_text(ENV)
        for name, parents, message, depends_on in graph:
            (versions / f"{name}.py").write_text(
                f'"""{message}"""\nfrom alembic import op\nrevision = {name!r}\n'
                f"down_revision = {tuple(parents) or None!r}\nbranch_labels = None\ndepends_on = {depends_on or None!r}\n"
                f'def upgrade():\n    op.execute("CREATE TABLE t_{name} (a integer)")\n'
                f'def downgrade():\n    op.execute("DROP TABLE t_{name}")\n')

    def says(self, *arguments):
        done = run(["alembic", *arguments], self.path, {"PYTHONDONTWRITEBYTECODE": "1"})
        assert done.returncode == 0, done.stdout + done.stderr
        return sorted(done.stdout.splitlines())


@both
def test_alembic_and_weir_say_the_same_and_continue_each_other(make, kind):
    s = make(kind, GRAPH)
    a = alembic(s, GRAPH)

    def same(*arguments):
        """But for the order, which in Alembic is a set's."""
        ours = sorted(s.says(*arguments).splitlines())
        assert ours == a.says(*arguments), arguments
        return ours

    for arguments in (["history"], ["heads"], ["heads", "--resolve-dependencies"], ["branches"],
                      ["history", "-r", "aaaa1:dddd1"], ["history", "-r", ":ffff1"], ["history", "-r", "dddd1:"]):
        assert same(*arguments)
    assert same("current") == []
    s.says("upgrade", "bbbb1")
    assert same("current") == ["bbbb1"]
    a.says("upgrade", "dddd1")
    assert same("current") == ["dddd1 (branchpoint) (mergepoint)"]
    assert s.weir("check").returncode == 3
    s.says("upgrade")
    assert len(same("current")) == 3 and s.weir("check").returncode == 0
    assert s.tables() == {f"t_{name}" for name, *_ in GRAPH}
    a.says("downgrade", "bbbb1")
    assert same("current") == ["bbbb1", "cccc1", "eeee1 (effective head)"]
    s.says("downgrade", "base")
    assert same("current") == [] and s.tables() == set()
    a.says("stamp", "ffff1")
    assert same("current") and s.tables() == set()
    s.says("stamp", "--purge", "cccc1")
    assert same("current") == ["cccc1"]


# Through a running weir.

def beside(daemon, s):
    """`weir migrate` with the daemon's socket."""
    return {**s.environment, "WEIR_SOCKET_DIR": daemon.directory}


@both
def test_a_running_weir_is_asked_to_do_it(make, start, kind):
    s = make(kind, LINE)
    daemon = start(s.url, WEIR_MIGRATIONS_DIR=s.path / "migrations", WEIR_MIGRATIONS_ON_BOOT="off")
    there = beside(daemon, s)
    lines = s.log("upgrade", "bbbb1", **there)
    assert any("1 of 2, 001_aaaa1" in line for line in lines) and lines[-1].startswith("2 steps in ")
    assert "asks for migrations" in daemon.log()
    assert s.says("current") == "bbbb1\n"
    told = json.loads(s.says("upgrade", "--online", "--json", **there))
    assert [(step["step"], step["revision"]) for step in told["applied"]] == [("upgrade", "cccc1")]
    s.says("downgrade", "-1", **there)
    s.says("stamp", "base", **there)
    s.says("stamp", "--purge", "aaaa1", **there)
    assert s.says("current", **there) == "aaaa1\n"
    assert "Can't locate revision identified by 'zzzz9'" in s.fails("upgrade", "zzzz9", **there)


def test_a_console_that_refuses_is_an_error_that_says_so(make, scratch):
    s = make("sqlite", LINE)
    directory = pathlib.Path(scratch)
    import socket

    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(directory / ".s.PGSQL.5432"))
        other.listen()

        def refuse():
            for _ in range(2):  # somebody asks whether somebody listens, and then logs in
                client, _ = other.accept()
                with client:
                    client.settimeout(30)
                    if client.recv(8192):
                        client.sendall(b"E" + (4 + 31).to_bytes(4, "big") + b"SFATAL\0C28000\0Mnot for you  \0\0\0"[:31])

        server = threading.Thread(target=refuse)
        server.start()
        words = s.fails("upgrade", WEIR_SOCKET_DIR=str(directory))
        server.join()
    assert "refuses" in words and str(directory) in words
    assert s.says("current") == ""  # nothing was done
