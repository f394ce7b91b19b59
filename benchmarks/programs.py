"""The programs of this room: the null backend, the bare relay, and the load generator."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(REPOSITORY, "tests", "support"))

from weir import binary  # noqa: E402

PORT = 5432  # names the socket file
START_SECONDS = 30


def program(name):
    """Built beside weir."""
    return os.path.join(os.path.dirname(binary()), f"bench_{name}")


def wait_until_listening(path, process, log):
    """`log()` is what to show when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(
            FileNotFoundError, ConnectionRefusedError
        ):
            probe.connect(path)
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{path}: nobody listens there\n{log()}")
        time.sleep(0.02)


class listener:
    """One of the programs that listen on a socket; in a session of its own, so that the scheduler
    treats it as it treats the others.
    """

    port = PORT

    def __init__(self, name, *arguments):
        self.name, self.arguments = name, arguments
        self.directory, self.process = None, None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="weir-bench-")
        os.chmod(self.directory, 0o755)
        self.process = subprocess.Popen(
            [
                *["setpriv", "--pdeathsig", "KILL", "--"],
                *[program(self.name), self.socket_path(), *self.arguments],
            ],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until_listening(self.socket_path(), self.process, lambda: self.name)
            # It runs as root at most; whoever asks may connect.
            os.chmod(self.socket_path(), 0o777)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory)

    def socket_path(self):
        return os.path.join(self.directory, f".s.PGSQL.{self.port}")


class null_backend(listener):
    """What a pooler connects to in the place of PostgreSQL."""

    user = "postgres"

    def __init__(self):
        super().__init__("null_backend")

    def unix_url(self, database):
        return f"postgresql://{self.user}@/{database}?host={self.directory}&port={self.port}"


def load_command(path, **options):
    """Of the load generator; `clients=64` becomes `--clients 64`, a list becomes several words."""
    command = ["setsid", "--wait", program("load"), path]
    for name, value in options.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        for one in values:
            command += [f"--{name.replace('_', '-')}", str(one)]
    return command


def load(path, **options):
    """What it has measured."""
    done = subprocess.run(
        load_command(path, **options),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(done.args)}: {done.stderr}")
    return json.loads(done.stdout)


@contextlib.contextmanager
def staying(path, **options):
    """Clients that have done their transactions and are idle until the end of the block."""
    with subprocess.Popen(
        [*load_command(path, **options), "--stay"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(process.args)} has failed")
        yield json.loads(line)
        process.stdin.close()
