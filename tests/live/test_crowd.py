"""5,000 clients for a minute on a pool of 10: 100 of them at work at any time, nobody gets an
error.
"""

import asyncio
import os
import random
import resource
import struct
import time

from raw_client import query, startup

CLIENTS = 5000
ACTIVE = 100
SECONDS = float(os.environ.get("WEIR_CROWD_SECONDS", 60))
QUERIES = [
    query("SELECT 42"),
    query("SELECT relname FROM pg_class ORDER BY oid LIMIT 20"),
    query("SELECT pg_sleep(0.001)"),
]


class member(asyncio.Protocol):
    """One of the crowd. It sends a message and is told when ReadyForQuery has come."""

    def __init__(self):
        self.buffer, self.answered, self.error = b"", None, None

    def connection_made(self, transport):
        self.transport = transport

    def ask(self, message):
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(message)
        return self.answered

    def data_received(self, data):
        self.buffer += data
        while len(self.buffer) >= 5:
            kind, size = struct.unpack_from("!ci", self.buffer)
            if len(self.buffer) < size + 1:
                return
            if kind == b"E":
                self.error = self.buffer[5 : size + 1]
            self.buffer = self.buffer[size + 1 :]
            if kind == b"Z" and not self.answered.done():
                self.answered.set_result(self.error)

    def connection_lost(self, why):
        if self.answered and not self.answered.done():
            self.answered.set_result(self.error or f"connection lost: {why}".encode())


async def gather_crowd(path):
    loop, crowd = asyncio.get_running_loop(), []
    for _ in range(CLIENTS):
        _, one = await loop.create_unix_connection(member, path)
        assert await one.ask(startup(user="tester", database="postgres")) is None
        crowd.append(one)
    return crowd


async def work(idle, until, errors, chance):
    """One of the hundred: takes whoever is idle, has him ask something, and takes another."""
    count = 0
    while time.monotonic() < until:
        one = idle.pop(chance.randrange(len(idle)))
        error = await one.ask(chance.choice(QUERIES))
        if error is not None:
            errors.append(error)
        idle.append(one)
        count += 1
    return count


async def minute(daemon):
    crowd, errors = await gather_crowd(daemon.socket_path()), []
    at_rest = daemon.resident_kb()
    idle, until = list(crowd), time.monotonic() + SECONDS
    counts = await asyncio.gather(
        *(work(idle, until, errors, random.Random(n)) for n in range(ACTIVE))
    )
    metrics = daemon.metrics()
    for one in crowd:
        one.transport.close()
    return at_rest, daemon.resident_kb(), sum(counts), errors, metrics


def test_5000_clients_100_active_on_a_pool_of_10(pg, start, capsys):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= 2 * CLIENTS, f"this test needs `ulimit -Hn` of {2 * CLIENTS}, it is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    daemon = start(pg.unix_url(), DB_POOL_SIZE=10, DB_MAX_OVERFLOW=0)
    before = daemon.resident_kb()
    at_rest, after, count, errors, metrics = asyncio.run(minute(daemon))
    with capsys.disabled():
        print(
            f"\n{CLIENTS} clients, {ACTIVE} active: {count} queries in {SECONDS:.0f} s. weir's memory: {before} kB alone, "
            f"{at_rest} kB with all connected ({(at_rest - before) * 1024 / CLIENTS:.0f} bytes each), {after} kB after the minute"
        )
    assert errors == []
    assert count > CLIENTS
    assert (
        sum(value for name, value in metrics.items() if name.startswith("weir_client_connections"))
        == CLIENTS
    )
    assert (
        int(pg.psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
        <= 11
    )
