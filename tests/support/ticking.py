"""Workers that go on while something is done to weir: nothing of theirs may be lost or done twice.

    with ticking([connect() for _ in range(20)]) as workers:
        restart()
    workers.examine()
"""

import contextlib
import threading


class ticking:
    """Each inserts 0, 1, 2 ... in transactions of their own, over its psycopg connection."""

    def __init__(self, connections):
        self.connections = connections
        self.ending = threading.Event()
        self.done, self.failures = {}, []
        self.threads = [
            threading.Thread(target=self.work, args=each) for each in enumerate(connections)
        ]

    def __enter__(self):
        self.connections[0].execute("DROP TABLE IF EXISTS ticks")
        self.connections[0].execute(
            "CREATE TABLE ticks (worker int, n int, PRIMARY KEY (worker, n))"
        )
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def work(self, worker, connection):
        n = 0
        try:
            while not self.ending.is_set():
                with connection.transaction():
                    connection.execute("INSERT INTO ticks VALUES (%s, %s)", [worker, n])
                n += 1
        except Exception as failure:
            self.failures.append(failure)
        self.done[worker] = n

    def examine(self):
        """Afterwards; closes the connections."""
        assert not self.failures
        counts = "SELECT worker, count(*) FROM ticks GROUP BY worker"
        rows = dict(self.connections[0].execute(counts).fetchall())
        assert rows == {worker: n for worker, n in self.done.items() if n > 0}
        assert min(self.done.values()) > 0
        with contextlib.ExitStack() as open_ones:
            for connection in self.connections:
                open_ones.enter_context(connection)
