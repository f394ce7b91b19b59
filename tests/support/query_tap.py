"""Stands between weir and a PostgreSQL server and sees every simple query before the server does.

    with query_tap(pg, directory, watch) as tap: weir(tap.url("archive"))

`watch(sql)` is called by whichever thread serves the connection. When it answers True the
connection is dropped there and then, as it is when one of its ends is killed: what the server was
about to be told is lost.
"""

import contextlib
import os
import socket
import threading

NEGOTIATIONS = (80877103, 80877104)  # SSLRequest, GSSENCRequest: refused with N


class query_tap:
    port = 5432

    def __init__(self, server, directory, watch):
        self.server = os.path.join(server.directory, f".s.PGSQL.{server.port}")
        self.directory, self.watch = str(directory), watch
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.directory, f".s.PGSQL.{self.port}"))
        self.listener.listen()

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        hang_up(self.listener)
        self.listener.close()

    def url(self, database):
        return f"postgresql://postgres@/{database}?host={self.directory}&port={self.port}"

    def accept(self):
        with contextlib.suppress(OSError):  # closed: the end
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self.server)
            answers = threading.Thread(target=pass_answers, args=(server, client), daemon=True)
            answers.start()
            with contextlib.suppress(OSError):  # one end has gone
                self.pass_questions(client, server)
            hang_up(client, server)
            answers.join()

    def pass_questions(self, client, server):
        with client.makefile("rb") as stream:
            startup = read_body(stream)
            while int.from_bytes(startup[:4], "big") in NEGOTIATIONS:
                client.sendall(b"N")
                startup = read_body(stream)
            server.sendall(frame(b"", startup))
            while kind := stream.read(1):
                body = read_body(stream)
                if kind == b"Q" and self.watch(body[:-1].decode()):
                    return
                server.sendall(frame(kind, body))


def pass_answers(server, client):
    with contextlib.suppress(OSError):
        while data := server.recv(65536):
            client.sendall(data)
    hang_up(client, server)


def hang_up(*ends):
    for end in ends:
        with contextlib.suppress(OSError):  # it has hung up before
            end.shutdown(socket.SHUT_RDWR)


def read_body(stream):
    """A message's body; the length that stands before it counts itself."""
    return exactly(stream, int.from_bytes(exactly(stream, 4), "big") - 4)


def exactly(stream, size):
    data = stream.read(size)
    if len(data) < size:
        raise ConnectionError("it ended within a message")
    return data


def frame(kind, body):
    return kind + (len(body) + 4).to_bytes(4, "big") + body
