"""`weir check`, the doctor: each ailment is made for real, and is found with its cure."""

import contextlib
import json
import os
import pathlib
import pwd
import re
import socket
import sqlite3
import subprocess
import time
import urllib.parse

import psycopg
import pytest

from cluster import cluster
from free_port import free_port
from patience import wait_for
from weir import binary

SECRET = "canary-77aa"


@pytest.fixture(scope="module")
def pg():
    with cluster(max_connections=40) as server:
        server.psql("CREATE ROLE app LOGIN PASSWORD 'app'")
        server.psql("CREATE ROLE nologin PASSWORD 'app'")
        for database in ("shop", "by_cert", "private", "shut"):
            server.psql(f"CREATE DATABASE {database} OWNER app")
        server.psql("REVOKE CONNECT ON DATABASE private FROM public, app")
        server.psql("ALTER DATABASE shut ALLOW_CONNECTIONS false")
        server.write("data/pg_hba.conf", "local all all trust\nhost all scram_user all scram-sha-256\n"
                     "hostssl by_cert app all cert\nhostssl all app,nologin all scram-sha-256\n"
                     "hostssl all tls_user all scram-sha-256\nhostssl all cert_user all cert\n")
        mine = pathlib.Path(server.path("mine"))
        mine.mkdir()
        for name, mode in (("other_ca.crt", 0o644), ("client.crt", 0o644), ("client.key", 0o600), ("open.key", 0o644)):
            source = "client.key" if name == "open.key" else name
            (mine / name).write_bytes(pathlib.Path(server.path(source)).read_bytes())
            (mine / name).chmod(mode)
        server.psql("SELECT pg_reload_conf()")
        yield server


@pytest.fixture
def check(scratch):
    """check(url, NAME=value) -> (exit status, {check: finding} of the backend and of weir itself)."""

    scratch.chmod(0o755)  # or it would be a finding

    def run(url=None, config=None, front=(), **settings):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("DB_", "DATABASE_", "WEIR_", "PG", "LC_"))}
        arguments = []
        if config:
            (scratch / "weir.json").write_text(json.dumps(config))
            arguments = ["--config", str(scratch / "weir.json")]
        elif url:
            kept["DATABASE_URL"] = url
        done = subprocess.run([*front, binary(), "check", "--json", *arguments], cwd=scratch, text=True, check=False,
                              timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**kept, "WEIR_SOCKET_DIR": str(scratch), "WEIR_METRICS": "off", **settings})
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
    scratch.chmod(0o755)
    done = subprocess.run([binary(), "check"], cwd=scratch, text=True, check=False, timeout=60, stdout=subprocess.PIPE,
                          env={"PATH": os.environ["PATH"], "WEIR_SOCKET_DIR": str(scratch), "WEIR_METRICS": "off",
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
    ({"user": "stranger", "sslmode": "prefer"}, "SSL encryption; ", "add a line"),
    ({"user": "stranger"}, "SSL encryption", "add a line"),
    ({"user": "cert_user"}, "valid client certificate", "sslcert"),
    ({"user": "app", "sslcert": "client.crt", "sslkey": "client.key", "database": "by_cert"},
     "certificate authentication failed", "pg_ident.conf"),
    ({"user": "cert_user", "sslcert": "client.crt", "sslkey": "open.key"}, "group or world access", "chmod 600"),
    ({"user": "cert_user", "sslcert": "client.crt", "sslkey": "none.key"}, "not private key file", "sslkey"),
    ({"database": "private"}, "permission denied for database", "GRANT CONNECT"),
    ({"database": "shut"}, "not currently accepting connections", "ALLOW_CONNECTIONS"),
    ({"target_session_attrs": "standby"}, "not in hot standby mode", "target_session_attrs"),
    ({"target_session_attrs": "read-write", "options": "-c default_transaction_read_only=on"},
     "session is read-only", "target_session_attrs"),
    ({"user": "nologin"}, "not permitted to log in", "ALTER ROLE"),
])
def test_a_login_that_fails_is_explained(check, pg, change, says, advises):
    options = {"sslmode": "require", **change}
    for file in ("sslrootcert", "sslcert", "sslkey"):
        if not options.get(file, "/").startswith("/"):
            options[file] = pg.path(f"mine/{options[file]}")
    port = options.pop("port", pg.port)
    url = role_url(pg, **options).replace(f":{pg.port}/", f":{port}/")
    status, found = check(url)
    assert status == 1
    assert says in found["connection"]["what"] and advises in found["connection"]["fix"]


def test_a_role_that_is_not_there(check, pg):
    """Where nobody asks for a password: elsewhere PostgreSQL does not tell."""
    status, found = check(f"postgresql://nouser@/postgres?host={pg.directory}&port={pg.port}")
    assert status == 1 and 'role "nouser" does not exist' in found["connection"]["what"]
    assert "CREATE ROLE" in found["connection"]["fix"]


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
    for unlimited in ({"size": 5, "max_overflow": -1}, {"size": 0}):
        found = check(None, config={"backends": {"one": {"url": url, "pool": unlimited},
                                                 "two": {"url": url, "pool": {"size": 1, "max_overflow": 0}}}})[1]
        assert found["budget"]["backend"] == "two" and found["budget"]["severity"] == "warning"
        assert "may open all that is left (one has no limit)" in found["budget"]["what"]


def test_what_is_advised_fits(check, pg):
    url = role_url(pg, sslmode="require")

    def judged(**pool):
        wait_for(lambda: pg.psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'") == "0")
        return check(config={"backends": {"shop": {"url": url, "pool": pool}}})

    try:
        pg.psql("ALTER ROLE app CONNECTION LIMIT 4")
        found = judged(size=1, max_overflow=0)[1]["budget"]
        assert found["severity"] == "warning" and "= 7 connections; 4 are available" in found["what"]
        advised = {name: int(number) for name, number in re.findall(r"(size|max_overflow|session_pool_size) (\d+)",
                                                                    found["fix"])}
        assert advised == {"size": 1, "max_overflow": 0, "session_pool_size": 2}
        assert judged(**advised)[1]["budget"]["severity"] == "ok"
        status, found = judged(size=1, max_overflow=0, budget="refuse")
        assert status == 1 and found["budget"]["severity"] == "error"
        status, found = judged(budget="fit")
        assert status == 0 and found["budget"]["severity"] == "note"
    finally:
        pg.psql("ALTER ROLE app CONNECTION LIMIT -1")


def held(running, daemon, backend):
    """A connection of this backend's pool, and the one that listens for its clients."""
    client = running.enter_context(psycopg.connect(daemon.dsn(backend), autocommit=True))
    client.execute("LISTEN news")
    client.execute("BEGIN")
    client.execute("SELECT 'held'")


def test_what_backends_of_one_server_have_open_is_counted_once(check, pg, start):
    url = role_url(pg, sslmode="require")
    pool = {"size": 5, "max_overflow": 0, "session_pool_size": 2}
    config = {"backends": {name: {"url": url, "pool": pool} for name in "abc"}}
    daemon = start(config=config)
    free = 40 - int(pg.psql("SHOW superuser_reserved_connections")) - 2 * (5 + 2 + 1)

    def answers():
        return daemon.log().count("the budget is enough")

    wait_for(lambda: answers() == 3)
    with contextlib.ExitStack() as running:
        for name in ["a", "b", "b:session", "c"]:
            held(running, daemon, name)
        with psycopg.connect(daemon.dsn("weir"), autocommit=True) as console:
            console.execute("RELOAD")
        wait_for(lambda: answers() == 6)
        for name in "abc":
            found = daemon.metric("weir_pool_budget_available_connections", backend=name)
            assert found == free, name
        found = check(None, config=config, WEIR_SOCKET_DIR=daemon.directory)[1]["budget"]
        assert f"{free} are available" in found["what"] and "others have 0" in found["what"]


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


def test_what_to_type_names_the_backend(check, scratch):
    """Where there are several, weir migrate wants to know which; what is said works as it is."""
    directory = scratch / "migrations"
    directory.mkdir()
    revision(directory, 1, "aaaa1", "none")
    config = {"backends": {name: {"url": f"sqlite:///{scratch}/{name}.db", "migrations": {"dir": str(directory)}}
                           for name in ("one", "two")}}
    for name in config["backends"]:
        sqlite3.connect(scratch / f"{name}.db").close()
    found = check(config=config)[1]["migrations"]
    assert found["backend"] == "two" and "1 revision pending" in found["what"]
    command, _ = found["fix"].split(", or ")
    assert command == "weir migrate upgrade --backend two"
    subprocess.run([binary(), *command.split()[1:], "--config", str(scratch / "weir.json")], cwd=scratch, check=True,
                   timeout=60, capture_output=True,
                   env={"PATH": os.environ["PATH"], "WEIR_SOCKET_DIR": str(scratch)})
    assert check(config=config)[1]["migrations"]["what"] == "up to date at aaaa1"


def test_several_mistakes_are_a_line_each(check, scratch):
    directory = scratch / "migrations"
    directory.mkdir()
    revision(directory, 1, "aaaa1", "nowhere1")
    revision(directory, 2, "bbbb1", "nowhere2")
    sqlite3.connect(scratch / "a.db").close()
    status, found = check(f"sqlite:///{scratch}/a.db")
    assert status == 1 and "\n" in found["migrations"]["what"]
    done = subprocess.run([binary(), "check"], cwd=scratch, text=True, check=False, timeout=60, stdout=subprocess.PIPE,
                          env={"PATH": os.environ["PATH"], "WEIR_SOCKET_DIR": str(scratch), "WEIR_METRICS": "off",
                               "DATABASE_URL": f"sqlite:///{scratch}/a.db"})
    assert done.returncode == 1 and "?" not in done.stdout
    (at,) = [i for i, line in enumerate(done.stdout.splitlines()) if line.startswith("error")]
    assert done.stdout.splitlines()[at + 1].startswith("            ")


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


def test_a_file_that_is_no_database(check, scratch):
    (scratch / "notes.db").write_text("Not a database, and as long as the header of one: a hundred bytes. " * 9)
    status, found = check(f"sqlite:///{scratch}/notes.db")
    assert status == 1 and "file is not a database" in found["file"]["what"]
    assert sorted(path.name for path in scratch.iterdir()) == ["notes.db"]


def test_the_sockets_directory(check, scratch):
    open_one = scratch / "open"
    open_one.mkdir()
    open_one.chmod(0o777)
    status, found = check(f"sqlite:///{scratch}/a.db", WEIR_SOCKET_DIR=str(open_one))
    assert status == 0 and found["socket"]["severity"] == "warning" and "chmod o-w" in found["socket"]["fix"]


def test_a_directory_that_keeps_the_workers_out(check, scratch):
    closed = scratch / "closed"
    (closed / "run").mkdir(parents=True)
    closed.chmod(0o700)
    url = f"sqlite:///{scratch}/a.db"
    status, found = check(url, WEIR_SOCKET_DIR=str(closed / "run"))
    assert status == 0 and found["socket"]["severity"] == "warning"
    assert f"not all of them may pass {closed}" in found["socket"]["what"]

    def judged(**listen):
        config = {"backends": {"a": {"url": url}}, "listen": listen}
        return check(config=config, WEIR_SOCKET_DIR=str(closed / "run"))[1]["socket"]

    assert judged(mode="0600")["severity"] == "ok"
    assert "lets the group" in judged(mode="0660", group=str(os.getegid()))["what"]
    closed.chmod(0o710)
    assert judged(mode="0660", group=str(os.getegid()))["severity"] == "ok"


def test_a_weir_that_does_not_answer(check, start):
    url = "sqlite://"
    daemon = start(url)
    assert check(url, WEIR_SOCKET_DIR=daemon.directory)[1]["socket"]["what"].startswith("a weir serves ")
    with daemon.halted():
        status, found = check(url, WEIR_SOCKET_DIR=daemon.directory, WEIR_METRICS=f"127.0.0.1:{daemon.metrics_port}")
    assert status == 1
    assert "no answer within" in found["socket"]["what"] and f"pid {daemon.process.pid}" in found["socket"]["what"]
    assert "restart" in found["socket"]["fix"]
    assert found["metrics"]["severity"] == "note"  # it may well have them


def test_something_else_on_the_socket(check, pg):
    status, found = check("sqlite://", WEIR_SOCKET_DIR=pg.directory, WEIR_PORT=str(pg.port))
    assert status == 1
    assert found["socket"]["what"].startswith(f"something else than a weir listens on {pg.directory}/.s.PGSQL.{pg.port}")
    assert f"(postgres, pid {pg.server.pid})" in found["socket"]["what"]
    pg.psql("CREATE DATABASE weir")
    name = pwd.getpwuid(os.geteuid()).pw_name
    if name != "postgres":
        pg.psql(f'CREATE ROLE "{name}" LOGIN')  # now it lets us in
    status, found = check("sqlite://", WEIR_SOCKET_DIR=pg.directory, WEIR_PORT=str(pg.port))
    assert status == 1 and "something else than a weir" in found["socket"]["what"]


@pytest.mark.parametrize("make, says", [
    (lambda path: None, "Not a directory"),
    (lambda path: (path.mkdir(), (path / ".s.PGSQL.5432").mkdir()), "exists and is no socket"),
    (lambda path: (path.mkdir(), (path / ".s.PGSQL.5432").write_text("precious")), "exists and is no socket"),
])
def test_what_is_in_the_sockets_way(check, scratch, make, says):
    place = scratch / "run"
    make(place)
    if not place.exists():
        place.write_text("a file")
    status, found = check("sqlite://", WEIR_SOCKET_DIR=str(place))
    assert status == 1 and says in found["socket"]["what"] and found["socket"]["severity"] == "error"
    assert "WEIR_SOCKET_DIR" in found["socket"]["fix"]


def test_accounts_that_this_host_does_not_know(check, scratch):
    sqlite = {"backends": {"a": {"url": "sqlite://"}}}
    for told, where, says in (
            ({"admin": {"users": ["no-such-user"]}}, "accounts", 'admin names whom this host does not know: user "no-'),
            ({"listen": {"allow": {"groups": ["no-such-group"]}}}, "accounts", 'does not know: group "no-such-group"'),
            ({"listen": {"group": "no-such-group"}}, "socket", 'there is no group "no-such-group"')):
        status, found = check(config={**sqlite, **told})
        assert status == 1 and says in found[where]["what"], found
        assert says in refused(scratch)  # weir serve says the same


def refused(scratch):
    """What a weir says that does not start with the settings that were checked last."""
    done = subprocess.run([binary(), "serve", "--config", str(scratch / "weir.json")], cwd=scratch, text=True,
                          check=False, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": os.environ["PATH"], "WEIR_SOCKET_DIR": str(scratch), "WEIR_METRICS": "off"})
    assert done.returncode == 1, done.stdout
    return done.stdout.replace('\\"', '"')


def test_the_metrics_address(check, start, scratch):
    url, address = "sqlite://", f"127.0.0.1:{free_port()}"
    assert check(url, WEIR_METRICS=address)[1]["metrics"]["what"] == f"{address} can be served"
    daemon = start(url)
    address = f"127.0.0.1:{daemon.metrics_port}"
    status, found = check(url, WEIR_METRICS=address)  # for another weir
    assert status == 1 and "Address already in use" in found["metrics"]["what"]
    here = {"WEIR_METRICS": address, "WEIR_SOCKET_DIR": daemon.directory}
    status, found = check(url, **here)
    assert status == 0 and found["metrics"]["what"] == f"a weir serves {address}"
    with socket.create_server(("127.0.0.1", 0)) as other:
        status, found = check(url, **{**here, "WEIR_METRICS": f"127.0.0.1:{other.getsockname()[1]}"})
        assert status == 1 and "WEIR_METRICS" in found["metrics"]["fix"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_what_somebody_else_sees(check, start, scratch):
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    url, daemon = "sqlite://", start("sqlite://")
    here = {"WEIR_SOCKET_DIR": daemon.directory, "WEIR_METRICS": f"127.0.0.1:{daemon.metrics_port}"}
    status, found = check(url, front=nobody, **here)
    assert status == 0 and found["socket"]["severity"] == "ok" and found["console"]["severity"] == "note"
    assert found["metrics"]["severity"] == "note"  # it may be that weir's
    os.chmod(daemon.socket_path(), 0o700)
    status, found = check(url, front=nobody, **here)
    assert status == 1 and "Permission denied" in found["socket"]["what"] and "mode and group" in found["socket"]["fix"]
    os.chmod(daemon.directory, 0o700)
    status, found = check(url, front=nobody, **here)
    assert status == 1 and "cannot look into the socket's directory" in found["socket"]["what"]
    (scratch / "run").mkdir()
    (scratch / "run/.s.PGSQL.5432").touch(0o600)
    status, found = check(url, front=nobody, WEIR_SOCKET_DIR=str(scratch / "run"))
    assert status == 1 and "exists and is no socket" in found["socket"]["what"]

    (scratch / "data").mkdir()
    os.chown(scratch / "data", 65534, 65534)
    file = scratch / "data/data.db"
    sqlite3.connect(file).close()
    os.chown(file, 65534, 65534)
    file.with_name("data.db-wal").touch(0o600)  # a weir, or a shell, that root has run here
    status, found = check(f"sqlite:///{file}", front=nobody)
    assert status == 1 and f"you may not read and write {file}-wal" in found["file"]["what"]


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


def test_settings_that_are_wrong_are_in_the_report(scratch):
    done = subprocess.run([binary(), "check"], cwd=scratch, text=True, check=False, timeout=60, capture_output=True,
                          env={"PATH": os.environ["PATH"], "DB_POOL_SIZE": "-7", "DB_POOL_TIMEOUT": "soon"})
    assert done.returncode == 1 and not done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("error    settings: DB_POOL_SIZE ") and lines[1].startswith("         -> ")
    assert lines[2].startswith("error    settings: DB_POOL_TIMEOUT ") and lines[-1] == "2 errors"


def test_the_budget_at_boot_is_logged_and_a_gauge(pg, start):
    url = role_url(pg, sslmode="require")
    daemon = start(url, DB_POOL_SIZE=30, DB_MAX_OVERFLOW=20)
    wait_for(lambda: "the pool may want more connections than there are" in daemon.log())
    assert "= 56 connections" in daemon.log() and "max_connections is 40" in daemon.log()
    assert daemon.metric("weir_pool_budget_configured_connections", backend="shop") == 56
    assert 0 < daemon.metric("weir_pool_budget_available_connections", backend="shop") < 40
    assert daemon.metric("weir_pool_size", backend="shop") == 30  # warn changes nothing


def test_what_our_other_backends_have_open_counts_once(pg, start):
    """In what they may open."""
    url, pool = role_url(pg, sslmode="require"), {"size": 5, "max_overflow": 0}  # 11 with the lane's
    daemon = start(config={"backends": {name: {"url": url, "pool": pool} for name in ("one", "two")}})
    left = 40 - int(pg.psql("SHOW superuser_reserved_connections")) - 11
    wait_for(lambda: "backend=two budget=" in daemon.log())
    with psycopg.connect(daemon.dsn("one"), autocommit=True) as holds:
        holds.execute("BEGIN")
        holds.execute("SELECT 'held'")

        def is_counted():
            with psycopg.connect(daemon.dsn("weir"), autocommit=True) as console:
                console.execute("RELOAD")
            time.sleep(0.1)  # what ended before may be there still: it is asked anew each time
            return daemon.metric("weir_pool_budget_available_connections", backend="two") == left

        wait_for(is_counted)
        holds.execute("ROLLBACK")


def test_a_full_server_is_asked_until_it_answers(pg, start):
    """The pool's own connection is the only one that the role may have."""

    def refusals():
        return pg.log().count('too many connections for role "app"')

    before = refusals()
    pg.psql("ALTER ROLE app CONNECTION LIMIT 1")
    try:
        daemon = start(role_url(pg, sslmode="require"), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
        wait_for(lambda: refusals() == before + 2)
        with pytest.raises(KeyError):
            daemon.metric("weir_pool_budget_available_connections", backend="shop")
    finally:
        pg.psql("ALTER ROLE app CONNECTION LIMIT -1")

    def is_known():
        with contextlib.suppress(KeyError):
            return daemon.metric("weir_pool_budget_available_connections", backend="shop") > 0

    wait_for(is_known)
    assert daemon.log().count("cannot find out how many connections") == 1


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
