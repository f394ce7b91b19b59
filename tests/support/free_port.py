"""A TCP port for a server of a test."""

import random
import socket


def free_port():
    """One of 127.0.0.1 that was free a moment ago; whoever takes it over a restart finds it free,
    because the kernel gives none of these to outgoing connections.
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range") as limits:
        lowest_outgoing = int(limits.read().split()[0])
    while True:
        port = random.randrange(10_000, lowest_outgoing)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
