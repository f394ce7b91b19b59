"""The PostgreSQL protocol by hand, for tests that say exactly which bytes go in which write.

Functions of this module make messages; a raw_client sends them and reads what comes back:

    with raw_client(path, database="postgres") as client:
        client.send(parse("", "SELECT 1") + sync())
        client.until_ready()        # [message('1', b''), message('Z', b'I')]
"""

import collections
import socket
import struct

PROTOCOL_3_0 = 3 << 16
SSL_REQUEST = (1234 << 16) | 5679
GSSENC_REQUEST = (1234 << 16) | 5680
CANCEL_REQUEST = (1234 << 16) | 5678
PATIENCE_SECONDS = 30  # a read that takes longer is a hang; shorter than the default login timeout


# -- messages of the client


def text(value):
    return value.encode() + b"\0"


def frame(kind, body=b""):
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def startup(version=PROTOCOL_3_0, **parameters):
    body = (
        struct.pack("!i", version)
        + b"".join(text(n) + text(v) for n, v in parameters.items())
        + b"\0"
    )
    return struct.pack("!i", len(body) + 4) + body


def request(code):
    return struct.pack("!ii", 8, code)


def cancel(pid, secret):
    return struct.pack("!iii", 16, CANCEL_REQUEST, pid) + secret


def query(sql):
    return frame("Q", text(sql))


def parse(name, sql, oids=()):
    return frame("P", text(name) + text(sql) + struct.pack(f"!h{len(oids)}i", len(oids), *oids))


def bind(portal="", statement="", values=()):
    body = text(portal) + text(statement) + struct.pack("!hh", 0, len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return frame("B", body + struct.pack("!h", 0))


def describe(kind, name=""):
    return frame("D", kind.encode() + text(name))


def execute(portal="", rows=0):
    return frame("E", text(portal) + struct.pack("!i", rows))


def close(kind, name):
    return frame("C", kind.encode() + text(name))


def copy_data(data):
    return frame("d", data)


def copy_done():
    return frame("c")


def copy_fail(why):
    return frame("f", text(why))


def sync():
    return frame("S")


def flush():
    return frame("H")


def terminate():
    return frame("X")


# -- messages of the server


class message(collections.namedtuple("message", "kind body")):
    """One message as it came, with the readings that tests ask for."""

    def fields(self):
        """Of an ErrorResponse or NoticeResponse: {'S': 'ERROR', 'C': '42P01', 'M': ...}"""
        return {field[:1].decode(): field[1:].decode() for field in self.body.split(b"\0") if field}

    def values(self):
        """Of a DataRow: its columns as text, None for NULL."""
        found, at = [], 2
        for _ in range(struct.unpack_from("!h", self.body)[0]):
            (size,) = struct.unpack_from("!i", self.body, at)
            at += 4
            found.append(None if size < 0 else self.body[at : at + size].decode())
            at += max(size, 0)
        return found

    def tag(self):
        """Of a CommandComplete."""
        return self.body[:-1].decode()


class closed(Exception):
    """The other side ended the connection."""


class raw_client:
    """One connection. With `database` it is logged in when it has been made."""

    def __init__(self, path, database=None, user="tester", **parameters):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(path)
        self.buffer = b""
        self.was_cut = False  # the connection ended in the middle of a message
        self.parameters, self.key = {}, None
        if database is not None:
            self.login(user=user, database=database, **parameters)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def login(self, **parameters):
        self.send(startup(**parameters))
        for answer in self.until_ready():
            if answer.kind == "S":
                name, value = answer.body[:-1].split(b"\0")
                self.parameters[name.decode()] = value.decode()
            elif answer.kind == "K":
                self.key = struct.unpack("!i", answer.body[:4])[0], answer.body[4:]

    def send(self, data):
        self.socket.sendall(data)

    def read_bytes(self, count):
        while len(self.buffer) < count:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                self.was_cut = self.was_cut or bool(self.buffer)
                raise closed("in the middle of a message" if self.was_cut else "")
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read(self):
        """The next message."""
        kind, size = struct.unpack("!ci", self.read_bytes(5))
        try:
            return message(kind.decode(), self.read_bytes(size - 4))
        except closed:
            self.was_cut = True
            raise

    def until_ready(self):
        """All messages up to and with the next ReadyForQuery."""
        return self.until("Z")

    def until(self, kind):
        """All messages up to and with the first of this kind; a FATAL error on the way is an
        exception.
        """
        found = [self.read()]
        while found[-1].kind != kind:
            if found[-1].kind == "E" and found[-1].fields()["S"] == "FATAL":
                raise closed(found[-1].fields())
            found.append(self.read())
        return found

    def ask(self, sql):
        """A simple query's messages."""
        self.send(query(sql))
        return self.until_ready()

    def rows(self, sql):
        """A simple query's rows; an error is an exception."""
        answers = self.ask(sql)
        errors = [answer.fields() for answer in answers if answer.kind == "E"]
        assert not errors, errors
        return [answer.values() for answer in answers if answer.kind == "D"]

    def is_silent(self, seconds):
        """True when nothing arrives in this time: the one question that only waiting can answer."""
        if self.buffer:
            return False
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE_SECONDS)
        return False

    def hears_the_end(self):
        """Reads to the end of the connection; the messages that came before it."""
        found = []
        try:
            while True:
                found.append(self.read())
        except closed:
            return found


def kinds(messages):
    """'1Z': the shape of an exchange, without ParameterStatus and notices, which may come at any
    time.
    """
    return "".join(answer.kind for answer in messages if answer.kind not in "SN")


def sqlstates(messages):
    return [answer.fields()["C"] for answer in messages if answer.kind == "E"]
