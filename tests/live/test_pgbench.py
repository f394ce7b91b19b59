"""pgbench: 64 clients on a pool of 4, in each of its protocols; afterwards the books balance."""

import re
import subprocess

import pytest

from weir import weir

SCALE = 5
CLIENTS = 64
TRANSACTIONS = 50  # of each client


@pytest.fixture(scope="module")
def filled(pg):
    """pgbench's tables, filled through weir itself."""
    pg.psql("CREATE DATABASE bench")
    with weir(pg.unix_url("bench"), DB_POOL_SIZE=4, DB_MAX_OVERFLOW=0) as daemon:
        done = subprocess.run(
            [pg.program("pgbench"), "-i", "-s", str(SCALE)],
            env=daemon.client_environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    assert pg.psql("SELECT count(*) FROM pgbench_accounts", "bench") == str(100_000 * SCALE)
    return pg


@pytest.mark.parametrize("protocol", ["simple", "extended", "prepared"])
def test_64_clients_share_4_servers_and_the_balances_add_up(filled, start, protocol):
    daemon = start(filled.unix_url("bench"), DB_POOL_SIZE=4, DB_MAX_OVERFLOW=0)
    filled.psql(
        "TRUNCATE pgbench_history; UPDATE pgbench_accounts SET abalance = 0 WHERE abalance <> 0; "
        "UPDATE pgbench_branches SET bbalance = 0; UPDATE pgbench_tellers SET tbalance = 0",
        "bench",
    )
    # A thread for each client: pgbench waits for a Prepare with its whole thread, and clients of
    # that thread which are in a transaction would keep the servers that the Prepare waits for.
    done = subprocess.run(
        [
            filled.program("pgbench"),
            "-n",
            "-M",
            protocol,
            "-c",
            str(CLIENTS),
            "-j",
            str(CLIENTS),
            "-t",
            str(TRANSACTIONS),
        ],
        env=daemon.client_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    expected = CLIENTS * TRANSACTIONS
    assert f"processed: {expected}/{expected}" in done.stdout
    assert re.search(r"failed transactions: 0 ", done.stdout), done.stdout
    sums = (
        "SELECT sum(bbalance) FROM pgbench_branches UNION ALL SELECT sum(tbalance) FROM pgbench_tellers "
        "UNION ALL SELECT sum(abalance) FROM pgbench_accounts UNION ALL SELECT sum(delta) FROM pgbench_history"
    )
    balances = filled.psql(sums, "bench").split("\n")
    assert len(set(balances)) == 1, balances
    assert filled.psql("SELECT count(*) FROM pgbench_history", "bench") == str(expected)


@pytest.mark.parametrize("protocol", ["simple", "extended", "prepared"])
def test_clients_that_reconnect_for_each_transaction_get_no_error(filled, start, protocol):
    daemon = start(filled.unix_url("bench"), DB_POOL_SIZE=4, DB_MAX_OVERFLOW=0)
    done = subprocess.run(
        [
            filled.program("pgbench"),
            "-n",
            "-S",
            "-C",
            "-M",
            protocol,
            "-c",
            "16",
            "-j",
            "2",
            "-t",
            "50",
        ],
        env=daemon.client_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "processed: 800/800" in done.stdout, done.stdout + done.stderr
