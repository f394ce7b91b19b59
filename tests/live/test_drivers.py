"""Every driver, with its defaults, does through weir what it does on a direct connection."""

import os
import subprocess
import sys

import pytest

from driver_scripts import SCRIPTS

HERE = os.path.dirname(__file__)
ROUNDS = 2  # how often each of two processes runs its script while sharing a pool of 1


def script(name, url, tag):
    """A process that runs one driver's script."""
    errors = subprocess.PIPE
    if name == "psql":
        path = os.path.join(HERE, "psql_script.sql")
        command = ["psql", "-X", "-d", url, "-v", f"tag={tag}", "-f", path]
        errors = subprocess.STDOUT  # what the server said, to be compared like the rest
    else:
        command = [sys.executable, os.path.join(HERE, "driver_scripts.py"), name, url, tag]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env=os.environ | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )


def printed(process, tag):
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors or output
    return output.replace(f"_{tag}", "_TAG").splitlines()


@pytest.mark.parametrize("name", ["psql", *SCRIPTS])
def test_a_script_sees_through_weir_what_it_sees_directly(pg, start, name):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    direct = printed(script(name, pg.unix_url(), "direct"), "direct")
    assert len(direct) > 10
    assert printed(script(name, daemon.url(), "alone"), "alone") == direct
    for _ in range(ROUNDS):  # now two that interleave on one server
        pair = {tag: script(name, daemon.url(), tag) for tag in ("left", "right")}
        for tag, process in pair.items():
            assert printed(process, tag) == direct


def test_different_drivers_share_one_server(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    direct = {name: printed(script(name, pg.unix_url(), "direct"), "direct") for name in SCRIPTS}
    crowd = {name: script(name, daemon.url(), "crowd") for name in SCRIPTS}
    for name, process in crowd.items():
        assert printed(process, "crowd") == direct[name]
