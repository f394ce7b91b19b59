"""The Debian package: what is in it, and that its pages and completions know every command."""

import glob
import gzip
import os
import re
import shutil
import subprocess

import pytest

from weir import REPOSITORY, binary

# What the package lacks for Debian itself, and we know of.
FORGIVEN = (
    "bogus-mail-host",  # there is no address for bugs
    "no-changelog",  # it is in README.md
    "no-copyright-file",  # there is no licence yet
)


@pytest.fixture(scope="module")
def files(package, tmp_path_factory):
    """A directory with what is in it."""
    directory = tmp_path_factory.mktemp("files")
    subprocess.run(["dpkg-deb", "-x", package, str(directory)], check=True)
    return directory


def control(package, field):
    return subprocess.run(
        ["dpkg-deb", "-f", package, field], check=True, capture_output=True, text=True
    ).stdout.strip()


def entries(section, *words):
    """The first words of the lines of a section of `weir WORDS --help`."""
    printed = subprocess.run(
        [binary(), *words, "--help"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(rf"^{section}:\n((?:  .*\n)+)", printed, re.MULTILINE)
    return re.findall(r"^  (\S+)", found[1], re.MULTILINE) if found else []


def commands(*words):
    """All of them: (), ("serve",), ("migrate",), ("migrate", "current"), ..."""
    return [
        words,
        *(deeper for verb in entries("Subcommands", *words) for deeper in commands(*words, verb)),
    ]


def options(*words):
    """The long names of those that not every command has."""
    return [name.split(",")[-1] for name in entries("Options", *words) if "--help" not in name]


def page(files, section, name):
    with gzip.open(files / f"usr/share/man/man{section}/{name}.{section}.gz", "rt") as file:
        return file.read().replace("\\-", "-")


# -- what is in it


def test_everything_is_where_debian_looks_for_it(files):
    expected = {
        "usr/bin/weir",
        "usr/lib/systemd/system/weir.service",
        "usr/lib/systemd/system/weir.socket",
        "usr/lib/sysusers.d/weir.conf",
        "usr/lib/tmpfiles.d/weir.conf",
        "usr/share/bash-completion/completions/weir",
        "usr/share/doc/weir/README.md",
        "usr/share/doc/weir/examples/weir.example.json",
        "usr/share/man/man1/weir.1.gz",
        "usr/share/man/man5/weir.json.5.gz",
        "usr/share/weir/weir.schema.json",
    }
    examples = os.path.join(REPOSITORY, "systemd/examples")
    for example in glob.glob("*/*", root_dir=examples):
        expected.add(f"usr/share/doc/weir/examples/{example}")
    assert {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()} == expected


def test_its_dependencies_are_those_of_the_program(package):
    depends = re.findall(r"(?:^|[,|]) *([^ ,|]+)", control(package, "Depends"))
    for needed in ("libc6", "libpq5", "libsqlite3-0", "libssl3", "systemd"):
        assert needed in depends, depends
    assert (
        f"weir {control(package, 'Version')} "
        in subprocess.run(
            [binary(), "--version"], capture_output=True, text=True, check=True
        ).stdout
    )


def test_the_maintainer_scripts_are_posix_shell(package, tmp_path):
    subprocess.run(["dpkg-deb", "-e", package, str(tmp_path)], check=True)
    for name in ("postinst", "prerm", "postrm"):
        assert os.access(tmp_path / name, os.X_OK)
        subprocess.run(["dash", "-n", str(tmp_path / name)], check=True)


def test_lintian_has_no_complaint_that_we_do_not_know_of(package):
    if shutil.which("lintian") is None:
        pytest.skip("no lintian (apt-get install lintian)")
    known = f"--suppress-tags={','.join(FORGIVEN)}"
    said = subprocess.run(
        ["lintian", "--allow-root", known, package], capture_output=True, text=True, check=False
    )
    assert (said.stdout, said.returncode) == ("", 0), said.stderr


# -- the pages


def test_every_command_and_option_is_in_the_page(files):
    said = page(files, 1, "weir")
    for words in filter(None, commands()):
        assert f".Ss weir {' '.join(words)} " in said, words
        for option in options(*words):
            assert option in said, (words, option)


def test_every_variable_is_in_the_page(files):
    read = set()
    for file in glob.glob(os.path.join(REPOSITORY, "config/*.cpp")):
        with open(file, encoding="utf-8") as source:
            read |= set(re.findall(r'"((?:DB|WEIR|DATABASE)_[A-Z_]+)"', source.read()))
    assert len(read) > 10
    said = page(files, 1, "weir")
    assert {name for name in read if not re.search(rf"\b{name}\b", said)} == set()


def test_every_setting_is_in_the_page(files):
    said = page(files, 5, "weir.json")
    with open(os.path.join(REPOSITORY, "config/weir.example.json"), encoding="utf-8") as file:
        keys = set(re.findall(r'^ *(?:// *)?"(\w+)":', file.read(), re.MULTILINE))
    keys -= {"main", "local", "APP_ENV"}  # names of backends and of a variable
    assert len(keys) > 40
    assert {key for key in keys if not re.search(rf"\b{key}\b", said)} == set()


@pytest.mark.parametrize(("section", "name"), [(1, "weir"), (5, "weir.json")])
def test_man_has_nothing_to_say_about_the_pages(files, section, name):
    if shutil.which("man") is None:
        pytest.skip("no man (apt-get install man-db)")
    file = files / f"usr/share/man/man{section}/{name}.{section}.gz"
    said = subprocess.run(
        ["man", "--warnings", "-l", str(file)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"},
    )
    assert said.stderr == ""


# -- the completions


@pytest.fixture
def completed(files):
    """completed("migrate", "up") is what bash offers behind these words."""

    def ask(*words):
        file = files / "usr/share/bash-completion/completions/weir"
        script = 'source "$1"; shift; COMP_WORDS=(weir "$@"); COMP_CWORD=$#; _weir; '
        script += 'printf "%s\n" "${COMPREPLY[@]}"'
        offered = subprocess.run(
            ["bash", "-u", "-c", script, "bash", str(file), *words],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PATH": f"{os.path.dirname(binary())}:{os.environ['PATH']}"},
        )
        assert offered.stderr == ""
        return offered.stdout.split()

    return ask


def test_every_command_and_option_is_completed(completed):
    for words in commands():
        assert completed(*words, "") == entries("Subcommands", *words)
        assert set(completed(*words, "-")) >= set(options(*words))


def test_values_are_completed_where_they_are_known(completed, tmp_path):
    (tmp_path / "weir.json").write_text("{}")
    (tmp_path / "revisions").mkdir()
    assert completed("mig") == ["migrate"]
    assert "sqlalchemy+psycopg" in completed("url", "--driver", "sqla")
    assert completed("serve", "--config", f"{tmp_path}/w") == [f"{tmp_path}/weir.json"]
    assert completed("migrate", "current", "--dir", f"{tmp_path}/") == [f"{tmp_path}/revisions"]
    assert completed("migrate", "current", "--backend", "") == []
    assert "--driver" in completed("url", "--backend", "migrate", "--")
