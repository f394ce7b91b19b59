"""What the live tests share: a PostgreSQL cluster of their own, and weirs to start beside it.

Each file runs in a pytest of its own (see CMakeLists.txt), so a cluster lives as long as one file.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))

from cluster import cluster  # noqa: E402
from notify_socket import notify_socket  # noqa: E402
from raw_client import raw_client  # noqa: E402
from weir import binary, weir  # noqa: E402


@pytest.fixture(scope="module")
def pg():
    """The file's cluster. A test that restarts or kills it makes one of its own."""
    with cluster(tcp=False) as server:
        yield server


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def archives(request, tmp_path_factory):
    """Databases for the sample application, of one kind and then of the other."""
    from sample import databases  # here, since most files can do without Alembic

    server = request.getfixturevalue("pg") if request.param == "postgresql" else None
    return databases(request.param, server, str(tmp_path_factory.mktemp("archives")))


@pytest.fixture
def scratch():
    """A directory that is gone afterwards, with a path short enough for sockets; pytest's own are
    neither.
    """
    with tempfile.TemporaryDirectory(prefix="weir-") as directory:
        yield pathlib.Path(directory)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The .deb, made of the program under test."""
    if shutil.which("dpkg-shlibdeps") is None:
        pytest.skip("no dpkg-shlibdeps (apt-get install dpkg-dev)")
    directory = tmp_path_factory.mktemp("package")
    config = os.path.join(os.path.dirname(binary()), "CPackConfig.cmake")
    cpack = ["cpack", "-G", "DEB", "--config", config, "-B", str(directory)]
    subprocess.run(cpack, check=True, stdout=subprocess.DEVNULL)
    (made,) = directory.glob("*.deb")
    return str(made)


@pytest.fixture
def systemd(scratch):
    """An ear at NOTIFY_SOCKET."""
    ear = notify_socket(scratch / "notify")
    yield ear
    ear.socket.close()


@pytest.fixture
def start(scratch):
    """start(url, DB_POOL_SIZE=1) starts a weir that ends with the test, before the files that it
    may have in scratch are deleted; pytest shows its log when that failed.
    """
    daemons = []
    try:
        with contextlib.ExitStack() as running:

            def one_more(*arguments, **settings):
                daemons.append(weir(*arguments, **settings))
                return running.enter_context(daemons[-1])

            yield one_more
    finally:
        for daemon in daemons:
            print(f"--- weir's log\n{daemon.log()[-20000:]}")


@pytest.fixture(params=["direct", "weir"])
def connect(request, pg, start):
    """connect(name=value) is a raw_client with these startup parameters, logged in.

    A test that uses it runs twice: on a direct connection, which shows that it asks for no more
    than PostgreSQL gives, and through a weir whose one server all its clients share.
    """
    if request.param == "direct":
        path, user = os.path.join(pg.directory, f".s.PGSQL.{pg.port}"), "postgres"
    else:
        path, user = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0).socket_path(), "tester"
    with contextlib.ExitStack() as opened:
        yield lambda **parameters: opened.enter_context(
            raw_client(path, database="postgres", **{"user": user, **parameters})
        )
