"""The programs of this room: the null backend, the bare relay, and the load generator."""

import json
import os
import struct
import subprocess

from cores import OTHERS, POOLERS, WITH_OTHERS, place
from cpu import watch

from listener import listener
from raw_client import query, raw_client
from weir import binary

QUESTION = query("SHOW received")


def program(name):
    """Built beside weir."""
    return os.path.join(os.path.dirname(binary()), f"bench_{name}")


class bench_program(listener):
    """One of this room's own."""

    def __init__(self, name, *arguments):
        super().__init__(name)
        self.arguments = arguments

    def command(self):
        return [*WITH_OTHERS, program(self.name), self.socket_path(), *self.arguments]


class null_backend(bench_program):
    """What a pooler connects to in the place of PostgreSQL."""

    user = "postgres"

    def __init__(self):
        super().__init__("null_backend")

    def unix_url(self, database):
        return f"postgresql://{self.user}@/{database}?host={self.directory}&port={self.port}"

    def received(self):
        """(messages, bytes) of all its clients so far, the logins left out; this question is one of
        the messages.
        """
        with raw_client(self.socket_path(), database="null") as client:
            client.send(QUESTION)
            (row,) = [answer.body for answer in client.until_ready() if answer.kind == "D"]
        columns = []
        row = row[2:]
        while row:
            end = 4 + struct.unpack("!i", row[:4])[0]
            columns.append(int(row[4:end]))
            row = row[end:]
        return columns


class load_run:
    """The load generator: its clients have logged in and warmed up when the block begins, run
    their transactions in each go(), and are idle otherwise, to the end of the block. `clients=64`
    becomes `--clients 64`; of a list each becomes an option.
    """

    def __init__(self, path, **options):
        self.command = ["setsid", "--wait", *WITH_OTHERS, program("load"), path]
        for name, value in options.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                self.command += [f"--{name.replace('_', '-')}", str(one)]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.expect_line()
        return self

    def __exit__(self, *_):
        self.process.communicate()

    def expect_line(self):
        line = self.process.stdout.readline()
        if not line:
            _, complaint = self.process.communicate()
            raise RuntimeError(f"{' '.join(self.command)}: {complaint}")
        return line

    def go(self):
        """Runs the transactions; what the generator has measured."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.expect_line())


def load(contestant, settle=lambda: None, **options):
    """What the generator has measured, and as "cpu" what that has cost the contestant; `settle` is
    called before it begins.
    """
    place(contestant.process, OTHERS if options["clients"] == 1 else POOLERS)
    with load_run(contestant.socket_path(), **options) as run:
        settle()
        return watched(contestant, run)


def watched(contestant, run):
    """The same of one go()."""
    with watch(contestant.process) as spent:
        measured = run.go()
    return measured | {"cpu": spent.cpu}
