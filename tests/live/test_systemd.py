"""The package under a real systemd, in a box of its own: how it starts, reloads, ends, and comes
back.

Clients connect from outside, through the box's root; SQLite is what is served, so the box needs no
server.
"""

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from patience import wait_for
from raw_client import closed, query, raw_client, sqlstates, startup
from systemd_box import booted
from weir import REPOSITORY

SOCKET = "/run/weir/.s.PGSQL.5432"
UNITS = ("weir.socket", "weir.service")
OVERRIDES = "/etc/systemd/system/weir.service.d"
DATA = "/var/lib/weir"
DOOR = f"{DATA}/door"
# A migration that takes until the test says so.
WAITS_AT_DOOR = {"command": f"until [ -e {DOOR} ]; do sleep 0.05; done"}


@pytest.fixture(scope="module")
def machine(package):
    """One for all tests of this file, with the package installed."""
    with booted() as box:
        box.install(package)
        yield box


class weir_service:
    def __init__(self, box):
        self.box = box
        self.beginning = None  # where in the journal

    # -- what an administrator does

    def configure(self, migrations=None, daemon=None, **pool):
        backend = {"url": f"sqlite:///{DATA}/app.db", "pool": pool, "migrations": migrations or {}}
        whole = {"backends": {"app": backend}, **(daemon or {})}
        self.box.write("/etc/weir/weir.json", json.dumps(whole))

    def override(self, *lines):
        self.box.write(f"{OVERRIDES}/test.conf", "\n".join(["[Service]", *lines, ""]))
        self.systemctl("daemon-reload")

    def systemctl(self, *arguments, check=True):
        return self.box.run("systemctl", *arguments, check=check)

    def start(self):
        self.systemctl("start", *UNITS)

    def open_door(self):
        self.box.write(DOOR, "")

    def reset(self):
        """As after the installation, but stopped, with a configuration of its own and no data."""
        self.box.run("systemctl", "kill", "-s", "KILL", "weir.service", check=False)
        self.systemctl("stop", *UNITS)
        for name in (OVERRIDES, "/etc/weir/weir.json", "/run/systemd/system/app.service"):
            self.box.remove(name)
        self.box.run("sh", "-c", f"rm -rf {DATA}/*")
        self.systemctl("daemon-reload")
        self.systemctl("reset-failed", check=False)
        self.configure()
        mark = self.box.run("journalctl", "-n", "0", "--show-cursor").stdout
        self.beginning = mark.partition("-- cursor: ")[2].strip()

    # -- what it sees

    def is_in(self, state):
        return self.box.show("weir.service", "ActiveState") == state

    def show(self, name):
        return self.box.show("weir.service", name)

    def pid(self):
        return int(self.show("MainPID"))

    def journal(self):
        """The lines of the service, and what systemd says about it, since the reset."""
        since = f"--after-cursor={self.beginning}"
        lines = self.box.run("journalctl", "-u", "weir.service", "-o", "json", since).stdout
        return [json.loads(line) for line in lines.splitlines()]

    def said(self):
        return "\n".join(str(line["MESSAGE"]) for line in self.journal())

    # -- its clients

    def connect(self, **login):
        return raw_client(self.box.path(SOCKET), **{"database": "app", **login})

    def rows(self, sql, database="app"):
        with self.connect(database=database) as client:
            return client.rows(sql)

    def pool_size(self):
        (row,) = (row for row in self.rows("SHOW DATABASES", "weir") if row[0] == "app")
        return int(row[5])


@pytest.fixture
def weir(machine):
    service = weir_service(machine)
    service.reset()
    yield service
    print(service.said()[-8000:])


# -- the package


def test_it_is_enabled_and_served_right_after_the_installation(package):
    with booted() as box:
        box.install(package)
        for unit in UNITS:
            assert box.run("systemctl", "is-enabled", unit).stdout == "enabled\n"
            wait_for(lambda unit=unit: box.show(unit, "ActiveState") == "active")
        with raw_client(box.path(SOCKET), database="database") as client:
            assert client.rows("SELECT 'served'") == [["served"]]
            # An upgrade replaces the service; the socket stays, and so do those who are connected.
            socket, service = (box.show(unit, "ActiveEnterTimestampMonotonic") for unit in UNITS)
            box.install(package)
            assert box.show("weir.socket", "ActiveEnterTimestampMonotonic") == socket
            wait_for(
                lambda: box.show("weir.service", "ActiveEnterTimestampMonotonic")
                not in ("0", service)
            )
            assert client.rows("SELECT 'still here'") == [["still here"]]
        box.run("dpkg", "--no-triggers", "--purge", "weir")
        assert not os.path.exists(box.path(SOCKET)) and not os.path.exists(box.path("/etc/weir"))
        assert os.path.exists(
            box.path(f"{DATA}/app/database.db")
        )  # it holds what somebody has put there
        left = box.run("systemctl", "list-unit-files", "weir.*", "--no-legend", check=False).stdout
        assert left == "", left


def dpkg_state(box):
    """Of the package: "installed", or where dpkg got stuck."""
    return box.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "weir").stdout


def test_an_upgrade_does_not_wait_for_migrations(weir, package):
    weir.configure({"command": f"test -e {DOOR}"})
    weir.systemctl("start", "--no-block", *UNITS)
    wait_for(lambda: re.search(r"app: .*status 1", weir.show("StatusText")))
    before = weir.pid()
    weir.box.install(package)
    assert dpkg_state(weir.box) == "installed"
    wait_for(lambda: weir.pid() not in (0, before))
    weir.open_door()
    weir.box.run("weir", "reload")
    wait_for(lambda: weir.is_in("active"))


def test_a_package_whose_service_cannot_start_is_installed_all_the_same(weir, package):
    weir.configure(daemon={"metrics": {"listen": "192.0.2.1:9127"}})  # nobody's address
    weir.box.run("dpkg", "--no-triggers", "--remove", "weir")
    weir.box.install(package)
    assert dpkg_state(weir.box) == "installed"
    wait_for(lambda: "192.0.2.1 port 9127" in weir.said())
    weir.configure()
    weir.start()
    assert weir.rows("SELECT 'served'") == [["served"]]


def test_removed_and_installed_again_it_is_served_again(weir, package):
    weir.start()
    weir.box.run("dpkg", "--no-triggers", "--remove", "weir")
    assert not os.path.exists(weir.box.path(SOCKET))
    weir.box.install(package)
    wait_for(lambda: weir.is_in("active"))
    assert weir.rows("SELECT 'served'") == [["served"]]


def test_what_the_administrator_has_stopped_or_disabled_no_package_starts(weir, package):
    def is_stopped():
        jobs = weir.systemctl("list-jobs", "--no-legend", "weir.*").stdout
        return not jobs and {weir.box.show(u, "ActiveState") for u in UNITS} == {"inactive"}

    weir.box.install(package)
    assert is_stopped()
    weir.systemctl("disable", *UNITS)
    weir.box.run("dpkg", "--no-triggers", "--remove", "weir")
    weir.box.install(package)
    assert is_stopped()
    weir.systemctl("enable", *UNITS)
    weir.box.run("dpkg", "--no-triggers", "--remove", "weir")
    weir.box.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", mode=0o755)
    weir.box.run("dpkg", "--no-triggers", "--install", f"/opt/{os.path.basename(package)}")
    weir.box.remove("/usr/sbin/policy-rc.d")
    assert is_stopped()


def test_systemd_has_nothing_to_say_about_the_installed_units(machine):
    if shutil.which("man") is None:
        pytest.skip("no man (apt-get install man-db), which verify asks for the pages")
    said = machine.run("systemd-analyze", "verify", *UNITS)
    assert (said.stdout, said.stderr) == ("", "")


# -- the start


def test_what_comes_after_weir_comes_after_its_migrations(weir):
    app = "[Unit]\nWants=weir.service\nAfter=weir.service\n"
    app += "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
    weir.box.write("/run/systemd/system/app.service", app + f"ExecStart=/bin/test -e {DOOR}\n")
    weir.configure(WAITS_AT_DOOR)
    weir.override("TimeoutStartSec=2s")
    weir.systemctl("start", "--no-block", "app.service")
    wait_for(lambda: "migrations" in weir.show("StatusText"))
    with weir.connect(database=None) as early:
        early.send(startup(user="tester", database="app"))
        # Longer than it may take without asking for more time.
        assert early.is_silent(3)
        assert weir.is_in("activating")
        assert weir.box.show("app.service", "ActiveState") == "inactive"
        weir.open_door()
        early.until_ready()
    wait_for(lambda: weir.box.show("app.service", "ActiveState") == "active")
    assert weir.is_in("active")
    assert weir.show("StatusText") == "serving 1 backend(s)"


def test_a_migration_that_fails_keeps_it_starting_and_says_why(weir):
    weir.configure({"command": f"test -e {DOOR}"})
    weir.systemctl("start", "--no-block", "weir.service")
    advice = "; mend it, then run `weir reload`"
    wait_for(lambda: re.search(rf"app: .*status 1.*{advice}", weir.show("StatusText")))
    assert weir.is_in("activating")
    weir.open_door()
    weir.box.run("weir", "reload")
    wait_for(lambda: weir.is_in("active"))
    assert weir.rows("SELECT 'served'") == [["served"]]


# -- when it hangs or dies


@contextlib.contextmanager
def one_thread_stopped(pid):
    """The thread of this number, the one with the loop, and no other of its process."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    seize, interrupt, wait_for_threads = 0x4206, 0x4207, 0x40000000
    for request in (seize, interrupt):
        assert libc.ptrace(request, pid, None, None) == 0, os.strerror(ctypes.get_errno())

    def see_it_die():  # systemd hears of it when the tracer has
        status = 0
        while os.WIFSTOPPED(status) or status == 0:
            _, status = os.waitpid(pid, wait_for_threads)

    tracer = threading.Thread(target=see_it_die)
    tracer.start()
    yield
    tracer.join()


@contextlib.contextmanager
def all_threads_stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    yield


@pytest.mark.parametrize("stopped", [all_threads_stopped, one_thread_stopped])
def test_a_loop_that_hangs_is_replaced(weir, stopped):
    weir.override("WatchdogSec=2s")
    weir.start()
    before = weir.pid()
    with stopped(weir.box.host_pid(before)):
        # One who comes meanwhile waits in the socket.
        assert weir.rows("SELECT 'served'") == [["served"]]
    assert weir.pid() != before and weir.show("NRestarts") != "0"
    assert "watchdog timeout" in weir.said().lower()


def test_a_crash_costs_the_clients_that_were_there_and_nobody_else(weir):
    weir.configure(size=1, max_overflow=0)
    weir.start()
    inode = os.stat(weir.box.path(SOCKET)).st_ino
    with weir.connect() as holder, weir.connect() as queued:
        holder.ask("CREATE TABLE t (i int)")
        holder.ask("BEGIN")
        holder.ask("INSERT INTO t VALUES (1)")
        queued.send(query("INSERT INTO t VALUES (2)"))
        wait_for(lambda: weir.rows("SHOW WAITERS", "weir"))
        weir.systemctl("kill", "-s", "KILL", "weir.service")
        for client in (holder, queued):  # with a word, if it was in the store
            assert sqlstates(client.hears_the_end()) in ([], ["57P01"])
    assert weir.rows("SELECT count(*) FROM t") == [["0"]]
    assert weir.show("NRestarts") == "1"
    assert os.stat(weir.box.path(SOCKET)).st_ino == inode
    assert weir.box.show("weir.socket", "ActiveState") == "active"


def test_one_that_cannot_start_is_tried_again_while_its_clients_wait(weir):
    weir.override("RestartSec=10ms")
    weir.configure(daemon={"metrics": {"listen": "192.0.2.1:9127"}})  # nobody's address
    weir.systemctl("start", "weir.socket")
    with weir.connect(database=None) as client:
        client.send(startup(user="tester", database="app"))
        # More often than systemd's own limit allows: five starts in ten seconds.
        wait_for(lambda: int(weir.show("NRestarts")) > 6)
        assert weir.box.show("weir.socket", "ActiveState") == "active"
        assert "192.0.2.1" in weir.said()
        weir.configure()
        client.until_ready()
        assert client.rows("SELECT 'served'") == [["served"]]


def test_settings_that_it_cannot_use_cost_nobody_who_is_connected_and_little_of_the_journal(weir):
    weir.override("RestartSec=10ms")
    weir.start()
    with weir.connect() as client:
        client.ask("SELECT 1")
        weir.box.write("/etc/weir/weir.json", "{")
        weir.systemctl("restart", "--no-block", "weir.service")
        wait_for(lambda: "cannot use its settings" in weir.show("StatusText"))
        time.sleep(2)
        assert int(weir.show("NRestarts")) < 3
        assert "not valid JSON" in weir.said() and weir.is_in("activating")
        weir.configure()
        weir.systemctl("restart", "weir.service")
        assert client.rows("SELECT 'still here'") == [["still here"]]


# -- reloading


def test_a_reload_is_done_when_systemctl_returns(weir):
    weir.configure(size=3)
    weir.start()
    before = weir.pid()
    assert weir.pool_size() == 3
    weir.configure(size=4)
    weir.systemctl("reload", "weir.service")
    assert (weir.pool_size(), weir.pid()) == (4, before)
    assert weir.is_in("active")


def test_where_weir_listens_is_the_socket_units_business(weir):
    """What "listen" says otherwise is warned of, and keeps nobody from reloading."""
    weir.start()
    weir.configure(daemon={"listen": {"socket_dir": "/run/elsewhere", "port": 6432}}, size=4)
    weir.systemctl("reload", "weir.service")
    assert weir.pool_size() == 4
    weir.systemctl("restart", "weir.service")
    wait_for(lambda: len(re.findall(rf"serving.*socket={re.escape(SOCKET)}", weir.said())) == 2)
    for setting in ("listen.socket_dir", "listen.port"):
        assert re.search(rf"weir\.socket says where.*setting={setting}", weir.said())
    weir.systemctl("reload", "weir.service")
    assert weir.rows("SELECT 'served'") == [["served"]]


@pytest.mark.parametrize(
    "wrong", ['{"backends": {"app": {"url": "sqlite:///x.db", "pool": {"size": "many"}}}}', "{"]
)
def test_a_reload_with_bad_settings_fails_with_the_complaint(weir, wrong):
    weir.configure(size=3)
    weir.start()
    before = weir.pid()
    weir.box.write("/etc/weir/weir.json", wrong)
    assert weir.systemctl("reload", "weir.service", check=False).returncode != 0
    complaint = r"backends\.app\.pool\.size" if "size" in wrong else "not valid JSON"
    # From `weir reload`, whose words the journal has as well, and from weir.
    assert len(re.findall(complaint, weir.said())) >= 2
    assert (weir.pool_size(), weir.pid()) == (3, before)
    assert weir.is_in("active")


def test_a_reload_that_migrates_is_over_when_the_migration_is(weir):
    weir.start()
    weir.configure(WAITS_AT_DOOR)
    weir.systemctl("reload", "--no-block", "weir.service")
    wait_for(lambda: "migrations" in weir.show("StatusText"))
    assert weir.is_in("reloading")
    weir.open_door()
    wait_for(lambda: weir.is_in("active"))
    assert weir.show("StatusText") == "serving 1 backend(s)"


# -- the end, and the socket that outlives it


def test_a_stop_under_load_lets_transactions_finish(weir):
    weir.start()
    weir.rows("CREATE TABLE t (i int)")
    done, stopping = [], threading.Event()

    def work(number):
        with contextlib.suppress(closed, ConnectionError), weir.connect() as client:
            while not stopping.is_set():
                for sql in ("BEGIN", f"INSERT INTO t VALUES ({number})", "COMMIT"):
                    assert sqlstates(client.ask(sql)) == []
                done.append(number)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for worker in workers:
        worker.start()
    wait_for(lambda: len(done) > 200)
    weir.systemctl("stop", "weir.service")
    stopping.set()
    for worker in workers:
        worker.join()
    # Neither killed nor late: systemd would say "timeout" or "signal".
    assert (weir.show("Result"), weir.show("ExecMainStatus")) == ("success", "0")
    # What was confirmed is there; the last COMMIT of each may have gone unconfirmed.
    kept = int(weir.rows("SELECT count(*) FROM t")[0][0])
    assert len(done) <= kept <= len(done) + len(workers)


def test_a_stop_ends_the_command_of_a_migration(weir):
    weir.configure(WAITS_AT_DOOR)
    weir.systemctl("start", "--no-block", "weir.service")
    wait_for(lambda: "migrations" in weir.show("StatusText"))
    weir.systemctl("stop", "weir.service")
    assert (weir.show("Result"), weir.show("ExecMainStatus")) == ("success", "0")
    assert "Killing process" not in weir.said()


def test_a_restart_keeps_nobody_out(weir):
    weir.start()
    served, over = [], threading.Event()

    def knock():  # to be sent away is one thing; a socket that is missing or dead ends the visits
        while not over.is_set():
            with contextlib.suppress(
                closed, BrokenPipeError, ConnectionResetError
            ), weir.connect() as client:
                served.append(client.rows("SELECT 1"))

    visitor = threading.Thread(target=knock)
    visitor.start()
    for _ in range(3):
        count = len(served)
        weir.systemctl("restart", "weir.service")
        wait_for(lambda: len(served) > count or not visitor.is_alive())
        assert visitor.is_alive()
    over.set()
    visitor.join()


def test_five_hundred_clients_notice_nothing_of_restarts(weir):
    weir.start()
    weir.rows("CREATE TABLE t (worker int, n int)")
    done, failures, over = {}, [], threading.Event()

    def work(worker):
        try:
            with weir.connect() as client:
                n = 0
                while not over.is_set():
                    for sql in ("BEGIN", f"INSERT INTO t VALUES ({worker}, {n})", "COMMIT"):
                        assert sqlstates(client.ask(sql)) == []
                    n += 1
                done[worker] = n
        except Exception as failure:
            failures.append(failure)

    with contextlib.ExitStack() as open_ones:
        idle = [open_ones.enter_context(weir.connect()) for _ in range(480)]
        workers = [threading.Thread(target=work, args=(worker,)) for worker in range(20)]
        for worker in workers:
            worker.start()
        for _ in range(3):
            before = weir.pid()
            weir.systemctl("restart", "weir.service")
            assert weir.pid() != before
        over.set()
        for worker in workers:
            worker.join()
        assert not failures
        for client in idle:
            assert client.rows("SELECT 'still here'") == [["still here"]]
    counts = weir.rows("SELECT worker, count(*) FROM t GROUP BY worker")
    assert {int(worker): int(n) for worker, n in counts} == {w: n for w, n in done.items() if n}
    assert sum(done.values()) > 0


def test_a_crash_keeps_the_clients_that_were_idle(weir):
    weir.start()
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(weir.connect()) for _ in range(50)]
        wait_for(lambda: int(weir.show("NFileDescriptorStore")) == 51)  # and what is known of them
        before = weir.pid()
        weir.systemctl("kill", "-s", "KILL", "weir.service")
        for client in clients:
            assert client.rows("SELECT 'still here'") == [["still here"]]
        assert weir.pid() != before
    wait_for(lambda: int(weir.show("NFileDescriptorStore")) == 1)


def test_a_setting_sends_the_clients_away_at_a_restart(weir):
    weir.configure(daemon={"keep_clients": False})
    weir.start()
    with weir.connect() as client:
        weir.systemctl("restart", "weir.service")
        client.hears_the_end()
    assert int(weir.show("NFileDescriptorStore")) == 0


def test_a_stop_lets_go_of_the_clients(weir):
    weir.start()
    with weir.connect() as client:
        weir.systemctl("stop", "weir.service")
        client.hears_the_end()
    assert int(weir.show("NFileDescriptorStore")) == 0


def test_the_socket_listens_while_the_service_is_stopped_and_starts_it(weir):
    weir.start()
    inode = os.stat(weir.box.path(SOCKET)).st_ino
    weir.systemctl("stop", "weir.service")
    assert weir.is_in("inactive") and weir.box.show("weir.socket", "ActiveState") == "active"
    assert weir.rows("SELECT 'woken'") == [["woken"]]
    assert weir.is_in("active") and os.stat(weir.box.path(SOCKET)).st_ino == inode
    weir.systemctl("stop", *UNITS)
    assert not os.path.exists(weir.box.path(SOCKET))


# -- what is logged, who may connect, where secrets are


def test_the_journal_has_each_line_with_its_priority(weir):
    weir.start()
    weir.box.write("/etc/weir/weir.json", "{")
    weir.systemctl("reload", "weir.service", check=False)
    main = str(weir.pid())
    lines = {line["MESSAGE"]: line for line in weir.journal() if line["_PID"] == main}
    serving = next(line for words, line in lines.items() if words.startswith("serving"))
    refused = next(line for words, line in lines.items() if words.startswith("the settings stay"))
    assert (serving["PRIORITY"], refused["PRIORITY"]) == ("6", "3")
    assert {line["_SYSTEMD_UNIT"] for line in lines.values()} == {"weir.service"}
    assert not any(words.startswith("<") for words in lines)
    # That it cannot start at all is no lesser matter, nor what the reload complained of.
    weir.systemctl("stop", "weir.service")
    weir.systemctl("start", "weir.service", check=False)
    complaints = [line for line in weir.journal() if "valid JSON" in line["MESSAGE"]]
    assert len(complaints) >= 3 and {line["PRIORITY"] for line in complaints} == {"3"}


# A client in the box, in a transaction until its input ends.
WORKER = f"""
import socket, struct, sys
one = socket.socket(socket.AF_UNIX)
try:
    one.connect("{SOCKET}")
except PermissionError:
    sys.exit("refused")
words = b"user\\0worker\\0database\\0app\\0\\0"
one.sendall(struct.pack("!ii", len(words) + 8, 3 << 16) + words)
for sql in (b"BEGIN\\0", b"CREATE TABLE held (i int)\\0"):
    one.sendall(b"Q" + struct.pack("!i", len(sql) + 4) + sql)
sys.stdin.read()
"""


def test_the_group_may_connect_and_is_known_by_its_processes_names(weir):
    weir.start()
    who = ("setpriv", "--reuid", "nobody", "--regid", "nogroup")
    stranger = weir.box.run(*who, "--clear-groups", "python3", "-c", WORKER, check=False)
    assert stranger.stderr == "refused\n"
    member = weir.box.inside(*who, "--groups", "weir", "python3", "-c", WORKER)
    with subprocess.Popen(member, stdin=subprocess.PIPE) as worker:
        wait_for(lambda: weir.rows("SHOW HOLDERS", "weir"))
        # In spite of the sandbox it can look its clients up in /proc.
        assert "python3[" in str(weir.rows("SHOW HOLDERS", "weir"))
        worker.stdin.close()


def test_urls_and_keys_are_credentials_that_root_alone_may_read(weir):
    weir.box.remove("/etc/weir/weir.json")
    secrets = {
        "database_url": f"sqlite:///{DATA}/secret.db\n",
        "client.crt": "certificate",
        "client.key": "key",
    }
    for name, text in secrets.items():
        weir.box.write(f"/etc/weir/credentials/{name}", text, mode=0o600)
    example = os.path.join(REPOSITORY, "systemd/examples/weir.service.d/credentials.conf")
    with open(example, encoding="utf-8") as file:
        weir.box.write(
            f"{OVERRIDES}/credentials.conf",
            file.read().replace("#LoadCredential", "LoadCredential"),
        )
    weir.systemctl("daemon-reload")
    weir.start()
    with weir.connect(database="secret") as client:
        assert client.rows("SELECT 'served'") == [["served"]]
    for name in secrets:  # libpq, too, refuses a key that others may read
        key = os.stat(weir.box.path(f"/run/credentials/weir.service/{name}"))
        assert (key.st_uid, key.st_mode & 0o777) == (os.stat(weir.box.path(DATA)).st_uid, 0o400)
    weir.systemctl("reload", "weir.service")
    weir.box.run("weir", "reload")  # from a shell, which has no credentials
    refused = weir.box.run(
        "env",
        "DATABASE_URL_FILE=${CREDENTIALS_DIRECTORY}/database_url",
        "weir",
        "check",
        check=False,
    )
    assert refused.returncode == 1 and "CREDENTIALS_DIRECTORY" in refused.stdout
    weir.box.run(
        "env",
        "CREDENTIALS_DIRECTORY=/run/credentials/weir.service",
        "DATABASE_URL_FILE=${CREDENTIALS_DIRECTORY}/database_url",
        "weir",
        "check",
    )
