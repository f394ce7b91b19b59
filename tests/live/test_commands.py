"""The shell's commands that ask a running weir: what they print for people and for programs, and their exit status."""

import contextlib
import fcntl
import json
import os
import pty
import pwd
import signal
import struct
import subprocess
import termios

import psycopg
import pytest

from cluster import as_account
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


def test_operators_are_let_in_while_weir_drains(pg, start):
    daemon = start(pg.unix_url())
    drain = [binary(), "drain"]
    with contextlib.closing(psycopg.connect(daemon.dsn(), autocommit=True)) as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT 'held'")
        with subprocess.Popen(drain, env=environment(daemon.directory)) as first:
            wait_for(lambda: "up, draining" in says(daemon, "status"))
            with pytest.raises(psycopg.OperationalError, match="weir is shutting down"):
                psycopg.connect(daemon.dsn())
            with subprocess.Popen(drain, env=environment(daemon.directory), stderr=subprocess.PIPE,
                                  text=True) as impatient:
                wait_for(lambda: daemon.log().count("SHUTDOWN") == 2)
                impatient.send_signal(signal.SIGINT)
                assert "weir goes on draining" in impatient.communicate(timeout=60)[1]
            with subprocess.Popen(drain, env=environment(daemon.directory)) as second:
                wait_for(lambda: daemon.log().count("SHUTDOWN") == 3)
                holder.execute("COMMIT")
                assert first.wait(60) == second.wait(60) == 0
    assert daemon.wait() == 0


def test_a_suspended_weir_is_seen_to_be_so_wherever_one_looks(pg, start, systemd):
    daemon = start(pg.unix_url(), NOTIFY_SOCKET=systemd.path)
    with psycopg.connect(daemon.dsn("weir"), autocommit=True) as console:
        console.execute("SUSPEND")
    assert "up, suspended" in says(daemon, "status")
    assert json.loads(says(daemon, "status", "--json"))["backends"][0]["clients_are"] == "suspended"
    assert daemon.metric("weir_pool_suspended", backend="postgres") == 1
    page = json.loads(daemon.get("/status.json")[1])
    assert page["closed_because"] == "suspended" and page["pools"][0]["suspended"]
    status, ready = daemon.get("/readyz")
    assert status == 503 and json.loads(ready)["closed_because"] == "suspended"
    systemd.until("STATUS=suspended until RESUME")
    with screen(daemon) as top:
        top.wait_for("up, suspended")

    done = run(daemon.directory, "resume", "postgres")
    assert done.returncode == 1 and "weir resume" in done.stderr
    assert "up, suspended" in says(daemon, "status")
    says(daemon, "resume")
    assert "suspended" not in says(daemon, "status")
    assert daemon.metric("weir_pool_suspended", backend="postgres") == 0
    assert daemon.get("/readyz")[0] == 200
    systemd.until("STATUS=serving 1 backend(s)")


@pytest.mark.parametrize("arguments", [["status", "--json"], ["who"], ["url"], ["check", "--settings"], ["--help"]])
def test_what_cannot_be_written_is_an_error(pg, start, arguments):
    daemon = start(pg.unix_url())
    with open("/dev/full", "w") as full:
        done = subprocess.run([binary(), *arguments], env=environment(daemon.directory, DATABASE_URL=pg.unix_url()),
                              check=False, timeout=60, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "cannot write to standard output: No space left on device" in done.stderr


@pytest.mark.parametrize("verb", ["status", "who", "pause"])
def test_a_settings_file_that_was_asked_for_has_to_be_there(pg, start, verb):
    daemon = start(pg.unix_url())
    done = run(daemon.directory, verb, "--config", "/nonexistent/weir.json")
    assert done.returncode == 1 and not done.stdout
    assert "/nonexistent/weir.json cannot be read: No such file or directory" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask as somebody else")
def test_who_is_no_operator_is_told_so_once(pg, start):
    daemon = start(pg.unix_url())
    stranger = as_account(pwd.getpwnam("nobody"), "KILL")
    done = subprocess.run([*stranger, binary(), "status"], env=environment(daemon.directory), check=False,
                          timeout=60, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"the weir that serves {daemon.socket_path()} refuses: permission denied for the console\n")
    assert done.stderr.count(daemon.socket_path()) == 1


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("backend", [[], ["postgres"]])
def test_a_pause_that_nobody_waits_for_says_that_it_lasts(crowd, backend, which):
    with subprocess.Popen([binary(), "pause", *backend], env=environment(crowd.directory), text=True,
                          stderr=subprocess.PIPE) as pause:
        wait_for(lambda: "up, paused" in says(crowd, "status"))
        pause.send_signal(which)
        _, words = pause.communicate(timeout=60)
    assert pause.returncode == -which  # by the signal, as a shell wants to know
    if backend:
        assert words == "postgres stays paused; weir resume postgres ends it\n"
    else:
        assert words == "every backend stays paused; weir resume ends it\n"
    assert "up, paused" in says(crowd, "status")
    says(crowd, "resume", *backend)


@pytest.mark.parametrize("verb", ["pause", "resume", "reconnect"])
def test_an_empty_name_is_not_every_backend(pg, start, verb):
    daemon = start(pg.unix_url())
    done = run(daemon.directory, verb, "")
    assert done.returncode == 2 and "the backend's name is empty" in done.stderr
    assert "up, paused" not in says(daemon, "status")


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
        top.wait_for("no row is chosen")  # nobody holds anything, so nothing is marked
        top.type("\tp")
        top.wait_for("pause postgres? y/n")
        top.type("y")
        top.wait_for("up, paused")
        top.type("r")
        wait_for(lambda: top.page() and not any("up, paused" in line for line in top.page()))
        top.wait_for("resuming postgres: done")
        top.type("\t")
        top.wait_for("q quit")
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
        top.type("py")
        top.wait_for("pausing postgres ...")
        top.type("r")  # on a connection of its own
        top.wait_for("up  ")
        wait_for(lambda: "ended by a RESUME" in top.read())
        top.type("py")
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


@pytest.mark.parametrize("leave", ["q", "\x03", signal.SIGTERM])
def test_top_can_be_left_while_weir_hangs(pg, start, leave):
    daemon = start(pg.unix_url())
    with screen(daemon) as top:
        top.wait_for("0 hold a server")
        with daemon.halted():
            top.wait_for("no answer for")
            if isinstance(leave, str):
                top.type(leave)
            else:
                os.kill(top.process.pid, leave)
            wait_for(lambda: top.read() and top.process.poll() is not None)
            assert top.process.returncode == 0  # before its own patience was over
            assert top.text.endswith("\x1b[?25h\x1b[?1049l")
            assert termios.tcgetattr(top.theirs) == top.before


def test_a_weir_that_hangs_is_told_from_one_that_refuses(pg, start):
    daemon = start(pg.unix_url())
    with screen(daemon) as top:
        top.wait_for("0 hold a server")
        with daemon.halted():
            done = run(daemon.directory, "status")
            wait_for(lambda: top.read() and top.process.poll() is not None)  # it has lost its patience, too
        assert done.returncode == 1 and not done.stdout
        assert f"the weir that serves {daemon.socket_path()} does not answer" in done.stderr
        assert "systemctl restart weir" in done.stderr
        assert "refuses" not in done.stderr and done.stderr.count(daemon.socket_path()) == 1
        assert top.process.returncode == 1
        assert "\x1b[?1049l" in top.text and "systemctl restart weir" in top.text
        assert termios.tcgetattr(top.theirs) == top.before


@contextlib.contextmanager
def lines_of_top(daemon, **more):
    """`weir top --json`, with nothing that is a terminal."""
    with subprocess.Popen([binary(), "top", "--json", "--interval", "0.1"], cwd=daemon.directory,
                          env=environment(daemon.directory), text=True, stdin=subprocess.DEVNULL,
                          **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}) as process:
        try:
            yield process
        finally:
            process.kill()


def test_top_writes_a_line_at_each_look_for_a_program(crowd):
    with lines_of_top(crowd) as top:
        seen = [json.loads(top.stdout.readline()) for _ in range(3)]
        for now in seen:
            assert now["version"] and now["state"] and now["stats_averages"] and now["migrations"]
            (pool,), (holder,), (waiter,) = now["pools"], now["holders"], now["waiters"]
            assert (pool["database"], pool["cl_waiting"]) == ("postgres", 1)
            assert holder["doing"] == "idle in transaction" and now["pins"] == []
            assert waiter["backend"] == "postgres"
        assert seen[0]["time"] <= seen[2]["time"] and seen[0]["time"].endswith("Z")
        assert seen[0]["holders"][0]["held_ms"] < seen[2]["holders"][0]["held_ms"]
        top.send_signal(signal.SIGTERM)
        assert top.wait(60) == 0 and not top.stderr.read()


def test_the_last_of_tops_lines_says_what_ended_it(pg, start):
    daemon = start(pg.unix_url())
    with lines_of_top(daemon) as top:
        assert not json.loads(top.stdout.readline())["holders"]
        daemon.stop()
        *_, last = top.stdout
        assert json.loads(last)["error"]["sqlstate"] == "57P01"
        assert top.wait(60) == 1


def test_without_a_weir_tops_one_line_says_so(scratch):
    done = run(scratch, "top", "--json")
    assert done.returncode == 1 and not done.stderr
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["error"]["message"] == f"no weir serves {scratch}/.s.PGSQL.5432"


def test_top_ends_when_nobody_reads_its_lines(pg, start):
    daemon = start(pg.unix_url())
    with lines_of_top(daemon) as top:
        top.stdout.readline()
        top.stdout.close()
        assert top.wait(60) == -signal.SIGPIPE
    with open("/dev/full", "w") as full, lines_of_top(daemon, stdout=full) as top:
        assert top.wait(60) == 1
        assert "cannot write to standard output" in top.stderr.read()


def test_top_draws_on_terminals_alone(crowd):
    done = run(crowd.directory, "top")
    assert done.returncode == 1 and not done.stdout
    assert "weir top --json" in done.stderr
