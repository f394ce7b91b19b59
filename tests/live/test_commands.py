"""The shell's commands that ask a running weir: what they print for people and for programs, and their exit status."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios

import psycopg
import pytest

from patience import wait_for
from weir import binary


def environment(directory, **more):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("DB_", "DATABASE_", "WEIR_", "PG", "NO_COLOR"))}
    return {**kept, "WEIR_SOCKET_DIR": str(directory), "TERM": "xterm", **more}


def run(directory, *arguments, **more):
    return subprocess.run([binary(), *arguments], cwd=directory, env=environment(directory, **more), text=True,
                          check=False, timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def says(daemon, *arguments):
    done = run(daemon.directory, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def table(text):
    """The words of the rows and of the headings of the first table."""
    heading, *rows = text.split("\n\n")[0].splitlines()
    return [line.split() for line in rows], heading.split()


def on_terminal(directory, *arguments):
    """What it writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([binary(), *arguments], cwd=directory, env=environment(directory), stdin=theirs,
                          stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):  # EIO: nobody has the other end any more
            while more := os.read(ours, 65536):
                text += more
        assert process.wait(60) == 0
    os.close(ours)
    return text.decode()


@pytest.fixture
def crowd(pg, start):
    """A weir with one server, which a client holds in a transaction while another waits."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with contextlib.ExitStack() as open_ones:
        holder = open_ones.enter_context(psycopg.connect(daemon.dsn(), autocommit=True))
        holder.execute("BEGIN")
        holder.execute("CREATE TEMPORARY TABLE t (a integer)")
        waiter = open_ones.enter_context(psycopg.connect(daemon.dsn(application_name="waits"), autocommit=True)).pgconn
        waiter.send_query(b"SELECT 'waits'")
        wait_for(lambda: json.loads(says(daemon, "who", "--json"))["waiters"])
        yield daemon
        holder.execute("ROLLBACK")
        while waiter.get_result():
            pass


def test_status_is_a_table_for_people_and_rows_for_programs(crowd):
    (row,), heading = table(says(crowd, "status"))
    shown = dict(zip(heading, row))
    assert shown["BACKEND"] == "postgres" and shown["STATE"] == "up"
    assert (shown["CLIENTS"], shown["WAITING"], shown["ACTIVE"], shown["SIZE"]) == ("2", "1", "1", "1+0")

    now = json.loads(says(crowd, "status", "--json"))
    assert list(now) == ["version", "state", "backends", "pools", "stats_averages", "migrations"]
    (main,) = [b for b in now["backends"] if b["backend"] == "postgres"]
    assert (main["clients"], main["waiting"], main["active"], main["size"]) == (2, 1, 1, 1)
    assert main["down_because"] is None
    assert {s["key"]: s["value"] for s in now["state"]}["paused"] == "no"


def test_who_names_the_processes(crowd):
    text = says(crowd, "who")
    assert str(os.getpid()) in text
    holders, waiters = text.split("\n\n")
    assert "idle in transaction" in holders and "waits" in waiters
    now = json.loads(says(crowd, "who", "--json"))
    (holder,), (waiter,) = now["holders"], now["waiters"]
    assert holder["pid"] == waiter["pid"] == os.getpid()
    assert holder["doing"] == "idle in transaction" and waiter["application_name"] == "waits"


def test_colours_are_for_terminals(crowd):
    assert "\x1b[" not in says(crowd, "status")
    assert "\x1b[32mup\x1b[0m" in on_terminal(crowd.directory, "status")


def test_a_backend_that_is_down_says_why(start, scratch):
    daemon = start(f"postgresql://u@/gone?host={scratch}", WEIR_MIGRATIONS_ON_BOOT="false")
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(daemon.dsn(connect_timeout=1)).close()
    wait_for(lambda: "gone is down: " in says(daemon, "status"))
    assert str(scratch) in says(daemon, "status").split("gone is down: ")[1]


def test_verbs_answer_programs(pg, start):
    daemon = start(pg.unix_url())
    for verb in ("pause", "resume", "reconnect", "reload"):
        assert json.loads(says(daemon, verb, "--json")) == {"ok": True}
        assert says(daemon, verb) == ""
    done = run(daemon.directory, "pause", "nowhere", "--json")
    assert done.returncode == 1 and "nowhere" in json.loads(done.stdout)["error"]["message"]
    done = run(daemon.directory, "pause", "nowhere")
    assert done.returncode == 1 and "nowhere" in done.stderr and not done.stdout
    url = json.loads(run(daemon.directory, "url", "--json", DATABASE_URL="postgresql://h/app").stdout)["url"]
    assert daemon.directory in url
    assert json.loads(says(daemon, "drain", "--json")) == {"ok": True}
    assert daemon.wait() == 0


VERBS = ["status", "who", "reload", "pause", "resume", "reconnect", "drain"]


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_weir_each_says_so(scratch, verb):
    done = run(scratch, verb)
    assert done.returncode == 1 and not done.stdout
    assert f"no weir serves {scratch}/.s.PGSQL.5432" in done.stderr
    done = run(scratch, verb, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["sqlstate"] == "08001"


@pytest.mark.parametrize("verb", [*VERBS, "url"])
def test_wrong_settings_are_told(scratch, verb):
    done = run(scratch, verb, DB_POOL_SIZE="-7")
    assert done.returncode == 1 and "DB_POOL_SIZE" in done.stderr
    wrong = json.loads(run(scratch, verb, "--json", DB_POOL_SIZE="-7").stdout)["error"]
    assert "DB_POOL_SIZE" in wrong["detail"]


class screen:
    """`weir top` on a terminal of its own; `text` is all that it has drawn so far."""

    def __init__(self, daemon, rows=30, columns=160):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.process = subprocess.Popen([binary(), "top", "--interval", "0.1"], cwd=daemon.directory,
                                        env=environment(daemon.directory, NO_COLOR="1"), stdin=theirs, stdout=theirs,
                                        stderr=theirs, start_new_session=True)
        os.set_blocking(self.ours, False)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.theirs)
        os.close(self.ours)

    def read(self):
        with contextlib.suppress(BlockingIOError, OSError):
            while more := os.read(self.ours, 65536):
                self.text += more.decode(errors="replace")
        return self.text

    def page(self):
        """The lines of the last whole drawing."""
        pages = self.read().split("\x1b[H")
        return [line.removesuffix("\x1b[K") for line in pages[-2].split("\r\n")] if len(pages) > 2 else []

    def wait_for(self, words):
        wait_for(lambda: any(words in line for line in self.page()))

    def type(self, keys):
        os.write(self.ours, keys.encode())


def test_top_shows_who_holds_what_and_ends_it(crowd):
    with screen(crowd) as top:
        top.wait_for("1 hold a server, by held; 1 wait")
        page = top.page()
        assert len(page) == 30 and all(len(line) <= 160 for line in page)
        assert any("idle in transaction" in line and line.startswith("> ") for line in page)
        top.type("s")
        top.wait_for("by silent")
        top.type("k")
        top.wait_for("? y/n")
        top.type("n")
        top.wait_for("q quit")
        top.type("q")
        wait_for(lambda: top.read() and top.process.poll() is not None)
        assert top.process.returncode == 0
        assert top.text.endswith("\x1b[?25h\x1b[?1049l")  # the shell's screen and its cursor are back
        assert termios.tcgetattr(top.theirs) == top.before
    assert json.loads(says(crowd, "who", "--json"))["holders"]  # "n" was heard


def test_top_pauses_resumes_and_kills(pg, start):
    daemon = start(pg.unix_url())
    client = psycopg.connect(daemon.dsn(), autocommit=True)
    with screen(daemon) as top:
        top.wait_for("0 hold a server")  # what is typed before is dropped
        top.type("p")
        top.wait_for("up, paused")
        top.type("r")
        wait_for(lambda: top.page() and not any("up, paused" in line for line in top.page()))
        client.execute("BEGIN")
        client.execute("SELECT 'held'")
        top.wait_for("idle in transaction")
        top.type("ky")
        top.wait_for("0 hold a server")
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 'gone'")
        os.kill(top.process.pid, signal.SIGTERM)
        wait_for(lambda: top.read() and top.process.poll() is not None)
        assert top.process.returncode == 0
        assert top.text.endswith("\x1b[?25h\x1b[?1049l")


def test_top_does_not_wait_for_a_pause_that_waits(crowd):
    with screen(crowd) as top:
        top.wait_for("1 hold a server")
        top.type("p")
        top.wait_for("pausing postgres ...")
        top.type("r")  # on a connection of its own
        top.wait_for("up  ")
        wait_for(lambda: "ended by a RESUME" in top.read())
        top.type("p")
        top.wait_for("up, paused")
        top.type("q")
        wait_for(lambda: top.read() and top.process.poll() is not None)
        assert top.process.returncode == 0
    says(crowd, "resume")


def test_top_ends_with_the_weir(pg, start):
    daemon = start(pg.unix_url())
    with screen(daemon) as top:
        top.wait_for("0 hold a server")
        daemon.stop()
        wait_for(lambda: top.read() and top.process.poll() is not None)
        assert top.process.returncode == 1
        assert termios.tcgetattr(top.theirs) == top.before


def test_top_is_for_terminals(crowd):
    done = run(crowd.directory, "top")
    assert done.returncode == 1 and not done.stdout
    assert "weir status" in done.stderr
