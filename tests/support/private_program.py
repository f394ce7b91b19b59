"""A program beside a test or a benchmark: in a temporary directory of its own, and gone with it."""

import os
import pwd
import shutil
import subprocess
import tempfile

from cluster import as_account


class private_program:
    """`command()`, `account()` and `wait_until_ready()` make it one program or another. It has a
    session of its own, so that the scheduler treats all of them alike.
    """

    def __init__(self, name):
        self.name = name
        self.directory, self.process = None, None

    def command(self):
        """Called when there is a directory."""
        raise NotImplementedError

    def account(self):
        """Whom it runs as, and whose the directory is."""
        return pwd.getpwuid(os.geteuid())

    def wait_until_ready(self):
        raise NotImplementedError

    def __enter__(self):
        account = self.account()
        self.directory = tempfile.mkdtemp(prefix=f"weir-{self.name}-")
        try:
            os.chmod(self.directory, 0o755)
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            command = self.command()
            with open(self.path("log"), "w") as log:
                self.process = subprocess.Popen(
                    [*as_account(account, "KILL"), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def log(self):
        with open(self.path("log")) as log:
            return log.read()
