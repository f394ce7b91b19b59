"""Debian's PgBouncer, set up as weir is: transaction mode, a Unix socket, a pool of the same size."""

import os
import pwd
import shutil
import subprocess
import tempfile

from programs import PORT, wait_until_listening

PROGRAM = "/usr/sbin/pgbouncer"

SETTINGS = """
[databases]
{databases}
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
{more}
"""


class pgbouncer:
    """`servers` says for each database how to reach it, in libpq's words. It refuses to run as
    root; then it is nobody's. `wrap` is the front of the command line, for a program that starts
    it in its turn.
    """

    port = PORT

    def __init__(self, servers, size, more="", wrap=()):
        self.servers, self.size, self.more, self.wrap = servers, size, more, wrap
        self.directory, self.process = None, None

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="weir-pgb-")
        os.chmod(self.directory, 0o755)
        with open(self.path("pgbouncer.ini"), "w") as file:
            file.write(
                SETTINGS.format(
                    databases="\n".join(f"{n} = {words}" for n, words in self.servers.items()),
                    port=self.port,
                    directory=self.directory,
                    size=self.size,
                    more=self.more,
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
                    *["setpriv", *drop, "--pdeathsig", "KILL", "--", *self.wrap],
                    *[PROGRAM, self.path("pgbouncer.ini")],
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until_listening(self.socket_path(), self.process, self.log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory)

    def log(self):
        with open(self.path("pgbouncer.log")) as log:
            return log.read()

    def socket_path(self):
        return self.path(f".s.PGSQL.{self.port}")

    def path(self, name):
        return os.path.join(self.directory, name)
