"""What a process has cost: the sum over its threads from the scheduler's own books, exact to the
nanosecond, and the kernel's division of it into user and system, which counts ticks.
"""

import glob


class cpu_time:
    """`.us`, and how much of it was `.user_us` and `.system_us` (None when no tick was counted)."""

    def __init__(self, us, user_ticks, system_ticks):
        self.us, self.user_ticks, self.system_ticks = us, user_ticks, system_ticks

    @classmethod
    def of(cls, process):
        total = 0
        for path in glob.glob(f"/proc/{process.pid}/task/*/schedstat"):
            with open(path) as file:
                total += int(file.read().split()[0])
        with open(f"/proc/{process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()  # behind the name
        return cls(total / 1e3, int(fields[11]), int(fields[12]))

    def __sub__(self, earlier):
        return cpu_time(
            self.us - earlier.us,
            self.user_ticks - earlier.user_ticks,
            self.system_ticks - earlier.system_ticks,
        )

    @property
    def user_us(self):
        ticks = self.user_ticks + self.system_ticks
        return self.us * self.user_ticks / ticks if ticks else None

    @property
    def system_us(self):
        return None if self.user_us is None else self.us - self.user_us


class watch:
    """with watch(process) as spent: ...; spent.cpu is what it has cost within the block; None for
    who has no process.
    """

    def __init__(self, process):
        self.process, self.cpu = process, None

    def __enter__(self):
        if self.process is not None:
            self.before = cpu_time.of(self.process)
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.cpu = cpu_time.of(self.process) - self.before


def each(cpu, count):
    """A turn's figures for `count` transactions."""
    if cpu is None:
        return {}
    parts = {"cpu_us": cpu.us, "user_us": cpu.user_us, "system_us": cpu.system_us}
    return {name: None if us is None else us / count for name, us in parts.items()}
