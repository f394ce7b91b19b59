"""A running weir for tests: started in a temporary directory of its own, ended by its pid, its log
examined.

    with weir(pg.unix_url(), DB_POOL_SIZE=1) as daemon:
        psycopg2.connect(daemon.dsn())

Settings are given as the environment, or as a dict that becomes the JSON file. Leaving the block
sends SIGTERM and asserts that weir ended by itself, with status 0 and without a sanitizer's report.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from free_port import free_port

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START_SECONDS = 60  # a sanitizer's build on a busy machine
STOP_SECONDS = 60  # longer than weir's own drain
USER = "tester"

SANITIZER = re.compile(
    r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:|Assertion .* failed"
)


def binary():
    """The program under test: $WEIR_BINARY, which ctest sets, or the release."""
    return os.environ.get("WEIR_BINARY", os.path.join(REPOSITORY, "build/release/weir"))


def listens(address, process):
    """Waits until connections to this Unix socket, or (host, port), are accepted; False: the process
    has ended, or it takes too long.
    """
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket(family) as probe, contextlib.suppress(
            FileNotFoundError, ConnectionRefusedError
        ):
            probe.connect(address)
            return True
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.02)


class weir:
    """One daemon. `directory` is its working directory, and holds its socket, weir.json and
    weir.log.
    """

    port = 5432

    def __init__(
        self, database_url=None, config=None, arguments=(), wrap=lambda daemon: [], **settings
    ):
        """`wrap(daemon)` gives the front of the command line, for a program that starts weir in its
        turn.
        """
        self.config, self.arguments, self.wrap = config, arguments, wrap
        self.settings = {name: str(value) for name, value in settings.items()}
        if database_url is not None:
            self.settings["DATABASE_URL"] = database_url
        self.database = self.default_database(database_url)
        self.metrics_port = free_port()
        self.passed = []  # descriptors as systemd passes them: (name, descriptor)
        self.directory, self.process, self.last_log = None, None, ""

    def __enter__(self):
        try:
            self.start()
            self.wait_until_listening()
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, kind, *_):
        if self.directory is None:  # a test that ended it in its own way has called destroy()
            return
        try:
            if kind is None:
                self.stop()
        finally:
            self.destroy()

    # -- its life

    def start(self):
        if self.directory is None:
            # Short, because a socket's path has 107 bytes; open, because clients may be another
            # user.
            self.directory = tempfile.mkdtemp(prefix="weir-")
            os.chmod(self.directory, 0o755)
        if self.config is not None:
            self.write_config(self.config)
        with open(self.path("weir.log"), "a") as log:
            # The kernel ends weir if this process is killed, so that no test leaves one behind.
            self.process = subprocess.Popen(
                [
                    "setpriv",
                    "--pdeathsig",
                    "KILL",
                    "--",
                    *self.wrap(self),
                    *self.passing(),
                    binary(),
                    "serve",
                    *self.arguments,
                ],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                start_new_session=True,
                pass_fds=[descriptor for _, descriptor in self.passed],
            )

    def passing(self):
        if not self.passed:
            return []
        program = os.path.join(os.path.dirname(__file__), "descriptor_store.py")
        pairs = [f"{name}:{descriptor}" for name, descriptor in self.passed]
        return [sys.executable, program, *pairs, "--"]

    def wait_until_listening(self):
        addresses = [self.socket_path()]
        if self.environment()["WEIR_METRICS"] != "off":
            addresses.append(("127.0.0.1", self.metrics_port))
        for address in addresses:
            if not listens(address, self.process):
                raise RuntimeError(
                    f"weir did not start (exit status {self.process.poll()}):\n{self.log()}"
                )

    def wait(self, seconds=STOP_SECONDS):
        """weir's exit status, once it has ended by itself."""
        return self.process.wait(seconds)

    def stop(self):
        """Asks weir to end as systemd does, and examines how it did."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.wait()
        log = self.log()
        assert not SANITIZER.search(log), log
        assert status == 0, f"exit status {status}:\n{log}"

    def restart(self):
        self.stop()
        self.start()
        self.wait_until_listening()

    @contextlib.contextmanager
    def halted(self):
        """It hangs meanwhile: what comes waits for it in the kernel."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def destroy(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.directory is not None:
            self.last_log = self.log()
            shutil.rmtree(self.directory)
            self.directory = None

    # -- how to reach it

    def dsn(self, database=None, **more):
        """For libpq: psql, psycopg2, psycopg."""
        words = {
            "host": self.directory,
            "port": self.port,
            "dbname": database or self.database,
            "user": USER,
            **more,
        }
        return " ".join(f"{name}='{value}'" for name, value in words.items())

    def url(self, scheme="postgresql", database=None):
        """For SQLAlchemy and asyncpg."""
        host = urllib.parse.quote(self.directory, safe="")
        return f"{scheme}://{USER}@/{database or self.database}?host={host}&port={self.port}"

    def client_environment(self):
        """For programs that read libpq's variables."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))
        }
        return kept | {
            "PGHOST": self.directory,
            "PGPORT": str(self.port),
            "PGDATABASE": self.database,
            "PGUSER": USER,
            "LC_ALL": "C.UTF-8",
        }

    def socket_path(self):
        return self.path(f".s.PGSQL.{self.port}")

    # -- what it says

    def log(self):
        """All it has written; also after its directory is gone."""
        if self.directory is None:
            return self.last_log
        with open(self.path("weir.log"), errors="replace") as log:
            return log.read()

    def get(self, page):
        """(status, body) of a page of the metrics' address."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.metrics_port}{page}", timeout=30
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def metrics(self):
        """{'weir_pool_waiting{backend="main"}': 3.0, ...}"""
        status, text = self.get("/metrics")
        assert status == 200, text
        samples = (
            line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")
        )
        return {name: float(value) for name, value in samples}

    def metric(self, name, **labels):
        """The sum of the samples of `name` that have these labels; KeyError when there is none."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        found = [
            value
            for sample, value in self.metrics().items()
            if sample.split("{")[0] == name and all(word in sample for word in wanted)
        ]
        if not found:
            raise KeyError(f"{name} {labels}")
        return sum(found)

    def resident_kb(self):
        """The memory that weir itself has filled (anonymous pages, not the libraries')."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1))

    # -- details

    def path(self, name):
        return os.path.join(self.directory, name)

    def write_config(self, config):
        self.config = config
        with open(self.path("weir.json"), "w") as file:
            json.dump(config, file, indent=2)

    def environment(self):
        """Nothing of the caller's settings reaches weir."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(
                ("PG", "DB_POOL", "DB_MAX", "DATABASE_URL", "WEIR_", "NOTIFY_", "LISTEN_")
            )
        }
        told = {"WEIR_SOCKET_DIR": self.directory, "WEIR_METRICS": f"127.0.0.1:{self.metrics_port}"}
        if self.config is not None:
            told["WEIR_CONFIG"] = self.path("weir.json")
        return kept | told | self.settings

    @staticmethod
    def default_database(database_url):
        """As weir names the one backend: after the URL's database, for SQLite the stem of the
        file's name.
        """
        if database_url is None:
            return "database"
        path = urllib.parse.unquote(urllib.parse.urlsplit(database_url).path)
        return os.path.splitext(os.path.basename(path))[0] or "memory"
