"""What the figures were measured on."""

import datetime
import os
import platform
import re
import subprocess

from pgbouncer import PROGRAM
from weir import binary


def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]


def processor():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    return model.group(1) if model else platform.machine()


def describe(postgres):
    """`postgres` is the path of the server's program."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processors": f"{os.cpu_count()} x {processor()}",
        "kernel": f"Linux {platform.release()}",
        "load": os.getloadavg()[0],
        "versions": [
            first_line(binary(), "--version"),
            first_line(PROGRAM, "--version"),
            first_line(postgres, "--version"),
        ],
    }


def show(machine):
    print(
        f"{machine['date']}: {machine['processors']}, {machine['kernel']}, load {machine['load']:.2f}"
    )
    print("; ".join(machine["versions"]), flush=True)
