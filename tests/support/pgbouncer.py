"""Debian's PgBouncer, set up as weir is: transaction mode, a Unix socket, a pool of the same size."""

import os
import pwd

from listener import listener

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


class pgbouncer(listener):
    """`servers` says for each database how to reach it, in libpq's words; `wrap` is the front of
    the command line, for a program that starts it in its turn.
    """

    def __init__(self, servers, size, more="", wrap=()):
        super().__init__("PgBouncer")
        self.servers, self.size, self.more, self.wrap = servers, size, more, wrap

    def command(self):
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
        return [*self.wrap, PROGRAM, self.path("pgbouncer.ini")]

    def account(self):
        """It refuses to run as root; then it is nobody's."""
        return super().account() if os.geteuid() != 0 else pwd.getpwnam("nobody")
