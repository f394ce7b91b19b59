"""A minute in which everything that can break does, under the transfer workload: afterwards the sum
holds, nobody has read another's rows, and weir has all its servers and its memory back.

WEIR_CHAOS_SECONDS makes it longer; WEIR_SEED replays the order of what happens.
"""

import contextlib
import os
import random
import signal
import time

from bank import TOTAL, bank
from cluster import cluster
from patience import wait_for
from raw_client import raw_client
from seed import seed

SECONDS = float(os.environ.get("WEIR_CHAOS_SECONDS", 60))
PROCESSES, CLIENTS = 5, 10  # of each process
GROWTH_KB = 40_000


class trouble:
    """What may happen to a weir, its server and its clients. Each method is one event."""

    def __init__(self, pg, daemon, town, chance):
        self.pg, self.daemon, self.town, self.chance = pg, daemon, town, chance
        self.restarts = self.kills = 0

    def anything(self):
        """Most often what is quickly over."""
        event = self.chance.choices(
            [self.terminate_servers, self.kill_a_server, self.restart_the_cluster,
             self.stop_the_cluster_for_a_while, self.stall_clients, self.kill_clients, self.reload,
             self.rest],
            [6, 1, 1, 1, 3, 3, 4, 4],
        )[0]  # fmt: skip
        print(f"{time.strftime('%H:%M:%S')} {event.__name__}")
        event()

    def rest(self):
        time.sleep(self.chance.random())

    def servers(self):
        found = self.pg.psql(
            "SELECT pid FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid"
        )
        return [int(pid) for pid in found.split()]

    def terminate_servers(self):
        for pid in self.servers():
            if self.chance.random() < 0.5:
                self.pg.psql(f"SELECT pg_terminate_backend({pid})")

    def kill_a_server(self):
        """PostgreSQL then ends all the others, and recovers as after a crash."""
        pids = self.servers()
        if not pids:
            return
        crashes = self.pg.log().count("reinitializing")
        with contextlib.suppress(ProcessLookupError):  # it may just have been recycled
            self.pg.kill_backend(self.chance.choice(pids), signal.SIGKILL)
            self.kills += 1
            wait_for(lambda: self.pg.log().count("reinitializing") > crashes)
            wait_for(self.answers)

    def restart_the_cluster(self):
        self.pg.restart(self.chance.choice(["fast", "immediate"]))
        self.restarts += 1

    def stop_the_cluster_for_a_while(self):
        self.pg.stop(self.chance.choice(["fast", "immediate"]))
        time.sleep(self.chance.random() * 2)
        self.pg.start()
        self.restarts += 1

    def stall_clients(self):
        self.town.stall(self.chance.randrange(PROCESSES), self.chance.random() * 2)

    def kill_clients(self):
        number = self.chance.randrange(PROCESSES)
        self.town.kill(number)
        self.town.hire(number)

    def reload(self):
        self.daemon.write_config(settings(self.pg, self.chance))
        self.daemon.process.send_signal(signal.SIGHUP)

    def answers(self):
        with contextlib.suppress(RuntimeError):
            return self.pg.psql("SELECT 1") == "1"
        return False


def settings(pg, chance):
    pool = {
        "size": chance.randint(1, 8),
        "max_overflow": chance.choice([0, 0, 2, 10]),
        "use_lifo": chance.choice([True, False]),
        "recycle": chance.choice(["1s", "30min"]),
        "timeout": chance.choice(["5s", "30s"]),
    }
    return {"backends": {"postgres": {"url": pg.unix_url(), "pool": pool}}}


def test_whatever_happens_no_money_is_lost_and_nobody_reads_anothers_rows(start, capsys):
    number = seed()
    chance = random.Random(number)
    with cluster(tcp=False) as pg:
        daemon = start(config=settings(pg, chance))
        with bank(pg, daemon.socket_path(), PROCESSES, CLIENTS, number, forgiving=True) as town:
            assert town.is_working()
            before = daemon.resident_kb()
            events = trouble(pg, daemon, town, chance)
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                events.anything()
            assert town.is_working(), "somebody did not get over it"
            in_the_end = daemon.metric("weir_pool_size") + daemon.metric("weir_pool_max_overflow")
            wait_for(lambda: held_servers(daemon) <= in_the_end)
        with capsys.disabled():
            print(
                f"\nWEIR_SEED={number}: {town.transfers} transfers, {events.restarts} restarts, "
                f"{events.kills} kills, forgiven: {dict(town.forgiven)}"
            )
        assert town.complaints == []
        assert town.total() == TOTAL
        wait_for(lambda: daemon.metric("weir_client_connections") == 0)
        wait_for(
            lambda: held_servers(daemon) == daemon.metric("weir_pool_connections", state="idle")
        )
        assert daemon.metric("weir_pool_waiting") == 0
        # Those that weir says it has are those that PostgreSQL has, and none is in a transaction.
        wait_for(lambda: len(events.servers()) == held_servers(daemon))
        assert (
            pg.psql("SELECT count(*) FROM pg_stat_activity WHERE state LIKE '%transaction%'") == "0"
        )
        assert daemon.resident_kb() < before + GROWTH_KB
        with raw_client(daemon.socket_path(), user="tester", database="postgres") as client:
            assert client.rows("SELECT 'served'") == [["served"]]


def held_servers(daemon):
    return daemon.metric("weir_pool_connections")
