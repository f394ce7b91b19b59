"""The sample application's databases: a PostgreSQL one and a SQLite file that answer the same
questions, asked directly and never through weir.

    database.alembic("upgrade", "head")     the application's own tools
    database.init_db()
    database.rows("SELECT ..."), .schema(), .versions(), .notes()
"""

import contextlib
import io
import itertools
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import alembic.command
import psycopg2
from alembic.config import Config

from weir import REPOSITORY, binary

LIVE = os.path.join(REPOSITORY, "tests", "live")
APPLICATION = os.path.join(LIVE, "sample_app")
INIT_DB = [sys.executable, "-m", "sample_app.init_db"]
ALEMBIC_INI = os.path.join(APPLICATION, "alembic.ini")
ALEMBIC = [sys.executable, "-m", "alembic", "-c", ALEMBIC_INI]
REVISIONS = sorted(name[:-4] for name in os.listdir(os.path.join(APPLICATION, "sql")))
LATER = sorted(name[:-4] for name in os.listdir(os.path.join(APPLICATION, "sql_next")))
HEAD = REVISIONS[-1]
NUMBERS = itertools.count(1)


def next_name():
    return f"archive_{next(NUMBERS)}"


def copy_revisions(directory, *folders):
    """The application's revisions as files of weir's, in a directory that a test may change."""
    os.makedirs(directory, exist_ok=True)
    for folder in folders or ("sql",):
        for name in os.listdir(os.path.join(APPLICATION, folder)):
            shutil.copy(os.path.join(APPLICATION, folder, name), directory)
    return str(directory)


def counting_revisions(directory, number, *, work):
    """Revisions that leave a row each time they are applied; `work` is a statement that takes its
    time, and stands in the middle.
    """
    os.makedirs(directory, exist_ok=True)
    for i in range(1, number + 1):
        create = "CREATE TABLE applied (revision TEXT);\n" if i == 1 else ""
        with open(os.path.join(directory, f"{i:03}_counting.sql"), "w") as file:
            file.write(
                f"-- revision: {i:03}_counting\n"
                f"-- down_revision: {f'{i - 1:03}_counting' if i > 1 else 'none'}\n\n-- upgrade\n"
                f"{create}INSERT INTO applied VALUES ('{i:03}_counting');\n{work};\n"
                f"CREATE TABLE made_{i:03} (id INTEGER PRIMARY KEY);\n"
            )
    return str(directory)


def settings_file(database, **migrations):
    """weir.json for one backend that is called what a weir without any settings calls its own; its
    clients wait for as long as migrations may take on a busy machine.
    """
    backend = {"url": database.url, "migrations": migrations, "pool": {"timeout": "5min"}}
    return {"backends": {"database": backend}}


def schema_sql():
    """The text of a schema.sql that makes all tables at once."""
    return run_application([sys.executable, "-m", "sample_app.schema"]).stdout


def run_application(command, check=True, **environment):
    done = subprocess.run(
        command,
        cwd=LIVE,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def migrate(database, directory, *arguments, status=0):
    """`weir migrate ...` where no daemon runs; its exit status is asserted."""
    done = subprocess.run(
        [binary(), "migrate", *arguments],
        env={
            "PATH": "/usr/bin:/bin",
            "DATABASE_URL": database.url,
            "WEIR_MIGRATIONS_DIR": str(directory),
            "WEIR_SOCKET_DIR": str(directory),  # where nothing listens
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, f"status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class sample_database:
    """What both kinds have in common, and all there is of one that is on paper only."""

    def __init__(self, url):
        self.url = url  # SQLAlchemy's and weir's

    def alembic(self, verb, *arguments, **options):
        """Runs Alembic's command, within this process since it starts slowly; what it prints."""
        printed = io.StringIO()
        config = Config(ALEMBIC_INI, stdout=printed, output_buffer=printed)
        config.set_main_option("sqlalchemy.url", self.url.replace("%", "%%"))
        getattr(alembic.command, verb)(config, *arguments, **options)
        return printed.getvalue()

    def alembic_program(self, *arguments):
        """The same by its program."""
        return run_application([*ALEMBIC, *arguments], DATABASE_URL=self.url).stdout

    def init_db(self, check=True, **environment):
        return run_application(INIT_DB, check, DATABASE_URL=self.url, **environment)

    def current(self):
        """What Alembic finds: ["020_add_audit_log_with_actor_and_requests (head)"]."""
        return sorted(self.alembic("current").split("\n")[:-1])

    def versions(self):
        return sorted(row[0] for row in self.rows("SELECT version_num FROM alembic_version"))

    def notes(self):
        """What weir wrote down, but for the times: [(revision, checksum)] in the order of writing."""
        return self.rows(
            "SELECT revision, checksum FROM weir_migrations ORDER BY applied_at, revision"
        )

    def settings(self):
        return dict(self.rows("SELECT key, value FROM settings"))


class postgres_database(sample_database):
    kind = "postgresql"

    def __init__(self, server, name, template="template0"):
        self.server, self.name = server, name
        server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        super().__init__(server.unix_url(name))

    def copy(self):
        return postgres_database(self.server, next_name(), self.name)

    def rows(self, sql):
        with contextlib.closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []

    def schema(self):
        """All but weir's own table, as pg_dump tells it."""
        done = subprocess.run(
            [
                self.server.program("pg_dump"),
                "--schema-only",
                "--exclude-table=weir_migrations",
                self.url,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        return re.sub(r"(?m)^\\(un)?restrict .*$", "", done.stdout)  # a different key each time


class sqlite_database(sample_database):
    kind = "sqlite"

    def __init__(self, directory, name):
        self.path = os.path.join(directory, f"{name}.db")
        super().__init__(f"sqlite:///{self.path}")

    def copy(self):
        other = sqlite_database(os.path.dirname(self.path), next_name())
        with contextlib.closing(sqlite3.connect(self.path)) as source:
            with contextlib.closing(sqlite3.connect(other.path)) as target:
                source.backup(target)
        return other

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(sql).fetchall()

    def schema(self):
        """All but weir's catalog and its own table, as SQLite keeps it."""
        found = self.rows(
            "SELECT type, name, sql FROM sqlite_master"
            " WHERE tbl_name NOT GLOB 'pg_catalog.*' AND tbl_name NOT IN ('weir_migrations', 'sqlite_sequence') ORDER BY type, name"
        )
        return "\n".join(f"{kind} {name}: {sql}" for kind, name, sql in found)


class databases:
    """Makes databases of one kind: fresh ones, and as Alembic leaves them at a revision."""

    def __init__(self, kind, server, directory):
        self.kind, self.server, self.directory = kind, server, directory
        self.templates = {}

    def fresh(self):
        if self.kind == "postgresql":
            return postgres_database(self.server, next_name())
        return sqlite_database(self.directory, next_name())

    def at(self, *revisions):
        if revisions not in self.templates:
            template = self.fresh()
            for revision in revisions:
                template.alembic("upgrade", revision)
            self.templates[revisions] = template
        return self.templates[revisions].copy()
