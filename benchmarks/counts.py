"""What load does not move: system calls, user instructions and heap allocations of a transaction.

Each is the difference between a short and a long run of the same clients, so that logins, closing
and what the programs do by themselves cancel out.
"""

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


def count_calls(contestant, **options):
    """{system call: count} while a load runs."""
    with tempfile.NamedTemporaryFile("r") as summary:
        strace = subprocess.Popen(
            ["strace", "-c", "-f", "-o", summary.name, "-p", str(contestant.process.pid)],
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until_attached(contestant.process.pid, strace)
        load(contestant, **options)
        strace.send_signal(signal.SIGINT)
        strace.communicate()
        return calls_in(summary.read())


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


def system_calls(contestant, transactions, **options):
    """{system call: count per transaction}, and their sum as "all"."""
    each = per_transaction(
        lambda count: count_calls(contestant, transactions=count, **options), transactions
    )
    return {"all": sum(each.values()), **each}


# -- instructions and allocations


def callgrind(directory):
    """The front of a command line. valgrind gives threads turns of their own, so it is told to be
    fair.
    """
    return [
        *["valgrind", "--tool=callgrind", "--fair-sched=yes", "--compress-strings=no"],
        *[f"--callgrind-out-file={directory}/profile", f"--log-file={directory}/valgrind.log"],
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


def dump_profile(pid, directory, number):
    """What was counted since the last dump, which also sets it to zero."""
    subprocess.run(
        ["callgrind_control", "--dump", str(pid)], check=True, capture_output=True, timeout=60
    )
    return read_profile(f"{directory}/profile.{number}")


def user_work(start, transactions, **options):
    """{"instructions": n, "allocations": n} of a transaction. `start(wrap)` gives the contestant as
    a context, started by the command line `wrap`.
    """
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
        os.chmod(directory, 0o777)  # for whatever user it runs as
        with start(callgrind(directory)) as contestant:
            pid = contestant.process.pid
            load(contestant, transactions=transactions, **options)
            dump_profile(pid, directory, 1)  # with all that happens once

            dumps = iter(range(2, 4))

            def count_run(count):
                load(contestant, transactions=count, **options)
                return dump_profile(pid, directory, next(dumps))

            return per_transaction(count_run, transactions)
