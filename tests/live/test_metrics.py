"""What a weir under load says of itself, as Prometheus and its tools read it."""

import collections
import contextlib
import ctypes
import json
import os
import re
import threading

import psycopg2
import pytest

from patience import wait_for
from prometheus import prometheus, promtool
from raw_client import frame, parse, raw_client, sqlstates, startup, sync
from weir import REPOSITORY

LOGIN = dict(user="tester", database="postgres")

SHIPPED = os.path.join(REPOSITORY, "config")
ALERTS = os.path.join(SHIPPED, "prometheus-alerts.yml")
DASHBOARD = os.path.join(SHIPPED, "grafana-dashboard.json")

# DESIGN.md §10; what else is there is more.
PROMISED = """weir_pool_size weir_pool_max_overflow weir_pool_connections weir_pool_waiting
weir_pool_checkout_seconds weir_pool_hold_seconds weir_pool_timeouts_total weir_pool_connects_total
weir_pool_connect_seconds weir_pool_closes_total weir_transactions_total weir_queries_total
weir_transaction_seconds weir_client_connections weir_pins_total weir_resets_total weir_bytes_total
weir_errors_total weir_migration_info weir_migration_seconds weir_backend_up
weir_build_info""".split()


@contextlib.contextmanager
def load(daemon, clients=4):
    """Clients that run transactions, one after the other, for as long as the block lasts."""
    over, failures = threading.Event(), []

    def work():
        try:
            with contextlib.closing(psycopg2.connect(daemon.dsn())) as connection:
                cursor = connection.cursor()
                while not over.is_set():
                    cursor.execute("SELECT count(*) FROM pg_class")
                    connection.commit()
        except Exception as failure:  # shown where the test can see it
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures, failures


def families(page):
    """{name: type}"""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M))


def test_every_promised_family_is_there_and_promtool_finds_no_fault(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    with load(daemon):
        wait_for(lambda: daemon.metric("weir_transactions_total") > 100)
        page = daemon.get("/metrics")[1]
    assert set(PROMISED) - set(families(page)) == set()
    status, said = promtool("check", "metrics", given=page)
    assert (status, said) == (0, ""), said


def test_the_numbers_of_a_loaded_weir_agree_with_each_other(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    with load(daemon, clients=6):
        wait_for(lambda: daemon.metric("weir_transactions_total") > 0)
        types = families(daemon.get("/metrics")[1])
        before = {}
        for _ in range(20):
            now = daemon.metrics()
            for sample, value in before.items():
                family = re.sub(r"_(bucket|sum|count)$", "", re.sub(r"\{.*", "", sample))
                if types.get(re.sub(r"\{.*", "", sample), types.get(family)) != "gauge":
                    assert now[sample] >= value, sample
            assert now['weir_transactions_total{backend="postgres"}'] == (
                now['weir_transaction_seconds_count{backend="postgres"}']
            )
            held = sum(
                now[f'weir_pool_connections{{backend="postgres",state="{state}"}}']
                for state in ("active", "pinned")
            )
            assert held == now['weir_client_connections{state="active"}'] <= 2
            assert now['weir_pool_waiting{backend="postgres"}'] == (
                now['weir_client_connections{state="waiting"}']
            )
            # Whoever got a connection has given it back, or holds it.
            assert now['weir_pool_checkout_seconds_count{backend="postgres"}'] == (
                now['weir_pool_hold_seconds_count{backend="postgres"}'] + held
            )
            for family, kind in types.items():
                if kind != "histogram":
                    continue
                buckets = [
                    value for sample, value in now.items() if sample.startswith(family + "_bucket{")
                ]
                assert buckets == sorted(buckets), family
                assert buckets[-1] == now[f'{family}_count{{backend="postgres"}}']
            before = now


def test_the_first_login_is_weirs_own_affair_and_no_clients(pg, start):
    gone = "postgresql://app@127.0.0.1:1/gone"
    config = {"main": {"url": pg.unix_url()}, "gone": {"url": gone, "pool": {"timeout": "200ms"}}}
    daemon = start(config={"backends": config})
    wait_for(lambda: daemon.metric("weir_backend_up", backend="main") == 1)
    assert daemon.metric("weir_pool_checkout_seconds_count", backend="main") == 0
    assert daemon.metric("weir_pool_hold_seconds_count", backend="main") == 0
    wait_for(lambda: daemon.metric("weir_pool_connects_total", backend="gone") > 4)
    for name in ("weir_pool_timeouts_total", "weir_pool_turned_away_total", "weir_pool_waiting"):
        assert daemon.metric(name, backend="gone") == 0, name


def test_a_transaction_lasts_from_its_first_message_to_its_end(pg, start):
    """Also on a connection that its client keeps: the time between two transactions is not theirs."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2, DB_MAX_OVERFLOW=0)
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        count = lambda name="weir_transaction_seconds_count": daemon.metric(name)
        at_first = count()
        client.rows("SELECT pg_sleep(0.3)")
        assert count() == at_first + 1
        assert count("weir_transaction_seconds_sum") >= 0.3
        client.ask("CREATE TEMP TABLE mine (i int)")  # from here on it is pinned
        pinned = count("weir_transaction_seconds_sum")
        threading.Event().wait(1)
        client.rows("SELECT 1 FROM mine")
        client.ask("BEGIN")
        client.rows("SELECT 2 FROM mine")
        client.ask("COMMIT")
        wait_for(lambda: count() == at_first + 4)
        assert count("weir_transaction_seconds_sum") - pinned < 1
        assert daemon.metric("weir_pins_total", reason="temp_tables") == 1


def test_only_clients_wait(start):
    """While nothing is known of a backend weir itself is in the queue for its first server."""
    daemon = start("postgresql://app@127.0.0.1:1/gone", DB_POOL_TIMEOUT=600)
    waiting = lambda: (
        daemon.metric("weir_pool_waiting"),
        daemon.metric("weir_client_connections", state="waiting"),
    )
    wait_for(lambda: daemon.metric("weir_pool_connects_total", result="failed") > 0)
    assert waiting() == (0, 0)
    with raw_client(daemon.socket_path()) as client:
        client.send(startup(user="tester", database="gone"))
        wait_for(lambda: waiting() == (1, 1))


def test_each_error_that_a_client_is_sent_is_counted_once_whoever_gives_it(pg, start):
    pool = {
        "size": 2,
        "max_overflow": 0,
        "max_pinned": 1,
        "query_timeout": "1s",
        "idle_transaction_timeout": "1s",
    }
    config = {"backends": {"main": {"url": pg.unix_url(), "pool": pool}}}
    daemon = start(config=config)
    seen = collections.Counter()

    def expect(code, answers):
        assert sqlstates(answers) == [code]
        seen[code[:2]] += 1
        counted = {
            re.search('sqlstate_class="(..)"', name).group(1): value
            for name, value in daemon.metrics().items()
            if name.startswith("weir_errors_total")
        }
        assert counted == seen, code

    client = lambda: raw_client(daemon.socket_path(), user="tester", database="main")
    with client() as keeper, client() as c:
        assert sqlstates(keeper.ask("CREATE TEMP TABLE kept (i int)")) == []
        expect("22012", c.ask("SELECT 1/0"))  # the server's
        expect("0A000", c.ask("PREPARE p AS SELECT 1"))  # weir's, without a server
        expect("26000", c.ask("DEALLOCATE nothing"))
        c.ask("BEGIN")
        c.rows("SELECT 1 FROM pg_class LIMIT 1")
        expect("0A000", c.ask("PREPARE p AS SELECT 1"))  # in the server's stead
        expect("25P02", c.ask("SELECT 1 FROM pg_class"))
        c.ask("ROLLBACK")
        expect("53400", c.ask("CREATE TEMP TABLE mine (i int)"))
        c.send(parse("", "PREPARE p AS SELECT 1") + sync())
        expect("0A000", c.until_ready())
        c.send(parse("p", "SELECT 1") + sync() + parse("p", "SELECT 1") + sync())
        assert sqlstates(c.until_ready()) == []
        expect("42P05", c.until_ready())
        expect("57014", c.ask("SELECT pg_sleep(600)"))  # a limit's, in place of the server's
        c.ask("BEGIN")
        c.rows("SELECT 1 FROM pg_class LIMIT 1")
        wait_for(lambda: daemon.metric("weir_limits_total", limit="idle_transaction_timeout") == 1)
        expect("25P03", c.ask("SELECT 1 FROM pg_class"))
    with client() as c:
        c.send(frame("Y", b"?"))
        expect("08P01", c.hears_the_end())


def test_limits_and_reloads_are_counted(pg, start):
    pool = {"size": 1, "max_overflow": 0, "query_timeout": "200ms"}
    config = {"backends": {"main": {"url": pg.unix_url(), "pool": pool}}}
    daemon = start(config=config)
    with raw_client(daemon.socket_path(), user="tester", database="main") as client:
        assert sqlstates(client.ask("SELECT pg_sleep(600)")) == ["57014"]
    assert daemon.metric("weir_limits_total", limit="query_timeout") == 1
    assert daemon.metric("weir_limits_total") == 1

    read_at = lambda: daemon.metric("weir_config_last_reload_success_timestamp_seconds")
    first = read_at()
    reload = lambda: psycopg2.connect(daemon.dsn("weir")).cursor().execute("RELOAD")
    daemon.write_config({"backends": {"main": {"url": pg.unix_url(), "pool": {"size": "x"}}}})
    with pytest.raises(psycopg2.Error):
        reload()
    assert daemon.metric("weir_config_last_reload_successful") == 0 and read_at() == first
    daemon.write_config(config)
    reload()
    assert daemon.metric("weir_config_last_reload_successful") == 1 and read_at() > first


def test_a_scrape_says_the_same_amount_however_many_clients_there_are(pg, start):
    """No sample is about one client, so neither the page nor what it takes to make it grows."""
    daemon = start(pg.unix_url(), DB_POOL_SIZE=2)
    samples = lambda: {name.split("}")[0] for name in daemon.metrics()}
    with contextlib.ExitStack() as crowd:

        def come(clients):
            for _ in range(clients):
                crowd.enter_context(raw_client(daemon.socket_path(), **LOGIN))

        come(10)
        budget = "weir_pool_budget_available_connections"  # is there once the server has answered
        wait_for(lambda: any(name.startswith(budget) for name in samples()))
        few = samples()
        come(300)
        assert daemon.metric("weir_client_connections", state="idle") == 310
        now = samples()
        assert now == few, (sorted(now - few), sorted(few - now))


# -- ready, and if not, why


def test_readyz_says_per_backend_what_is_wrong(pg, start):
    gone = "postgresql://app:kanarienvogel@127.0.0.1:1/gone"
    daemon = start(config={"backends": {"main": {"url": pg.unix_url()}, "gone": {"url": gone}}})
    ready = lambda: json.loads(daemon.get("/readyz")[1])
    backends = lambda: {b["name"]: b for b in ready()["backends"]}
    wait_for(lambda: backends()["main"]["up"])
    wait_for(lambda: "refused" in backends()["gone"]["down_because"])
    assert daemon.get("/readyz")[0] == 503 and ready()["ready"] is False
    assert backends()["main"] == {"name": "main", "up": True, "gate": "open"}
    assert not backends()["gone"]["up"] and backends()["gone"]["gate"] == "open"
    assert "kanarienvogel" not in daemon.get("/readyz")[1]
    assert daemon.get("/healthz") == (200, "ok\n")


class ptrace:
    """Stops one thread of a child of ours while the block lasts; its others go on."""

    SEIZE, INTERRUPT, DETACH, ALL_THREADS = 0x4206, 0x4207, 17, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, thread):
        self.thread = thread

    def ask(self, what):
        if self.libc.ptrace(what, self.thread, None, None) < 0:
            pytest.skip(f"SKIP ptrace is not allowed: {os.strerror(ctypes.get_errno())}")

    def __enter__(self):
        self.ask(self.SEIZE)
        self.ask(self.INTERRUPT)
        os.waitpid(self.thread, self.ALL_THREADS)

    def __exit__(self, *_):
        self.ask(self.DETACH)


def test_health_is_that_of_the_loop(pg, start):
    daemon = start(pg.unix_url())
    assert daemon.get("/healthz") == (200, "ok\n")
    with ptrace(daemon.process.pid):  # whose number the first thread has: the loop's
        wait_for(lambda: daemon.get("/healthz")[0] == 503)
        assert "stuck" in daemon.get("/healthz")[1]
    wait_for(lambda: daemon.get("/healthz") == (200, "ok\n"))


def test_readyz_is_json_when_all_is_well(pg, start):
    daemon = start(pg.unix_url())
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    assert json.loads(daemon.get("/readyz")[1]) == {
        "ready": True,
        "backends": [{"name": "postgres", "up": True, "gate": "open"}],
    }


# -- Prometheus


def test_a_real_prometheus_scrapes_a_loaded_weir(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=3, DB_MAX_OVERFLOW=4)
    with prometheus(daemon) as server:
        with load(daemon):
            wait_for(lambda: server.query("sum(increase(weir_transactions_total[1m])) > 100"))
            assert server.query("weir_pool_size + weir_pool_max_overflow")[0][1] == 7
            assert server.query("up")[0][1] == 1
        total = daemon.metric("weir_transactions_total")
        wait_for(lambda: server.query("weir_transactions_total")[0][1] == total)
        [(labels, value)] = server.query("weir_pool_checkout_seconds_count")
        assert labels["backend"] == "postgres"
        assert value == daemon.metric("weir_pool_checkout_seconds_count")
        ((_, quantile),) = server.query(
            "histogram_quantile(0.5, sum by (le) (weir_transaction_seconds_bucket))"
        )
        assert 0 < quantile < 60
        described = server.api("targets/metadata", metric="weir_transaction_seconds")
        assert {entry["type"] for entry in described} == {"histogram"}


# -- what is shipped for Prometheus and Grafana


def dashboard_expressions():
    """What Grafana would ask for all backends."""
    with open(DASHBOARD) as file:
        dashboard = json.load(file)
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(found) > 20
    return [
        expression.replace("$__rate_interval", "5m")
        .replace("$backend", ".*")
        .replace("$instance", ".*")
        for expression in found
    ]


def alert_expressions():
    with open(ALERTS) as file:
        found = re.findall(r"^ +expr: (.+)$", file.read(), re.M)
    assert len(found) > 10
    return found


def families_in(expression):
    without_strings = re.sub(r'"[^"]*"', "", expression)
    return {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in re.findall(r"\bweir_\w+", without_strings)
    }


def test_the_alerts_are_rules_and_sound_when_they_should():
    status, said = promtool("check", "rules", ALERTS)
    assert status == 0, said
    status, said = promtool(
        "test", "rules", os.path.join(REPOSITORY, "tests/config/prometheus-alerts-test.yml")
    )
    assert status == 0, said


def test_each_alert_is_tested():
    with open(ALERTS) as alerts, open(
        os.path.join(REPOSITORY, "tests/config/prometheus-alerts-test.yml")
    ) as tests:
        names, tested = re.findall(r"alert: (\w+)", alerts.read()), tests.read()
    assert names and [name for name in names if name not in tested] == []


def test_the_readme_says_what_each_alert_means():
    with open(ALERTS) as alerts, open(os.path.join(REPOSITORY, "README.md")) as readme:
        names, page = re.findall(r"alert: (\w+)", alerts.read()), readme.read()
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_readme_says_what_each_metric_means(pg, start):
    page = start(pg.unix_url()).get("/metrics")[1]
    with open(os.path.join(REPOSITORY, "README.md")) as readme:
        told = set(re.findall(r"`(weir_\w+)", readme.read()))
    assert set(families(page)) - told == set()


@pytest.mark.parametrize("expressions", [dashboard_expressions, alert_expressions])
def test_what_is_shipped_asks_only_for_what_there_is(pg, start, expressions, scratch):
    there = families(start(pg.unix_url()).get("/metrics")[1])
    for expression in expressions():
        assert families_in(expression) - set(there) == set(), expression
    rules = [{"record": f"panel:{i}", "expr": e} for i, e in enumerate(expressions())]
    (scratch / "rules.yml").write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    status, said = promtool("check", "rules", "--lint=none", str(scratch / "rules.yml"))
    assert status == 0, said


def test_a_real_prometheus_evaluates_the_alerts_and_the_dashboard(pg, start):
    daemon = start(pg.unix_url(), DB_POOL_SIZE=1, DB_MAX_OVERFLOW=0)
    with raw_client(daemon.socket_path(), **LOGIN) as client:
        assert sqlstates(client.ask("SELECT 1/0")) == ["22012"]  # a class without one is not there
    with load(daemon, clients=3), prometheus(daemon, rules=[ALERTS]) as server:
        rules = lambda: [rule for group in server.api("rules")["groups"] for rule in group["rules"]]
        wait_for(lambda: all(rule["health"] == "ok" for rule in rules()))
        assert {rule["type"] for rule in rules()} == {"alerting"}
        wait_for(lambda: server.query("rate(weir_transactions_total[5m]) > 0"))
        silent = [e for e in dashboard_expressions() if not server.query(e)]
        assert silent == []  # each panel has something to show
        assert not server.query('ALERTS{alertstate="firing"}')
