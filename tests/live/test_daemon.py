"""The process: how it starts, reloads, drains and ends, and what it tells operators and systemd."""

import contextlib
import grp
import json
import os
import re
import signal
import stat
import subprocess
import time

import psycopg
import pytest

from cluster import cluster
from free_port import free_port
from patience import wait_for
from raw_client import query, raw_client, sqlstates, startup
from weir import binary

LOGIN = dict(user="tester", database="postgres")


def run(*arguments, **settings):
    """A weir that is expected to end by itself."""
    return subprocess.run(
        [binary(), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        **settings,
    )


# -- the command line and the settings


def test_help_and_version_are_there():
    assert "serve" in run("--help").stdout
    assert re.search(r"\d+\.\d+\.\d+", run("--version").stdout)
    assert run("serve", "--help").returncode == 0
    wrong = run("sreve")
    assert wrong.returncode != 0 and "--help" in wrong.stderr


def test_all_that_is_wrong_with_the_settings_is_said_at_once(scratch):
    wrong = {
        "backends": {
            "main": {
                "url": "postgresql://db/x?sslmood=require",
                "pool": {"siez": 3, "timeout": "soon"},
            }
        },
        "metrics": {"listen": "everywhere"},
    }
    (scratch / "weir.json").write_text(json.dumps(wrong))
    environment = os.environ | {"DB_POOL_RECYCLE": "tomorrow", "WEIR_SOCKET_DIR": str(scratch)}
    refused = run("serve", "--config", str(scratch / "weir.json"), env=environment)
    assert refused.returncode != 0
    for name in (
        "sslmood",
        "backends.main.pool.siez",
        "backends.main.pool.timeout",
        "metrics.listen",
        "DB_POOL_RECYCLE",
    ):
        assert name in refused.stderr, refused.stderr


def test_it_prints_what_it_serves_and_a_string_to_connect_with(pg, start):
    daemon = start(pg.unix_url())
    wait_for(lambda: "postgresql://" in daemon.log())
    log = daemon.log()
    assert daemon.socket_path() in log and f"127.0.0.1:{daemon.metrics_port}" in log
    pasted = [url.strip("\"'") for url in re.findall(r"postgresql://\S+", log)]
    assert any(can_connect(url) for url in pasted), pasted


def can_connect(url):
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def test_log_lines_can_be_json(pg, start):
    daemon = start(pg.unix_url(), arguments=["--log-format", "json"])
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        client.rows("SELECT 1")
    lines = [json.loads(line) for line in daemon.log().splitlines() if line.startswith("{")]
    assert lines and all({"time", "level", "message"} <= line.keys() for line in lines)


# -- the socket


def test_a_stale_socket_file_is_taken_over(pg, start):
    daemon = start(pg.unix_url())
    daemon.process.kill()
    daemon.wait()
    assert stat.S_ISSOCK(os.stat(daemon.socket_path()).st_mode)
    daemon.start()
    daemon.wait_until_listening()
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 'served'") == [["served"]]


def test_a_live_socket_is_refused_with_the_pid_of_its_owner(pg, start):
    daemon = start(pg.unix_url())
    second = run("serve", env=daemon.environment() | {"WEIR_METRICS": "off"}, cwd=daemon.directory)
    assert second.returncode != 0 and re.search(
        rf"\b{daemon.process.pid}\b", second.stderr
    ), second.stderr
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 'unharmed'") == [["unharmed"]]


def test_the_socket_file_has_the_mode_and_group_that_were_asked_for_and_goes_with_weir(pg, start):
    group = grp.getgrgid(os.getgid()).gr_name
    daemon = start(pg.unix_url(), config={"listen": {"mode": "0660", "group": group}})
    status = os.stat(daemon.socket_path())
    assert stat.S_IMODE(status.st_mode) == 0o660 and status.st_gid == os.getgid()
    daemon.stop()
    assert not os.path.exists(daemon.socket_path())


# -- the end


def refused(daemon):
    """True when a new client is turned away, with words or without."""
    try:
        with raw_client(daemon.socket_path()) as late:
            late.send(startup(**LOGIN))
            return set(sqlstates(late.hears_the_end())) <= {"57P01", "57P03"}
    except (ConnectionError, FileNotFoundError):
        return True


def test_sigterm_lets_transactions_finish_and_nobody_in(pg, start):
    pg.psql("DROP TABLE IF EXISTS finished; CREATE TABLE finished (i int)")
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2)
    with raw_client(daemon.socket_path(), **LOGIN) as busy, raw_client(
        daemon.socket_path(), **LOGIN
    ) as idle:
        idle.rows("SELECT 1")
        busy.ask("BEGIN")
        busy.ask("INSERT INTO finished VALUES (1)")
        daemon.process.send_signal(signal.SIGTERM)
        assert set(sqlstates(idle.hears_the_end())) <= {"57P01"}
        assert refused(daemon)
        assert daemon.process.poll() is None
        for number in range(2, 5):
            assert sqlstates(busy.ask(f"INSERT INTO finished VALUES ({number})")) == []
        busy.send(query("COMMIT"))
        busy.until("Z")
        assert set(sqlstates(busy.hears_the_end())) <= {"57P01"}
        assert daemon.wait() == 0
    assert pg.psql("SELECT count(*) FROM finished") == "4"


def test_a_second_sigterm_ends_at_once(pg, start):
    pg.psql("DROP TABLE IF EXISTS unfinished; CREATE TABLE unfinished (i int)")
    daemon = start(pg.unix_url())
    with raw_client(daemon.socket_path(), **LOGIN) as busy, raw_client(
        daemon.socket_path(), **LOGIN
    ) as idle:
        busy.ask("BEGIN")
        busy.ask("INSERT INTO unfinished VALUES (1)")
        daemon.process.send_signal(signal.SIGTERM)
        idle.hears_the_end()  # so the first one has been heard
        assert daemon.process.poll() is None
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait(20) >= 0  # sooner than a drain of 30 s would end, and not by a crash
        busy.hears_the_end()
    wait_for(
        lambda: pg.psql("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'") == "0"
    )
    assert pg.psql("SELECT count(*) FROM unfinished") == "0"
    daemon.destroy()


def test_how_long_a_stop_waits_for_transactions_is_a_setting(pg, start, systemd):
    daemon = start(pg.unix_url(), config={"shutdown_timeout": "300ms"}, NOTIFY_SOCKET=systemd.path)
    with raw_client(daemon.socket_path(), **LOGIN) as busy:
        busy.ask("BEGIN")
        busy.ask("SELECT 1")
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0  # sooner than with the 30 s that it has by default
        busy.hears_the_end()
    assert "transactions are cut off" in daemon.log()
    systemd.until(f"EXTEND_TIMEOUT_USEC={15_300_000}")


def test_those_who_have_knocked_before_a_stop_are_told(pg, start):
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as stack:
        with daemon.halted():
            knocking = [stack.enter_context(raw_client(daemon.socket_path())) for _ in range(200)]
            for client in knocking:
                client.send(startup(**LOGIN))
            daemon.process.send_signal(signal.SIGTERM)
        for client in knocking:
            assert sqlstates(client.hears_the_end()) == ["57P01"]
    assert daemon.wait() == 0


def test_sigterm_with_nobody_connected_ends_cleanly(pg, start):
    start(pg.unix_url()).stop()


def test_the_last_of_many_sigterms_does_not_kill(pg, start):
    for _ in range(10):
        daemon = start(pg.unix_url())
        while daemon.process.poll() is None:
            daemon.process.send_signal(signal.SIGTERM)
            time.sleep(0.0002)  # a flood without a pause leaves the process no time to end
        daemon.stop()


# -- what a process with thousands of sockets sets up for itself


def test_the_hard_limit_of_descriptors_is_what_counts(pg, start):
    daemon = start(pg.unix_url(), wrap=lambda _: ["prlimit", "--nofile=64:512"])
    with contextlib.ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(raw_client(daemon.socket_path(), **LOGIN))
        with raw_client(daemon.socket_path(), **LOGIN) as last:
            assert last.rows("SELECT 'served'") == [["served"]]


def test_who_knocks_when_there_are_no_descriptors_left_is_served_later(pg, start):
    daemon = start(pg.unix_url(), wrap=lambda _: ["prlimit", "--nofile=64:64"])
    with raw_client(daemon.socket_path(), **LOGIN) as first:
        assert first.rows("SELECT 'x'") == [["x"]]  # there is a server for the others
    # What comes anew once none are left UBSan takes for wrong: it looks at memory through a pipe.
    wait_for(lambda: "the budget is enough" in daemon.log())
    with contextlib.ExitStack() as silent:
        for _ in range(100):
            silent.enter_context(raw_client(daemon.socket_path()))
        wait_for(lambda: "cannot accept a client" in daemon.log())
        time.sleep(1)  # it tries again ten times
        assert daemon.log().count("cannot accept a client") == 1
    with raw_client(daemon.socket_path(), **LOGIN) as late:
        assert late.rows("SELECT 'served'") == [["served"]]


# What the kernel says when fs.epoll.max_user_watches is reached, while there is a file "full".
FULL_EPOLL = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    if (operation == EPOLL_CTL_ADD && access("full", F_OK) == 0) {
        errno = ENOSPC;
        return -1;
    }
    int (*real)(int, int, int, struct epoll_event *) = dlsym(RTLD_NEXT, "epoll_ctl");
    return real(epoll, operation, fd, event);
}
"""


def test_a_client_that_cannot_be_watched_is_refused_and_the_others_go_on(pg, start, scratch):
    library = str(scratch / "full_epoll.so")
    compiler = ["cc", "-shared", "-fPIC", "-xc", "-", "-o", library, "-ldl"]
    subprocess.run(compiler, input=FULL_EPOLL, text=True, check=True)
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    preload = ["env", f"LD_PRELOAD={library}", f"ASAN_OPTIONS={sanitizer}"]
    daemon = start(pg.unix_url(), wrap=lambda _: preload)
    full = daemon.path("full")
    with raw_client(daemon.socket_path(), **LOGIN) as here:
        assert here.rows("SELECT 'x'") == [["x"]]
        with open(full, "w"):
            pass
        for _ in range(3):
            with raw_client(daemon.socket_path()) as refused:
                answers = refused.hears_the_end()
                assert sqlstates(answers) == ["53000"]
                assert "fs.epoll.max_user_watches" in answers[0].fields()["H"]
        assert here.rows("SELECT 'goes on'") == [["goes on"]]
        os.unlink(full)
        with raw_client(daemon.socket_path(), **LOGIN) as late:
            assert late.rows("SELECT 'served'") == [["served"]]
    assert daemon.log().count("cannot accept a client") == 1


def test_a_peer_that_has_gone_is_no_reason_to_end(pg, start):
    daemon = start(pg.unix_url())
    with open(f"/proc/{daemon.process.pid}/status") as status:
        ignored = int(re.search(r"SigIgn:\s+(\w+)", status.read()).group(1), 16)
    assert ignored & 1 << (signal.SIGPIPE - 1)


# -- reloading


def test_sighup_reads_the_pool_settings_again(pg, start):
    config = {
        "backends": {
            "postgres": {
                "url": pg.unix_url(),
                "pool": {"size": 1, "max_overflow": 0, "timeout": "30s"},
            }
        }
    }
    daemon = start(config=config)
    with raw_client(daemon.socket_path(), **LOGIN) as first, raw_client(
        daemon.socket_path(), **LOGIN
    ) as second:
        first.ask("BEGIN")
        first.rows("SELECT 'held'")
        second.send(query("SELECT 'served'"))
        wait_for(lambda: daemon.metric("weir_pool_waiting") == 1)
        config["backends"]["postgres"]["pool"]["size"] = 2
        daemon.write_config(config)
        daemon.process.send_signal(signal.SIGHUP)
        assert second.until_ready()[1].values() == [
            "served"
        ]  # though the first still holds its server
        assert daemon.metric("weir_pool_size") == 2
        first.ask("COMMIT")
        config["backends"]["postgres"]["pool"] |= {"size": 1, "timeout": "200ms"}
        daemon.write_config(config)
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: daemon.metric("weir_pool_size") == 1)
        wait_for(lambda: daemon.metric("weir_pool_connections") <= 1)
        first.ask("BEGIN")
        first.rows("SELECT 'held'")
        assert sqlstates(second.ask("SELECT 2")) == ["53300"]


def test_a_mistake_in_a_reloaded_file_changes_nothing_and_is_said(pg, start):
    config = {"backends": {"postgres": {"url": pg.unix_url(), "pool": {"size": 3}}}}
    daemon = start(config=config)
    config["backends"]["postgres"]["pool"] = {"size": -7}
    daemon.write_config(config)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "backends.postgres.pool.size" in daemon.log())
    assert daemon.metric("weir_pool_size") == 3
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 'served'") == [["served"]]


# -- the pages


def test_the_pages_are_there(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=3, DB_MAX_OVERFLOW=4)
    with raw_client(daemon.socket_path(), **LOGIN) as client, raw_client(
        daemon.socket_path(), **LOGIN
    ) as holder:
        holder.ask("BEGIN")
        holder.rows("SELECT 'held'")
        for _ in range(20):
            client.rows("SELECT 'counted'")
        client.ask("SELECT 1/0")
        assert daemon.metric("weir_pool_size", backend="postgres") == 3
        assert daemon.metric("weir_pool_max_overflow", backend="postgres") == 4
        assert daemon.metric("weir_pool_connections", state="active") == 1
        assert daemon.metric("weir_pool_waiting") == 0
        assert daemon.metric("weir_transactions_total", backend="postgres") >= 21
        assert daemon.metric("weir_queries_total") >= 22
        assert daemon.metric("weir_client_connections") == 2
        assert daemon.metric("weir_pool_checkout_seconds_count") >= 22
        assert daemon.metric("weir_pool_connects_total", result="ok") >= 1
        assert daemon.metric("weir_backend_up") == 1
        assert daemon.metric("weir_build_info") == 1
        assert daemon.metric("weir_bytes_total", direction="in") > 20 * len(
            query("SELECT 'counted'")
        )
    assert daemon.get("/healthz")[0] == 200
    assert daemon.get("/readyz")[0] == 200
    assert daemon.get("/")[0] == 200
    assert daemon.get("/nowhere")[0] == 404


# -- systemd


def test_systemd_hears_ready_when_the_socket_serves_and_stopping_at_the_end(pg, start, systemd):
    daemon = start(pg.unix_url(), NOTIFY_SOCKET=systemd.path)
    systemd.until("READY=1")
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 'served'") == [["served"]]
        daemon.process.send_signal(signal.SIGHUP)
        assert any("MONOTONIC_USEC=" in words for words in systemd.until("RELOADING=1"))
        systemd.until("READY=1")
    daemon.stop()
    systemd.until("STOPPING=1")


def test_systemd_is_patient_with_each_budget_that_is_asked_for_at_the_start(start, systemd):
    def backend():
        pool = {"budget": "refuse", "connect_timeout": "20s"}
        return {"url": f"postgresql://app@127.0.0.1:{free_port()}/app", "pool": pool}

    backends = {name: backend() for name in ("a", "b", "c")}
    start(config={"backends": backends}, NOTIFY_SOCKET=systemd.path)
    heard = systemd.until("READY=1")
    asked = [line.partition("=")[2] for line in heard if line.startswith("EXTEND_TIMEOUT_USEC=")]
    assert len(asked) == 3 and all(int(more) > 20_000_000 for more in asked)


def test_the_status_says_which_backend_is_down_and_why(start, systemd):
    serving = "STATUS=serving 1 backend(s)"
    with cluster(tcp=False) as server:
        daemon = start(server.unix_url(), NOTIFY_SOCKET=systemd.path)
        systemd.until("READY=1")
        with raw_client(daemon.socket_path(), **LOGIN) as client:
            client.rows("SELECT 'served'")
            server.stop()
            client.send(query("SELECT 'asked'"))  # it is noticed when somebody asks
            systemd.until(
                lambda line: line.startswith(f"{serving}; postgres is down: connection to")
            )
            server.start()
            systemd.until(serving)
            client.until_ready()


def test_the_status_says_what_an_operator_has_stopped(pg, start, systemd):
    daemon = start(pg.unix_url(), NOTIFY_SOCKET=systemd.path)
    systemd.until("READY=1")
    with raw_client(daemon.socket_path(), database="weir") as console:
        for stop, words, go_on in (
            ("PAUSE", "paused", "RESUME"),
            ("DISABLE", "disabled", "ENABLE"),
        ):
            assert sqlstates(console.ask(f"{stop} postgres")) == []
            systemd.until(f"STATUS=serving 1 backend(s); postgres is {words}")
            assert sqlstates(console.ask(f"{go_on} postgres")) == []
            systemd.until("STATUS=serving 1 backend(s)")


def test_the_watchdog_is_fed(pg, start, systemd):
    start(pg.unix_url(), NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC=200_000)
    systemd.until("READY=1")
    for _ in range(5):
        systemd.until("WATCHDOG=1")


def test_the_watchdog_starves_when_weir_hangs(pg, start, systemd):
    daemon = start(pg.unix_url(), NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC=200_000)
    systemd.until("WATCHDOG=1")
    with daemon.halted():
        systemd.socket.settimeout(1)
        with pytest.raises(TimeoutError):
            while True:
                systemd.socket.recv(4096)
    systemd.socket.settimeout(30)
    systemd.until("WATCHDOG=1")


def activated(*sockets, name="postgres"):
    """For wrap: weir gets these sockets of its directory from systemd's stand-in, under this name."""

    def front(daemon):
        told = daemon.environment()
        passed = [
            name
            for name in told
            if name.startswith(("WEIR_", "DB_", "DATABASE_", "ASAN_", "UBSAN_"))
        ]
        return [
            "systemd-socket-activate",
            *(f"--listen={daemon.path(socket)}" for socket in sockets),
            f"--fdname={':'.join([name] * len(sockets))}",
            *(f"--setenv={name}={told[name]}" for name in passed),
        ]

    return front


def test_systemd_can_hand_the_socket_over(pg, start):
    daemon = start(pg.unix_url(), wrap=activated(".s.PGSQL.5432"))
    inode = os.stat(daemon.socket_path()).st_ino
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert client.rows("SELECT 'served'") == [["served"]]
    assert (
        os.stat(daemon.socket_path()).st_ino == inode
    )  # it is systemd's file: weir makes none and removes none
    assert "not heeded" not in daemon.log()
    daemon.stop()
    assert os.path.exists(daemon.socket_path())


def test_settings_that_a_passed_socket_does_not_heed_are_named(pg, start):
    config = {
        "listen": {"port": 6432, "mode": "0600", "group": "nogroup"},
        "backends": {"app": {"url": pg.unix_url()}},
    }
    daemon = start(config=config, wrap=activated(".s.PGSQL.5432"))
    wait_for(lambda: re.search(rf"serving.*{re.escape(daemon.socket_path())}", daemon.log()))
    named = re.findall(r"is not heeded.*setting=(\S+)", daemon.log())
    assert named == ["listen.port", "listen.mode", "listen.group"]


def test_systemd_can_hand_several_sockets_over(pg, start):
    daemon = start(pg.unix_url(), wrap=activated(".s.PGSQL.5432", ".s.PGSQL.6432"))
    for port in (5432, 6432):
        with raw_client(daemon.path(f".s.PGSQL.{port}"), **LOGIN) as client:
            assert client.rows("SELECT 'served'") == [["served"]]


def test_a_socket_for_another_protocol_is_refused_by_its_name(pg, start):
    with pytest.raises(RuntimeError, match="(?s)exit status 1.*mysql.*FileDescriptorName=postgres"):
        start(pg.unix_url(), wrap=activated(".s.PGSQL.5432", name="mysql"))
