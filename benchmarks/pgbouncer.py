"""Debian's PgBouncer beside a cluster, set up as weir is: transaction mode, a Unix socket, a pool
of the same size.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAM = "/usr/sbin/pgbouncer"
START_SECONDS = 30

SETTINGS = """
[databases]
{database} = host={pg.directory} port={pg.port} dbname={database} user=postgres
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {directory}
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 20000
log_connections = 0
log_disconnections = 0
"""


class pgbouncer:
    """It refuses to run as root; then it is nobody's."""

    port = 5432

    def __init__(self, pg, database, size):
        self.pg, self.database, self.size = pg, database, size
        self.directory, self.process = None, None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="weir-pgb-")
        os.chmod(self.directory, 0o755)
        with open(self.path("pgbouncer.ini"), "w") as file:
            file.write(
                SETTINGS.format(
                    pg=self.pg,
                    database=self.database,
                    port=self.port,
                    directory=self.directory,
                    size=self.size,
                )
            )
        drop = []
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.directory, nobody.pw_uid, nobody.pw_gid)
            drop = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        with open(self.path("pgbouncer.log"), "w") as log:
            self.process = subprocess.Popen(
                [
                    "setpriv",
                    *drop,
                    "--pdeathsig",
                    "KILL",
                    "--",
                    PROGRAM,
                    self.path("pgbouncer.ini"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self.wait_until_listening()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory)

    def wait_until_listening(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(
                FileNotFoundError, ConnectionRefusedError
            ):
                probe.connect(self.path(f".s.PGSQL.{self.port}"))
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.path("pgbouncer.log")) as log:
                    raise RuntimeError(f"PgBouncer did not start:\n{log.read()}")
            time.sleep(0.02)

    def path(self, name):
        return os.path.join(self.directory, name)
