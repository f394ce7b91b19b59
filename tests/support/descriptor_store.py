"""systemd's descriptor store (FileDescriptorStoreMax=), as sd_notify(3) describes it: what a service
sends is kept while it restarts, and passed to the next process.
"""

import array
import fcntl
import os
import select
import socket
import sys
import threading


class descriptor_store:
    def __init__(self, path):
        self.path = str(path)
        self.kept = []  # (name, descriptor), in the order they came
        self.said = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.lock = threading.Lock()
        self.ending, self.wake = os.pipe()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def close(self):
        os.write(self.wake, b"x")
        self.thread.join()
        for descriptor in [self.ending, self.wake, *(d for _, d in self.kept)]:
            os.close(descriptor)
        self.socket.close()

    def listen(self):
        while True:
            ready, _, _ = select.select([self.socket, self.ending], [], [])
            if self.ending in ready:
                return
            room = socket.CMSG_SPACE(253 * array.array("i").itemsize)
            message, ancillary, _, _ = self.socket.recvmsg(65536, room)
            descriptors = array.array("i")
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors.frombytes(data[: len(data) // 4 * 4])
            with self.lock:
                self.take(message.decode().split("\n"), list(descriptors))

    def take(self, lines, descriptors):
        words = dict(line.split("=", 1) for line in lines if "=" in line)
        self.said.append(words)
        if words.get("FDSTORE") == "1":
            self.kept += [(words["FDNAME"], descriptor) for descriptor in descriptors]
            descriptors = []
        if words.get("FDSTOREREMOVE") == "1":
            gone = [(n, d) for n, d in self.kept if n == words["FDNAME"]]
            self.kept = [(n, d) for n, d in self.kept if n != words["FDNAME"]]
            descriptors += [d for _, d in gone]
        for descriptor in descriptors:  # of a BARRIER=1, that its sender sees closed
            os.close(descriptor)

    def forget_who_hung_up(self):
        """systemd does it by itself."""
        poll = select.poll()
        for _, descriptor in self.kept:
            poll.register(descriptor, 0)
        gone = {descriptor for descriptor, _ in poll.poll(0)}
        for _, descriptor in self.kept:
            if descriptor in gone:
                os.close(descriptor)
        self.kept = [(n, d) for n, d in self.kept if d not in gone]

    def names(self):
        with self.lock:
            self.forget_who_hung_up()
            return [name for name, _ in self.kept]

    def passed(self):
        """What is there for the next process: [(name, descriptor), ...]; it stays here as well."""
        with self.lock:
            self.forget_who_hung_up()
            return list(self.kept)


def put_in_place(descriptors):
    """At 3 and behind. There may be so many that there is no room for two of each."""
    whose = {descriptor: i for i, descriptor in enumerate(descriptors)}
    for i in range(len(descriptors)):
        place, descriptor = 3 + i, descriptors[i]
        if descriptor == place:
            continue
        if place in whose:  # of one whose turn comes later
            other = whose.pop(place)
            descriptors[other] = fcntl.fcntl(place, fcntl.F_DUPFD, place)  # which is inherited
            whose[descriptors[other]] = other
        os.dup2(descriptor, place)
        os.close(descriptor)
        del whose[descriptor]


def main():
    """NAME:DESCRIPTOR... -- COMMAND: runs it as systemd would, the descriptors at 3 and behind."""
    at = sys.argv.index("--")
    pairs = [word.rsplit(":", 1) for word in sys.argv[1:at]]
    put_in_place([int(descriptor) for _, descriptor in pairs])
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(pairs))
    os.environ["LISTEN_FDNAMES"] = ":".join(name for name, _ in pairs)
    os.execvp(sys.argv[at + 1], sys.argv[at + 1 :])


if __name__ == "__main__":
    main()
