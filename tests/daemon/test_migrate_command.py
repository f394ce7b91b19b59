"""`weir migrate` where it needs no database: what it lists, writes, prints for a DBA and reads from Alembic."""

import json
import os
import re
import shutil
import subprocess

import pytest

WEIR = os.environ["WEIR_BINARY"]
CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("DB_", "DATABASE_", "WEIR_", "PG"))}
SERVER = "postgresql://app@no-such-host.invalid/main"  # a script for it is printed, and it is never asked

# name, parents, message, depends_on: a branch, a merge, a second base that is depended on, two heads.
GRAPH = [
    ("aaaa1", [], "First things: a/b c", []),
    ("bbbb1", ["aaaa1"], "left side", []),
    ("cccc1", ["aaaa1"], "right side", []),
    ("dddd1", ["bbbb1", "cccc1"], "both again", []),
    ("eeee1", [], "other base", []),
    ("ffff1", ["dddd1"], "needs", ["eeee1"]),
    ("abcd1", ["dddd1"], "the other head", []),
]


class place:
    """A working directory with a directory of revisions in it."""

    def __init__(self, path):
        self.path = path
        self.environment = {"DATABASE_URL": SERVER, "WEIR_SOCKET_DIR": str(path)}

    def weir(self, *arguments, text=None, **environment):
        return subprocess.run([WEIR, "migrate", *arguments], cwd=self.path, input=text, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              env={**CLEAN, **self.environment, **environment},
                              stdin=subprocess.DEVNULL if text is None else None)

    def says(self, *arguments, **more):
        done = self.weir(*arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *arguments, **more):
        done = self.weir(*arguments, **more)
        assert done.returncode == 1 and not done.stdout, done
        assert done.stderr.startswith("FAILED: ")
        return done.stderr

    def read(self, name):
        return (self.path / "migrations" / name).read_text()

    def names(self):
        return sorted(p.name for p in (self.path / "migrations").iterdir())


def write(directory, graph):
    directory.mkdir()
    for number, (name, parents, message, depends_on) in enumerate(graph, 1):
        lines = [f"-- revision: {name}", f"-- down_revision: {', '.join(parents) or 'none'}", f"-- message: {message}"]
        if depends_on:
            lines.append(f"-- depends_on: {', '.join(depends_on)}")
        lines += ["-- upgrade", f"CREATE TABLE t_{name} (a int);", "-- downgrade", f"DROP TABLE t_{name};"]
        (directory / f"{number:03}_{name}.sql").write_text("\n".join(lines) + "\n")


@pytest.fixture
def empty(tmp_path):
    return place(tmp_path)


@pytest.fixture
def sample(tmp_path):
    write(tmp_path / "migrations", GRAPH)
    return place(tmp_path)


def test_help_names_every_verb_and_the_status_of_check(empty):
    words = empty.says("--help")
    for verb in ("current", "history", "heads", "branches", "show", "check", "upgrade", "downgrade", "stamp", "merge",
                 "revision", "import"):
        assert verb in words
        assert "--json" in empty.says(verb, "--help")
    assert "3 pending" in empty.says("check", "--help")


@pytest.mark.parametrize("arguments", [[], ["fly"], ["history", "--sql"], ["downgrade"], ["stamp"], ["show"],
                                       ["upgrade", "--sql", "--dry-run"], ["upgrade", "a", "b"]])
def test_a_wrong_command_line_is_status_2(empty, arguments):
    done = empty.weir(*arguments)
    assert done.returncode == 2 and done.stderr and not done.stdout


# What there is.

def test_history_is_newest_first_and_has_ranges(sample):
    assert sample.says("history").splitlines() == [
        "dddd1 -> abcd1 (head), the other head",
        "dddd1 (eeee1) -> ffff1 (head), needs",
        "<base> -> eeee1 (effective head), other base",
        "bbbb1, cccc1 -> dddd1 (branchpoint) (mergepoint), both again",
        "aaaa1 -> cccc1, right side",
        "aaaa1 -> bbbb1, left side",
        "<base> -> aaaa1 (branchpoint), First things: a/b c",
    ]
    assert sample.says("history", "-r", "aaaa:bbbb1").splitlines() == [
        "aaaa1 -> bbbb1, left side", "<base> -> aaaa1 (branchpoint), First things: a/b c"]
    # A range may begin with a minus, however it is given.
    for arguments in (["-r", "-1:bbbb1"], ["-r-1:bbbb1"], ["--rev-range=-1:bbbb1"], ["--rev-range", "-1:bbbb1"]):
        assert len(sample.says("history", *arguments).splitlines()) == 2
    assert "Rev: dddd1 (branchpoint) (mergepoint)\nMerges: bbbb1, cccc1\n" in sample.says("history", "--verbose")
    assert "Requested range bbbb1:cccc1" in sample.fails("history", "-r", "bbbb1:cccc1")


def test_heads_and_branches(sample):
    assert sample.says("heads") == "eeee1 (effective head)\nffff1 (head)\nabcd1 (head)\n"
    assert sample.says("heads", "--resolve-dependencies") == "ffff1 (head)\nabcd1 (head)\n"
    assert sample.says("heads", "-v").startswith("Rev: eeee1 (head)\nParent: <base>\nPath: ")
    assert sample.says("branches") == (
        "dddd1 (branchpoint) (mergepoint)\n      -> ffff1 (head)\n      -> abcd1 (head)\n\n"
        "aaaa1 (branchpoint)\n      -> bbbb1\n      -> cccc1\n\n")


def test_show_takes_the_front_of_an_id(sample):
    words = sample.says("show", "ffff")
    assert words == ("Rev: ffff1 (head)\nParent: dddd1\nAlso depends on: eeee1\n"
                     "Path: ./migrations/006_ffff1.sql\n\n    needs\n\n")
    assert sample.says("show", "heads").count("Rev: ") == 2
    assert "Can't locate revision identified by 'zzzz9'" in sample.fails("show", "zzzz9")
    assert "Multiple head revisions are present for given argument 'head'" in sample.fails("show", "head")


def test_no_directory_is_no_revisions_and_a_named_one_must_be_there(empty):
    assert empty.says("history") == "" and empty.says("heads") == ""
    assert "elsewhere" in empty.fails("history", "--dir", "elsewhere")
    assert "elsewhere" in empty.fails("heads", WEIR_MIGRATIONS_DIR="elsewhere")


def test_lists_for_programs(sample):
    history = json.loads(sample.says("history", "--json"))
    assert [r["revision"] for r in history] == ["abcd1", "ffff1", "eeee1", "dddd1", "cccc1", "bbbb1", "aaaa1"]
    assert history[1] == {
        "revision": "ffff1", "down_revision": ["dddd1"], "depends_on": ["eeee1"], "message": "needs",
        "file": "./migrations/006_ffff1.sql", "transaction": True, "only": [], "children": [], "head": True,
        "effective_head": False, "branchpoint": False, "mergepoint": False, "current": False}
    assert history[2]["effective_head"] and history[3]["mergepoint"] and history[6]["branchpoint"]
    for arguments in (["heads"], ["branches"], ["show", "ffff1"]):
        assert json.loads(sample.says(*arguments, "--json"))[0]["revision"]
    done = sample.weir("show", "zzzz9", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["message"] == "Can't locate revision identified by 'zzzz9'"


def test_all_mistakes_in_the_files_are_told_at_once(sample):
    (sample.path / "migrations/008_x.sql").write_text("-- revision: xxxx1\n-- down_revision: nobody\n-- upgrade\n")
    (sample.path / "migrations/009_y.sql").write_text("-- revision: aaaa1\n-- down_revision: none\n-- upgrade\n")
    words = sample.fails("history")
    assert "008_x.sql" in words and "009_y.sql" in words and "mistakes" in words


def test_several_backends_have_to_be_told_apart(sample):
    backends = {"main": {"url": SERVER}, "local": {"url": "sqlite:///l.db"}}
    (sample.path / "weir.json").write_text(json.dumps({"backends": backends}))
    sample.environment.pop("DATABASE_URL")
    assert "say which with --backend: local, main" in sample.fails("heads", "--config", "weir.json")
    assert "effective" in sample.says("heads", "--config", "weir.json", "--backend", "main", "--dir", "migrations")


# What is written.

def test_revision_writes_the_next_file(empty):
    words = empty.says("revision", "-m", "Add a table: users!")
    assert words == f"Generating {os.path.realpath(empty.path)}/migrations/001_add_a_table_users.sql ...  done\n"
    text = empty.read("001_add_a_table_users.sql")
    found = re.fullmatch(r"-- revision: ([0-9a-f]{12})\n-- down_revision: none\n-- message: Add a table: users!\n"
                         r"\n-- upgrade\n\n-- downgrade\n", text)
    assert found, text
    empty.says("revision", "-m", "second", "--rev-id", "bbbb1")
    assert f"-- down_revision: {found[1]}\n" in empty.read("002_second.sql")
    empty.says("revision", "--rev-id", "cccc1")
    assert "-- message: empty message\n" in empty.read("003_empty_message.sql")
    assert empty.says("heads") == "cccc1 (head)\n"
    made = json.loads(empty.says("revision", "-m", "fourth", "--rev-id", "dddd1", "--depends-on", "bbbb1", "--json"))
    assert (made["revision"], made["file"], made["depends_on"]) == ("dddd1", "migrations/004_fourth.sql", ["bbbb1"])


def test_two_revisions_never_have_the_same_id(empty):
    for _ in range(5):
        empty.says("revision", "-m", "x")
    ids = {re.search("revision: (.*)", empty.read(name))[1] for name in empty.names()}
    assert len(ids) == 5


def test_branches_are_begun_and_merged_as_with_alembic(sample):
    assert "Multiple heads are present; please specify the head revision" in sample.fails("revision", "-m", "x")
    assert "please specify --splice" in sample.fails("revision", "-m", "x", "--head", "bbbb1")
    sample.says("revision", "-m", "x", "--head", "bbbb1", "--splice", "--rev-id", "b2")
    assert "-- down_revision: bbbb1\n" in sample.read("008_x.sql")
    sample.says("revision", "-m", "own base", "--head", "base", "--rev-id", "e2")
    assert "-- down_revision: none\n" in sample.read("009_own_base.sql")
    sample.says("merge", "-m", "all", "heads", "--rev-id", "abcd2")
    assert "-- down_revision: ffff1, abcd1, b2, e2\n" in sample.read("010_all.sql")
    assert sample.says("heads", "--resolve-dependencies") == "abcd2 (head)\n"
    assert "is not a head revision" in sample.fails("merge", "ffff1", "abcd1")
    assert "Duplicate head revisions" in sample.fails("merge", "abcd2", "abcd2")
    assert "is present already" in sample.fails("revision", "--rev-id", "aaaa1", "--head", "abcd2")
    assert "not allowed in revision identifier" in sample.fails("revision", "--rev-id", "a-b", "--head", "abcd2")
    assert len(sample.names()) == 10


# What is printed for a DBA.

def test_sql_asks_no_database(sample):
    script = sample.says("upgrade", "--sql", "aaaa1:dddd1")
    assert "CREATE TABLE t_bbbb1 (a int)" in script and "CREATE TABLE t_cccc1 (a int)" in script
    assert "t_aaaa1" not in script and "t_ffff1" not in script
    assert [line for line in script.splitlines() if line.startswith("-- Running")] == [
        "-- Running upgrade aaaa1 -> bbbb1, left side", "-- Running upgrade aaaa1 -> cccc1, right side",
        "-- Running upgrade bbbb1, cccc1 -> dddd1, both again"]
    everything = sample.says("upgrade", "--sql")
    assert all(f"CREATE TABLE t_{name} (a int)" in everything for name, *_ in GRAPH)
    back = sample.says("downgrade", "--sql", "dddd1:aaaa1")
    assert back.index("DROP TABLE t_dddd1") < back.index("DROP TABLE t_bbbb1") and "t_aaaa1" not in back
    for target in ("dddd1:-1", "dddd1:dddd1-1"):
        done = sample.weir("downgrade", "--sql", target)
        assert "Ambiguous walk" in done.stderr
    assert "ffff1" in sample.says("stamp", "--sql", "ffff1")
    assert "t_" not in sample.says("stamp", "--sql", "ffff1", "abcd1")


def test_ranges_are_for_scripts_and_a_script_back_needs_one(sample):
    assert "Range revision not allowed" in sample.fails("upgrade", "aaaa1:bbbb1")
    assert "downgrade with --sql requires <fromrev>:<torev>" in sample.fails("downgrade", "--sql", "base")
    assert "only supports a single starting revision" in sample.fails("stamp", "--sql", "aaaa1:bbbb1", "bbbb1:cccc1")


def test_a_script_says_the_same_each_time(sample):
    assert sample.says("upgrade", "--sql") == sample.says("upgrade", "--sql")


# What is read from Alembic.

INI = """[alembic]
script_location = scripts
sqlalchemy.url = postgresql:///unused
"""
ENV = """from alembic import context
context.configure(url="postgresql:///unused", literal_binds=True)
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.fixture
def alembic(tmp_path):
    """alembic(verb, ...) -> its output, in a project that holds GRAPH."""
    if not shutil.which("alembic"):
        pytest.skip("alembic is not installed")
    versions = tmp_path / "project/scripts/versions"
    versions.mkdir(parents=True)
    (tmp_path / "project/alembic.ini").write_text(INI)
    (tmp_path / "project/scripts/env.py").write_text(ENV)
    for name, parents, message, depends_on in GRAPH:
        (versions / f"{name}.py").write_text(
            f'"""{message}"""\nfrom alembic import op\nrevision = {name!r}\n'
            f"down_revision = {tuple(parents) or None!r}\nbranch_labels = None\ndepends_on = {depends_on or None!r}\n"
            f"def upgrade():\n    op.execute(\"CREATE TABLE t_{name} (a int DEFAULT ';')\")\n"
            f'def downgrade():\n    op.execute("DROP TABLE t_{name}")\n')

    def run(*arguments):
        done = subprocess.run(["alembic", *arguments], cwd=tmp_path / "project", text=True, check=False, timeout=60,
                              env={**CLEAN, "PYTHONDONTWRITEBYTECODE": "1"}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_import_makes_of_alembics_scripts_the_same_history(empty, alembic):
    (empty.path / "down.sql").write_text(alembic("downgrade", "abcd1:base", "--sql"))
    (empty.path / "history").write_text(alembic("history"))
    words = empty.says("import", "migrations", "--downgrade", "down.sql", "--history", "history",
                       text=alembic("upgrade", "heads", "--sql"))
    assert words.count("Generating ") == words.count(" ...  done\n") == len(GRAPH)
    assert sorted(empty.says("history").splitlines()) == sorted(alembic("history").splitlines())
    assert sorted(empty.says("heads").splitlines()) == sorted(alembic("heads").splitlines())
    script = empty.says("upgrade", "--sql")
    assert all(f"CREATE TABLE t_{name} (a int DEFAULT ';')" in script for name, *_ in GRAPH)
    assert script.count("CREATE TABLE t_") == len(GRAPH)
    assert "DROP TABLE t_aaaa1" in empty.says("downgrade", "--sql", "abcd1:base")
    assert "001_" in empty.names()[0] and any(name.endswith("_right_side.sql") for name in empty.names())


def test_import_of_the_upgrades_alone_has_no_way_back(empty, alembic):
    (empty.path / "up.sql").write_text(alembic("upgrade", "heads", "--sql"))
    report = json.loads(empty.says("import", "--from", "up.sql", "--json"))
    assert {r["revision"]: r["depends_on"] for r in report["revisions"]}["ffff1"] == ["eeee1"]
    assert "-- downgrade" not in empty.read("001_aaaa1.sql")
    assert empty.weir("downgrade", "--sql", "bbbb1:base").returncode == 1


def test_import_overwrites_nothing_and_refuses_what_does_not_fit(empty, alembic):
    script = alembic("upgrade", "heads", "--sql")
    empty.says("import", text=script)
    before = {name: empty.read(name) for name in empty.names()}
    assert "aaaa1" in empty.fails("import", text=script)  # its ids are there
    part = alembic("upgrade", "bbbb1:dddd1", "--sql")
    assert "aaaa1" in empty.fails("import", "elsewhere", text=part)  # its parents are not
    assert "cut short" in empty.fails("import", "elsewhere", text=script[: script.rindex("COMMIT")])
    assert "is it the output of" in empty.fails("import", "elsewhere", text="select 1;")
    assert "cannot read" in empty.fails("import", "--from", "nowhere.sql")
    assert {name: empty.read(name) for name in empty.names()} == before
    assert list((empty.path / "elsewhere").iterdir() if (empty.path / "elsewhere").exists() else []) == []


def test_import_continues_a_directory(empty, alembic):
    empty.says("import", text=alembic("upgrade", "dddd1", "--sql"))
    empty.says("import", text=alembic("upgrade", "dddd1:abcd1", "--sql"))
    assert empty.says("heads") == "abcd1 (head)\n"
    assert empty.names()[-1] == "005_abcd1.sql"
