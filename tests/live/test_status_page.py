"""The page for people, as a browser shows it: true, live, readable, and it gives nothing away."""

import contextlib
import json
import os
import re
import subprocess
import urllib.error
import urllib.request

import psycopg2
import pytest

from browser import browser, ink
from patience import wait_for
from raw_client import query, raw_client, sqlstates

SECRET = "kanarienvogel4711"


@pytest.fixture
def busy(pg, start):
    """A weir with a full pool, a pinned server, a waiter, and a backend that is down."""
    pool = {"size": 3, "max_overflow": 0, "timeout": "600s"}
    gone = f"postgresql://app:{SECRET}@127.0.0.1:1/gone"
    daemon = start(
        config={"backends": {"main": {"url": pg.unix_url(), "pool": pool}, "gone": {"url": gone}}}
    )
    with contextlib.ExitStack() as clients:

        def come():
            return clients.enter_context(
                raw_client(daemon.socket_path(), user="tester", database="main")
            )

        holder, keeper, third, waiter = [come() for _ in range(4)]
        holder.ask("BEGIN")
        holder.rows(f"SELECT '{SECRET}'")
        keeper.ask("CREATE TEMP TABLE mine (i int)")
        third.ask("BEGIN")
        third.rows("SELECT 3 FROM pg_class LIMIT 1")
        waiter.send(query(f"SELECT '{SECRET}', 4"))
        wait_for(lambda: daemon.metric("weir_pool_waiting", backend="main") == 1)
        daemon.holder, daemon.waiter = holder, waiter
        yield daemon


def status(daemon):
    code, text = daemon.get("/status.json")
    assert code == 200
    return json.loads(text)


def pool_of(daemon, name="main"):
    return next(pool for pool in status(daemon)["pools"] if pool["name"] == name)


def asked_as(daemon, host, page="/status.json"):
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.metrics_port}{page}", headers={"Host": host}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


# -- what it says


def test_the_numbers_are_those_of_the_metrics(busy):
    pool = pool_of(busy)
    assert (pool["active"], pool["pinned"], pool["waiting"], pool["limit"]) == (2, 1, 1, 3)
    assert pool["up"] and pool["waiting_seconds"] > 0
    assert not pool_of(busy, "gone")["up"]
    wait_for(lambda: "refused" in pool_of(busy, "gone")["down_because"])
    page = status(busy)
    (mine,) = page["holders"]
    assert mine["pid"] == os.getpid() and f"[{os.getpid()}]" in mine["process"]
    assert mine["connections"] == 3 and mine["held_seconds"] > 0
    open_ones = page["transactions"]  # the one who keeps its server is between two
    assert [t["doing"] for t in open_ones] == ["idle in transaction"] * 2
    assert open_ones[0]["open_seconds"] >= open_ones[1]["open_seconds"] > 0


def test_the_last_minutes_have_percentiles_and_a_pace(busy):
    busy.holder.ask("COMMIT")
    busy.waiter.until_ready()
    wait_for(lambda: pool_of(busy)["recent"]["seconds"] > 0)
    before = pool_of(busy)["recent"]["transaction"]["count"]
    for _ in range(50):
        busy.waiter.rows("SELECT 5 FROM pg_class LIMIT 1")
    recent = pool_of(busy)["recent"]
    assert recent["transaction"]["count"] == before + 50
    assert 0 < recent["transaction"]["p50"] <= recent["transaction"]["p95"] <= 60
    assert recent["checkout"]["p99"] is not None and recent["hold"]["p50"] is not None
    assert recent["transactions_per_second"] > 0


def test_what_happened_is_told(pg, start):
    pool = {"size": 1, "max_overflow": 0, "timeout": "1s", "query_timeout": "3s"}
    config = {"backends": {"main": {"url": pg.unix_url(), "pool": pool}}}
    daemon = start(config=config)
    told = lambda: {event["what"]: event for event in status(daemon)["events"]}
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    with contextlib.ExitStack() as clients:
        holder, waiter = [
            clients.enter_context(raw_client(daemon.socket_path(), user="tester", database="main"))
            for _ in range(2)
        ]
        holder.send(query(f"SELECT pg_sleep(600), '{SECRET}'"))
        assert sqlstates(waiter.ask("SELECT 2 FROM pg_class")) == ["53300"]
        assert sqlstates(holder.until_ready()) == ["57014"]
    wait_for(lambda: "no connection came free in time" in told())
    wait_for(lambda: "client stopped by a limit" in told())
    assert told()["client stopped by a limit"]["detail"] == "query_timeout"
    assert told()["client stopped by a limit"]["backend"] == "main"
    with contextlib.closing(psycopg2.connect(daemon.dsn("weir"))) as console:
        console.cursor().execute("RELOAD")
        wait_for(lambda: "settings reloaded" in told())
        daemon.write_config({"backends": {"main": {"url": pg.unix_url(), "pool": {"size": -5}}}})
        with pytest.raises(psycopg2.Error):
            console.cursor().execute("RELOAD")
    wait_for(lambda: "settings refused" in told())
    assert status(daemon)["settings_refused"] is True
    assert SECRET not in daemon.get("/status.json")[1]


def test_looking_is_as_cheap_with_many_clients(pg, start):
    """Idle clients are not on it, so it does not look at them."""
    daemon = start(pg.unix_url())
    with contextlib.ExitStack() as crowd:
        for _ in range(300):
            crowd.enter_context(
                raw_client(daemon.socket_path(), user="tester", database="postgres")
            )
        page = status(daemon)
        assert page["clients"]["idle"] == 300
        assert page["holders"] == page["transactions"] == []


# -- who may ask


def test_a_name_that_is_not_ours_is_refused_on_every_page(pg, start):
    port_of = lambda daemon, name: f"{name}:{daemon.metrics_port}"
    daemon = start(
        config={
            "backends": {"main": {"url": pg.unix_url()}},
            "metrics": {"hosts": ["weir.example"]},
        }
    )
    for page in ("/", "/metrics", "/status.json", "/status.js", "/readyz"):
        assert asked_as(daemon, port_of(daemon, "rebound.evil.example"), page) == 421
        for name in ("127.0.0.1", "localhost", "[::1]", "weir.example", os.uname().nodename):
            assert asked_as(daemon, port_of(daemon, name), page) in (200, 503), (name, page)


def test_it_only_looks(pg, start):
    daemon = start(pg.unix_url())
    for method in ("POST", "PUT", "DELETE"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{daemon.metrics_port}/status.json", method=method
        )
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(request, timeout=30)
        assert refusal.value.code == 405


# -- in a browser


def legend(page, pool="main"):
    """{'active': '2', ...}"""
    return page.ask(
        f"""Object.fromEntries([...document.querySelectorAll(
            '[data-pool="{pool}"] .legend dd')].map(d => [d.dataset.field, d.textContent]))"""
    )


def text(page, selector):
    return page.ask(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''")


def open_page(page, daemon):
    page.go(f"http://127.0.0.1:{daemon.metrics_port}/")
    wait_for(lambda: legend(page).get("active"))


def test_the_page_shows_the_pools_and_follows_them(busy):
    with browser() as page:
        open_page(page, busy)
        assert legend(page) == dict(
            active="2", pinned="1", idle="0", busy="0", waiting="1", limit="3"
        )
        width = """document.querySelector('[data-pool="main"] .bar .%s').style.width"""
        assert float(page.ask(width % "active")[:-1]) == pytest.approx(200 / 3, abs=0.1)
        assert float(page.ask(width % "pinned")[:-1]) == pytest.approx(100 / 3, abs=0.1)
        assert text(page, '[data-pool="main"] .state') == "full"
        assert text(page, '[data-pool="gone"] .state') == "down"
        assert f"[{os.getpid()}]" in text(page, "#holders tbody")
        assert page.ask("document.querySelectorAll('#transactions tbody tr').length") == 2
        assert "1 of 2 pools down" in text(page, "#state")
        wait_for(lambda: "login failed" in text(page, "#events"))

        page.ask("window.still_the_same_page = true")
        busy.holder.ask("COMMIT")  # its server goes to the waiter, and is idle then
        busy.waiter.until_ready()
        wait_for(lambda: legend(page)["waiting"] == "0" and legend(page)["idle"] == "1")
        assert text(page, '[data-pool="main"] .state') == "up"
        assert page.ask("window.still_the_same_page") is True

        assert page.complaints == []  # of the policy, too
        here = f"http://127.0.0.1:{busy.metrics_port}/"
        assert page.requests and all(url.startswith(here) for url in page.requests)
        assert SECRET not in page.ask("document.documentElement.outerHTML")


def test_a_gate_that_a_failure_has_closed_is_shown_without_the_statement(start, scratch):
    bad = "020_add_audit_log_with_actor_and_requests"
    revisions = scratch / "migrations"
    revisions.mkdir()
    head = "-- revision: {}\n-- down_revision: {}\n\n-- upgrade\n"
    (revisions / "001_good.sql").write_text(
        head.format("good", "none") + "CREATE TABLE good (i int);\n"
    )
    (revisions / "002_bad.sql").write_text(
        head.format(bad, "good") + f"INSERT INTO good VALUES ('{SECRET}');\n"
    )
    backend = {"url": f"sqlite:///{scratch}/main.db", "migrations": {"dir": str(revisions)}}
    daemon = start(config={"backends": {"main": backend}})
    wait_for(lambda: bad in daemon.get("/readyz")[1])
    told = lambda: {event["what"]: event["detail"] for event in status(daemon)["events"]}
    wait_for(lambda: "migrations failed" in told())
    assert told()["migrations failed"] == bad
    rows = "[...document.querySelectorAll('#migrations td')].map(c => c.textContent)"
    with browser() as page:
        open_page(page, daemon)
        wait_for(lambda: f"{bad} failed" in text(page, "#migrations tbody"))
        shown = ["main", f"closed: {bad} failed, see /readyz", f"good → {bad}", "1"]
        assert page.ask(rows) == shown
        assert text(page, '[data-pool="main"] .state') == "gate closed"
        assert "a gate is closed" in text(page, "#state")
        assert SECRET not in page.ask("document.documentElement.outerHTML")
        assert SECRET not in daemon.get("/status.json")[1]

    backend["migrations"]["on_failure"] = "serve"
    daemon = start(config={"backends": {"main": backend}})
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    with browser(width=390) as page:
        open_page(page, daemon)
        wait_for(lambda: f"{bad} failed" in text(page, "#migrations tbody"))
        shown = ["main", f"open, but {bad} failed: see SHOW MIGRATIONS", f"good → {bad}", "1"]
        assert page.ask(rows) == shown
        assert "serving; migrations failed: main" in text(page, "#state")
        assert page.ask("document.querySelector('#state').className") == "state warning"
        assert page.ask("document.documentElement.scrollWidth") <= 390  # nothing to scroll aside


def test_what_an_operator_does_is_shown(pg, start):
    daemon = start(config={"backends": {"main": {"url": pg.unix_url()}}})
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    with contextlib.closing(psycopg2.connect(daemon.dsn("weir"))) as console, browser() as page:
        console.autocommit = True
        open_page(page, daemon)
        state = lambda: text(page, '[data-pool="main"] .state')
        for command, shown, header, happened in [
            ("PAUSE", "paused", "serving; 1 pool paused ", "paused"),
            ("RESUME", "up", "serving ", "resumed"),
            ("DISABLE main", "disabled", "serving; 1 pool disabled ", "disabled"),
            ("ENABLE main", "up", "serving ", "enabled"),
        ]:
            console.cursor().execute(command)
            wait_for(lambda: state() == shown)
            wait_for(lambda: text(page, "#state").startswith(header))
            wait_for(lambda: happened in text(page, "#events"))


def test_who_got_no_connection_is_told_beside_the_times_of_those_who_did(pg, start):
    pool = {"size": 1, "max_overflow": 0, "timeout": "200ms"}
    daemon = start(config={"backends": {"main": {"url": pg.unix_url(), "pool": pool}}})
    come = lambda: raw_client(daemon.socket_path(), user="tester", database="main")
    with come() as holder, come() as unlucky, browser() as page:
        holder.ask("BEGIN")
        holder.rows("SELECT 1 FROM pg_class LIMIT 1")
        open_page(page, daemon)
        for _ in range(2):
            assert sqlstates(unlucky.ask("SELECT 2 FROM pg_class")) == ["53300"]
        notice = lambda: text(page, '[data-pool="main"] [data-field="notice"]')
        wait_for(lambda: notice().startswith("2 clients got no connection in the last "))
        assert pool_of(daemon)["recent"]["refused"] == 2


def test_a_backend_that_a_reload_brings_or_takes_is_told_of(pg, start):
    main = {"main": {"url": pg.unix_url()}}
    daemon = start(config={"backends": main})
    told = lambda: {(e["what"], e["backend"]): e["detail"] for e in status(daemon)["events"]}
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    with contextlib.closing(psycopg2.connect(daemon.dsn("weir"))) as console:
        console.autocommit = True
        gone = {"url": f"postgresql://app:{SECRET}@127.0.0.1:1/gone"}
        daemon.write_config({"backends": {**main, "gone": gone}})
        console.cursor().execute("RELOAD")
        wait_for(lambda: ("backend added", "gone") in told())
        wait_for(lambda: ("backend is down", "gone") in told())
        assert "refused" in told()["backend is down", "gone"]
        daemon.write_config({"backends": main})
        console.cursor().execute("RELOAD")
        wait_for(lambda: ("backend removed", "gone") in told())


def test_it_says_so_when_weir_is_gone(busy):
    with browser() as page:
        open_page(page, busy)
        busy.process.kill()
        wait_for(lambda: "no answer since" in text(page, "#state"))
        assert legend(page)["active"] == "2"  # what was known last
    busy.destroy()


def test_what_strangers_call_themselves_is_text(pg, start):
    daemon = start(pg.unix_url())
    name = "<img src=x>"
    script = "import os,sys,psycopg2\nopen('/proc/self/comm','w').write(sys.argv[2])\n" + (
        "c = psycopg2.connect(sys.argv[1]); c.cursor().execute('SELECT 1 FROM pg_class')\n"
        "print('here', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        ["/usr/bin/python3", "-c", script, daemon.dsn(), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as stranger:
        assert stranger.stdout.readline() == "here\n"
        with browser() as page:
            page.go(f"http://127.0.0.1:{daemon.metrics_port}/")
            wait_for(lambda: name in text(page, "#holders tbody"))
            assert page.ask("document.querySelectorAll('#holders img').length") == 0
        stranger.stdin.close()


@pytest.mark.parametrize(
    "name, width, dark", [("light", 1280, False), ("dark", 1280, True), ("phone", 390, False)]
)
def test_it_can_be_read_in_light_and_dark_and_on_a_phone(busy, name, width, dark):
    with browser(width, 844, dark) as page:
        open_page(page, busy)
        wait_for(lambda: "login failed" in text(page, "#events"))
        assert page.ask("document.documentElement.scrollWidth") <= width  # nothing to scroll aside
        image = page.screenshot(name)
        assert 0.01 < ink(image) < 0.5
        ground = page.ask("getComputedStyle(document.body).backgroundColor")
        brightness = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
        assert brightness < 60 if dark else brightness > 200
