"""The protocol, message by message: what PostgreSQL answers directly, weir answers too, with one
server for all.
"""

import socket
import struct

import pytest

from raw_client import (
    bind,
    close,
    copy_data,
    copy_done,
    copy_fail,
    describe,
    execute,
    flush,
    frame,
    kinds,
    parse,
    query,
    sqlstates,
    sync,
    terminate,
)


def row_values(messages):
    return [answer.values() for answer in messages if answer.kind == "D"]


def run_once(statement="", values=()):
    """Binds and executes what has been parsed."""
    return bind("", statement, values) + execute() + sync()


# -- pipelining, and frames that arrive in pieces


def test_queries_in_one_write_are_answered_in_order(connect):
    client = connect()
    count = 2000
    client.send(b"".join(query(f"SELECT {number}") for number in range(count)))
    for number in range(count):
        assert row_values(client.until_ready()) == [[str(number)]]


def test_bytes_may_come_one_at_a_time(connect):
    client = connect()
    for byte in (
        query("SELECT 'slowly'") + parse("", "SELECT $1::text") + run_once(values=[b"and bound"])
    ):
        client.send(bytes([byte]))
    assert row_values(client.until_ready()) == [["slowly"]]
    assert row_values(client.until_ready()) == [["and bound"]]


def test_a_message_larger_than_any_buffer_passes(connect):
    client = connect()
    big = b"x" * 5_000_000
    client.send(parse("", "SELECT length($1), $1") + run_once(values=[big]))
    assert row_values(client.until_ready()) == [[str(len(big)), big.decode()]]


def test_an_error_in_a_pipeline_skips_to_the_next_sync(connect):
    client = connect()
    client.send(
        parse("", "SELECT 1/0")
        + bind()
        + execute()
        + parse("", "SELECT 2")
        + bind()
        + execute()
        + sync()
        + parse("", "SELECT 3")
        + run_once()
    )
    first, second = client.until_ready(), client.until_ready()
    assert sqlstates(first) == ["22012"] and not row_values(first)
    assert row_values(second) == [["3"]]


def test_flush_brings_answers_without_a_sync(connect):
    client = connect()
    client.send(parse("", "SELECT $1::int") + describe("S") + flush())
    assert kinds(client.until("T")) == "1tT"
    client.send(bind(values=[b"7"]) + execute() + flush())
    assert kinds(client.until("C")) == "2DC"
    client.send(sync())
    assert kinds(client.until_ready()) == "Z"


def test_a_portal_gives_its_rows_in_parts(connect):
    client = connect()
    client.send(
        parse("", "SELECT generate_series(1, 5)")
        + bind()
        + execute(rows=2)
        + execute(rows=2)
        + execute(rows=2)
        + sync()
    )
    assert kinds(client.until_ready()) == "12DDsDDsDCZ"


def test_a_function_can_be_called_by_its_number(connect):
    client = connect()
    int4pl, texts = 177, struct.pack("!hh", 1, 0)
    arguments = b"".join(struct.pack("!i", len(n)) + n for n in (b"40", b"2"))
    client.send(
        frame(
            "F",
            struct.pack("!i", int4pl)
            + texts
            + struct.pack("!h", 2)
            + arguments
            + struct.pack("!h", 0),
        )
    )
    answers = client.until_ready()
    assert kinds(answers) == "VZ" and answers[0].body[4:] == b"42"


def test_an_empty_query_and_several_statements(connect):
    client = connect()
    assert kinds(client.ask("")) == "IZ"
    assert (
        kinds(client.ask("SELECT 1; SELECT 2; CREATE TEMP TABLE gone (i int); DROP TABLE gone"))
        == "TDCTDCCCZ"
    )


def test_a_message_of_unknown_type_ends_the_connection(connect):
    client, other = connect(), connect()
    client.send(b"\x01" + struct.pack("!i", 4))
    assert "08P01" in sqlstates(client.hears_the_end())
    assert other.rows("SELECT 'unharmed'") == [["unharmed"]]


# -- transactions


def test_ready_for_query_tells_the_state_of_the_transaction(connect):
    client = connect()
    states = [
        client.ask(sql)[-1].body
        for sql in ("BEGIN", "SELECT 1/0", "SELECT 1", "ROLLBACK", "SELECT 1")
    ]
    assert states == [b"T", b"E", b"E", b"I", b"I"]


@pytest.mark.parametrize("farewell", [terminate(), b""])
def test_a_client_that_leaves_in_a_transaction_leaves_nothing_behind(connect, pg, farewell):
    pg.psql("DROP TABLE IF EXISTS left_behind; CREATE TABLE left_behind (i int)")
    leaver, other = connect(), connect()
    leaver.ask("BEGIN")
    leaver.ask("INSERT INTO left_behind VALUES (1)")
    leaver.send(farewell)
    leaver.socket.close()
    # With one server for both, an answer means that the transaction is over.
    assert other.rows("SELECT count(*) FROM left_behind") == [["0"]]
    assert other.ask("LOCK TABLE left_behind; SELECT 1")[-1].body == b"I"


# -- prepared statements


def test_an_unnamed_statement_is_still_its_clients_own_after_a_sync(connect):
    """The flow of lib/pq: Parse and Sync, then Bind and Sync, while another client does the same in
    between.
    """
    left, right = connect(), connect()
    for _ in range(3):
        left.send(parse("", "SELECT 'left'") + describe("S") + sync())
        assert kinds(left.until_ready()) == "1tTZ"
        right.send(parse("", "SELECT 'right'") + describe("S") + sync())
        assert kinds(right.until_ready()) == "1tTZ"
        for client, word in ((left, "left"), (right, "right"), (left, "left")):
            client.send(run_once())
            assert row_values(client.until_ready()) == [[word]]


def test_an_unnamed_statement_survives_the_use_of_a_name(connect):
    client, other = connect(), connect()
    client.send(parse("", "SELECT 'unnamed'") + parse("name", "SELECT 'named'") + sync())
    assert kinds(client.until_ready()) == "11Z"
    client.send(run_once("name"))
    assert row_values(client.until_ready()) == [["named"]]
    other.send(parse("", "SELECT 'other'") + run_once())
    assert row_values(other.until_ready()) == [["other"]]
    client.send(run_once())
    assert row_values(client.until_ready()) == [["unnamed"]]
    client.send(run_once("name") + run_once() + run_once("name"))
    assert [row_values(client.until_ready()) for _ in range(3)] == [
        [["named"]],
        [["unnamed"]],
        [["named"]],
    ]


def test_a_simple_query_forgets_the_unnamed_statement(connect):
    client = connect()
    client.send(parse("", "SELECT 1") + sync())
    client.until_ready()
    client.ask("SELECT 2")
    client.send(run_once())
    assert sqlstates(client.until_ready()) == ["26000"]


def test_the_same_name_means_each_clients_own_statement(connect):
    left, right = connect(), connect()
    for client, word in ((left, "left"), (right, "right")):
        client.send(parse("s1", f"SELECT '{word}', $1::text") + describe("S", "s1") + sync())
        assert kinds(client.until_ready()) == "1tTZ"
    for turn in range(4):
        for client, word in ((left, "left"), (right, "right")):
            client.send(run_once("s1", [str(turn).encode()]))
            answers = client.until_ready()
            assert row_values(answers) == [[word, str(turn)]] and kinds(answers) == "2DCZ"


def test_names_live_and_die_as_on_a_server(connect):
    client = connect()
    client.send(parse("s1", "SELECT 1") + sync())
    assert kinds(client.until_ready()) == "1Z"
    client.send(parse("s1", "SELECT 2") + sync())  # a name in use
    assert sqlstates(client.until_ready()) == ["42P05"]
    client.send(
        close("S", "s1") + close("S", "never made") + parse("s1", "SELECT 3") + run_once("s1")
    )
    answers = client.until_ready()
    assert kinds(answers) == "3312DCZ" and row_values(answers) == [["3"]]
    client.send(run_once("unknown"))
    assert sqlstates(client.until_ready()) == ["26000"]
    client.send(describe("S", "unknown") + sync())
    assert sqlstates(client.until_ready()) == ["26000"]
    assert kinds(client.ask("DEALLOCATE s1")) == "CZ"
    client.send(run_once("s1"))
    assert sqlstates(client.until_ready()) == ["26000"]


@pytest.mark.parametrize("forget", ["DEALLOCATE ALL", "DEALLOCATE PREPARE ALL", "DISCARD ALL"])
def test_all_names_can_be_forgotten(connect, forget):
    client = connect()
    client.send(parse("s1", "SELECT 1") + parse("s2", "SELECT 2") + sync())
    client.until_ready()
    assert not sqlstates(client.ask(forget))
    for name in ("s1", "s2"):
        client.send(run_once(name))
        assert sqlstates(client.until_ready()) == ["26000"]


def test_a_statement_that_fails_to_parse_has_no_name(connect):
    client = connect()
    client.send(parse("s1", "SELEC 1") + sync())
    assert sqlstates(client.until_ready()) == ["42601"]
    client.send(run_once("s1"))
    assert sqlstates(client.until_ready()) == ["26000"]
    client.send(parse("s1", "SELECT 'right now'") + run_once("s1"))
    assert row_values(client.until_ready()) == [["right now"]]


def test_names_work_inside_a_transaction_and_after_its_failure(connect):
    client, other = connect(), connect()
    client.send(parse("s1", "SELECT $1::int / $2::int") + sync())
    client.until_ready()
    client.ask("BEGIN")
    client.send(run_once("s1", [b"6", b"2"]))
    assert row_values(client.until_ready()) == [["3"]]
    client.send(run_once("s1", [b"6", b"0"]))
    assert sqlstates(client.until_ready()) == ["22012"]
    client.send(run_once("s1", [b"6", b"2"]))
    assert sqlstates(client.until_ready()) == ["25P02"]
    client.ask("ROLLBACK")
    other.rows("SELECT 1")
    client.send(run_once("s1", [b"6", b"3"]))
    assert row_values(client.until_ready()) == [["2"]]


# -- COPY


@pytest.fixture
def table(pg):
    pg.psql("DROP TABLE IF EXISTS copied; CREATE TABLE copied (i int)")


def test_a_query_may_follow_copy_done_in_one_write(connect, table):
    client, other = connect(), connect()
    for _ in range(5):
        client.send(query("COPY copied FROM STDIN"))
        assert client.read().kind == "G"
        client.send(
            copy_data(b"1\n") + copy_data(b"2\n") + copy_done() + query("SELECT 'after the copy'")
        )
        assert kinds(client.until_ready()) == "CZ"
        assert row_values(client.until_ready()) == [["after the copy"]]
        assert other.rows("SELECT 'next'") == [["next"]]
    assert other.rows("SELECT count(*) FROM copied") == [["10"]]


def test_a_copy_in_with_everything_in_one_write(connect, table):
    client = connect()
    client.send(
        query("COPY copied FROM STDIN")
        + copy_data(b"1\n2\n3\n")
        + copy_done()
        + query("SELECT count(*) FROM copied")
    )
    assert kinds(client.until_ready()) == "GCZ"
    assert row_values(client.until_ready()) == [["3"]]


def test_a_copy_in_by_the_extended_protocol_ignores_the_sync_before_its_data(connect, table):
    client, other = connect(), connect()
    client.send(parse("", "COPY copied FROM STDIN") + bind() + execute() + sync())
    assert kinds(client.until("G")) == "12G"
    client.send(copy_data(b"1\n2\n") + copy_done() + sync())
    assert kinds(client.until_ready()) == "CZ"
    assert client.rows("SELECT count(*) FROM copied") == [["2"]]
    assert other.rows("SELECT 'next'") == [["next"]]


def test_a_copy_in_that_the_server_refuses_drops_the_rest_of_its_data(connect, table):
    client, other = connect(), connect()
    client.send(query("COPY copied FROM STDIN"))
    assert client.read().kind == "G"
    client.send(copy_data(b"no number\n") + copy_done())
    refused = client.until_ready()
    assert sqlstates(refused) == ["22P02"] and refused[-1].body == b"I"
    assert other.rows("SELECT 'between'") == [["between"]]
    client.send(copy_data(b"late\n") * 1000 + copy_done() + query("SELECT 'and on'"))
    assert row_values(client.until_ready()) == [["and on"]]
    assert other.rows("SELECT count(*) FROM copied") == [["0"]]


def test_a_client_can_fail_its_copy(connect, table):
    client = connect()
    client.send(query("COPY copied FROM STDIN"))
    assert client.read().kind == "G"
    client.send(copy_data(b"1\n") + copy_fail("changed my mind"))
    failed = client.until_ready()
    assert sqlstates(failed) == ["57014"] and "changed my mind" in failed[0].fields()["M"]
    assert client.rows("SELECT count(*) FROM copied") == [["0"]]


@pytest.mark.parametrize("form", ["text", "csv", "binary"])
def test_what_is_copied_out_can_be_copied_in(connect, table, form):
    client = connect()
    answers = client.ask(f"COPY (SELECT generate_series(1, 3000)) TO STDOUT (FORMAT {form})")
    data = [answer.body for answer in answers if answer.kind == "d"]
    assert len(data) >= 3000 and kinds(answers[-3:]) == "cCZ"
    client.send(
        query(f"COPY copied FROM STDIN (FORMAT {form})")
        + b"".join(copy_data(d) for d in data)
        + copy_done()
    )
    assert client.until_ready()[-2].tag() == "COPY 3000"
    assert client.rows("SELECT sum(i) FROM copied") == [[str(3000 * 3001 // 2)]]


def test_several_copies_in_one_query(connect, table):
    client = connect()
    client.send(
        query("COPY copied FROM STDIN; SELECT 1; COPY copied TO STDOUT; COPY copied FROM STDIN")
    )
    client.send(copy_data(b"1\n") + copy_done())
    assert kinds(client.until("G")) == "G"
    assert kinds(client.until("G")) == "CTDCHdcCG"
    client.send(copy_data(b"2\n") + copy_done())
    assert kinds(client.until_ready()) == "CZ"
    assert client.rows("SELECT sum(i) FROM copied") == [["3"]]


# -- what comes unasked


def test_notices_and_parameter_changes_come_with_their_query(connect):
    client = connect()
    answers = client.ask("DO $$ BEGIN RAISE NOTICE 'first'; RAISE WARNING 'second'; END $$")
    assert [answer.fields()["M"] for answer in answers if answer.kind == "N"] == ["first", "second"]
    answers = client.ask("SET application_name = 'renamed'")
    assert b"application_name\0renamed\0" in [
        answer.body for answer in answers if answer.kind == "S"
    ]


# -- half a connection


def test_a_client_that_has_shut_its_writing_half_still_gets_its_answer(connect):
    client, other = connect(), connect()
    client.send(query("SELECT pg_sleep(0.3), 'to the end' FROM generate_series(1, 2)"))
    client.socket.shutdown(socket.SHUT_WR)
    answers = client.hears_the_end()
    assert kinds(answers) == "TDDCZ" and row_values(answers)[1][1] == "to the end"
    assert other.rows("SELECT 'next'") == [["next"]]


@pytest.mark.parametrize("farewell", ["terminate", "half closed"])
def test_a_copy_that_nobody_will_end_is_over_when_its_client_has_said_so(connect, table, farewell):
    """Its server waits for more data, and would do so for ever."""
    client, other = connect(), connect()
    client.send(query("COPY copied FROM STDIN"))
    client.until("G")
    client.send(copy_data(b"1\n"))
    if farewell == "terminate":
        client.send(terminate())
    else:
        client.socket.shutdown(socket.SHUT_WR)
    client.hears_the_end()
    assert other.rows("SELECT count(*) FROM copied") == [["0"]]


@pytest.mark.parametrize("farewell", ["terminate", "half closed", "closed"])
@pytest.mark.parametrize("asked", [b"", flush()], ids=["not asked for", "flushed"])
def test_what_was_never_synced_is_never_committed(connect, table, asked, farewell):
    client, other = connect(), connect()
    client.send(parse("", "INSERT INTO copied VALUES (1)") + bind() + execute() + asked)
    if asked:
        assert kinds(client.until("C")) == "12C"
    if farewell == "terminate":
        client.send(terminate())
        client.hears_the_end()
    elif farewell == "half closed":
        client.socket.shutdown(socket.SHUT_WR)
        client.hears_the_end()
    else:
        client.socket.close()
    # Locked, so that a transaction that is still open is waited for.
    other.ask("BEGIN; LOCK TABLE copied")
    assert other.rows("SELECT count(*) FROM copied") == [["0"]]
    other.ask("COMMIT")
