"""One script per driver with what a SQLite file has to answer as a PostgreSQL server does. Run as

    basic_scripts.py NAME URL TAG

and compared as driver_scripts.py is, which has the rest of what the drivers do.
"""

import asyncio
import datetime
import decimal
import sys
import uuid

from driver_scripts import UTC, normal, orm, orm_steps, see, sqlalchemy_asyncpg_script

COLUMNS = """id serial PRIMARY KEY, i2 smallint, i4 integer NOT NULL DEFAULT 4, i8 bigint, y boolean, t text, c varchar(8),
             f8 double precision, n numeric(12, 3), v bytea, d date, at time, s timestamp, z timestamptz, u uuid UNIQUE"""
ROW = {
    "i2": -32768,
    "i4": 2**31 - 1,
    "i8": 2**63 - 1,
    "y": False,
    "t": "Grüße, 'quoted' \\ \" 🐘 %s $1\nand a line",
    "c": "eight!!!",
    "f8": 0.1,
    "n": decimal.Decimal("123456789.125"),
    "v": bytes(range(256)),
    "d": datetime.date(2024, 2, 29),
    "at": datetime.time(23, 59, 59, 250000),
    "s": datetime.datetime(2024, 2, 29, 23, 59, 59, 999999),
    "z": datetime.datetime(2024, 2, 29, 23, 59, 59, 1, tzinfo=UTC),
    "u": uuid.UUID("12345678-1234-5678-1234-567812345678"),
}
NAMES = ", ".join(ROW)

# Statements without parameters, for every driver: {0} is a table with COLUMNS and one row.
QUESTIONS = [
    "SELECT 1 AS one, 'text' AS word, NULL AS nothing, true AS yes, 1.50 AS n, 2::bigint AS big, 1e10::float8 AS f",
    "SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3, 7.0 / 2, 2 ^ 10, abs(-3), round(2.5), round(2.567, 2), floor(-1.5), ceil(1.2)",
    "SELECT 'a' || 'b' || 1, upper('a'), length('🐘'), substring('abcdef' from 2 for 3), trim('  x '), replace('aa', 'a', 'b')",
    "SELECT 'ABC' LIKE 'abc', 'ABC' ILIKE 'abc', 'a_c' LIKE 'a\\_c', 'x' IN ('x', 'y'), 3 BETWEEN 1 AND 5, NULL IS NULL",
    "SELECT coalesce(NULL, 2), nullif(1, 1), CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END, greatest(1, 3, 2), least('b', 'a')",
    "SELECT date '2024-02-28' + 2, date '2024-03-01' - date '2024-02-01', extract(year FROM date '2024-02-29')",
    "SELECT count(*), sum(i4), avg(i4), min(t), max(d) FROM {0}",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i, i * i FROM n ORDER BY i DESC",
    "SELECT g, row_number() OVER (ORDER BY g DESC), sum(g) OVER (ORDER BY g) FROM (VALUES (1), (2), (3)) AS v (g) ORDER BY g",
    "SELECT a.x, b.y FROM (VALUES (1), (2)) AS a (x) LEFT JOIN (VALUES (2, 'two')) AS b (x, y) ON a.x = b.x ORDER BY a.x",
    "SELECT x FROM (VALUES (2), (NULL), (1)) AS v (x) ORDER BY x",
    "SELECT x FROM (VALUES (2), (NULL), (1)) AS v (x) ORDER BY x DESC NULLS LAST LIMIT 2 OFFSET 1",
    "SELECT 1 UNION SELECT 2 UNION ALL SELECT 1 EXCEPT SELECT 3 ORDER BY 1",
    "SELECT EXISTS (SELECT 1 FROM {0}), (SELECT i2 FROM {0})",
    "SELECT i4, y, t, c, n, d, at, s, u FROM {0}",
]
# Each is refused with the SQLSTATE that PostgreSQL gives.
MISTAKES = [
    "SELECT 1/0",
    "SELEC 1",
    "SELECT * FROM nowhere",
    "SELECT no_such_column FROM {0}",
    "SELECT no_such_function(1)",
    "SELECT 'abc'::integer",
    "INSERT INTO {0} (id) VALUES (1)",
    "INSERT INTO {0} (i4) VALUES (NULL)",
    "INSERT INTO {0} (c) VALUES ('longer than eight')",
    "INSERT INTO {0} (i2) VALUES (40000)",
    "SELECT 2147483647 + 1",
    "SELECT 9223372036854775807 + 1",
    "CREATE TABLE {0} (i int)",
]


def psycopg2_script(url, tag):
    import psycopg2
    import psycopg2.extras

    psycopg2.extras.register_uuid()
    table = f"two_{tag}"
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    cursor.execute(f"DROP TABLE IF EXISTS {table}")
    cursor.execute(f"CREATE TABLE {table} ({COLUMNS})")
    cursor.execute(
        f"INSERT INTO {table} ({NAMES}) VALUES ({', '.join(f'%({n})s' for n in ROW)}) RETURNING *",
        ROW,
    )
    see(cursor.fetchone(), cursor.statusmessage)
    see([(column.name, column.type_code) for column in cursor.description])
    connection.commit()
    steps(
        lambda sql: (cursor.execute(sql), cursor.fetchall())[1],
        lambda sql: (cursor.execute(sql), cursor.statusmessage)[1],
        psycopg2.Error,
        lambda error: error.pgcode,
        table,
    )
    connection.rollback()
    cursor.execute(f"SELECT count(*) FROM {table}")
    see("at the end", cursor.fetchall())
    connection.commit()
    cursor.execute(f"DROP TABLE {table}")
    connection.commit()
    connection.close()


def psycopg_script(url, tag):
    import psycopg

    table = f"three_{tag}"
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
        insert = f"INSERT INTO {table} ({NAMES}) VALUES ({', '.join(f'%({n})s' for n in ROW)})"
        see(connection.execute(insert + " RETURNING *", ROW).fetchone())
        connection.commit()
        for binary in (False, True):
            cursor = connection.execute(
                f"SELECT * FROM {table} WHERE i4 = %s AND u = %s",
                (ROW["i4"], ROW["u"]),
                binary=binary,
            )
            see(cursor.fetchone())
        see([(column.name, column.type_code) for column in cursor.description])
        for number in range(12):  # prepared under a name on the way
            see(
                connection.execute(
                    f"SELECT %s::int + count(*), t FROM {table} WHERE i2 < %s GROUP BY t",
                    (number, number),
                ).fetchone()
            )
        connection.commit()
        steps(
            lambda sql: connection.execute(sql).fetchall(),
            lambda sql: connection.execute(sql).statusmessage,
            psycopg.Error,
            lambda error: error.sqlstate,
            table,
        )
        connection.rollback()
        with connection.pipeline():
            answers = [connection.execute("SELECT %s::int * 2", (n,)) for n in range(10)]
            see([answer.fetchone() for answer in answers])
        connection.cursor().executemany(
            f"INSERT INTO {table} (t, i8) VALUES (%s, %s)", [(str(n), n) for n in range(30)]
        )
        see(connection.execute(f"SELECT count(*), sum(i8) FROM {table}").fetchone())
        connection.execute(f"DROP TABLE {table}")


def asyncpg_script(url, tag):
    asyncio.run(asyncpg_steps(url, tag))


async def asyncpg_steps(url, tag):
    import asyncpg

    table = f"async_{tag}"
    connection = await asyncpg.connect(url)
    await connection.execute(f"DROP TABLE IF EXISTS {table}")
    await connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
    marks = ", ".join(f"${n + 1}" for n in range(len(ROW)))
    row = await connection.fetchrow(
        f"INSERT INTO {table} ({NAMES}) VALUES ({marks}) RETURNING *", *ROW.values()
    )
    see(*(f"{name}={normal(value)}" for name, value in row.items()))
    prepared = await connection.prepare(f"SELECT id, t FROM {table} WHERE i4 = $1 AND d < $2")
    see(
        [p.name for p in prepared.get_parameters()],
        [(a.name, a.type.name) for a in prepared.get_attributes()],
    )
    for number in range(8):
        see(await prepared.fetch(ROW["i4"], datetime.date(2020 + number, 1, 1)))
    for question in QUESTIONS:
        see([tuple(row) for row in await connection.fetch(question.format(table))])
    for mistake in MISTAKES:
        try:
            async with connection.transaction():
                await connection.fetch(mistake.format(table))
        except asyncpg.PostgresError as error:
            see(error.sqlstate)
    async with connection.transaction():
        await connection.execute(f"UPDATE {table} SET t = $1 WHERE id = $2", "kept", 1)
        try:
            async with connection.transaction():
                await connection.execute(f"DELETE FROM {table}")
                raise KeyError
        except KeyError:
            see("rolled back to the savepoint")
    await connection.executemany(
        f"INSERT INTO {table} (t, i8) VALUES ($1, $2)", [(str(n), n) for n in range(30)]
    )
    see(await connection.fetchval(f"SELECT count(*) FROM {table} WHERE t IN ('kept', '1')"))
    see(await connection.execute(f"DROP TABLE {table}"))
    await connection.close()


def steps(fetch, run, error_type, sqlstate, table):
    """What all synchronous drivers do alike; it begins and ends its transactions by itself."""
    for question in QUESTIONS:
        see(fetch(question.format(table)))
    run("COMMIT")
    for mistake in MISTAKES:
        run("BEGIN")
        try:
            run(mistake.format(table))
            see("no error", mistake)
        except error_type as error:
            see(sqlstate(error))
            try:
                run("SELECT 1")
            except error_type as refused:
                see(sqlstate(refused))
        run("ROLLBACK")
    run("BEGIN")
    see(run(f"UPDATE {table} SET t = 'changed' WHERE id = 1"))
    run("SAVEPOINT here")
    see(run(f"DELETE FROM {table}"))
    run("ROLLBACK TO SAVEPOINT here")
    see(run("RELEASE SAVEPOINT here"))
    see(fetch(f"SELECT t FROM {table}"))
    run("ROLLBACK")
    run("BEGIN")
    see(
        run(
            f"INSERT INTO {table} (id, t) VALUES (1, 'again') ON CONFLICT (id) DO UPDATE SET t = excluded.t"
        )
    )
    see(run(f"INSERT INTO {table} (id, t) VALUES (1, 'again') ON CONFLICT DO NOTHING"))
    see(fetch(f"UPDATE {table} SET i8 = i8 - 1 WHERE id = 1 RETURNING id, i8, t"))
    see(fetch(f"DELETE FROM {table} WHERE id = 1 RETURNING id"))
    run("ROLLBACK")
    run("BEGIN")
    see(run(f"ALTER TABLE {table} ADD COLUMN extra integer DEFAULT 5"))
    see(run(f"ALTER TABLE {table} RENAME COLUMN extra TO more"))
    see(run(f"CREATE INDEX {table}_more ON {table} (more)"))
    see(run(f"CREATE VIEW {table}_view AS SELECT id, more FROM {table}"))
    see(fetch(f"SELECT * FROM {table}_view"))
    see(run(f"DROP VIEW {table}_view"))
    see(run(f"DROP INDEX {table}_more"))
    see(run(f"ALTER TABLE {table} DROP COLUMN more"))
    run("ROLLBACK")


def sqlalchemy_psycopg2_script(url, tag):
    import sqlalchemy as sa
    from sqlalchemy import orm as so

    engine = sa.create_engine(
        url.replace("postgresql:", "postgresql+psycopg2:"), pool_pre_ping=True
    )
    base, author, book = orm(f"basic_{tag}")
    base.metadata.drop_all(engine)
    base.metadata.create_all(engine)
    for _ in range(2):
        with so.Session(engine) as session:
            orm_steps(session, author, book)
            session.execute(sa.delete(book))
            session.execute(sa.delete(author))
            session.commit()
    base.metadata.drop_all(engine)
    engine.dispose()


SCRIPTS = {
    "psycopg2": psycopg2_script,
    "psycopg": psycopg_script,
    "asyncpg": asyncpg_script,
    "sqlalchemy-psycopg2": sqlalchemy_psycopg2_script,
    "sqlalchemy-asyncpg": sqlalchemy_asyncpg_script,
}

if __name__ == "__main__":
    SCRIPTS[sys.argv[1]](sys.argv[2], sys.argv[3])
