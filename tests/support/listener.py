"""A program that listens on a Unix socket."""

import os

from private_program import private_program
from weir import listens

PORT = 5432  # names the socket file


class listener(private_program):
    """The socket is in the program's directory."""

    port = PORT

    def wait_until_ready(self):
        if not listens(self.socket_path(), self.process):
            raise RuntimeError(f"{self.name} does not listen\n{self.log()}")
        os.chmod(self.socket_path(), 0o777)  # whoever started it, whoever asks may connect

    def socket_path(self):
        return self.path(f".s.PGSQL.{self.port}")
