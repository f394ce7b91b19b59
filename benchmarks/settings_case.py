"""What reaches the server when the clients of one application have all SET the same: with weir, and
with nothing SET at all, the same bytes.
"""

import time

from contest import POOLERS, contest
from null_cases import LENGTH
from programs import QUESTION, load, load_run
from report import result

SETTINGS = ["SET search_path = app", "SET application_name = 'worker'"]


def received_for_each(server, contestant, transactions, settings):
    """(messages, bytes) that reach the server for one transaction."""
    options = {"clients": 64, "warm_up": 64 * 20, "transactions": transactions, "setting": settings}
    with load_run(contestant.socket_path(), **options) as run:
        before = server.received()
        run.go()
        after = server.received()
    messages = after[0] - before[0] - 1  # the question itself
    bytes_ = after[1] - before[1] - len(QUESTION)
    return messages / transactions, bytes_ / transactions


def wait_until_quiet(server):
    """Until nothing has come for some of weir's ticks: it asks a server for its budget, once."""
    before, now = None, server.received()
    while before is None or now[0] - before[0] > 1:
        time.sleep(0.5)
        before, now = now, server.received()


def equal_settings(server, scale):
    count = max(int(LENGTH * scale), 2000)
    rows, without_and_with = [], []
    with contest(server, with_relay=False) as who:
        load(who["weir"], clients=1)
        wait_until_quiet(server)
        for settings in ([], SETTINGS):
            words = "; ".join(settings) or "nothing"
            for name in POOLERS:
                messages, bytes_ = received_for_each(server, who[name], count, settings)
                rows.append([name, words, f"{messages:.3f}", f"{bytes_:.2f}"])
                if name == "weir":
                    without_and_with.append(bytes_)
    extra = without_and_with[1] - without_and_with[0]
    return result(
        "equal-settings",
        "what reaches the server for a transaction when 64 clients have all SET the same",
        ["", "each client has run", "messages/tx", "bytes/tx"],
        rows,
        [f"weir sends {extra:.2f} bytes more with the settings than without"],
        extra_bytes=extra,
    )
