"""Volume: what is much larger than weir's buffers passes through them unharmed, and does not stay.
"""

import hashlib
import os
import subprocess
import tempfile
import time

import psycopg
import pytest

from raw_client import query, raw_client

LOGIN = dict(user="tester", database="postgres")
COPY_BYTES = 200_000_000
LINE = b"%d\t" + b"0123456789" * 19 + b"\n"
FIRST = 100_000_000  # nine digits in every line
ROWS = COPY_BYTES // len(LINE % FIRST)


@pytest.fixture
def daemon(pg, start):
    pg.psql("DROP TABLE IF EXISTS bulk; CREATE UNLOGGED TABLE bulk (i int, t text)")
    return start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)


@pytest.fixture(scope="module")
def copy_file():
    """200 MB in COPY's text format, with the sum of its bytes."""
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(prefix="weir-copy-") as file:
        for start in range(FIRST, FIRST + ROWS, 10_000):
            chunk = b"".join(LINE % number for number in range(start, start + 10_000))
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        yield file.name, digest.hexdigest()


def assert_memory_is_bounded(daemon, least, what):
    """`least`: weir's memory before. All buffers of a handful of connections fit in 16 MB."""
    print(f"{what}: memory {least} kB before, {daemon.resident_kb()} kB after")
    assert daemon.resident_kb() < least + 16 * 1024


def test_psql_copies_200_mb_both_ways(daemon, copy_file):
    path, digest = copy_file
    before = daemon.resident_kb()
    run = dict(env=daemon.client_environment(), check=True)
    subprocess.run(["psql", "-Xq", "-c", f"\\copy bulk FROM '{path}'"], **run)
    back = hashlib.sha256()
    reader = subprocess.Popen(
        ["psql", "-Xq", "-c", "\\copy (SELECT * FROM bulk ORDER BY i) TO STDOUT"],
        env=daemon.client_environment(),
        stdout=subprocess.PIPE,
    )
    while chunk := reader.stdout.read(1 << 20):
        back.update(chunk)
    assert reader.wait() == 0
    assert back.hexdigest() == digest
    assert_memory_is_bounded(daemon, before, "psql's copies")


def test_psycopg_copies_200_mb_both_ways(daemon, copy_file):
    path, digest = copy_file
    before = daemon.resident_kb()
    with psycopg.connect(daemon.dsn()) as connection:
        with connection.cursor().copy("COPY bulk FROM STDIN") as copy, open(path, "rb") as file:
            while chunk := file.read(1 << 17):
                copy.write(chunk)
        back = hashlib.sha256()
        with connection.cursor().copy("COPY (SELECT * FROM bulk ORDER BY i) TO STDOUT") as copy:
            for chunk in copy:
                back.update(chunk)
        assert back.hexdigest() == digest
    assert_memory_is_bounded(daemon, before, "psycopg's copies")


def test_a_value_of_64_mb_goes_in_and_comes_out(daemon):
    value = os.urandom(1 << 20) * 64
    with psycopg.connect(daemon.dsn()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS large (v bytea)")
        connection.execute("INSERT INTO large VALUES (%b)", (value,))
        connection.commit()
        (back,) = connection.execute("SELECT v FROM large", binary=True).fetchone()
        assert hashlib.sha256(back).digest() == hashlib.sha256(value).digest()
        (back,) = connection.execute("SELECT v FROM large").fetchone()  # as text, twice as long
        assert hashlib.sha256(back).digest() == hashlib.sha256(value).digest()
        connection.execute("DROP TABLE large")


def test_100_000_rows_arrive_in_order(daemon):
    with psycopg.connect(daemon.dsn()) as connection:
        rows = connection.execute(
            "SELECT i, md5(i::text) FROM generate_series(1, 100000) AS i"
        ).fetchall()
        assert [row[0] for row in rows] == list(range(1, 100_001))
        assert all(row[1] == hashlib.md5(str(row[0]).encode()).hexdigest() for row in rows)
        cursor = connection.cursor()
        cursor.executemany(
            "INSERT INTO bulk VALUES (%s, %s)", ((n, str(n)) for n in range(100_000))
        )
        assert connection.execute("SELECT count(*), sum(i) FROM bulk").fetchone() == (
            100_000,
            4_999_950_000,
        )


def test_a_slow_reader_of_a_large_result_does_not_fill_weirs_memory(daemon):
    """300 MB wait for a client that reads nothing, then little, while another one is served."""
    with raw_client(daemon.socket_path(), **LOGIN) as slow, raw_client(
        daemon.socket_path(), **LOGIN
    ) as other:
        other.rows("SELECT 1")
        before = daemon.resident_kb()
        slow.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 300000)"))
        for _ in range(20):
            time.sleep(0.05)  # for the server to send what it can
            assert other.rows("SELECT 'served'") == [["served"]]
            assert_memory_is_bounded(daemon, before, "an unread result")
        rows = 0
        while (answer := slow.read()).kind != "Z":
            rows += answer.kind == "D"
        assert rows == 300_000
        assert_memory_is_bounded(daemon, before, "a result read late")


def test_a_server_slow_to_read_does_not_fill_weirs_memory(daemon):
    """The client sends 100 MB of queries in one go; the server is asleep."""
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.rows("SELECT 1")
        before = daemon.resident_kb()
        client.socket.settimeout(1)
        client.send(query("SELECT pg_sleep(3)"))
        message = query("SELECT length('" + "x" * 1_000_000 + "')")
        sent = 0
        try:
            for _ in range(100):
                client.send(message)
                sent += 1
        except TimeoutError:
            pass  # weir takes no more for now, as it should
        assert sent < 100
        assert_memory_is_bounded(daemon, before, "unread queries")
