"""Where the processes run. Left to the kernel they meet on one core in one turn and on two in the
next, and a wake-up from core to core costs a virtual machine microseconds. So a pooler has a core to
itself, and the load and the server share another; a single client, whose transaction is in one place
at a time, has all of them on that other one. With one core there is nothing to choose.
"""

import contextlib
import os

CORES = sorted(os.sched_getaffinity(0))
POOLERS, OTHERS = CORES[0], CORES[-1]

# The front of a command line: what it starts runs beside the load.
WITH_OTHERS = ["taskset", "--cpu-list", str(OTHERS)]


def place(process, core):
    """All threads of it; None is nobody's."""
    if process is None:
        return
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        with contextlib.suppress(ProcessLookupError):  # a thread has ended meanwhile
            os.sched_setaffinity(int(thread), {core})
