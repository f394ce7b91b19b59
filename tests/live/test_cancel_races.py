"""Thousands of cancels against fifty clients with short queries: each hits the query that it was
meant for, or nothing.
"""

import os
import random
import subprocess
import sys

from raw_client import cancel, kinds, query, raw_client, sqlstates
from seed import seed

PROCESSES, CLIENTS = 5, 10  # of each process
CANCELS = int(os.environ.get("WEIR_CANCELS", 10_000))


def test_no_cancel_hits_a_query_that_is_not_its_own(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=6, DB_MAX_OVERFLOW=0)
    number = seed()
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, daemon.socket_path(), str(number + each)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for each in range(PROCESSES)
    ]
    reports = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, reports
    sent, hits = (sum(int(report.split()[at]) for report in reports) for at in (0, 1))
    print(f"{sent} cancels, {hits} of them in time")
    assert sent == CANCELS and 0 < hits <= sent
    assert daemon.metric("weir_pool_connections", state="active") == 0
    assert daemon.metric("weir_pool_connections", state="idle") == 6
    assert daemon.metric("weir_pool_connects_total", result="ok") == 6, "a server was lost"


def race(path, seed, cancels):
    """Clients of one process, in turn: a query each, and for some of them a cancel while it runs,
    when it has just ended, or when its answer has been read. -> (cancels sent, queries hit)
    """
    chance, sent, hits = random.Random(seed), 0, 0
    clients = [raw_client(path, user="tester", database="postgres") for _ in range(CLIENTS)]
    turn = 0
    while sent < cancels:
        asked, messengers = {}, []
        for client in clients:
            turn += 1
            token = f"token {seed} {turn}"
            client.send(query(f"SELECT pg_sleep({chance.choice([0, 0.0005, 0.002])}), '{token}'"))
            asked[client] = token
        for client in chance.sample(clients, len(clients)):
            when = chance.choice(["never", "now", "now", "late"]) if sent < cancels else "never"
            if when == "now":
                messengers.append(send_cancel(path, client))
            hit = read_answer(client, asked.pop(client), may_be_hit=when == "now")
            if when == "late":
                messengers.append(send_cancel(path, client))
            sent, hits = sent + (when != "never"), hits + hit
        # What has been cancelled by then may not hit the next query of its client either.
        for messenger in messengers:
            assert messenger.hears_the_end() == []
            messenger.socket.close()
    for client in clients:
        client.socket.close()
    return sent, hits


def send_cancel(path, client):
    messenger = raw_client(path)
    messenger.send(cancel(*client.key))
    return messenger


def read_answer(client, token, may_be_hit):
    """True when it was cancelled; anything but that and its own row is a failure."""
    answers = client.until_ready()
    if sqlstates(answers):
        assert may_be_hit and sqlstates(answers) == ["57014"], (token, sqlstates(answers))
        return True
    assert kinds(answers) == "TDCZ"
    assert [answer.values()[1] for answer in answers if answer.kind == "D"] == [token]
    return False


if __name__ == "__main__":
    print(*race(sys.argv[1], int(sys.argv[2]), CANCELS // PROCESSES))
