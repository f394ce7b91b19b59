"""weir's verbs that need no database, and whether drivers understand the connection strings that it prints."""

import json
import os
import subprocess

import pytest

WEIR = os.environ["WEIR_BINARY"]
SECRET = "canary-5e8c"


# Settings of the host's must not be ours.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("DB_", "DATABASE_", "WEIR_"))}


def weir(*arguments, cwd, **environment):
    return subprocess.run([WEIR, *arguments], cwd=cwd, env={**CLEAN, **environment}, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)


def url(cwd, *arguments, **environment):
    done = weir("url", *arguments, cwd=cwd, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


@pytest.fixture
def two_backends(tmp_path):
    config = {"backends": {"main": {"url": f"postgresql://app:{SECRET}@db/main"}, "local": {"url": "sqlite:///l.db"}}}
    path = tmp_path / "weir.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return str(path)


def test_version_and_help(tmp_path):
    assert weir("--version", cwd=tmp_path).stdout.startswith("weir 0.")
    assert "serve" in weir("--help", cwd=tmp_path).stdout
    for verb in ("serve", "url", "check"):
        done = weir(verb, "--help", cwd=tmp_path)
        assert done.returncode == 0 and "--config" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["serve", "--no-such-flag"], ["url", "--driver", "odbc"]])
def test_a_wrong_command_line_is_status_2_and_says_why(tmp_path, arguments):
    done = weir(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert (arguments or ["serve"])[-1] in done.stderr  # what was wrong, or what there is
    assert not done.stdout


@pytest.mark.parametrize("verb", [["serve"], ["url"], ["check", "--settings"]])
def test_all_complaints_are_told_at_once(tmp_path, verb):
    done = weir(*verb, cwd=tmp_path, DB_POOL_SIZE="-2", DB_POOL_TIMEOUT="soon")
    assert done.returncode == 1
    assert "DB_POOL_SIZE" in done.stderr and "DB_POOL_TIMEOUT" in done.stderr
    assert not done.stdout


def test_check_prints_the_settings_without_secrets(tmp_path):
    done = weir("check", "--settings", cwd=tmp_path, DATABASE_URL=f"postgresql://app:{SECRET}@db/main")
    assert done.returncode == 0
    assert json.loads(done.stdout)["backends"]["main"]["url"] == "postgresql://app:***@db/main"
    assert SECRET not in done.stdout + done.stderr


def test_url_asks_which_of_several_backends(tmp_path, two_backends):
    done = weir("url", "--config", two_backends, cwd=tmp_path)
    assert done.returncode == 1 and "local, main" in done.stderr
    done = weir("url", "--config", two_backends, "--backend", "other", cwd=tmp_path)
    assert done.returncode == 1 and "other" in done.stderr
    assert "/local?" in url(tmp_path, "--config", two_backends, "--backend", "local", WEIR_SOCKET_DIR="/s")


def test_url_leaves_out_the_usual_port_and_encodes_the_rest(tmp_path):
    environment = {"WEIR_SOCKET_DIR": "/run/a b&c", "DATABASE_URL": "postgresql://h/my%20db%2Fx"}
    assert url(tmp_path, **environment) == "postgresql:///my%20db%2Fx?host=/run/a%20b%26c"
    assert url(tmp_path, **environment, WEIR_PORT="6432").endswith("&port=6432")


def test_url_makes_the_directory_absolute(tmp_path):
    assert url(tmp_path, WEIR_SOCKET_DIR="./run") == f"postgresql:///database?host={os.path.realpath(tmp_path)}/run"


# In a /run of its own, as the host's may have a real weir in it.
WORKER = """
mount -t tmpfs -o mode=755 tmpfs /run || exit 77
mkdir -m 755 /run/weir
setpriv --reuid nobody --clear-groups "$0" url
/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/weir/.s.PGSQL.5432")'
setpriv --reuid nobody --clear-groups "$0" url
"""


def test_a_worker_without_rights_in_the_directory_finds_the_socket_there():
    done = subprocess.run(["unshare", "--mount", "sh", "-c", WORKER, WEIR], cwd="/", env=CLEAN, text=True,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0 and not done.stdout:
        pytest.skip(f"no mount namespace for us: {done.stderr.strip()}")
    assert done.stdout.splitlines() == ["postgresql:///database?host=/run", "postgresql:///database?host=/run/weir"]


# What each driver makes of its string, without connecting.

PLACE = {"WEIR_SOCKET_DIR": "/run/a b&c", "WEIR_PORT": "6432", "DATABASE_URL": "postgresql://h/my%20db"}


def test_psycopg2_understands_its_url(tmp_path):
    extensions = pytest.importorskip("psycopg2.extensions")
    for driver in ("psycopg2", "libpq", "psql"):
        assert extensions.parse_dsn(url(tmp_path, "--driver", driver, **PLACE)) == {
            "host": "/run/a b&c", "port": "6432", "dbname": "my db"}


def test_psycopg_understands_its_url(tmp_path):
    conninfo = pytest.importorskip("psycopg.conninfo")
    parsed = conninfo.conninfo_to_dict(url(tmp_path, "--driver", "psycopg", **PLACE))
    assert {name: str(parsed[name]) for name in ("host", "port", "dbname")} == {
        "host": "/run/a b&c", "port": "6432", "dbname": "my db"}


def test_asyncpg_understands_its_url(tmp_path):
    asyncio = pytest.importorskip("asyncio")
    asyncpg = pytest.importorskip("asyncpg")
    directory = str(tmp_path)
    place = {**PLACE, "WEIR_SOCKET_DIR": directory}

    async def database_asked_for():
        asked = asyncio.get_running_loop().create_future()

        async def on_client(reader, writer):
            asked.set_result(await reader.read(1024))
            writer.close()

        server = await asyncio.start_unix_server(on_client, f"{directory}/.s.PGSQL.6432")
        async with server:
            with pytest.raises((ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError)):
                await asyncpg.connect(url(tmp_path, "--driver", "asyncpg", **place), timeout=30)
            return await asked

    assert b"database\0my db\0" in asyncio.run(database_asked_for())


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
def test_sqlalchemy_understands_its_urls(tmp_path, driver):
    engine = pytest.importorskip("sqlalchemy.engine")
    made = engine.make_url(url(tmp_path, "--driver", f"sqlalchemy+{driver}", **PLACE))
    assert made.drivername == f"postgresql+{driver}"
    assert (made.database, made.query["host"], made.query["port"]) == ("my db", "/run/a b&c", "6432")
