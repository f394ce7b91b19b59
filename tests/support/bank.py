#!/usr/bin/python3
"""A bank whose clients move money between accounts, in processes of their own, while a test does
its worst beside them.

    with bank(pg, daemon.socket_path(), processes=5, clients=10) as town:
        ...                         # town.is_working() says whether everybody still gets on
    town.complaints                 # what no client may ever see; empty

Whatever happens, no money is made or lost, and a client reads nothing but its own: each statement
carries a token that only it knows, and each row has to bring that token back.

As a command: bank.py SOCKET CLIENTS SEED [--forgiving] is one of those processes. It works until its
standard input ends.
"""

import collections
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from raw_client import bind, closed, execute, parse, query, raw_client, sync

ACCOUNTS = 100
TOTAL = ACCOUNTS * 1000
PAUSE_SECONDS = 0.05  # between two transfers of a client: the test beside it wants to run as well
WAIT_SECONDS = 60

# What a client has to live with when its server is killed, restarted or cannot be had.
FORGIVEN = {"57P01", "57P02", "57P03", "08006", "08001", "53300", "40P01"}


class bank:
    """The accounts, and the processes that work on them."""

    def __init__(self, pg, path, processes=5, clients=10, seed=0, forgiving=False):
        self.pg, self.path, self.forgiving = pg, path, forgiving
        self.clients, self.chance = clients, random.Random(seed)
        self.workers = [None] * processes
        self.progress = [0] * processes
        self.transfers, self.complaints, self.forgiven = 0, [], collections.Counter()
        self.works = True

    def __enter__(self):
        self.pg.psql(
            "DROP TABLE IF EXISTS accounts;"
            "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);"
            f"INSERT INTO accounts SELECT i, {TOTAL // ACCOUNTS} FROM generate_series(1, {ACCOUNTS}) i"
        )
        for number in range(len(self.workers)):
            self.hire(number)
        return self

    def __exit__(self, *_):
        for number in range(len(self.workers)):
            self.dismiss(number)

    def hire(self, number):
        """A new process in this place."""
        self.progress[number] = 0
        self.workers[number] = subprocess.Popen(
            [
                sys.executable,
                os.path.abspath(__file__),
                self.path,
                str(self.clients),
                str(self.chance.getrandbits(32)),
                *(["--forgiving"] if self.forgiving else []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def dismiss(self, number):
        """Ends a process as it likes best, and takes down what it has to say."""
        if self.workers[number] is None:
            return
        said, _ = self.workers[number].communicate(timeout=WAIT_SECONDS)
        self.workers[number] = None
        report = json.loads(said.splitlines()[-1])
        self.transfers += report["transfers"]
        self.complaints += report["complaints"]
        self.forgiven.update(report["forgiven"])

    def kill(self, number):
        """A process that vanishes in the middle of everything, and says nothing."""
        self.workers[number].kill()
        self.workers[number].communicate()
        self.workers[number] = None

    def stall(self, number, seconds):
        """A process that is stopped, its sockets open and unread."""
        self.workers[number].send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.workers[number].send_signal(signal.SIGCONT)

    def is_working(self):
        """Every client has got through something since this was asked last, or does so now. Once one
        has not, nobody waits for it again.
        """
        self.works = self.works and all(map(self.has_progressed, range(len(self.workers))))
        return self.works

    def has_progressed(self, number):
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            self.workers[number].stdin.write("how far?\n")
            self.workers[number].stdin.flush()
            word = self.workers[number].stdout.readline()
            if not word:
                return False
            before, self.progress[number] = self.progress[number], json.loads(word)["least"]
            if self.progress[number] > before:
                return True
            time.sleep(PAUSE_SECONDS)
        return False

    def total(self):
        return int(self.pg.psql("SELECT sum(balance) FROM accounts"))


class teller(threading.Thread):
    """One client."""

    def __init__(self, path, chance, stop, forgiving):
        super().__init__(daemon=True)
        self.path, self.chance, self.stop, self.forgiving = path, chance, stop, forgiving
        self.token = f"token-{chance.getrandbits(64):x}"
        self.transfers, self.complaints, self.forgiven = 0, [], collections.Counter()

    def run(self):
        while not self.stop.is_set() and not self.complaints:
            try:
                with raw_client(self.path, user=self.token, database="postgres") as client:
                    client.send(
                        parse("move", "UPDATE accounts SET balance = balance + $1::bigint "
                                      "WHERE id = $2::int RETURNING id, $3::text")
                        + sync()
                    )  # fmt: skip
                    self.check(client.until_ready(), rows=0)
                    while not self.stop.is_set():
                        self.work(client)
                        self.transfers += 1
                        time.sleep(PAUSE_SECONDS * self.chance.random() * 2)
            except mishap as what:
                self.forgive_or_complain(str(what))
            except closed as what:
                (state, message) = self.last_words(what)
                self.forgive_or_complain(state, message)
            except (ConnectionError, socket.timeout) as what:
                self.forgive_or_complain("08006", repr(what))

    @staticmethod
    def last_words(what):
        words = what.args[0] if what.args else ""
        return (words["C"], words["M"]) if isinstance(words, dict) else ("08006", repr(what))

    def forgive_or_complain(self, state, message=""):
        if self.forgiving and state in FORGIVEN:
            self.forgiven[state] += 1
            time.sleep(PAUSE_SECONDS)
        else:
            self.complaints.append(f"{self.token}: {state} {message}")

    def work(self, client):
        amount = self.chance.randint(1, 50)
        # In order, so that two transfers never wait for each other.
        first, second = sorted(self.chance.sample(range(1, ACCOUNTS + 1), 2))
        what = self.chance.randrange(4)
        if what == 0:
            self.transfer_simply(client, amount, first, second)
        elif what == 1:
            self.transfer_by_name(client, amount, first, second)
        elif what == 2:
            self.transfer_at_once(client, amount, first, second)
        else:
            self.count(client)

    def transfer_simply(self, client, amount, first, second):
        self.ask(client, "BEGIN", rows=0)
        self.ask(client, self.move(-amount, first), rows=1)
        self.ask(client, self.move(amount, second), rows=1)
        self.ask(client, self.chance.choice(["COMMIT", "COMMIT", "ROLLBACK"]), rows=0)

    def transfer_by_name(self, client, amount, first, second):
        self.ask(client, "BEGIN", rows=0)
        for change, account in ((-amount, first), (amount, second)):
            values = [str(change).encode(), str(account).encode(), self.token.encode()]
            client.send(bind("", "move", values) + execute() + sync())
            self.check(client.until_ready(), rows=1)
        self.ask(client, "COMMIT", rows=0)

    def transfer_at_once(self, client, amount, first, second):
        self.ask(client, f"{self.move(-amount, first)}; {self.move(amount, second)}", rows=2)

    def count(self, client):
        (row,) = self.ask(client, f"SELECT sum(balance), '{self.token}' FROM accounts", rows=1)
        if row[0] != str(TOTAL):
            raise mishap(f"the sum was {row[0]}")

    def move(self, change, account):
        return (
            f"UPDATE accounts SET balance = balance + {change} WHERE id = {account} "
            f"RETURNING id, '{self.token}'"
        )

    def ask(self, client, sql, rows):
        client.send(query(sql))
        return self.check(client.until_ready(), rows)

    def check(self, answers, rows):
        """The rows, as many as there have to be, each with our token."""
        for answer in answers:
            if answer.kind == "E":
                raise mishap(answer.fields()["C"])
        found = [answer.values() for answer in answers if answer.kind == "D"]
        if len(found) != rows or any(row[1] != self.token for row in found):
            raise mishap(f"rows of somebody else: {found}")
        return found


class mishap(Exception):
    """An answer that was no success: its SQLSTATE, or what was wrong with it."""


def work(path, clients, seed, forgiving):
    stop = threading.Event()
    tellers = [
        teller(path, random.Random(f"{seed} {number}"), stop, forgiving)
        for number in range(clients)
    ]
    for each in tellers:
        each.start()
    for _ in sys.stdin:
        print(json.dumps({"least": min(each.transfers for each in tellers)}), flush=True)
    stop.set()
    for each in tellers:
        each.join(WAIT_SECONDS)
    forgiven = sum((each.forgiven for each in tellers), collections.Counter())
    report = {
        "transfers": sum(each.transfers for each in tellers),
        "complaints": [words for each in tellers for words in each.complaints]
        + [f"{each.token} hangs" for each in tellers if each.is_alive()],
        "forgiven": forgiven,
    }
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), "--forgiving" in sys.argv[4:])
