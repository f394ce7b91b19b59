"""pg_dump | pg_restore through weir's socket equals a direct one."""

import os
import subprocess

import pytest

from cluster import find_programs

SCHEMA = """
    CREATE SCHEMA shop;
    CREATE TYPE shop.mood AS ENUM ('sad', 'ok', 'happy');
    CREATE TABLE shop.customer (
        id serial PRIMARY KEY, name text NOT NULL UNIQUE, mood shop.mood DEFAULT 'ok',
        born date CHECK (born > '1900-01-01'));
    CREATE TABLE shop.sale (
        id bigint GENERATED ALWAYS AS IDENTITY, customer int REFERENCES shop.customer,
        price numeric(10, 2), note text, at timestamptz DEFAULT now());
    CREATE INDEX sale_by_price ON shop.sale (price) WHERE price > 10;
    CREATE VIEW shop.rich AS SELECT customer, sum(price) FROM shop.sale GROUP BY customer;
    CREATE FUNCTION shop.twice(a int) RETURNS int LANGUAGE plpgsql AS
        $$BEGIN RETURN 2 * a; END$$;
    COMMENT ON TABLE shop.sale IS 'it''s; a "sale"';
    INSERT INTO shop.customer (name, born)
        SELECT 'name ' || i || chr(233), date '1990-01-01' + i FROM generate_series(1, 500) i;
    INSERT INTO shop.sale (customer, price, note, at)
        SELECT i % 500 + 1, i / 7.0, repeat('x', i % 300), timestamptz '2024-01-01 00:00+00' + i * interval '1 min'
        FROM generate_series(1, 5000) i;
"""


@pytest.fixture
def both(pg, start):
    """A weir before two databases, and its environment and the server's for libpq's programs."""
    for name in ("source", "target", "direct_target"):
        pg.psql(f"DROP DATABASE IF EXISTS {name}")
        pg.psql(f"CREATE DATABASE {name}")
    pg.psql(SCHEMA, database="source")
    daemon = start(
        config={
            "backends": {
                name: {"url": pg.unix_url(name), "pool": {"size": 1, "max_overflow": 0}}
                for name in ("source", "target")
            }
        }
    )
    through = daemon.client_environment()
    direct = through | {"PGHOST": pg.directory, "PGPORT": str(pg.port), "PGUSER": "postgres"}
    return through, direct


def program(name, *arguments, environment, data=None):
    done = subprocess.run(
        [os.path.join(find_programs(), name), *arguments],
        env=environment,
        input=data,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def dump(environment, database, *options):
    return program("pg_dump", *options, database, environment=environment)


def plain(environment, database, *options):
    """A dump as text, without the key that psql is locked with: each has its own."""
    lines = dump(environment, database, *options).splitlines()
    return [line for line in lines if not line.startswith((b"\\restrict", b"\\unrestrict"))]


def test_a_dump_through_weir_equals_a_direct_one(both):
    through, direct = both
    assert plain(through, "source") == plain(direct, "source")


def test_a_restore_through_weir_equals_a_direct_one(both):
    through, direct = both
    archive = dump(through, "source", "-Fc")
    program("pg_restore", "-d", "target", "--no-owner", environment=through, data=archive)
    program("pg_restore", "-d", "direct_target", "--no-owner", environment=direct, data=archive)
    assert plain(direct, "target", "--no-owner") == plain(direct, "direct_target", "--no-owner")


def test_a_plain_script_through_the_session_lane(both):
    through, direct = both
    script = dump(through, "source", "--no-owner")
    program(
        "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        "target:session",
        environment=through,
        data=script,
    )
    assert plain(direct, "target", "--no-owner") == plain(direct, "source", "--no-owner")


def test_clients_beside_a_dump_are_not_poisoned(both):
    """pg_dump sets search_path to nothing, and a dozen other things."""
    through, _ = both
    asked = ["SHOW search_path", "SHOW statement_timeout", "SHOW lock_timeout", "SHOW row_security"]
    options = [word for sql in asked for word in ("-c", sql)]
    psql = ["psql", "-X", "-At", "-d", "source", *options]
    before = program(*psql, environment=through)
    dump(through, "source")
    assert program(*psql, environment=through) == before
    # By another name it is in transaction mode, and is told so as soon as it PREPAREs; what it has
    # SET until then is its own.
    with pytest.raises(AssertionError, match="not available in transaction mode"):
        dump(through | {"PGAPPNAME": "mine"}, "source")
    assert program(*psql, environment=through) == before
