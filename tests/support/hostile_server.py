"""A server that speaks PostgreSQL's protocol as badly as a test wants: on its first connection it
does what it is told, on all later ones it behaves.

    with hostile_servers() as servers:
        url = servers.add("rude", lambda link: link.send(LOGIN + b"garbage"))
"""

import contextlib
import os
import selectors
import shutil
import socket
import struct
import tempfile
import threading

from raw_client import frame, text

PATIENCE_SECONDS = 60

WORD = "served"
CANCEL_REQUEST = struct.pack("!i", 80877102)
KEY = frame("K", struct.pack("!ii", 1, 1))
READY = frame("Z", b"I")


def parameter(name, value):
    return frame("S", text(name) + text(value))


def error(severity="ERROR", **fields):
    """error(C="57P01", M="...")"""
    fields = {"S": severity, "V": severity, **fields}
    return frame("E", b"".join(name.encode() + text(value) for name, value in fields.items()) + b"\0")


AUTHENTICATED = frame("R", struct.pack("!i", 0))
PARAMETERS = b"".join(
    parameter(*each)
    for each in [
        ("server_version", "15.0"),
        ("server_encoding", "UTF8"),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
        ("integer_datetimes", "on"),
        ("application_name", ""),
        ("DateStyle", "ISO, MDY"),
        ("IntervalStyle", "postgres"),
        ("TimeZone", "UTC"),
        ("is_superuser", "off"),
        ("session_authorization", "fake"),
    ]
)
LOGIN = AUTHENTICATED + PARAMETERS + KEY + READY

DESCRIPTION = frame("T", struct.pack("!h", 1) + text("word") + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0))  # fmt: skip
ROW = frame("D", struct.pack("!hi", 1, len(WORD)) + WORD.encode())
COMPLETE = frame("C", text("SELECT 1"))
ANSWER = DESCRIPTION + ROW + COMPLETE + READY


class gone(Exception):
    """The other side has left."""


class link:
    """One connection that weir has made."""

    def __init__(self, one):
        self.socket, self.buffer = one, b""
        one.settimeout(PATIENCE_SECONDS)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as why:
            raise gone from why

    def take(self, size):
        while len(self.buffer) < size:
            try:
                data = self.socket.recv(65536)
            except OSError as why:
                raise gone from why
            if not data:
                raise gone
            self.buffer += data
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_startup(self):
        (size,) = struct.unpack("!i", self.take(4))
        return self.take(size - 4)

    def read(self):
        """(type, body) of the next message."""
        kind, size = struct.unpack("!ci", self.take(5))
        return kind.decode(), self.take(size - 4)

    def read_query(self):
        while self.read()[0] != "Q":
            pass

    def behave(self):
        """Whatever is asked has the same answer."""
        while True:
            kind, _ = self.read()
            if kind == "X":
                return
            if kind == "Q":
                self.send(ANSWER)


class hostile_servers:
    """Any number of them, each with a socket directory of its own."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="weir-fake-")
        self.listeners, self.open = selectors.DefaultSelector(), True
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        if self.thread.is_alive():
            self.thread.join()
        for key in list(self.listeners.get_map().values()):
            key.fileobj.close()
        self.listeners.close()
        shutil.rmtree(self.directory)

    def add(self, name, misbehave):
        """The URL of one that calls misbehave(link) when its first connection has been made."""
        folder = os.path.join(self.directory, name)
        os.mkdir(folder)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(folder, ".s.PGSQL.5432"))
        listener.listen(64)
        self.listeners.register(listener, selectors.EVENT_READ, [misbehave])
        return f"postgresql://fake@/{name}?host={folder.replace('/', '%2F')}"

    def start(self):
        self.thread.start()

    def accept(self):
        while self.open:
            for key, _ in self.listeners.select(0.1):
                one, _ = key.fileobj.accept()
                misbehave = key.data.pop() if key.data else None
                threading.Thread(target=self.serve, args=(one, misbehave), daemon=True).start()

    @staticmethod
    def serve(one, misbehave):
        with one, contextlib.suppress(gone):
            here = link(one)
            if here.read_startup().startswith(CANCEL_REQUEST):
                return None  # it comes too late, or is not heeded
            if misbehave is not None:
                return misbehave(here)
            here.send(LOGIN)
            here.behave()
