"""Sixteen processes write to one SQLite file at once: nobody hears "database is locked", and
nothing is lost.
"""

import os
import sqlite3
import subprocess
import sys

PROCESSES = 16
TRANSACTIONS = int(os.environ.get("WEIR_WRITER_TRANSACTIONS", 100))

WRITER = """
import sys, psycopg2
url, me, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
connection = psycopg2.connect(url)
cursor = connection.cursor()
for turn in range(count):
    # Read, then write what was read: the transaction that SQLite alone refuses as soon as another
    # writes in between.
    cursor.execute("SELECT n FROM counter WHERE id = %s", (me,))
    (mine,) = cursor.fetchone()
    assert mine == turn, (mine, turn)
    cursor.execute("INSERT INTO entries (who, turn) VALUES (%s, %s)", (me, turn))
    cursor.execute("UPDATE counter SET n = n + 1 WHERE id IN (%s, 0)", (me,))
    if turn % 10 == 9:
        connection.rollback()
        cursor.execute("INSERT INTO entries (who, turn) VALUES (%s, %s)", (me, turn))
        cursor.execute("UPDATE counter SET n = n + 1 WHERE id IN (%s, 0)", (me,))
    connection.commit()
"""


def test_16_processes_write_at_once_and_lose_nothing(start):
    daemon = start()
    psql = ["psql", "-XAtq", "-d", daemon.url()]
    subprocess.run(
        [
            *psql,
            "-c",
            "CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)",
            "-c",
            f"INSERT INTO counter VALUES {', '.join(f'({n}, 0)' for n in range(PROCESSES + 1))}",
            "-c",
            "CREATE TABLE entries (id serial PRIMARY KEY, who int NOT NULL, turn int NOT NULL, UNIQUE (who, turn))",
        ],
        check=True,
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, daemon.url(), str(number), str(TRANSACTIONS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(1, PROCESSES + 1)
    ]
    for writer in writers:
        output, _ = writer.communicate(timeout=300)
        assert writer.returncode == 0, output
    daemon.stop()
    assert "locked" not in daemon.log()
    file = sqlite3.connect(daemon.path("app/database.db"))
    total = PROCESSES * TRANSACTIONS
    assert file.execute("SELECT n FROM counter WHERE id = 0").fetchone() == (total,)
    assert file.execute("SELECT count(*), count(DISTINCT id) FROM entries").fetchone() == (
        total,
        total,
    )
    assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
