"""What load does not move: system calls, user instructions and heap allocations of a transaction.

Each is the difference between a short and a long run of the same clients, so that logins, closing
and what the programs do by themselves cancel out.
"""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time

from programs import load

ALLOCATORS = {"malloc", "calloc", "realloc", "memalign", "posix_memalign", "aligned_alloc"}
ATTACH_SECONDS = 30
LONG = 3  # times the short run


def per_transaction(count_run, transactions):
    """`count_run(n)` answers {name: count} of a run of n transactions; the difference for each."""
    short, long = count_run(transactions), count_run(LONG * transactions)
    more = (LONG - 1) * transactions
    return {name: (count - short.get(name, 0)) / more for name, count in long.items()}


# -- system calls


def calls_in(summary):
    """{system call: count} of what strace -c has written."""
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", summary, re.MULTILINE)
    return {name: int(count) for count, name in rows if name != "total"}


@contextlib.contextmanager
def traced(contestant):
    """{system call: count} of the block, there when it has ended."""
    calls = {}
    with tempfile.NamedTemporaryFile("r") as summary:
        strace = subprocess.Popen(
            ["strace", "-c", "-f", "-o", summary.name, "-p", str(contestant.process.pid)],
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until_attached(contestant.process.pid, strace)
        try:
            yield calls
        finally:
            strace.send_signal(signal.SIGINT)
            strace.communicate()
        calls.update(calls_in(summary.read()))


def wait_until_attached(pid, strace):
    """All threads: the kernel names their tracer."""
    deadline = time.monotonic() + ATTACH_SECONDS
    while True:
        tracers = []
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/status") as status:
                tracers.append(int(re.search(r"TracerPid:\t(\d+)", status.read()).group(1)))
        if all(tracers):
            return
        if strace.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"strace did not attach: {strace.stderr.read()}")
        time.sleep(0.02)


def system_calls(contestant, transactions, settle=lambda: None, **options):
    """{system call: count} of a transaction."""

    def count_run(count):
        with traced(contestant) as calls:
            load(contestant, settle, transactions=count, **options)
        return calls

    load(contestant, transactions=transactions, **options)  # the pool's logins happen once
    return per_transaction(count_run, transactions)


# -- instructions and allocations


def callgrind(directory):
    """The front of a command line. Its threads take turns, fairly."""
    return [
        *["valgrind", "--tool=callgrind", "--fair-sched=yes", "--compress-strings=no"],
        *[f"--callgrind-out-file={directory}/profile", f"--log-file={directory}/valgrind.log"],
        f"--vgdb-prefix={directory}/vgdb",
    ]


def read_profile(path):
    """{"instructions": n, "allocations": n} of one dump."""
    callee, allocations, instructions = "", 0, None
    with open(path) as dump:
        for line in dump:
            if line.startswith("cfn="):
                callee = line[4:].rstrip("\n").split("'")[0]  # without its depth of recursion
            elif line.startswith("calls=") and callee in ALLOCATORS:
                allocations += int(line[6:].split()[0])
            elif line.startswith("summary: "):
                instructions = int(line.split()[1])
    return {"instructions": instructions, "allocations": allocations}


class profiled:
    """A contestant under callgrind; `start(wrap)` gives it as a context, started by the command
    line `wrap`.
    """

    def __init__(self, start):
        self.start, self.dumps = start, 0
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-"))
            os.chmod(self.directory, 0o777)  # for whatever user it runs as
            self.contestant = stack.enter_context(self.start(callgrind(self.directory)))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def counted(self):
        """What was counted since the last time."""
        self.dumps += 1
        pid = self.contestant.process.pid
        owner = os.stat(f"/proc/{pid}")
        subprocess.run(
            [
                # valgrind listens to its own user alone.
                *[
                    "setpriv",
                    f"--reuid={owner.st_uid}",
                    f"--regid={owner.st_gid}",
                    "--clear-groups",
                ],
                *["callgrind_control", f"--vgdb-prefix={self.directory}/vgdb", "--dump", str(pid)],
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
        return read_profile(f"{self.directory}/profile.{self.dumps}")

    def user_work(self, transactions, settle=lambda: None, **options):
        """{"instructions": n, "allocations": n} of a transaction."""

        def begin():
            settle()
            self.counted()

        def count_run(count):
            load(self.contestant, begin, transactions=count, **options)
            return self.counted()

        load(self.contestant, transactions=transactions, **options)  # with all that happens once
        return per_transaction(count_run, transactions)
