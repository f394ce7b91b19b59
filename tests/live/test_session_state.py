"""What a client does to its session is its own, on servers that it shares: settings go with it,
what lives on one server keeps that server for it, and nothing reaches another client.
"""

import contextlib
import time

import pytest

from raw_client import bind, closed, execute, frame, parse, query, raw_client, sqlstates, sync


@pytest.fixture(scope="module", autouse=True)
def roles(pg):
    pg.psql(
        "CREATE ROLE limited; CREATE ROLE other_user LOGIN; CREATE TABLE secret (a int);"
        "CREATE SCHEMA apart; CREATE TABLE apart.place AS SELECT 'apart' AS name;"
        "CREATE TABLE place AS SELECT 'public' AS name"
    )


@pytest.fixture
def pool(pg, start):
    """pool(size=1, reset="always") is a weir on this file's cluster with these pool settings."""

    def begin(size=1, **settings):
        settings = {"size": size, "max_overflow": 0, "timeout": "60s", **settings}
        return start(config={"backends": {"postgres": {"url": pg.unix_url(), "pool": settings}}})

    return begin


@pytest.fixture
def join():
    """join(daemon, name=value) is a raw_client of it, logged in."""
    with contextlib.ExitStack() as opened:
        yield lambda daemon, database="postgres", **parameters: opened.enter_context(
            raw_client(daemon.socket_path(), database=database, **parameters)
        )


def shown(client, name):
    return client.rows(f"SELECT coalesce(current_setting('{name}', true), '')")[0][0]


def run(client, sql):
    """The statement in the extended protocol; what must not fail."""
    client.send(parse("", sql) + bind() + execute() + sync())
    answers = client.until_ready()
    assert not sqlstates(answers), answers
    return [answer.values() for answer in answers if answer.kind == "D"]


def metric(daemon, name, **labels):
    return daemon.metric(name, backend="postgres", **labels)


def pinned(daemon):
    return metric(daemon, "weir_pool_connections", state="pinned")


def comes_to(wanted, ask):
    """A server is asked once its client has its answer, so what comes of it is seen a moment later."""
    deadline = time.monotonic() + 30
    while ask() != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return ask() == wanted


# -- settings

SETTINGS = [
    ('SET search_path = apart, "B"', "search_path", 'apart, "B"'),
    ("SET SESSION search_path TO apart", "search_path", "apart"),
    ("SET SCHEMA 'apart'", "search_path", "apart"),
    ("SET work_mem = '7MB'", "work_mem", "7MB"),
    ("SET statement_timeout = 54321", "statement_timeout", "54321ms"),
    ("SET My.Tenant = 'it''s \\ 7'", "my.tenant", "it's \\ 7"),
    ("SELECT set_config('search_path', 'apart', false)", "search_path", "apart"),
    ("SELECT pg_catalog.set_config('my.tenant', '8', false)", "my.tenant", "8"),
    ("WITH x AS (SELECT 1) SELECT set_config('my.tenant', '9', false)", "my.tenant", "9"),
    (
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "default_transaction_isolation",
        "serializable",
    ),
    (
        "SET SESSION CHARACTERISTICS AS TRANSACTION DEFERRABLE",
        "default_transaction_deferrable",
        "on",
    ),
    (
        "SET default_transaction_isolation = 'repeatable read'",
        "default_transaction_isolation",
        "repeatable read",
    ),
    ("SET ROLE limited", "role", "limited"),
    ("SET SESSION AUTHORIZATION other_user", "session_authorization", "other_user"),
    ("DO $$BEGIN SET work_mem = '9MB'; END$$", "work_mem", "9MB"),
    ("DO $$BEGIN PERFORM set_config('search_path', 'apart', false); END$$", "search_path", "apart"),
    ("SET XML OPTION DOCUMENT", "xmloption", "document"),
]


@pytest.mark.parametrize("statement, name, value", SETTINGS)
@pytest.mark.parametrize("extended", [False, True])
def test_a_setting_goes_with_its_client_and_reaches_no_other(
    connect, statement, name, value, extended
):
    setter, other = connect(), connect()
    before = shown(other, name)
    assert before != value
    run(setter, statement) if extended else setter.rows(statement)
    for _ in range(2):
        assert shown(other, name) == before
        assert shown(setter, name) == value
        assert run(setter, f"SHOW {name}") == [[value]]
    setter.rows("RESET SESSION AUTHORIZATION" if "AUTHOR" in statement else f"RESET {name}")
    assert shown(other, name) == before
    assert shown(setter, name) == before


def test_several_statements_in_one_query(connect):
    setter, other = connect(), connect()
    setter.rows("SET work_mem = '6MB'; SELECT 'a;b'; SET search_path = apart; SET my.x = 'y'")
    for _ in range(2):
        assert [shown(other, name) for name in ("work_mem", "my.x")] == ["4MB", ""]
        assert [shown(setter, name) for name in ("work_mem", "search_path", "my.x")] == [
            "6MB",
            "apart",
            "y",
        ]


def test_a_large_query_is_accounted_for_as_well(connect):
    setter, other = connect(), connect()
    padding = " " * 70_000
    setter.rows(f"SELECT 1;{padding} SET work_mem = '6MB'; SET search_path = apart")
    setter.rows(f"SELECT 1,{padding} set_config('statement_timeout', '77777', false)")
    for _ in range(2):
        assert shown(other, "work_mem") == "4MB" and shown(other, "statement_timeout") == "0"
        assert shown(setter, "work_mem") == "6MB" and shown(setter, "search_path") == "apart"
        assert shown(setter, "statement_timeout") == "77777ms"


@pytest.mark.parametrize(
    "statements, expected",
    [
        (["BEGIN", "SET search_path = apart", "COMMIT"], "apart"),
        (["BEGIN", "SET search_path = apart", "ROLLBACK"], "first"),
        (["BEGIN", "SET LOCAL search_path = apart", "COMMIT"], "first"),
        (["BEGIN", "SELECT set_config('search_path', 'apart', true)", "COMMIT"], "first"),
        (["BEGIN", "SET search_path = apart", "SELECT 1/0", "COMMIT"], "first"),
        (
            [
                "BEGIN",
                "SET search_path = apart",
                "SAVEPOINT s",
                "SET search_path = x",
                "ROLLBACK TO s",
                "COMMIT",
            ],
            "apart",
        ),
        (
            ["BEGIN", "SAVEPOINT s", "SET search_path = apart", "ROLLBACK TO s", "COMMIT"],
            "first",
        ),
        (
            ["BEGIN", "SAVEPOINT s", "SET search_path = apart", "RELEASE s", "COMMIT"],
            "apart",
        ),
        (["BEGIN", "SET search_path = x", "SET LOCAL search_path = apart", "COMMIT"], "x"),
        (["BEGIN; SET search_path = apart; COMMIT"], "apart"),
        (["BEGIN; SET search_path = apart; ROLLBACK"], "first"),
        (["SET search_path = apart; SELECT 1/0"], "first"),
        (["SET search_path = apart", "SELECT 1/0"], "apart"),
        (["BEGIN", "RESET search_path", "ROLLBACK"], "first"),
        (["BEGIN", "RESET search_path", "COMMIT"], "at_start"),
        (["SET search_path TO DEFAULT"], "at_start"),
        (["BEGIN", "RESET ALL", "ROLLBACK"], "first"),
        (["BEGIN", "RESET ALL", "SET search_path = x", "COMMIT"], "x"),
        (["BEGIN", "RESET ALL", "COMMIT"], "at_start"),
        (["RESET ALL; SELECT 1/0"], "first"),
        (["RESET ALL"], "at_start"),
        (["DISCARD ALL"], "at_start"),
        # asyncpg's, when a connection goes back to its pool
        (["SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;"], "at_start"),
    ],
)
def test_what_counts_is_what_the_transaction_made_of_it(connect, statements, expected):
    client, other = connect(search_path="at_start"), connect()
    before = shown(other, "search_path")
    client.rows("SET search_path = first")
    for statement in statements:
        client.ask(statement)
    for _ in range(2):
        assert shown(other, "search_path") == before
        assert shown(client, "search_path") == expected


def test_reset_goes_back_to_what_the_client_began_with(connect):
    client, other = connect(TimeZone="Asia/Tokyo", options="-c work_mem=5MB -c my.x=y"), connect()
    for reset in (
        "RESET ALL",
        "DISCARD ALL",
        "RESET TimeZone; RESET work_mem",
        "SET TIME ZONE DEFAULT; SET work_mem TO DEFAULT",
    ):
        client.rows("SET TimeZone = 'UTC'; SET work_mem = '6MB'")
        for one in reset.split("; "):
            client.rows(one)
        for _ in range(2):
            assert shown(other, "work_mem") == "4MB"
            assert shown(client, "TimeZone") == "Asia/Tokyo"
            assert shown(client, "work_mem") == "5MB"


def test_a_role_is_the_clients_alone(connect):
    limited, other = connect(), connect()
    limited.rows("SET ROLE limited")
    for _ in range(3):
        assert sqlstates(limited.ask("SELECT * FROM secret")) == ["42501"]
        assert other.rows("SELECT * FROM secret") == []
    limited.rows("SET work_mem = '6MB'")  # and with other settings besides
    other.rows("SET work_mem = '7MB'")
    for _ in range(3):
        assert sqlstates(limited.ask("SELECT * FROM secret")) == ["42501"]
        assert shown(limited, "work_mem") == "6MB"
        assert other.rows("SELECT * FROM secret") == [] and shown(other, "work_mem") == "7MB"
    limited.rows("RESET ROLE")
    assert limited.rows("SELECT * FROM secret") == []


def test_another_user_is_the_clients_alone(connect):
    client, other = connect(), connect()
    me = other.rows("SELECT session_user")
    client.rows("SET SESSION AUTHORIZATION other_user")
    client.rows("SET work_mem = '6MB'")
    for _ in range(3):
        assert client.rows("SELECT session_user, current_user") == [["other_user"] * 2]
        assert other.rows("SELECT session_user") == me
    client.rows("SET SESSION AUTHORIZATION DEFAULT")
    for _ in range(2):
        assert other.rows("SELECT session_user") == me and client.rows("SELECT session_user") == me


def test_tables_are_found_by_each_clients_own_path(connect):
    clients = [connect(), connect(), connect()]
    clients[1].rows("SET search_path = apart")
    clients[2].rows("SELECT set_config('search_path', 'apart', false)")
    for _ in range(3):
        found = [client.rows("SELECT name FROM place") for client in clients]
        assert found == [[["public"]], [["apart"]], [["apart"]]]
        for client, (name,) in zip(clients, (row for rows in found for row in rows)):
            assert run(client, "SELECT name FROM place") == [[name]]


def test_a_hostile_path_does_not_mislead_the_question(connect):
    """pg_catalog last, and in front of it a schema whose functions and operators lie."""
    setter, other = connect(), connect()
    setter.rows(
        "CREATE SCHEMA IF NOT EXISTS liar;"
        "CREATE OR REPLACE FUNCTION liar.current_setting(text, boolean) RETURNS text"
        "  LANGUAGE sql AS $$SELECT 'lie'$$;"
        "CREATE OR REPLACE VIEW liar.pg_settings AS SELECT 'work_mem' AS name, '1' AS setting"
    )
    setter.rows("SET search_path = liar, public, pg_catalog; SET work_mem = '6MB'")
    setter.rows("DO $$BEGIN END$$")
    for _ in range(2):
        assert other.rows("SHOW work_mem") == [["4MB"]]
        assert setter.rows("SHOW work_mem") == [["6MB"]]
        assert setter.rows("SHOW search_path") == [["liar, public, pg_catalog"]]


def test_pipelined_statements_are_accounted_for_together(connect):
    setter, other = connect(), connect()
    setter.send(
        query("SET work_mem = '6MB'") + query("SET search_path = apart") + query("SELECT 1")
    )
    for _ in range(3):
        assert not sqlstates(setter.until_ready())
    setter.send(
        parse("", "SET my.x = 'y'")
        + bind()
        + execute()
        + parse("", "SELECT 1/0")
        + bind()
        + execute()
        + sync()
    )
    assert sqlstates(setter.until_ready()) == ["22012"]  # and the SET is undone with it
    for _ in range(2):
        assert shown(other, "work_mem") == "4MB"
        assert [shown(setter, n) for n in ("work_mem", "search_path", "my.x")] == [
            "6MB",
            "apart",
            "",
        ]


def test_a_message_that_follows_at_once_waits_for_the_answer(connect):
    setter, other = connect(), connect()
    for round_ in range(20):
        setter.send(query(f"SET work_mem = '{round_ + 5}MB'"))
        setter.until_ready()
        setter.send(query("SHOW work_mem"))
        other.send(query("SHOW work_mem"))
        assert other.until_ready()[1].values() == ["4MB"]
        assert setter.until_ready()[1].values() == [f"{round_ + 5}MB"]


def test_the_fast_path_sets_too(connect):
    setter, other = connect(), connect()
    words = [b"work_mem", b"6MB", b"f"]
    arguments = b"".join(len(w).to_bytes(4, "big") + w for w in words)
    setter.send(frame("F", (2078).to_bytes(4, "big") + b"\0\0" + b"\0\3" + arguments + b"\0\0"))
    assert not sqlstates(setter.until_ready())
    for _ in range(2):
        assert shown(other, "work_mem") == "4MB" and shown(setter, "work_mem") == "6MB"


def test_nothing_is_asked_in_the_steady_state(pool, join):
    daemon = pool(size=2)
    clients = [join(daemon, search_path="apart") for _ in range(4)]
    for client in clients:
        client.rows("SELECT 1")
    asked = metric(daemon, "weir_inventories_total")
    for client in clients * 5:
        client.rows("BEGIN; SET LOCAL work_mem = '6MB'; SELECT name FROM place; COMMIT")
        client.rows("SET TimeZone = 'Asia/Tokyo'")  # which the server reports
        run(client, "SELECT 1")
    assert metric(daemon, "weir_inventories_total") == asked
    assert metric(daemon, "weir_resets_total") == 0


def test_a_server_that_suits_is_preferred(pool, join):
    daemon = pool(size=2)
    left, right = join(daemon, application_name="left"), join(daemon, application_name="right")
    for client in (left, right):  # each with a server of its own
        client.rows("BEGIN")
    servers = [client.rows("SELECT pg_backend_pid()") for client in (left, right)]
    for client in (left, right):
        client.rows("COMMIT")
    for client, server in zip((left, right) * 5, servers * 5):
        assert client.rows("SELECT pg_backend_pid()") == server


# -- when weir cannot account for it


def test_what_nobody_can_ask_for_does_not_reach_another(pool, join):
    daemon = pool()
    setter, other = join(daemon), join(daemon)
    setter.rows("DO $$BEGIN PERFORM set_config('hidden.' || 'name', 'secret', false); END$$")
    assert comes_to(1, lambda: metric(daemon, "weir_resets_total", kind="targeted"))
    assert shown(other, "hidden.name") == ""
    name = "hidden.other"
    setter.send(
        parse("", "SELECT set_config($1, 'secret', false)", [25])
        + bind(values=[name.encode()])
        + execute()
        + sync()
    )
    assert not sqlstates(setter.until_ready())
    assert shown(other, name) == ""


def test_a_function_that_is_known_to_set_is_asked_about(pool, join):
    daemon = pool(stateful_functions=["enter_tenant"])
    setter, other = join(daemon), join(daemon)
    setter.rows(
        "CREATE OR REPLACE FUNCTION Enter_Tenant(name text) RETURNS text LANGUAGE sql AS"
        " $$SELECT set_config('search_path', name, false)$$"
    )
    setter.rows("SELECT Enter_Tenant('apart')")
    for _ in range(2):
        assert other.rows("SELECT name FROM public.place") == [["public"]]
        assert shown(other, "search_path") == '"$user", public'
        assert shown(setter, "search_path") == "apart"


def test_listen_does_not_stay_behind(pool, join):
    daemon = pool()
    listener, other = join(daemon), join(daemon)
    listener.rows("BEGIN; LISTEN there; COMMIT")
    assert other.rows("SELECT * FROM pg_listening_channels()") == []
    other.rows("NOTIFY there")
    assert other.is_silent(0.2)


@pytest.mark.parametrize("policy, resets", [("always", 3), ("when-dirty", 0), ("never", 0)])
def test_how_often_a_server_is_reset(pool, join, policy, resets):
    daemon = pool(reset=policy)
    client = join(daemon)
    client.rows("SELECT 'before'")
    before = metric(daemon, "weir_resets_total")
    for _ in range(3):
        client.rows("SELECT 'again'")
    assert comes_to(before + resets, lambda: metric(daemon, "weir_resets_total"))


def test_never_means_never(pool, join):
    daemon = pool(reset="never")
    setter, other = join(daemon), join(daemon)
    setter.rows("DO $$BEGIN PERFORM set_config('hidden.' || 'name', 'seen', false); END$$")
    assert shown(other, "hidden.name") == "seen"
    assert metric(daemon, "weir_resets_total") == 0


def test_a_question_that_fails_costs_the_server_and_nothing_else(pool, join, pg):
    daemon = pool()
    client, other = join(daemon), join(daemon)
    client.rows("SET work_mem = '6MB'")
    pg.psql("REVOKE SELECT ON pg_catalog.pg_settings FROM PUBLIC")
    try:
        client.rows("SET ROLE limited")
        client.rows("DO $$BEGIN END$$")  # it could have SET something
        assert shown(other, "work_mem") == "4MB"
        assert shown(client, "work_mem") == "6MB" and shown(client, "role") == "limited"
    finally:
        pg.psql("GRANT SELECT ON pg_catalog.pg_settings TO PUBLIC")
    assert "its client has left" in daemon.log()


def test_a_statement_timeout_of_1_ms_does_not_stop_the_question(pool, join):
    daemon = pool()
    client, other = join(daemon), join(daemon)
    client.ask("SET statement_timeout = '1ms'")
    for _ in range(10):
        client.ask("DO $$BEGIN END$$")
        assert other.rows("SELECT 1") == [["1"]]
    answers = client.ask("SELECT pg_sleep(1)")
    assert sqlstates(answers) == ["57014"]
    assert shown(other, "statement_timeout") == "0"


def test_the_server_is_lost_while_it_is_asked(pool, join, pg):
    """With locks on what the question reads, so that there is time to kill it."""
    daemon = pool(size=2)
    client, other = join(daemon), join(daemon)
    with raw_client(
        f"{pg.directory}/.s.PGSQL.{pg.port}", database="postgres", user="postgres"
    ) as direct:
        direct.rows("BEGIN; LOCK TABLE pg_catalog.pg_depend IN ACCESS EXCLUSIVE MODE")
        client.rows("SET work_mem = '6MB'")
        client.send(query("DO $$BEGIN END$$"))
        client.until_ready()  # it has its answer; the server is asked, and waits
        asking = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'BEGIN ISO%'"
        while pg.psql(f"SELECT count(*) {asking}").strip() == "0":
            pass
        pg.psql(f"SELECT pg_terminate_backend(pid) {asking}")
        direct.rows("ROLLBACK")
    (lost,) = client.hears_the_end()
    assert lost.fields()["C"] == "08006"
    assert shown(other, "work_mem") == "4MB"


# -- pins


def test_a_temporary_table_keeps_its_server_until_it_is_dropped(pool, join):
    daemon = pool(size=2)
    owner, other = join(daemon), join(daemon)
    owner.rows("CREATE TEMP TABLE mine AS SELECT 1 AS a")
    assert comes_to(1, lambda: pinned(daemon))
    assert metric(daemon, "weir_pins_total", reason="temp_tables") == 1
    for _ in range(3):
        assert owner.rows("SELECT a FROM mine") == [["1"]]
        assert run(owner, "SELECT a FROM mine") == [["1"]]
        assert sqlstates(other.ask("SELECT a FROM mine")) == ["42P01"]
    asked = metric(daemon, "weir_inventories_total")
    for _ in range(5):
        owner.rows("SELECT a FROM mine")
    assert metric(daemon, "weir_inventories_total") == asked
    owner.rows("DROP TABLE mine")
    assert comes_to(0, lambda: pinned(daemon))
    assert daemon.log().count("keeps its server") == 1


@pytest.mark.parametrize(
    "make, drop",
    [
        ("CREATE TEMP TABLE mine (a int)", "DISCARD TEMP"),
        ("CREATE TEMP TABLE mine (a int)", "DISCARD ALL"),
        ("SELECT 1 INTO TEMP mine", "DROP TABLE mine"),
        ("CREATE TEMP SEQUENCE mine", "DROP SEQUENCE mine"),
        ("CREATE TEMP VIEW mine AS SELECT 1", "DROP VIEW mine"),
        (
            "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "DROP FUNCTION pg_temp.mine()",
        ),
        ("SET search_path = pg_temp, public; CREATE TABLE mine (a int)", "DROP TABLE mine"),
        ("DO $$BEGIN CREATE TEMP TABLE mine (a int); END$$", "DROP TABLE mine"),
        ("SELECT pg_advisory_lock(7)", "SELECT pg_advisory_unlock(7)"),
        ("SELECT pg_try_advisory_lock_shared(7)", "SELECT pg_advisory_unlock_shared(7)"),
        ("SELECT pg_advisory_lock(7)", "SELECT pg_advisory_unlock_all()"),
        ("SELECT pg_advisory_lock(7), 1 / (random() * 0)", "SELECT pg_advisory_unlock_all()"),
        ("BEGIN; DECLARE mine CURSOR WITH HOLD FOR SELECT 1; COMMIT", "CLOSE mine"),
        ("BEGIN; DECLARE mine CURSOR WITH HOLD FOR SELECT 1; COMMIT", "CLOSE ALL"),
    ],
)
@pytest.mark.parametrize("extended", [False, True])
def test_what_keeps_a_server_and_what_lets_it_go(pool, join, make, drop, extended):
    daemon = pool(size=2)
    owner = join(daemon)
    *before, last = [make] if "$$" in make else make.split("; ")
    for statement in before:
        owner.ask(statement)
    if extended:
        owner.send(parse("", last) + bind() + execute() + sync())
        owner.until_ready()
    else:
        owner.ask(last)
    assert comes_to(1, lambda: pinned(daemon))
    run(owner, drop) if extended else owner.rows(drop)
    assert comes_to(0, lambda: pinned(daemon))


@pytest.mark.parametrize(
    "statements",
    [
        ["BEGIN", "CREATE TEMP TABLE mine (a int) ON COMMIT DROP", "COMMIT"],
        ["BEGIN", "CREATE TEMP TABLE mine (a int)", "ROLLBACK"],
        ["BEGIN", "SELECT pg_advisory_xact_lock(7)", "COMMIT"],
        ["BEGIN", "DECLARE mine CURSOR FOR SELECT 1", "COMMIT"],
        ["BEGIN", "DECLARE mine CURSOR WITH HOLD FOR SELECT 1", "ROLLBACK"],
        ["SELECT pg_advisory_lock(7); SELECT pg_advisory_unlock(7)"],
        ["CREATE TABLE passing (a int)", "DROP TABLE passing"],
        ["SELECT 'CREATE TEMP TABLE mine (a int)'"],
    ],
)
def test_what_is_over_with_its_transaction_keeps_nothing(pool, join, statements):
    daemon = pool()
    client = join(daemon)
    for statement in statements:
        client.rows(statement)
    client.rows("SELECT 1")
    assert pinned(daemon) == 0 and metric(daemon, "weir_pins_total") == 0


def test_an_advisory_lock_holds_until_it_is_let_go(pool, join):
    daemon = pool(size=2)
    owner, other = join(daemon), join(daemon)
    owner.rows("SELECT pg_advisory_lock(7)")
    for _ in range(3):
        owner.rows("SELECT 1")
        assert other.rows("SELECT pg_try_advisory_xact_lock(7)") == [["f"]]
    assert owner.rows("SELECT pg_advisory_unlock(7)") == [["t"]]
    assert other.rows("SELECT pg_try_advisory_xact_lock(7)") == [["t"]]


def test_a_cursor_with_hold_is_read_across_transactions(pool, join):
    daemon = pool(size=2)
    owner, other = join(daemon), join(daemon)
    owner.rows("BEGIN; DECLARE mine CURSOR WITH HOLD FOR SELECT generate_series(1, 3); COMMIT")
    for wanted in "123":
        assert sqlstates(other.ask("FETCH mine")) == ["34000"]
        assert owner.rows("FETCH mine") == [[wanted]]
    owner.rows("CLOSE mine")
    assert comes_to(0, lambda: pinned(daemon))


@pytest.mark.parametrize("goodbye", ["terminate", "vanish"])
def test_whoever_leaves_leaves_nothing_behind(pool, join, goodbye):
    daemon = pool(size=1, max_pinned=1)
    with raw_client(daemon.socket_path(), database="postgres") as owner:
        owner.rows("CREATE TEMP TABLE mine AS SELECT 1 AS a; SELECT pg_advisory_lock(7)")
        owner.rows("BEGIN; DECLARE mine CURSOR WITH HOLD FOR SELECT 1; COMMIT")
        server = owner.rows("SELECT pg_backend_pid()")
        if goodbye == "terminate":
            owner.send(frame("X"))
    other = join(daemon)
    assert other.rows("SELECT pg_backend_pid()") == server
    assert sqlstates(other.ask("SELECT a FROM mine")) == ["42P01"]
    assert other.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [["0"]]
    assert other.rows("SELECT count(*) FROM pg_cursors WHERE is_holdable") == [["0"]]
    assert comes_to(0, lambda: pinned(daemon))
    assert comes_to(1, lambda: metric(daemon, "weir_resets_total", kind="targeted"))


def test_a_library_stays_loaded_so_its_server_goes_with_its_client(pool, join):
    daemon = pool(size=2)
    with raw_client(daemon.socket_path(), database="postgres") as owner:
        owner.rows("LOAD 'auto_explain'")
        server = owner.rows("SELECT pg_backend_pid()")
        assert comes_to(1, lambda: pinned(daemon))
        owner.rows("DISCARD ALL")
        assert owner.rows("SELECT pg_backend_pid()") == server and pinned(daemon) == 1
    clients = [join(daemon), join(daemon)]
    for client in clients:
        client.rows("BEGIN")
    assert server not in [client.rows("SELECT pg_backend_pid()") for client in clients]


def test_sql_prepare_when_it_is_allowed(pool, join):
    daemon = pool(size=2, allow_sql_prepare=True)
    owner, other = join(daemon), join(daemon)
    owner.rows("PREPARE mine AS SELECT 'prepared'")
    assert comes_to(1, lambda: pinned(daemon))
    for _ in range(3):
        assert owner.rows("EXECUTE mine") == [["prepared"]]
        assert sqlstates(other.ask("EXECUTE mine")) == ["26000"]
    owner.rows("DEALLOCATE mine")
    assert comes_to(0, lambda: pinned(daemon))
    owner.rows("PREPARE mine AS SELECT 1")
    owner.rows("DEALLOCATE ALL")
    assert comes_to(0, lambda: pinned(daemon))


def test_only_so_many_servers_are_kept(pool, join):
    daemon = pool(size=4, max_pinned=1)
    owner, other = join(daemon), join(daemon)
    owner.rows("CREATE TEMP TABLE mine (a int)")
    owner.rows("SELECT pg_advisory_lock(7)")  # who keeps one may do more with it
    for statement in ("CREATE TEMP TABLE mine (a int)", "SELECT pg_advisory_lock(8)"):
        for ask in (
            lambda sql: other.ask(sql),
            lambda sql: (
                other.send(parse("", sql) + bind() + execute() + sync()),
                other.until_ready(),
            )[1],
        ):
            answers = ask(statement)
            (why,) = [answer.fields() for answer in answers if answer.kind == "E"]
            assert why["C"] == "53400" and "max_pinned" in why["M"] and why["H"], why
            assert "temp_tables" in why["D"] and "process" in why["D"]
    other.rows("BEGIN")
    assert sqlstates(other.ask("CREATE TEMP TABLE mine (a int)")) == ["53400"]
    assert sqlstates(other.ask("SELECT 1")) == ["25P02"]
    other.rows("ROLLBACK")
    assert other.rows(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 8"
    ) == [["0"]]
    owner.rows("DISCARD ALL")
    assert comes_to(0, lambda: pinned(daemon))
    other.rows("CREATE TEMP TABLE mine (a int)")
    assert comes_to(1, lambda: pinned(daemon))


def test_a_pin_that_nobody_saw_coming_is_not_lost_silently(pool, join):
    daemon = pool(size=4, max_pinned=1)
    owner, other, third = join(daemon), join(daemon), join(daemon)
    owner.rows("CREATE TEMP TABLE mine (a int)")
    other.send(query("DO $$BEGIN CREATE TEMP TABLE mine (a int); END$$"))
    heard = other.hears_the_end()
    assert heard[-1].fields()["C"] == "53400" and heard[-1].fields()["S"] == "FATAL"
    assert sqlstates(third.ask("SELECT * FROM pg_temp.mine")) == ["42P01"]


def test_the_policies(pool, join):
    daemon = pool(
        pins={
            "temp_tables": "reset",
            "advisory_locks": "reject",
            "hold_cursors": "reject",
            "load": "reject",
        }
    )
    client, other = join(daemon), join(daemon)
    client.rows("CREATE TEMP TABLE mine (a int)")
    assert comes_to(1, lambda: metric(daemon, "weir_resets_total", kind="targeted"))
    assert comes_to(0, lambda: pinned(daemon))
    assert sqlstates(client.ask("SELECT * FROM mine")) == ["42P01"]
    for statement in (
        "SELECT pg_advisory_lock(7)",
        "SELECT pg_try_advisory_lock(7)",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "LOAD 'auto_explain'",
    ):
        (why,) = [a.fields() for a in client.ask(statement) if a.kind == "E"]
        assert why["C"] == "0A000" and why["H"], why
    assert client.rows("SELECT pg_advisory_xact_lock(7)") == [[""]]
    assert other.rows("SELECT 1") == [["1"]]


def test_a_kept_server_that_dies_takes_its_client_along(pool, join, pg):
    daemon = pool(size=2)
    owner, other = join(daemon), join(daemon)
    owner.rows("CREATE TEMP TABLE mine (a int)")
    ((server,),) = owner.rows("SELECT pg_backend_pid()")
    pg.psql(f"SELECT pg_terminate_backend({server})")
    heard = owner.hears_the_end()
    assert heard[-1].fields()["S"] == "FATAL"
    assert other.rows("SELECT 1") == [["1"]] and pinned(daemon) == 0


# -- a server for the whole connection


@pytest.mark.parametrize(
    "database, parameters",
    [("postgres:session", {}), ("postgres", {"application_name": "pg_dump"})],
)
def test_the_session_lane_is_a_server_of_ones_own(pool, join, database, parameters):
    daemon = pool(size=1)
    owner, other = join(daemon, database=database, **parameters), join(daemon)
    assert owner.parameters["pool_mode"] == "session"
    assert other.parameters["pool_mode"] == "transaction"
    owner.rows("PREPARE mine AS SELECT 'prepared'")
    owner.rows("CREATE TEMP TABLE mine AS SELECT 1 AS a")
    owner.rows("SET search_path = apart")
    owner.rows("LISTEN there")
    server = owner.rows("SELECT pg_backend_pid()")
    for _ in range(3):
        assert owner.rows("EXECUTE mine") == [["prepared"]]
        assert owner.rows("SELECT a FROM mine") == [["1"]]
        assert owner.rows("SELECT name FROM place") == [["apart"]]
        assert other.rows("SELECT name FROM place") == [["public"]]
        assert owner.rows("SELECT pg_backend_pid()") == server
    other.rows("NOTIFY there, 'hello'")
    assert b"hello" in owner.read().body


def test_the_session_lane_has_an_allowance_and_leaves_nothing(pool, join):
    daemon = pool(size=1, session_pool_size=1, timeout="1s")
    with raw_client(daemon.socket_path(), database="postgres:session") as owner:
        owner.rows(
            "CREATE TEMP TABLE mine (a int); SELECT pg_advisory_lock(7); SET work_mem = '6MB'"
        )
        owner.rows("PREPARE mine AS SELECT 1")
        second = join(daemon, database="postgres:session")
        assert sqlstates(second.ask("SELECT 'mine'")) == ["53300"]
    for _ in range(2):
        assert shown(second, "work_mem") == "4MB"
    assert second.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [["0"]]
    assert sqlstates(second.ask("EXECUTE mine")) == ["26000"]
    assert sqlstates(second.ask("SELECT * FROM mine")) == ["42P01"]


def test_without_an_allowance_there_is_no_lane(pool, join):
    daemon = pool(session_pool_size=0)
    with pytest.raises(closed) as refusal:
        join(daemon, database="postgres:session")
    assert "3D000" in str(refusal.value)
    assert join(daemon, application_name="pg_dump").parameters["pool_mode"] == "transaction"
