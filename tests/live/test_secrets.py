"""A password is in the settings and on its way to the server, and nowhere else, whatever happens in
a whole run.
"""

import os
import shutil
import signal
import subprocess
import urllib.parse

import pytest

from cluster import SCRAM_USER, cluster, url
from raw_client import closed, query, raw_client, startup
from weir import binary

CANARY = "kanarienvogel/4711@%:!"
SPELLINGS = [
    CANARY,
    urllib.parse.quote(CANARY, safe=""),
    urllib.parse.quote(CANARY),
    "kanarienvogel",
]
LOGIN = dict(user="tester", database="postgres")


def everything_heard(path, *messages):
    """All bytes that a client gets in answer to these messages, until a ReadyForQuery for each or
    the end.
    """
    heard = b""
    with raw_client(path) as client:
        try:
            for message in messages:
                client.send(message)
                for answer in client.until_ready():
                    heard += answer.body
        except (closed, BrokenPipeError) as end:
            heard += str(end).encode()
    return heard.decode(errors="replace")


@pytest.mark.parametrize("format", ["text", "json"])
def test_the_password_is_never_shown(start, format):
    with cluster(tls=False) as server:
        server.psql(f"ALTER ROLE {SCRAM_USER} PASSWORD '{CANARY}'")
        address = url(SCRAM_USER, CANARY, f"127.0.0.1:{server.port}", "postgres", {})
        daemon = start(
            address, config={"log": {"level": "debug", "format": format}}, DB_POOL_TIMEOUT=2
        )
        said = [
            everything_heard(
                daemon.socket_path(), startup(**LOGIN), query("SELECT 1"), query("SELECT 1/0")
            ),
            everything_heard(daemon.socket_path(), startup(user="tester", database="nowhere")),
            everything_heard(daemon.socket_path(), startup(**LOGIN), query("SHOW ALL")),
        ]
        said += [daemon.get(page)[1] for page in ("/", "/metrics", "/readyz", "/status.json")]
        daemon.process.send_signal(signal.SIGHUP)
        # Now the server refuses it, and then is gone: what weir says of both is its own affair.
        server.psql(f"ALTER ROLE {SCRAM_USER} PASSWORD 'another'")
        # One that was logging in just then has to be ended too, once it can be seen.
        while "password authentication failed" not in daemon.log():
            server.psql(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE usename = '"
                + SCRAM_USER
                + "'"
            )
            said.append(
                everything_heard(daemon.socket_path(), startup(**LOGIN), query("SELECT 1"))
            )
        server.stop()
        said.append(everything_heard(daemon.socket_path(), startup(**LOGIN), query("SELECT 1")))
        said += [daemon.get(page)[1] for page in ("/metrics", "/readyz", "/status.json")]
        daemon.stop()
        said.append(daemon.log())
    for text in said:
        assert not any(spelling in text for spelling in SPELLINGS), text


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://user:{urllib.parse.quote(CANARY, safe='')}@host/db?no_such_option=1",
        f"postgresql://user:{urllib.parse.quote(CANARY, safe='')}@host:99999/db",
        f"nosuchdb://user:{urllib.parse.quote(CANARY, safe='')}@host/db",
        f"postgresql://user:{CANARY}@host/db",
        "postgresql://host/db?password=kanarienvogel&no_such_option=1",
    ],
)
def test_a_complaint_about_a_url_does_not_show_its_password(address, scratch):
    environment = os.environ | {
        "DATABASE_URL": address,
        "WEIR_SOCKET_DIR": str(scratch),
        "WEIR_METRICS": "off",
    }
    refused = subprocess.run(
        [binary(), "serve"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert refused.returncode != 0 and "DATABASE_URL" in refused.stderr
    assert not any(spelling in refused.stdout + refused.stderr for spelling in SPELLINGS)


def test_a_key_among_the_credentials_is_shown_to_the_server(start, scratch):
    with cluster() as server:
        for name in ("client.crt", "client.key"):  # as systemd leaves them to weir
            shutil.copy(server.path(name), scratch)
            os.chmod(scratch / name, 0o400)
        daemon = start(server.cert_url(scratch))
        with raw_client(daemon.socket_path(), **LOGIN) as client:
            who = "SELECT session_user, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            assert client.rows(who) == [["cert_user", "/CN=cert_user"]]
        daemon.destroy()
