"""Random, well-formed sequences of messages give the same replies through weir, where three clients
share one server, as on three direct connections.

WEIR_SEED replays a run; WEIR_SEQUENCES says how many sequences it has, with answers of weir's own
and without. A sequence that fails is printed after what does not matter has been taken out of it.
"""

import contextlib
import os
import random
import re

import pytest

from raw_client import (
    bind,
    close,
    closed,
    copy_data,
    copy_done,
    copy_fail,
    describe,
    execute,
    flush,
    parse,
    query,
    raw_client,
    sync,
)
from seed import seed

CLIENTS = 3
SEQUENCES = int(os.environ.get("WEIR_SEQUENCES", 100))
UNITS = 12  # of a sequence

TABLE = "CREATE TABLE IF NOT EXISTS things (id serial PRIMARY KEY, name text, n int); TRUNCATE things RESTART IDENTITY"


class unit:
    """What one client says before another one may: it begins and ends outside a transaction. A step
    is what goes in one write, and the message that ends the answer to it.
    """

    def __init__(self, client, steps, words):
        self.client, self.steps, self.words = client, steps, words

    def __repr__(self):
        return f"client {self.client}: " + " | ".join(self.words)


class author:
    """Writes units. What is random is asked of `chance` alone."""

    NAMES = ["", "", "s1", "s2", "s3"]
    PORTALS = ["", "", "p1", "p2"]

    STATEMENTS = [
        "SELECT 1",
        "SELECT 'two', 2, NULL",
        "SELECT generate_series(1, 5)",
        "SELECT count(*), sum(n) FROM things",
        "SELECT id, name FROM things ORDER BY id LIMIT 3",
        "INSERT INTO things (name, n) VALUES ('a', 1), ('b', 2) RETURNING id",
        "INSERT INTO things (name) VALUES ('c')",
        "UPDATE things SET n = n + 1 WHERE id % 2 = 0",
        "DELETE FROM things WHERE id % 5 = 0 RETURNING name",
        "SELECT 1/0",
        "SELECT * FROM nowhere",
        "SELEC 1",
        "",
        "-- nothing",
        "VALUES (1, 'x'), (2, 'y')",
        "SHOW server_version",
        "SELECT repeat('long ', 3000)",
        "DO $$ BEGIN RAISE NOTICE 'noticed'; END $$",
        "SAVEPOINT a",
        "ROLLBACK TO a",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
    ]
    WITH_VALUES = [
        ("SELECT $1::int + $2::int", 2),
        ("SELECT $1::text, length($1)", 1),
        ("INSERT INTO things (name, n) VALUES ($1, $2::int) RETURNING id, name", 2),
        ("SELECT name FROM things WHERE n > $1::int ORDER BY id", 1),
    ]
    VALUES = [b"1", b"2", b"0", b"17", b"x", None, b"long " * 2000]
    BEGINS = ["BEGIN", "begin", "START TRANSACTION", "BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN READ ONLY"]  # fmt: skip
    ENDS = ["COMMIT", "ROLLBACK", "END", "commit", "ABORT"]

    def __init__(self, chance):
        self.chance = chance

    def sequence(self):
        return [self.unit() for _ in range(UNITS)]

    def unit(self):
        write = self.chance.choice(
            [self.simple, self.simple, self.pipeline, self.pipeline, self.pipeline,
             self.transaction, self.transaction, self.copy_in, self.copy_out, self.hesitant,
             self.deallocate]
        )  # fmt: skip
        steps = list(write())
        # An error, or an END that came too early, may have left it in a transaction or out of one.
        steps.append((query("ROLLBACK"), "Z", "Q ROLLBACK"))
        return unit(
            self.chance.randrange(CLIENTS),
            [(data, until) for data, until, _ in steps],
            [words for _, _, words in steps],
        )

    def simple(self):
        for _ in range(self.chance.randint(1, 3)):
            yield self.query("; ".join(self.chance.choices(self.STATEMENTS, k=self.some(3))))

    def transaction(self):
        yield self.query(self.chance.choice(self.BEGINS))
        for _ in range(self.chance.randint(0, 3)):
            yield from self.chance.choice([self.simple, self.pipeline, self.deallocate])()
        yield self.query(self.chance.choice(self.ENDS))

    def deallocate(self):
        name = self.chance.choice(["s1", "s2", "ALL"])
        yield self.query(self.chance.choice([f"DEALLOCATE {name}", f"deallocate prepare {name};"]))

    def pipeline(self):
        """Several messages with one or more Syncs, in one write."""
        data, words, syncs = b"", [], self.some(3)
        for _ in range(syncs):
            for message, word in self.messages():
                data += message
                words.append(word)
            data += sync()
            words.append("S")
        yield data, "Z" * syncs, " ".join(words)

    def hesitant(self):
        """Flush instead of Sync, and the rest once the answer has come."""
        name = self.chance.choice(self.NAMES)
        sql, count = self.chance.choice(self.WITH_VALUES[:2])
        yield (
            close("S", name) + parse(name, sql) + describe("S", name) + flush(),
            "T",
            f"C({name}) P({name!r}, {sql!r}) D({name!r}) H",
        )
        values = [b"3"] * count
        yield bind("", name, values) + execute() + flush(), "C", f"B('', {name!r}) E H"
        yield sync(), "Z", "S"

    def messages(self):
        """The unnamed portal is used only where it has been bound since the last Sync. What weir has
        run to its end in the server's stead is gone with that; and PostgreSQL 15 itself dies (signal
        11) when the portal that a failed Query has left in its transaction is executed.
        """
        bound = False
        for _ in range(self.some(4)):
            name = self.chance.choice(self.NAMES)
            kind = self.chance.choice("PPPPBBEEDDCCW")
            portal = self.chance.choice(self.PORTALS if bound or kind in "BW" else self.PORTALS[2:])
            bound = bound or (kind in "BW" and portal == "")
            if kind == "W":
                yield from self.whole(name, portal)
            elif kind == "P":
                sql, _ = self.text()
                yield parse(name, sql), f"P({name!r}, {sql!r})"
            elif kind == "C":
                what, called = self.chance.choice([("S", name), ("P", portal)])
                yield close(what, called), f"C({what}, {called!r})"
            else:
                yield self.use(kind, name, portal)

    def use(self, kind, name, portal):
        if kind == "B":
            values = self.chance.choices(self.VALUES, k=self.chance.choice([0, 0, 1, 2]))
            return bind(portal, name, values), f"B({portal!r}, {name!r}, {len(values)})"
        if kind == "E":
            rows = self.chance.choice([0, 0, 1, 2])
            return execute(portal, rows), f"E({portal!r}, {rows})"
        what, called = self.chance.choice([("S", name), ("P", portal)])
        return describe(what, called), f"D({what}, {called!r})"

    def whole(self, name, portal):
        """What a driver does: parse, bind, describe, execute."""
        sql, count = self.text()
        yield close("S", name), f"C(S, {name!r})"
        yield parse(name, sql), f"P({name!r}, {sql!r})"
        yield bind(portal, name, [b"5"] * count), f"B({portal!r}, {name!r}, {count})"
        yield describe("P", portal), f"D(P, {portal!r})"
        yield execute(portal), f"E({portal!r}, 0)"

    def copy_in(self):
        rows = b"".join(copy_data(f"{n}\tcopied\t{n}\n".encode()) for n in range(1000, 1003))
        # A number that is there already, or none at all, fails the copy.
        data = self.chance.choice([rows, rows, copy_data(b"no number\n"), b"", rows + rows])
        end, word = self.chance.choice(
            [(copy_done(), "c"), (copy_done(), "c"), (copy_fail("no"), "f")]
        )
        yield self.query("DELETE FROM things WHERE id >= 1000")
        if self.chance.random() < 0.5:
            yield query("COPY things FROM STDIN"), "G", "Q COPY IN"
            yield data + end, "Z", f"d {word}"
        elif self.chance.random() < 0.5:
            yield query("COPY things FROM STDIN") + data + end + query("SELECT 'next'"), "ZZ", f"Q COPY IN d {word} Q"  # fmt: skip
        else:
            yield parse("", "COPY things FROM STDIN") + bind() + execute() + flush(), "G", "P B E H COPY IN"  # fmt: skip
            yield data + end + sync(), "Z", f"d {word} S"

    def copy_out(self):
        sql = "COPY (SELECT generate_series(1, 50)) TO STDOUT"
        if self.chance.random() < 0.5:
            yield self.query(self.chance.choice([sql, f"{sql}; SELECT 1", f"SELECT 1; {sql}"]))
        else:
            yield parse("", sql) + bind() + execute() + sync(), "Z", "P B E S COPY OUT"

    def query(self, sql):
        return query(sql), "Z", f"Q {sql!r}"

    def text(self):
        if self.chance.random() < 0.5:
            return self.chance.choice(self.WITH_VALUES)
        return self.chance.choice(self.STATEMENTS), 0

    def some(self, most):
        return self.chance.randint(1, most)


def replies(path, user, sequence):
    """What each unit was answered, on three new connections."""
    with contextlib.ExitStack() as opened:
        clients = [
            opened.enter_context(raw_client(path, user=user, database="postgres"))
            for _ in range(CLIENTS)
        ]
        return [answers(clients[each.client], each) for each in sequence]


def answers(client, one):
    found = []
    for data, until in one.steps:
        try:
            client.send(data)
            for kind in until:
                found += arrive(client, kind)
        except (closed, ConnectionError, TimeoutError) as end:
            return [*found, ("end", repr(end))]
    return found


def alike(direct, through_weir):
    """In a failed transaction PostgreSQL still looks at a statement that it has: it describes one that
    brings no rows, and counts the parameters of a Bind. weir has to have it parsed anew, which is
    25P02. What follows in that pipeline differs, then: of such a unit the commands that end the
    transaction and the states are compared.
    """
    return direct == through_weir or (
        any(failed and looks_at_a_statement(answer) for failed, answer in with_states(direct))
        and ends_and_states(direct) == ends_and_states(through_weir)
    )


def looks_at_a_statement(answer):
    return answer[0] == "t" or (answer[0] == "E" and "but it requires" in answer[3])


def with_states(found):
    """(whether the transaction had failed, answer) for each."""
    failed = False
    for answer in found:
        yield failed, answer
        if answer[0] == "Z":
            failed = answer[1] == b"E"


def ends_and_states(found):
    return [answer for failed, answer in with_states(found) if not failed or answer[0] in "CZ"]


def arrive(client, kind):
    """Up to a message of this kind. What an error lets never come is not waited for: after one, a
    Sync is due if the step has none.
    """
    found = []
    while True:
        answer = client.read()
        found += normal(answer)
        if answer.kind == kind:
            return found
        if answer.kind == "E" and kind not in "Z":
            return found
        if answer.kind == "Z":
            return [*found, ("unexpected", kind)]


def normal(answer):
    """An answer without what may differ: where in PostgreSQL's source an error was raised, the name
    of a statement in the words about its parameters, since a server never learns the name, and
    ParameterStatus, which a server sends once and weir to each client.
    """
    if answer.kind == "S":
        return []
    if answer.kind in "EN":
        fields = answer.fields()
        fields["M"] = re.sub('prepared statement ".*" requires', "it requires", fields["M"])
        return [(answer.kind, *(fields.get(name) for name in "SCMDP"))]
    return [(answer.kind, answer.body)]


def differ(expected, heard):
    return not all(map(alike, expected, heard))


def shrunk(sequence, differs):
    """Without the units that the difference does not need."""
    for at in reversed(range(len(sequence))):
        less = sequence[:at] + sequence[at + 1 :]
        if differs(less):
            sequence = less
    return sequence


@pytest.fixture(params=[True, False], ids=["helped", "plain"])
def helped(request):
    """Whether weir answers what it may itself."""
    return request.param


@pytest.fixture
def both(pg, start, helped):
    """both(sequence): what is answered directly, and what through weir."""
    pool = {"size": 1, "max_overflow": 0, "free_answers": helped, "hold_back_begin": helped}
    daemon = start(config={"backends": {"postgres": {"url": pg.unix_url(), "pool": pool}}})
    direct = os.path.join(pg.directory, f".s.PGSQL.{pg.port}")
    with raw_client(direct, user="postgres", database="postgres") as keeper:

        def ask(sequence):
            found = []
            for path in (direct, daemon.socket_path()):
                keeper.ask(TABLE)
                found.append(replies(path, "postgres", sequence))
            return found

        yield ask


def test_three_clients_on_one_server_hear_what_they_would_hear_on_their_own(both):
    writer = author(random.Random(seed()))
    for number in range(SEQUENCES):
        sequence = writer.sequence()
        expected, heard = both(sequence)
        if not differ(expected, heard):
            continue

        def differs(less):
            return differ(*both(less))

        least = shrunk(sequence, differs)
        expected, heard = both(least)
        for one, direct, through_weir in zip(least, expected, heard):
            print(one)
            if not alike(direct, through_weir):
                print("  direct: ", direct, "\n  weir:   ", through_weir)
        pytest.fail(f"sequence {number} is answered differently; see above")


def test_a_portal_is_gone_with_the_transaction_that_it_has_ended(both):
    for end in ("COMMIT", "ROLLBACK"):
        data = close("S", "s2") + parse("s2", end) + bind("p2", "s2", []) + execute("p2")
        steps = [(query("BEGIN"), "Z"), (data + describe("P", "p2") + sync(), "Z")]
        expected, heard = both([unit(0, steps, [end])])
        assert not differ(expected, heard), heard
        assert "34000" in str(expected)
