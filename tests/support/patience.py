"""Waiting for what has to become true; that it does at all is what is tested, not when."""

import time


def wait_for(claim, seconds=60):
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
