"""SQLAlchemy's own dialect suite passes through weir what it passes on a direct connection."""

import os
import re
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree

import pytest

from cluster import cluster

SUITE = os.path.join(os.path.dirname(__file__), "sqlalchemy_suite")
SUITE_SECONDS = 1500
CONTENTS = """
    CREATE EXTENSION hstore;
    CREATE EXTENSION citext;
    CREATE SCHEMA test_schema AUTHORIZATION scott;
    CREATE SCHEMA test_schema_2 AUTHORIZATION scott;
"""


@pytest.fixture
def pg():
    """The suite's own: it wants prepared transactions, and leaves things behind when it fails."""
    with cluster(tcp=False, settings={"max_prepared_transactions": 10}) as server:
        server.psql("CREATE ROLE scott SUPERUSER LOGIN")
        make_database(server)
        yield server


def make_database(server):
    server.psql("CREATE DATABASE test OWNER scott")
    server.psql(CONTENTS, database="test")


def outcomes(url, report):
    """{test: "passed" | "failed" | "skipped"}; the driver's version is taken out of the names."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "test_suite.py",
            "--dburi",
            url,
            "--maxfail=10000",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:warnings",
            f"--junitxml={report}",
        ],
        cwd=SUITE,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SUITE_SECONDS,
    )
    assert os.path.exists(report), done.stdout
    found = {}
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        name = re.sub(r"_postgresql\+\w+?_[0-9_]+(?=[:.]|$)", "", name)
        kinds = {child.tag for child in case}
        ended = "failed" if kinds & {"failure", "error"} else "skipped" if kinds else "passed"
        if found.get(name) != "failed":
            found[name] = ended
    return found


def test_the_dialect_suite_passes_what_it_passes_directly(pg, start, scratch):
    host = urllib.parse.quote(pg.directory, safe="")
    direct = outcomes(
        f"postgresql+psycopg2://scott@/test?host={host}&port={pg.port}", scratch / "direct.xml"
    )
    pg.psql("DROP DATABASE test")
    make_database(pg)
    daemon = start(pg.unix_url("test").replace("postgres@", "scott@"))
    through = outcomes(daemon.url("postgresql+psycopg2", database="test"), scratch / "weir.xml")
    passed = {name for name, ended in direct.items() if ended == "passed"}
    assert len(passed) > 500
    assert sorted(name for name in passed if through.get(name) != "passed") == []
