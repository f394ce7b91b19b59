"""One script per driver, doing what applications do, with the driver's defaults. Run as

    driver_scripts.py NAME URL TAG

it prints what it saw, one line each. Everything it makes carries TAG in its name and nothing it
prints does, so any two runs must print the same: direct or through weir, alone or beside others.
"""

import asyncio
import datetime
import decimal
import io
import sys
import uuid

UTC = datetime.timezone.utc
ROW = {
    "i": 2**31 - 1,
    "b": -(2**63),
    "f": 1.5e300,
    "n": decimal.Decimal("12345678901234567890.123456789"),
    "t": "Grüße, 'quoted' \\ 🐘 %s $1",
    "v": bytes(range(256)),
    "d": datetime.date(2024, 2, 29),
    "s": datetime.datetime(2024, 2, 29, 23, 59, 59, 999999),
    "z": datetime.datetime(2024, 2, 29, 23, 59, 59, 1, tzinfo=UTC),
    "y": True,
    "u": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "a": [1, 2, 3],
    "x": None,
}
COLUMNS = """i integer, b bigint, f float8, n numeric, t text, v bytea, d date, s timestamp, z timestamptz, y boolean,
             u uuid, a integer[], x varchar(10)"""


def see(*values):
    print(*(normal(value) for value in values))


def normal(value):
    """A moment is printed in UTC: which offset it comes with is the driver's affair."""
    if isinstance(value, memoryview):
        return repr(bytes(value))
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return repr(value.astimezone(UTC))
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(normal(each) for each in value) + ")"
    return repr(value)


# -- psycopg2: simple Query, literals interpolated


def psycopg2_script(url, tag):
    import psycopg2
    import psycopg2.extras

    psycopg2.extras.register_uuid()
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    table = f"psycopg2_{tag}"
    cursor.execute(f"DROP TABLE IF EXISTS {table}")
    cursor.execute(f"CREATE TABLE {table} (id serial PRIMARY KEY, {COLUMNS})")
    names, marks = ", ".join(ROW), ", ".join(f"%({name})s" for name in ROW)
    for _ in range(8):
        cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", ROW)
        see("inserted", cursor.fetchone(), cursor.statusmessage)
    connection.commit()
    cursor.execute(f"SELECT * FROM {table} ORDER BY id")
    for row in cursor:
        see(row)
    see([(column.name, column.type_code) for column in cursor.description])

    cursor.execute(f"UPDATE {table} SET x = 'changed' WHERE id > %s", (5,))
    see("updated", cursor.rowcount)
    connection.rollback()
    cursor.execute(f"SELECT count(*) FROM {table} WHERE x IS NULL")
    see("after rollback", cursor.fetchone())

    for broken in [
        f"INSERT INTO {table} (id) VALUES (1)",
        "SELECT 1/0",
        "SELEC 1",
        "SELECT * FROM nowhere",
        "SELECT 1",
    ]:
        try:  # the last one is right, and refused for the sake of the others
            cursor.execute(broken)
        except psycopg2.Error as error:
            see(
                error.pgcode,
                error.diag.severity,
                error.diag.message_primary.replace(table, "TABLE"),
            )
            if error.pgcode == "22012":
                connection.rollback()
    connection.rollback()

    cursor.execute("SAVEPOINT s")
    cursor.execute(f"DELETE FROM {table}")
    cursor.execute("ROLLBACK TO SAVEPOINT s")
    cursor.execute(f"SELECT count(*) FROM {table}")
    see("after the savepoint", cursor.fetchone())
    with connection.cursor(name="held") as held:
        held.itersize = 3
        held.execute(f"SELECT id, t FROM {table} ORDER BY id")
        see("server-side cursor", list(held))
    connection.commit()

    cursor.execute("SELECT 1; SELECT 2, 3; SELECT 'last'")
    see("several statements", cursor.fetchall())
    cursor.execute("DO $$ BEGIN RAISE NOTICE 'hello %', 42; RAISE WARNING 'careful'; END $$")
    see(connection.notices)
    connection.commit()

    copied = io.StringIO()
    cursor.copy_expert(f"COPY (SELECT id, t, x FROM {table} ORDER BY id) TO STDOUT", copied)
    see(copied.getvalue())
    cursor.copy_expert(
        f"COPY {table} (i, t) FROM STDIN WITH (FORMAT csv)", io.StringIO('7,seven\n8,"ei,ght"\n')
    )
    see("copied in", cursor.rowcount)
    psycopg2.extras.execute_values(
        cursor, f"INSERT INTO {table} (i) VALUES %s", [(n,) for n in range(250)]
    )
    cursor.execute(f"SELECT count(*), sum(i) FROM {table}")
    see(cursor.fetchone())
    connection.commit()

    connection.autocommit = True
    for number in range(10):
        cursor.execute("SELECT %s, pg_typeof(%s)::text", (number, number))
        see(cursor.fetchone())
    cursor.execute(f"DROP TABLE {table}")
    see(cursor.statusmessage)
    connection.close()


# -- psycopg 3: the extended protocol for everything, named statements after the fifth use


def psycopg_script(url, tag):
    import psycopg

    table = f"psycopg_{tag}"
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute(f"CREATE TABLE {table} (id serial PRIMARY KEY, {COLUMNS})")
        names, marks = ", ".join(ROW), ", ".join(f"%({name})s" for name in ROW)
        for _ in range(12):  # prepared under a name from the sixth on
            done = connection.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", ROW
            )
            see("inserted", done.fetchone(), done.statusmessage)
            connection.commit()
        for binary in (False, True):
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY id", binary=binary):
                see(row)
        for number in range(12):
            see(
                connection.execute(
                    f"SELECT t, %s::int FROM {table} WHERE id = %s", (number, number)
                ).fetchone()
            )
            if number % 3 == 0:
                connection.commit()
        connection.rollback()

        connection.execute(f"UPDATE {table} SET x = 'changed'")
        connection.rollback()
        see(
            "after rollback",
            connection.execute(f"SELECT count(*) FROM {table} WHERE x IS NULL").fetchone(),
        )
        for broken in [
            f"INSERT INTO {table} (id) VALUES (1)",
            "SELECT 1/0",
            "SELEC 1",
            "SELECT %s FROM nowhere",
        ]:
            try:
                with connection.transaction():
                    connection.execute(broken, (1,) if "%s" in broken else None)
            except psycopg.Error as error:
                see(
                    error.sqlstate,
                    error.diag.severity,
                    error.diag.message_primary.replace(table, "TABLE"),
                )
        see("still there", connection.execute("SELECT 1").fetchone())
        connection.commit()

        with connection.transaction(), connection.cursor(name="held") as held:
            held.itersize = 5
            held.execute(f"SELECT id FROM {table} ORDER BY id")
            see("server-side cursor", list(held))
        see("stream", list(connection.cursor().stream(f"SELECT id, v FROM {table} ORDER BY id")))
        cursor = connection.cursor()
        cursor.executemany(
            f"INSERT INTO {table} (i, t) VALUES (%s, %s) RETURNING i",
            [(n, str(n)) for n in range(40)],
            returning=True,
        )
        seen = []
        while True:
            seen.append(cursor.fetchone())
            if not cursor.nextset():
                break
        see("executemany", seen)
        with connection.pipeline() as pipeline:
            answers = [connection.execute("SELECT %s::int + 1", (n,)) for n in range(20)]
            pipeline.sync()
            see("pipeline", [answer.fetchone() for answer in answers])
        try:
            with connection.pipeline():
                connection.execute("SELECT 1")
                connection.execute("SELECT 1/0")
                connection.execute("SELECT 2")
        except psycopg.Error as error:  # at whichever step the driver happens to read it
            see("pipeline", error.sqlstate)
        connection.rollback()

        with cursor.copy(f"COPY (SELECT id, t FROM {table} ORDER BY id) TO STDOUT") as copy:
            see("copy out", list(copy.rows()))
        with cursor.copy(f"COPY {table} (i, f, t) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "float8", "text"])
            for number in range(500):
                copy.write_row((number, number / 2, "é" * number))
        see("copied in", cursor.rowcount, cursor.statusmessage)
        try:
            with cursor.copy(f"COPY {table} (i) FROM STDIN") as copy:
                copy.write("one\ntwo\n")
        except psycopg.Error as error:
            see("copy", error.sqlstate)
        connection.rollback()
        see(connection.execute(f"SELECT count(*), sum(i), max(length(t)) FROM {table}").fetchone())
        connection.execute(f"DROP TABLE {table}")
    with psycopg.connect(url, autocommit=True) as connection:
        for number in range(10):
            see(connection.execute("SELECT %s, %s::text", (number, str(number))).fetchone())
        for number in range(3):  # more names than the driver keeps: it deallocates the oldest
            connection.prepare_threshold, connection.prepared_max = 0, 3
            for statement in range(6):
                see(connection.execute(f"SELECT {statement}, %s::int", (number,)).fetchone())
        see(connection.execute("DEALLOCATE ALL", prepare=False).statusmessage)


# -- asyncpg: every statement has a name, results are binary


def asyncpg_script(url, tag):
    asyncio.run(asyncpg_steps(url, tag))


async def asyncpg_steps(url, tag):
    import asyncpg

    table = f"asyncpg_{tag}"
    connection = await asyncpg.connect(url)
    await connection.execute(
        f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id serial PRIMARY KEY, {COLUMNS})"
    )
    names, marks = ", ".join(ROW), ", ".join(f"${n + 1}" for n in range(len(ROW)))
    for _ in range(8):
        see(
            "inserted",
            await connection.fetchval(
                f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", *ROW.values()
            ),
        )
    for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY id"):
        see(dict(row) | {"z": normal(row["z"])})
    for number in range(10):
        see(await connection.fetchval(f"SELECT $1::int + count(*)::int FROM {table}", number))
    see(await connection.execute(f"UPDATE {table} SET i = $1 WHERE id < $2", 1, 4))

    prepared = await connection.prepare(f"SELECT id, t FROM {table} WHERE id = $1")
    see(
        [(p.name) for p in prepared.get_parameters()],
        [(a.name, a.type.name) for a in prepared.get_attributes()],
    )
    for number in range(1, 10):
        see(await prepared.fetchrow(number))

    transaction = connection.transaction()
    await transaction.start()
    see(await connection.execute(f"DELETE FROM {table}"))
    await transaction.rollback()
    see("after rollback", await connection.fetchval(f"SELECT count(*) FROM {table}"))
    for broken in [
        f"INSERT INTO {table} (id) VALUES (1)",
        "SELECT 1/0",
        "SELEC 1",
        "SELECT * FROM nowhere",
    ]:
        try:
            async with connection.transaction():
                await connection.fetch(broken)
        except asyncpg.PostgresError as error:
            see(error.sqlstate, error.severity, error.message.replace(table, "TABLE"))
    async with connection.transaction():
        see(
            "cursor",
            [
                record["id"]
                async for record in connection.cursor(
                    f"SELECT id FROM {table} ORDER BY id", prefetch=3
                )
            ],
        )
        async with connection.transaction():
            await connection.execute(f"INSERT INTO {table} (i) VALUES ($1)", 99)

    await connection.executemany(
        f"INSERT INTO {table} (i, t) VALUES ($1, $2)", [(n, str(n)) for n in range(300)]
    )
    see(
        await connection.copy_records_to_table(
            table, records=[(n, "c" * n) for n in range(200)], columns=["i", "t"]
        )
    )
    copied = io.BytesIO()
    see(
        await connection.copy_from_query(
            f"SELECT id, t FROM {table} WHERE id < $1 ORDER BY id", 20, output=copied, format="csv"
        )
    )
    see(copied.getvalue())
    await connection.close()

    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        for number in range(8):  # what the pool asks at check-in is part of the story
            see(await pool.fetchval("SELECT $1::int * 2", number))
        see(
            [
                tuple(row)
                for row in await pool.fetch(f"SELECT count(*), sum(i), sum(length(t)) FROM {table}")
            ]
        )
        see(await pool.execute(f"DROP TABLE {table}"))


# -- SQLAlchemy's ORM, with the classic driver and with the asyncio one


def orm(tag):
    """A parent with children and the usual column types."""
    import sqlalchemy as sa
    from sqlalchemy import orm as so

    base = so.declarative_base()

    class author(base):
        __tablename__ = f"author_{tag}"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50), nullable=False, unique=True)
        born = sa.Column(sa.Date)
        score = sa.Column(sa.Numeric(10, 2), default=decimal.Decimal("1.50"))
        notes = sa.Column(sa.JSON)
        books = so.relationship(
            "book", back_populates="author", order_by="book.title", cascade="all, delete-orphan"
        )

    class book(base):
        __tablename__ = f"book_{tag}"
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.Text, nullable=False)
        added = sa.Column(sa.DateTime(timezone=True), server_default=sa.func.now())
        cover = sa.Column(sa.LargeBinary)
        author_id = sa.Column(sa.ForeignKey(f"author_{tag}.id"), nullable=False, index=True)
        author = so.relationship("author", back_populates="books")

    return base, author, book


def orm_steps(session, author, book):
    """With a classic session; the asyncio one runs it through run_sync."""
    import sqlalchemy as sa

    for number in range(7):
        person = author(
            name=f"Ä {number}",
            born=datetime.date(1900 + number, 1, 1),
            notes={"n": [number, None, "ü"]},
        )
        person.books = [
            book(title=f"title {number}.{n}", cover=bytes([n]) * 3) for n in range(number)
        ]
        session.add(person)
        session.commit()
    for person in session.scalars(sa.select(author).order_by(author.name)):
        see(
            person.name,
            person.born,
            person.score,
            person.notes,
            [(b.title, b.cover, b.added is not None) for b in person.books],
        )
    see(
        session.execute(
            sa.select(author.name, sa.func.count(book.id))
            .outerjoin(book)
            .group_by(author.name)
            .having(sa.func.count(book.id) > 2)
            .order_by(author.name)
        ).all()
    )
    someone = session.scalars(sa.select(author).filter_by(name="Ä 3")).one()
    someone.score += 1
    someone.books.pop()
    session.flush()
    see(someone.score, len(someone.books))
    session.rollback()
    see(someone.score, len(someone.books))
    session.commit()
    session.add(author(name="Ä 3"))
    try:
        session.commit()
    except sa.exc.IntegrityError as error:
        see(getattr(error.orig, "pgcode", None) or error.orig.sqlstate)
        session.rollback()
    with session.begin_nested():
        session.execute(sa.update(author).where(author.score < 2).values(score=author.score * 3))
    see(session.scalars(sa.select(author.score).order_by(author.id)).all())
    session.execute(
        sa.delete(book).where(book.title.like("title 6%")),
        execution_options={"synchronize_session": "fetch"},
    )
    see(session.scalar(sa.select(sa.func.count()).select_from(book)))
    session.commit()


def sqlalchemy_psycopg2_script(url, tag):
    import sqlalchemy as sa
    from sqlalchemy import orm as so

    engine = sa.create_engine(
        url.replace("postgresql:", "postgresql+psycopg2:"), pool_pre_ping=True
    )
    base, author, book = orm(f"classic_{tag}")
    base.metadata.drop_all(engine)
    base.metadata.create_all(engine)
    for _ in range(2):
        with so.Session(engine) as session:
            orm_steps(session, author, book)
            session.execute(sa.delete(book))
            session.execute(sa.delete(author))
            session.commit()
    see(*(column["name"] for column in sa.inspect(engine).get_columns(author.__tablename__)))
    base.metadata.drop_all(engine)
    engine.dispose()


def sqlalchemy_asyncpg_script(url, tag):
    asyncio.run(sqlalchemy_asyncpg_steps(url, tag))


async def sqlalchemy_asyncpg_steps(url, tag):
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    engine = create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:"), pool_pre_ping=True
    )
    base, author, book = orm(f"async_{tag}")
    async with engine.begin() as connection:
        await connection.run_sync(base.metadata.drop_all)
        await connection.run_sync(base.metadata.create_all)
    async with AsyncSession(engine) as session:
        await session.run_sync(orm_steps, author, book)
    async with engine.begin() as connection:
        await connection.run_sync(base.metadata.drop_all)
    await engine.dispose()


SCRIPTS = {
    "psycopg2": psycopg2_script,
    "psycopg": psycopg_script,
    "asyncpg": asyncpg_script,
    "sqlalchemy-psycopg2": sqlalchemy_psycopg2_script,
    "sqlalchemy-asyncpg": sqlalchemy_asyncpg_script,
}

if __name__ == "__main__":
    SCRIPTS[sys.argv[1]](sys.argv[2], sys.argv[3])
