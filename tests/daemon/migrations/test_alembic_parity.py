"""Random graphs of revisions, once as Alembic's files and once as weir's: the same targets lead both
through the same revisions to the same rows of the version table, or to the same complaint.

WEIR_SEED=... replays a run.
"""

import io
import os
import random
import re
import subprocess

import pytest

pytest.importorskip("alembic")
from alembic import command  # noqa: E402
from alembic.config import Config  # noqa: E402
from alembic.util import CommandError  # noqa: E402

WEIR = os.environ["WEIR_BINARY"]
GRAPHS = 8
QUESTIONS = 12

ENV = """
from alembic import context
context.configure(dialect_name="postgresql")
with context.begin_transaction():
    context.run_migrations()
"""

REVISION = """
\"\"\"message of {id}\"\"\"
revision = {id!r}
down_revision = {parents!r}
depends_on = {needs!r}
def upgrade(): pass
def downgrade(): pass
"""

SQL_REVISION = """\
-- revision: {id}
-- down_revision: {parents}
-- depends_on: {needs}
-- message: message of {id}

-- upgrade

-- downgrade
"""


def random_graph(luck):
    """[(id, parents, dependencies)], where no need of a revision is another one's ancestor:
    of those, Alembic 1.8 leaves rows behind."""
    graph, below = [], {}
    for number in range(luck.randint(2, 10)):
        ids = list(below)
        parents, needs = set(), set()
        if ids and luck.random() < 0.85:
            parents.add(luck.choice(ids) if luck.random() < 0.35 else ids[-1])
        while ids and luck.random() < 0.2:
            parents.add(luck.choice(ids))
        while ids and luck.random() < 0.15:
            needs.add(luck.choice(ids))
        implied = set().union(*(below[i] - {i} for i in parents | needs))
        parents -= implied
        needs -= implied | parents
        name = f"{luck.choice('abc')}{luck.choice('ab')}{luck.randrange(1000):03}x{number}"
        below[name] = {name}.union(*(below[i] for i in parents | needs))
        graph.append((name, sorted(parents), sorted(needs)))
    return graph


class Alembic:
    def __init__(self, graph, directory):
        versions = directory / "versions"
        versions.mkdir(parents=True)
        (directory / "env.py").write_text(ENV)
        for name, parents, needs in graph:
            (versions / f"{name}.py").write_text(
                REVISION.format(id=name, parents=tuple(parents) or None, needs=tuple(needs) or None)
            )
        self.directory = directory

    def ask(self, verb, *words, **more):
        """(what it printed, None) or (None, its complaint)."""
        said = io.StringIO()
        config = Config(stdout=said, output_buffer=said)
        config.set_main_option("script_location", str(self.directory))
        try:
            getattr(command, verb)(config, *words, **more)
        except CommandError as complaint:
            return None, str(complaint)
        return said.getvalue(), None


class Weir:
    def __init__(self, graph, directory):
        files = directory / "migrations"  # where weir looks without being told
        files.mkdir(parents=True)
        for number, (name, parents, needs) in enumerate(graph):
            (files / f"{number:03}_{name}.sql").write_text(
                SQL_REVISION.format(
                    id=name, parents=", ".join(parents) or "none", needs=", ".join(needs)
                )
            )
        self.directory = directory

    def ask(self, verb, *words):
        done = subprocess.run(
            [WEIR, "migrate", verb, *words],
            cwd=self.directory,
            env={"DATABASE_URL": "postgresql://nobody@/nowhere", "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return done.stdout, None
        assert done.returncode == 1, done.stderr
        return None, done.stderr.splitlines()[0].removeprefix("FAILED: ")


@pytest.fixture(params=range(GRAPHS))
def both(request, tmp_path):
    seed = int(os.environ.get("WEIR_SEED") or random.randrange(2**32))
    print(f"WEIR_SEED={seed}")  # pytest shows it when a test fails
    luck = random.Random(seed + request.param)
    graph = random_graph(luck)
    print(graph)
    return luck, graph, Alembic(graph, tmp_path / "alembic"), Weir(graph, tmp_path / "weir")


def steps(script):
    return sorted(re.findall(r"^-- Running (?:up|down)grade (.*?)(?:, message of .*)?$", script, re.M))


def rows(script, start):
    """What the script leaves in the version table."""
    table = set() if start == "base" else {start}
    for sql in re.findall(r"^[A-Z][^;]*alembic_version[^;]*;", script, re.M):
        values = re.findall(r"'([^']*)'", sql)
        if sql.startswith("INSERT"):
            table.add(values[0])
        elif sql.startswith("DELETE"):
            table.remove(values[0])
        elif sql.startswith("UPDATE"):
            table.remove(values[1])
            table.add(values[0])
    return table


def random_target(luck, ids):
    name = luck.choice(ids)
    return luck.choice(
        [name, name, name[: luck.randint(1, 6)], "head", "heads", "base", "nowhere"]
        + [f"{name}{luck.choice('+-')}1", luck.choice(["+1", "+2", "-1", "-2"])]
    )


def test_scripts_go_through_the_same_revisions_to_the_same_rows(both):
    luck, graph, alembic, weir = both
    ids = [name for name, _, _ in graph]
    for _ in range(QUESTIONS):
        verb = luck.choice(["upgrade", "downgrade", "stamp"])
        start = luck.choice(["base", *ids])
        target = luck.choice(ids) if verb == "stamp" else random_target(luck, ids)
        print(verb, start, target)
        try:
            expected, complaint = alembic.ask(verb, f"{start}:{target}", sql=True)
        except (AssertionError, AttributeError):
            continue  # a walk that is too long; Alembic has no words for it
        script, words = weir.ask(verb, f"{start}:{target}", "--sql")
        assert words == complaint
        if script is not None:
            if verb != "stamp":
                assert steps(script) == steps(expected)
            assert rows(script, start) == rows(expected, start)


@pytest.mark.parametrize("verb", ["heads", "branches", "history"])
def test_lists_have_the_same_lines(both, verb):
    _, _, alembic, weir = both
    expected, _ = alembic.ask(verb)
    printed, _ = weir.ask(verb)
    assert sorted(printed.split("\n")) == sorted(expected.split("\n"))
