"""A program that listens on a Unix socket."""

import os
import shutil
import subprocess
import tempfile

from weir import listens

PORT = 5432  # names the socket file


class listener:
    """A program that listens on a socket in a directory of its own; in a session of its own, too,
    so that the scheduler treats all of them alike.
    """

    port = PORT

    def __init__(self, name):
        self.name = name
        self.directory, self.process = None, None

    def command(self):
        """Called when there is a directory."""
        raise NotImplementedError

    def privileges(self):
        """Words for setpriv."""
        return []

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="weir-bench-")
        os.chmod(self.directory, 0o755)
        command = self.command()
        with open(self.path("log"), "w") as log:
            self.process = subprocess.Popen(
                ["setpriv", *self.privileges(), "--pdeathsig", "KILL", "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self.wait_until_listening()
            os.chmod(self.socket_path(), 0o777)  # whoever started it, whoever asks may connect
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory)

    def wait_until_listening(self):
        if not listens(self.socket_path(), self.process):
            with open(self.path("log")) as log:
                raise RuntimeError(f"{self.name} does not listen\n{log.read()}")

    def path(self, name):
        return os.path.join(self.directory, name)

    def socket_path(self):
        return self.path(f".s.PGSQL.{self.port}")
