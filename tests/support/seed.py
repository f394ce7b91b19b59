"""Luck has a seed. Every run explores something new; WEIR_SEED=... replays what an old one found."""

import os
import random


def seed():
    """Printed, so that pytest shows it with a failure."""
    number = int(os.environ.get("WEIR_SEED") or random.SystemRandom().getrandbits(32))
    print(f"WEIR_SEED={number}")
    return number
