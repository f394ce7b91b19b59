"""What systemd would hear: NOTIFY_SOCKET's other end."""

import socket


class notify_socket:
    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(30)
        self.socket.bind(self.path)

    def until(self, claim):
        """Reads until this line is said, or one that fulfils the claim; all lines of the messages
        up to there.
        """
        is_it = claim if callable(claim) else lambda line: line == claim
        heard = []
        while not any(map(is_it, heard)):
            heard += self.socket.recv(4096).decode().split("\n")
        return heard
