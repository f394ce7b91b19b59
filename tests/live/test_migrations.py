"""The sample application's database, brought up by weir: by the application's own init_db(), by the
same revisions as SQL files, by Alembic and weir in turns; on a PostgreSQL server and on a file.
"""

import contextlib
import json
import re
import threading
import time

import psycopg2
import pytest

from sample import (
    HEAD,
    INIT_DB,
    LATER,
    LIVE,
    REVISIONS,
    copy_revisions,
    migrate,
    sample_database,
    schema_sql,
    settings_file,
)

COMMAND = {"command": INIT_DB, "cwd": LIVE}
SETTINGS = {"retention_days": "365", "color_scheme": "light", "language": "en"}


def ask(daemon, sql):
    """A worker's one question; it waits for the gate as all workers do."""
    with contextlib.closing(psycopg2.connect(daemon.dsn())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []


def use_the_application(daemon):
    """What a worker does all day; it needs columns of early and late revisions."""
    (user,) = ask(daemon, "INSERT INTO users (email, name) VALUES ('a@b.c', 'A') RETURNING id")[0]
    (document,) = ask(
        daemon,
        "INSERT INTO documents (owner_id, title, sha256, ocr_language)"
        f" VALUES ({user}, 'Invoice', 'abc', 'en') RETURNING id",
    )[0]
    ask(daemon, f"INSERT INTO audit_log (actor, action) VALUES ('{user}', 'upload {document}')")
    assert ask(daemon, "SELECT title, status, ocr_language FROM documents") == [
        ("Invoice", "new", "en")
    ]


def narrow(database):
    """The version table as Alembic itself makes it."""
    versions = database.versions()
    database.rows("DROP TABLE alembic_version")
    database.rows(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    for version in versions:
        database.rows(f"INSERT INTO alembic_version VALUES ('{version}')")


def width(database):
    """How many characters fit into the version table."""
    if database.kind == "sqlite":
        return None
    return database.rows(
        "SELECT atttypmod - 4 FROM pg_attribute"
        " WHERE attrelid = 'alembic_version'::regclass AND attname = 'version_num'"
    )[0][0]


# -- the application alone, so that what follows says something


def test_the_application_needs_no_weir(archives):
    fresh, migrated = archives.fresh(), archives.at("head")
    fresh.init_db()
    assert fresh.alembic_program("current") == f"{HEAD} (head)\n"
    for database in (fresh, migrated):
        assert database.current() == [f"{HEAD} (head)"]
        assert database.settings() == SETTINGS
    if archives.kind == "postgresql":  # SQLite remembers in which words a table was made
        assert fresh.schema() == migrated.schema()


# -- by its command


def test_the_command_makes_a_fresh_database(archives, start):
    database = archives.fresh()
    daemon = start(config=settings_file(database, **COMMAND))
    use_the_application(daemon)
    assert database.current() == [f"{HEAD} (head)"]
    assert database.settings() == SETTINGS
    assert "a fresh database: creating all tables" in daemon.log()
    if archives.kind == "postgresql":
        assert database.schema() == archives.at("head").schema()


def test_the_command_upgrades_from_the_middle(archives, start):
    database = archives.at("008")
    database.rows("INSERT INTO users (email, name) VALUES ('kept@b.c', 'Kept')")
    daemon = start(config=settings_file(database, **COMMAND))
    use_the_application(daemon)
    assert ask(daemon, "SELECT name FROM users ORDER BY name") == [("A",), ("Kept",)]
    assert database.current() == [f"{HEAD} (head)"]
    daemon.restart()
    assert ask(daemon, "SELECT count(*) FROM documents") == [(1,)]
    assert daemon.log().count("a fresh database") == 0


def test_no_settings_but_a_command(start):
    """The file has a relative path, and the command another directory."""
    command = f"cd {LIVE} && exec {' '.join(INIT_DB)}"
    daemon = start(WEIR_MIGRATIONS_COMMAND=command, DB_POOL_TIMEOUT="5min")
    use_the_application(daemon)


def test_a_command_that_fails_is_told_to_clients_and_to_whoever_routes(archives, start):
    failing = ["sh", "-c", "echo no such planet >&2; exit 3"]
    daemon = start(config=settings_file(archives.fresh(), command=failing))
    with pytest.raises(psycopg2.OperationalError) as refused:
        ask(daemon, "SELECT 1")
    assert "3" in str(refused.value)
    assert "no such planet" in daemon.log()
    status, page = daemon.get("/readyz")
    assert status == 503 and not json.loads(page).get("ready", False)


# -- by revisions


def test_revisions_make_what_alembic_makes(archives, start, scratch):
    database = archives.fresh()
    daemon = start(config=settings_file(database, dir=copy_revisions(scratch / "revisions")))
    use_the_application(daemon)
    assert database.settings() == SETTINGS
    assert database.current() == [f"{HEAD} (head)"]
    assert sorted(revision for revision, _ in database.notes()) == REVISIONS
    before = database.schema()
    if archives.kind == "postgresql":
        assert before == archives.at("head").schema()
    database.alembic("upgrade", "head")  # finds nothing to do
    assert database.schema() == before


def test_a_second_boot_applies_nothing(archives, start, scratch):
    database = archives.fresh()
    daemon = start(config=settings_file(database, dir=copy_revisions(scratch / "revisions")))
    use_the_application(daemon)
    schema, notes = database.schema(), database.notes()
    daemon.restart()
    assert ask(daemon, "SELECT count(*) FROM documents") == [(1,)]
    assert database.schema() == schema and database.notes() == notes


@pytest.mark.parametrize(
    "left",
    [("001",), ("006",), ("008",), ("009", "010"), ("010", "008"), ("011",), ("012",), ("016",)],
    ids=", ".join,
)
def test_weir_continues_where_alembic_stopped(archives, start, scratch, left):
    database = archives.at(*left)
    if max(len(version) for version in database.versions()) <= 32:
        narrow(database)
    daemon = start(config=settings_file(database, dir=copy_revisions(scratch / "revisions")))
    use_the_application(daemon)
    assert database.current() == [f"{HEAD} (head)"]
    assert database.settings() == SETTINGS
    assert width(database) in (255, None)
    if archives.kind == "postgresql":
        assert database.schema() == archives.at("head").schema()


@pytest.mark.parametrize("left", ["006", "008", "009", "011", "016"])
def test_alembic_continues_where_weir_stopped(archives, scratch, left):
    database = archives.fresh()
    revisions = copy_revisions(scratch / "revisions")
    migrate(database, revisions, "upgrade", left)
    by_alembic = archives.at(left)
    assert database.versions() == by_alembic.versions()
    assert database.current() == by_alembic.current()
    database.alembic("upgrade", "head")
    assert database.current() == [f"{HEAD} (head)"]
    assert database.settings() == SETTINGS
    if archives.kind == "postgresql":
        assert database.schema() == archives.at("head").schema()
    assert HEAD in migrate(database, revisions, "current")
    migrate(database, revisions, "check")


def test_wherever_they_stop_both_leave_the_same_rows(archives, scratch):
    """Up to each revision around the branches, where one depends on the other, and down to it."""
    revisions = copy_revisions(scratch / "revisions")
    top = archives.fresh()
    migrate(top, revisions, "upgrade", "heads")
    different = {}
    for revision in REVISIONS[5:13]:
        up, down, reference = archives.fresh(), top.copy(), archives.at("head").copy()
        migrate(up, revisions, "upgrade", revision)
        migrate(down, revisions, "downgrade", revision)
        reference.alembic("downgrade", revision)
        if up.versions() != archives.at(revision).versions():
            different["up", revision] = up.versions(), archives.at(revision).versions()
        if down.versions() != reference.versions():
            different["down", revision] = down.versions(), reference.versions()
    assert different == {}


def test_there_and_back_leaves_nothing(archives, scratch):
    database = archives.fresh()
    revisions = copy_revisions(scratch / "revisions")
    migrate(database, revisions, "upgrade", "001")
    one = database.schema()
    migrate(database, revisions, "upgrade", "heads")
    migrate(database, revisions, "downgrade", "001")
    assert database.schema() == one and database.versions() == [REVISIONS[0]]
    migrate(database, revisions, "downgrade", "base")
    assert database.versions() == [] and database.current() == []


def test_an_application_leaves_alembic(archives, start, scratch):
    """From Alembic's head on there are only revisions of weir's."""
    database = archives.at("head")
    revisions = copy_revisions(scratch / "revisions", "sql", "sql_next")
    daemon = start(config=settings_file(database, dir=revisions))
    use_the_application(daemon)
    assert database.versions() == [LATER[-1]]
    assert [revision for revision, _ in database.notes()] == LATER
    ask(
        daemon,
        "INSERT INTO document_comments (document_id, author_id, body) SELECT id, owner_id, 'Paid.' FROM documents",
    )
    counted = 1 if archives.kind == "postgresql" else 0
    assert ask(daemon, "SELECT comment_count FROM documents") == [(counted,)]


def test_what_alembic_prints_becomes_revisions(archives, scratch):
    """Printed for PostgreSQL, in whose words revisions are for a file as well."""
    paper = sample_database("postgresql://")
    script = scratch / "script"
    script.mkdir()
    (script / "upgrade.sql").write_text(paper.alembic("upgrade", "heads", sql=True))
    (script / "downgrade.sql").write_text(paper.alembic("downgrade", f"{HEAD}:base", sql=True))
    (script / "history.txt").write_text(paper.alembic("history"))
    imported = scratch / "imported"
    imported.mkdir()
    database = archives.fresh()
    migrate(
        database,
        imported,
        "import",
        *("--from", str(script / "upgrade.sql")),
        *("--downgrade", str(script / "downgrade.sql")),
        *("--history", str(script / "history.txt")),
    )
    migrate(database, imported, "upgrade", "heads")
    migrate(database, imported, "downgrade", "006")
    if archives.kind == "postgresql":
        assert database.schema() == archives.at("006").schema()
    migrate(database, imported, "upgrade", "heads")
    assert database.current() == [f"{HEAD} (head)"]
    assert database.settings() == SETTINGS
    if archives.kind == "postgresql":
        assert database.schema() == archives.at("head").schema()


# -- a database in one step, and one that nobody has described


def test_a_schema_file_makes_a_fresh_database_in_one_step(archives, start, scratch):
    database = archives.fresh()
    revisions = copy_revisions(scratch / "revisions")
    (scratch / "revisions" / "schema.sql").write_text(schema_sql())
    daemon = start(config=settings_file(database, dir=revisions))
    use_the_application(daemon)
    assert database.current() == [f"{HEAD} (head)"]
    assert database.settings() == SETTINGS
    if archives.kind == "postgresql":
        assert database.schema() == archives.at("head").schema()
    copy_revisions(scratch / "revisions", "sql_next")
    daemon.restart()
    assert ask(daemon, "SELECT comment_count FROM documents") == [(0,)]
    assert database.versions() == [LATER[-1]]


def test_tables_without_a_version_are_refused_with_advice_that_helps(archives, start, scratch):
    database = archives.at("head")
    database.rows("DROP TABLE alembic_version")
    revisions = copy_revisions(scratch / "revisions")
    daemon = start(config=settings_file(database, dir=revisions))
    with pytest.raises(psycopg2.OperationalError) as refused:
        ask(daemon, "SELECT 1")
    assert "stamp" in str(refused.value)
    assert daemon.get("/readyz")[0] == 503
    daemon.stop()
    migrate(database, revisions, "stamp", "head")
    daemon.start()
    daemon.wait_until_listening()
    use_the_application(daemon)
    assert database.current() == [f"{HEAD} (head)"]


# -- both


def test_the_command_comes_first_and_revisions_of_weirs_own_after(archives, start, scratch):
    """They keep their books apart: Alembic refuses a version that it does not know."""
    database = archives.fresh()
    (scratch / "001_add_statistics.sql").write_text(
        "-- revision: 001_add_statistics\n-- down_revision: none\n\n-- upgrade\n"
        "CREATE TABLE statistics (documents BIGINT);\n"
        "INSERT INTO statistics SELECT count(*) FROM documents;\n"
    )
    daemon = start(
        config=settings_file(
            database, **COMMAND, dir=str(scratch), version_table="statistics_version"
        )
    )
    use_the_application(daemon)
    assert ask(daemon, "SELECT documents FROM statistics") == [(0,)]
    assert database.current() == [f"{HEAD} (head)"]
    daemon.restart()
    assert ask(daemon, "SELECT documents FROM statistics") == [(0,)]


# -- workers


def test_workers_that_come_early_are_served_on_the_new_schema(archives, start, scratch):
    """Ten of them, from the moment the socket is there; the last table is all they ask for."""
    database = archives.fresh()
    command = ["sh", "-c", f"sleep 1; exec {' '.join(INIT_DB)}"]
    daemon = start(config=settings_file(database, command=command, cwd=LIVE))
    answers = []
    workers = [
        threading.Thread(
            target=lambda: answers.append(ask(daemon, "SELECT count(*) FROM audit_log"))
        )
        for _ in range(10)
    ]
    for worker in workers:
        worker.start()
    status, page = daemon.get("/readyz")
    assert status == 503, page  # nobody was served before the schema was there
    for worker in workers:
        worker.join()
    assert answers == [[(0,)]] * 10
    assert daemon.get("/readyz")[0] == 200


def test_a_worker_that_stays_sees_what_a_reload_brings(archives, start, scratch):
    database = archives.fresh()
    revisions = copy_revisions(scratch / "revisions")
    daemon = start(config=settings_file(database, dir=revisions), DB_POOL_SIZE=2)
    use_the_application(daemon)
    worker = psycopg2.connect(daemon.dsn())
    worker.autocommit = True
    with worker.cursor() as cursor:
        cursor.execute("SELECT * FROM documents")
        copy_revisions(scratch / "revisions", "sql_next")
        daemon.process.send_signal(1)  # SIGHUP
        deadline = time.monotonic() + 30
        while database.versions() != [LATER[-1]]:
            assert time.monotonic() < deadline, daemon.log()
            time.sleep(0.05)
        cursor.execute("SELECT * FROM documents")
        assert "comment_count" in [column.name for column in cursor.description]
    worker.close()
    assert re.search(r"021_add_document_shares", daemon.log())
