"""`weir check`, the doctor: each ailment is made for real, and is found with its cure."""

import json
import os
import pathlib
import sqlite3
import subprocess
import time
import urllib.parse

import psycopg
import pytest

from cluster import cluster
from patience import wait_for
from weir import binary

SECRET = "canary-77aa"


@pytest.fixture(scope="module")
def pg():
    with cluster(max_connections=40) as server:
        server.psql("CREATE ROLE app LOGIN PASSWORD 'app'")
        server.psql("CREATE DATABASE shop OWNER app")
        server.write("data/pg_hba.conf", "local all all trust\nhost all scram_user all scram-sha-256\n"
                     "hostssl all app all scram-sha-256\nhostssl all tls_user all scram-sha-256\n")
        server.psql("SELECT pg_reload_conf()")
        yield server


@pytest.fixture
def check(scratch):
    """check(url, NAME=value) -> (exit status, {check: finding} of the backend and of weir itself)."""

    def run(url, config=None, **settings):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("DB_", "DATABASE_", "WEIR_", "PG", "LC_"))}
        arguments = []
        if config:
            (scratch / "weir.json").write_text(json.dumps(config))
            arguments = ["--config", str(scratch / "weir.json")]
        elif url:
            kept["DATABASE_URL"] = url
        done = subprocess.run([binary(), "check", "--json", *arguments], cwd=scratch, text=True, check=False,
                              timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**kept, "WEIR_SOCKET_DIR": str(scratch), **settings})
        assert SECRET not in done.stdout + done.stderr
        found = json.loads(done.stdout)
        assert found["ok"] == (done.returncode == 0), done.stderr
        for one in found["findings"]:
            assert (one["severity"] == "ok") == (one["fix"] is None), one
        return done.returncode, {one["check"]: one for one in found["findings"]}

    return run


def role_url(pg, user="app", password="app", database="shop", host="127.0.0.1", **options):
    query = urllib.parse.urlencode(options)
    return f"postgresql://{user}:{password}@{host}:{pg.port}/{database}?{query}"


def test_a_backend_in_good_health(check, pg):
    status, found = check(role_url(pg, sslmode="require"), DB_POOL_SIZE="5", DB_MAX_OVERFLOW="5")
    assert status == 0
    for what in ("settings", "socket", "connection", "version", "tls", "budget"):
        assert found[what]["severity"] == "ok", found[what]
    assert found["tls"]["what"].startswith("TLSv1")
    assert pg.psql("SHOW server_version").split()[0] in found["version"]["what"]
    assert found["pg_stat_statements"]["severity"] == "note"


def test_for_people_it_is_a_line_each(scratch, pg):
    done = subprocess.run([binary(), "check"], cwd=scratch, text=True, check=False, timeout=60, stdout=subprocess.PIPE,
                          env={"PATH": os.environ["PATH"], "WEIR_SOCKET_DIR": str(scratch),
                               "DATABASE_URL": role_url(pg, database="nowhere", sslmode="require")})
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith("error")]
    assert 'database "nowhere" does not exist' in lines[at]
    assert lines[at + 1].strip().startswith("-> ") and "CREATE DATABASE" in lines[at + 1]
    assert lines[-1] == "1 error"


@pytest.mark.parametrize("change, says, advises", [
    ({"password": SECRET}, "password authentication failed", "ALTER ROLE"),
    ({"database": "nowhere"}, 'database "nowhere" does not exist', "CREATE DATABASE"),
    ({"sslmode": "disable"}, "no encryption", "sslmode=require"),
    ({"sslmode": "verify-full", "host": "localhost", "sslrootcert": "other_ca.crt"}, "certificate verify failed", "right CA"),
    ({"sslmode": "verify-full", "sslrootcert": "/nowhere.crt"}, "root certificate file", "sslrootcert"),
    ({"host": "no-such-host.invalid"}, "could not translate host name", "resolver"),
    ({"port": 1}, "Connection refused", "listen_addresses"),
])
def test_a_login_that_fails_is_explained(check, pg, change, says, advises):
    options = {"sslmode": "require", **change}
    if options.get("sslrootcert", "/").startswith("other"):
        options["sslrootcert"] = pg.path(options["sslrootcert"])
    port = options.pop("port", pg.port)
    url = role_url(pg, **options).replace(f":{pg.port}/", f":{port}/")
    status, found = check(url)
    assert status == 1
    assert says in found["connection"]["what"] and advises in found["connection"]["fix"]


def test_tls_that_is_not_offered(check):
    with cluster(tls=False) as plain:
        status, found = check(role_url(plain, user="scram_user", password="x", database="postgres", sslmode="require"))
    assert status == 1
    assert "does not support SSL" in found["connection"]["what"] and "sslmode" in found["connection"]["fix"]


def test_a_socket_of_nobody(check, scratch):
    status, found = check(f"postgresql://u@/d?host={scratch}")
    assert status == 1 and "No such file" in found["connection"]["what"]


def test_the_budget_is_what_limits_leave(check, pg):
    url = role_url(pg, sslmode="require")
    kept = int(pg.psql("SHOW superuser_reserved_connections"))
    status, found = check(url)  # 10 + 20 + 5 + 1
    assert status == 0 and found["budget"]["severity"] == "ok"
    status, found = check(url, DB_MAX_OVERFLOW="40")
    assert status == 0 and found["budget"]["severity"] == "warning"  # it fails under load alone
    for words in ("max_connections is 40", f"{kept} are reserved", "= 56 connections", f"{40 - kept} are available"):
        assert words in found["budget"]["what"]
    try:
        pg.psql("ALTER ROLE app CONNECTION LIMIT 12")
        assert 'role "app" has CONNECTION LIMIT 12' in check(url)[1]["budget"]["what"]
        pg.psql("ALTER DATABASE shop CONNECTION LIMIT 11")
        found = check(url)[1]["budget"]
        assert 'database "shop" has CONNECTION LIMIT 11' in found["what"] and "11 are available" in found["what"]
    finally:
        pg.psql("ALTER ROLE app CONNECTION LIMIT -1")
        pg.psql("ALTER DATABASE shop CONNECTION LIMIT -1")


def test_connections_of_others_count_and_our_own_do_not(check, pg, start):
    url = role_url(pg, sslmode="require")
    kept = int(pg.psql("SHOW superuser_reserved_connections"))
    other = start(url, DB_POOL_SIZE=4)
    with psycopg.connect(other.dsn("shop"), autocommit=True) as holds, psycopg.connect(pg.unix_url()):
        holds.execute("BEGIN")
        holds.execute("SELECT 'held'")

        def is_counted():
            """True once what ended before has left the server, too."""
            there = int(pg.psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"))
            what = check(url)[1]["budget"]["what"]
            return (f"others have {there + 1} ({there} of them other weirs')" in what
                    and f"{40 - kept - there - 1} are available" in what)

        wait_for(is_counted)
        found = check(url, WEIR_SOCKET_DIR=other.directory)[1]
        assert found["socket"]["what"].startswith("a weir serves ")
        assert found["budget"]["what"].endswith("others have 1")
        holds.execute("ROLLBACK")


def test_backends_of_one_server_share_its_budget(check, pg):
    url = role_url(pg, sslmode="require")
    status, found = check(None, config={"backends": {
        "one": {"url": url, "pool": {"size": 20, "max_overflow": 0}},
        "two": {"url": url, "pool": {"size": 20, "max_overflow": 0}}}})
    assert status == 0 and found["budget"]["severity"] == "warning"
    assert "other backends on that server may open 26" in found["budget"]["what"]


def revision(directory, number, name, parent):
    (directory / f"{number:03}_{name}.sql").write_text(
        f"-- revision: {name}\n-- down_revision: {parent}\n-- upgrade\nCREATE TABLE t_{name} (a integer);\n")


def migrate(scratch, url, *arguments):
    subprocess.run([binary(), "migrate", *arguments], cwd=scratch, check=True, timeout=60, capture_output=True,
                   env={"PATH": os.environ["PATH"], "WEIR_SOCKET_DIR": str(scratch), "DATABASE_URL": url})


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_migrations(check, pg, scratch, kind):
    directory = scratch / "migrations"
    directory.mkdir()
    revision(directory, 1, "aaaa1", "none")
    if kind == "sqlite":
        url = f"sqlite:///{scratch}/data.db"
    else:
        pg.psql("CREATE DATABASE migrated")
        url = pg.unix_url("migrated")
    migrate(scratch, url, "upgrade")
    assert check(url)[1]["migrations"]["what"] == "up to date at aaaa1"
    revision(directory, 2, "bbbb1", "aaaa1")
    status, found = check(url)
    assert status == 0 and "1 revision pending: bbbb1" in found["migrations"]["what"]
    migrate(scratch, url, "upgrade")
    with (directory / "001_aaaa1.sql").open("a") as file:
        file.write("CREATE TABLE more (a integer);\n")
    status, found = check(url)
    assert status == 0 and found["migrations"]["what"] == "edited after they were applied: aaaa1"
    (directory / "002_bbbb1.sql").unlink()
    status, found = check(url)
    assert status == 1 and "is ahead of" in json.dumps(found) and "bbbb1" in json.dumps(found)


def test_a_file(check, scratch):
    status, found = check(f"sqlite:///{scratch}/new/data.db")
    assert status == 0 and "weir will make it" in found["file"]["what"]
    assert not (scratch / "new").exists()  # looking makes nothing
    file = scratch / "data.db"
    sqlite3.connect(file).close()
    later = time.time() + 7200
    os.utime(file, (later, later))
    status, found = check(f"sqlite:///{file}")
    assert status == 0 and "in the future" in found["clock"]["what"]
    assert "MB are free" in found["disk"]["what"]
    status, found = check(f"sqlite:///{scratch}")
    assert status == 1 and "is not a file" in found["file"]["what"]


def test_the_sockets_directory(check, scratch):
    open_one = scratch / "open"
    open_one.mkdir()
    open_one.chmod(0o777)
    status, found = check(f"sqlite:///{scratch}/a.db", WEIR_SOCKET_DIR=str(open_one))
    assert status == 0 and found["socket"]["severity"] == "warning" and "chmod o-w" in found["socket"]["fix"]


@pytest.mark.skipif(os.geteuid() == 0 and not pathlib.Path("/usr/bin/setpriv").exists(), reason="needs setpriv")
def test_rights_that_are_missing(scratch):
    """As somebody else, since root may everything."""
    scratch.chmod(0o755)
    file = scratch / "data.db"
    sqlite3.connect(file).close()
    front = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if os.geteuid() == 0 else []
    if not front:
        file.chmod(0o400)
        scratch.chmod(0o555)
    done = subprocess.run([*front, binary(), "check", "--json"], cwd="/", text=True, check=False, timeout=60,
                          stdout=subprocess.PIPE,
                          env={"PATH": os.environ["PATH"], "WEIR_SOCKET_DIR": str(scratch),
                               "DATABASE_URL": f"sqlite:///{file}"})
    scratch.chmod(0o755)
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert found["socket"]["severity"] == "error" and "may not make a socket" in found["socket"]["what"]
    assert found["file"]["severity"] == "error" and "you may not write" in found["file"]["what"]


def test_settings_that_are_wrong(check):
    status, found = check("postgresql://h/d", DB_POOL_SIZE="-7")
    assert status == 1 and "DB_POOL_SIZE" in found["settings"]["what"]


def test_the_budget_at_boot_is_logged_and_a_gauge(pg, start):
    url = role_url(pg, sslmode="require")
    daemon = start(url, DB_POOL_SIZE=30, DB_MAX_OVERFLOW=20)
    wait_for(lambda: "the pool may want more connections than there are" in daemon.log())
    assert "= 56 connections" in daemon.log() and "max_connections is 40" in daemon.log()
    assert daemon.metric("weir_pool_budget_configured_connections", backend="shop") == 56
    assert 0 < daemon.metric("weir_pool_budget_available_connections", backend="shop") < 40
    assert daemon.metric("weir_pool_size", backend="shop") == 30  # warn changes nothing


def test_a_pool_that_fits(pg, start):
    url = role_url(pg, sslmode="require")
    pool = {"size": 5, "max_overflow": 100, "budget": "fit"}
    pg.psql("ALTER ROLE app CONNECTION LIMIT 20")
    try:
        daemon = start(config={"backends": {"shop": {"url": url, "pool": pool}}})
        wait_for(lambda: "made smaller" in daemon.log())
        assert daemon.metric("weir_pool_size", backend="shop") == 5
        overflow = daemon.metric("weir_pool_max_overflow", backend="shop")
        available = daemon.metric("weir_pool_budget_available_connections", backend="shop")
        assert 5 + overflow + 5 + 1 == available <= 20
        # With more to spare, and asked again, it grows.
        pg.psql("ALTER ROLE app CONNECTION LIMIT 30")
        with psycopg.connect(daemon.dsn("weir"), autocommit=True) as console:
            console.execute("RELOAD")
        wait_for(lambda: daemon.metric("weir_pool_max_overflow", backend="shop") > overflow)
    finally:
        pg.psql("ALTER ROLE app CONNECTION LIMIT -1")


def test_a_start_that_is_refused(pg, scratch):
    (scratch / "weir.json").write_text(json.dumps({"backends": {"shop": {
        "url": role_url(pg, sslmode="require"), "pool": {"size": 50, "max_overflow": 0, "budget": "refuse"}}}}))
    done = subprocess.run([binary(), "serve", "--config", str(scratch / "weir.json")], cwd=scratch, text=True,
                          check=False, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": os.environ["PATH"], "WEIR_SOCKET_DIR": str(scratch), "WEIR_METRICS": "off"})
    assert done.returncode == 1
    assert "= 56 connections" in done.stdout and "max_connections is 40" in done.stdout
    assert not list(scratch.glob(".s.PGSQL*"))  # nobody was served


def test_a_server_that_comes_later_is_asked_then(pg, start):
    """Refused by what it says once it is up."""
    url = role_url(pg, sslmode="require")
    pool = {"size": 50, "max_overflow": 0, "budget": "refuse"}
    pg.stop()
    try:
        daemon = start(config={"backends": {"shop": {"url": url, "pool": pool}}})
    finally:
        pg.start()
    with pytest.raises(psycopg.Error):
        while True:  # a login is tried for those who ask
            with psycopg.connect(daemon.dsn("shop", connect_timeout=5), autocommit=True) as client:
                client.execute("SELECT pg_sleep(0.05)")
    assert daemon.wait() == 1
    assert "= 56 connections" in daemon.log()
    daemon.destroy()
