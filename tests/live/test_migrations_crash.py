"""weir is killed at every step of a run of 20 revisions; the next one goes on, and what is there in
the end is what a run leaves that nobody disturbed.
"""

import contextlib
import random
import re
import threading
import time

import psycopg2
import pytest

from query_tap import query_tap
from sample import (
    HEAD,
    INIT_DB,
    LIVE,
    REVISIONS,
    copy_revisions,
    counting_revisions,
    databases,
    migrate,
    settings_file,
    sqlite_database,
)
from weir import weir

# The one that is not in a transaction, and what it follows.
ALONE = "017_index_documents_by_owner_and_created"
BEFORE = "016_guess_ocr_language"

A_MOMENT = (  # on a file, which has no pg_sleep()
    "INSERT INTO applied SELECT 'never' FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
    " SELECT i + 1 FROM n WHERE i < 100000) SELECT max(i) AS i FROM n) counted WHERE i = 0"
)


def left_in(database):
    """All that a run leaves, but for times."""
    return database.schema(), database.versions(), sorted(database.notes())


@contextlib.contextmanager
def mortal(config):
    """A weir that may be killed, and started again with daemon.start()."""
    daemon = weir(config=config, WEIR_METRICS="off")
    try:
        daemon.start()
        yield daemon
        daemon.stop()
    finally:
        daemon.destroy()


def outcome(daemon):
    """ "served" once a worker is, "closed" when it is refused, "killed" when weir is no more."""
    while daemon.process.poll() is None:
        try:
            psycopg2.connect(daemon.dsn()).close()
            return "served"
        except psycopg2.OperationalError as refusal:
            if "FATAL" in str(refusal):
                return "closed"
            time.sleep(0.01)  # there is no socket yet, or one that a dead weir has left
    return "killed"


class killer:
    """Kills `daemon` at the first query at which it was not killed before. One BEGIN or COMMIT is
    like another but for the last query that said something else.
    """

    def __init__(self):
        self.daemon, self.steps, self.lock = None, [], threading.Lock()
        self.last, self.committed = "", ""

    def __call__(self, sql):
        with self.lock:
            if self.daemon is None:
                return False
            sql = re.sub(r"pid \d+", "pid", sql)
            is_mark = sql in ("BEGIN", "COMMIT")
            step = (self.last, sql) if is_mark else sql
            if step not in self.steps:
                self.steps.append(step)
                self.last = self.committed  # that is where the next weir begins
                self.daemon.process.kill()
                self.daemon.process.wait()
                return True
            if sql == "COMMIT":
                self.committed = self.last
            elif not is_mark and not sql.startswith(("RESET", "LOCK", "SELECT")):
                self.last = sql
            return False


def test_killed_before_every_query_to_a_server(pg, start, scratch):
    """Before a query is after the one before it, to the server: no moment is left out."""
    archives = databases("postgresql", pg, None)
    revisions = copy_revisions(scratch / "revisions")
    undisturbed, killed = archives.fresh(), archives.fresh()
    assert outcome(start(config=settings_file(undisturbed, dir=revisions))) == "served"
    kill = killer()
    with query_tap(pg, scratch, kill) as tap:
        config = settings_file(killed, dir=revisions)
        config["backends"]["database"]["url"] = tap.url(killed.name)
        with mortal(config) as daemon:
            kill.daemon = daemon
            while (end := outcome(daemon)) != "served":
                assert len(kill.steps) < 500, kill.steps[-5:]
                if end == "closed":
                    mend(daemon, killed, revisions)
                daemon.start()
            kill.daemon = None
    assert left_in(killed) == left_in(undisturbed)
    marks = [step[1] for step in kill.steps if isinstance(step, tuple)]
    assert min(marks.count("BEGIN"), marks.count("COMMIT")) >= len(REVISIONS)


def mend(daemon, database, revisions):
    """What an operator does when a revision without a transaction is half done."""
    assert ALONE in daemon.log()
    daemon.process.kill()
    daemon.wait()
    assert ALONE in migrate(database, revisions, "check", status=1)
    database.rows("DROP INDEX IF EXISTS ix_documents_owner_id_created_at")
    migrate(database, revisions, "stamp", BEFORE)


@pytest.mark.parametrize("seed", [None, 1])
def test_killed_in_every_revision_on_a_file(start, scratch, seed):
    """As soon as it says that a revision runs, or a moment later."""
    revisions = counting_revisions(scratch / "revisions", 20, work=A_MOMENT)
    undisturbed, killed = [sqlite_database(str(scratch), name) for name in ("whole", "killed")]
    assert outcome(start(config=settings_file(undisturbed, dir=revisions))) == "served"
    dice, killed_in = random.Random(seed), []
    with mortal(settings_file(killed, dir=revisions)) as daemon:
        said = 0
        while "clients are served" not in (news := daemon.log()[said:]):
            assert daemon.process.poll() is None, news
            fresh = set(re.findall(r"\d{3}_counting", news)) - set(killed_in)
            if not fresh:
                time.sleep(0.005)
                continue
            time.sleep(0 if seed is None else dice.uniform(0, 0.1))
            daemon.process.kill()
            daemon.wait()
            killed_in.append(min(fresh))
            said = len(daemon.log())
            daemon.start()
        assert outcome(daemon) == "served"
    assert len(killed_in) >= 5  # when it took its time to die, the next one had been applied
    assert left_in(killed) == left_in(undisturbed)
    assert len(killed.rows("SELECT revision FROM applied")) == 20
    assert killed.rows("PRAGMA integrity_check") == [("ok",)]


def test_killed_while_the_command_runs(archives, scratch):
    """The command ends with weir, and the next weir's finishes."""
    database = archives.fresh()
    config = settings_file(
        database,
        command=INIT_DB,
        cwd=LIVE,
        env={"SAMPLE_LINGER": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    with mortal(config) as daemon:
        for delay in (0.3, 1.0, 1.5, 2.0):
            time.sleep(delay)
            daemon.process.kill()
            daemon.wait()
            daemon.start()
        assert outcome(daemon) == "served"
    assert database.current() == [f"{HEAD} (head)"]
    assert database.settings() == {
        "retention_days": "365",
        "color_scheme": "light",
        "language": "en",
    }
    if archives.kind == "postgresql":
        assert database.schema() == archives.at("head").schema()


@pytest.mark.parametrize("way", ["finished by hand", "undone by hand"])
def test_half_of_a_revision_without_a_transaction(archives, scratch, way):
    """Nobody but the operator can say what it did; both answers of the README's lead on."""
    database = archives.fresh()
    work = {"postgresql": "SELECT pg_sleep(0.3)", "sqlite": A_MOMENT}[archives.kind]
    revisions = counting_revisions(scratch / "revisions", 2, work="SELECT 1")
    (scratch / "revisions" / "003_halves.sql").write_text(
        "-- revision: 003_halves\n-- down_revision: 002_counting\n-- no transaction\n\n-- upgrade\n"
        f"CREATE TABLE first_half (i INTEGER);\n{f'{work};' * 10}\n"
        "CREATE TABLE second_half (i INTEGER);\n"
    )
    with mortal(settings_file(database, dir=revisions)) as daemon:
        while not has_table(database, "first_half"):
            assert daemon.process.poll() is None, daemon.log()
            time.sleep(0.01)
        daemon.process.kill()
        daemon.wait()
        daemon.start()
        assert outcome(daemon) == "closed"
        daemon.stop()
        assert "003_halves" in migrate(database, revisions, "check", status=1)
        if way == "finished by hand":
            database.rows("CREATE TABLE second_half (i INTEGER)")
            migrate(database, revisions, "stamp", "003_halves")
        else:
            database.rows("DROP TABLE first_half")
            migrate(database, revisions, "stamp", "002_counting")
        daemon.start()
        assert outcome(daemon) == "served"
    assert has_table(database, "first_half") and has_table(database, "second_half")
    assert database.versions() == ["003_halves"]
    migrate(database, revisions, "check")


def has_table(database, name):
    catalog = {
        "postgresql": f"SELECT 1 FROM pg_tables WHERE tablename = '{name}'",
        "sqlite": f"SELECT 1 FROM sqlite_master WHERE name = '{name}'",
    }
    return bool(database.rows(catalog[database.kind]))
