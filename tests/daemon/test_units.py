"""The files of systemd/: no key that systemd does not know, and a sandbox that stays one."""

import glob
import os
import re
import shutil
import subprocess

import pytest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIPPED = os.path.join(REPOSITORY, "systemd")
UNITS = ("weir.service", "weir.socket")
DROP_INS = sorted(glob.glob(os.path.join(SHIPPED, "examples", "weir.service.d", "*.conf")))
MOST_EXPOSURE = 1.5

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this host")


def shipped(name):
    with open(os.path.join(SHIPPED, name), encoding="utf-8") as file:
        return file.read()


@pytest.fixture
def units(tmp_path):
    """Copies that name the program under test, since verify looks whether it is there."""
    for name in UNITS:
        text = shipped(name).replace("/usr/bin/weir", os.environ["WEIR_BINARY"])
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def analyze(units, *arguments):
    return subprocess.run(["systemd-analyze", *arguments], cwd=units, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"})


def verify(units, *names):
    # The manual page is where the package puts it: test_systemd verifies the installed units with it.
    return analyze(units, "verify", "--man=no", *(str(units / name) for name in names))


def exposure(units):
    verdict = analyze(units, "security", "--offline=true", "--no-pager", str(units / "weir.service"))
    found = re.search(r"Overall exposure level for weir.service: ([0-9.]+)", verdict.stdout)
    assert found, verdict.stdout
    return float(found[1])


def drop_in(units, unit, file):
    (units / f"{unit}.d").mkdir()
    shutil.copy(file, units / f"{unit}.d")


@needs_systemd
def test_systemd_understands_every_line(units):
    verdict = verify(units, *UNITS)
    # It exits with 0 even for a key that it does not know, and says so.
    assert (verdict.stdout, verdict.returncode) == ("", 0)


@needs_systemd
@pytest.mark.parametrize("file", DROP_INS, ids=os.path.basename)
def test_systemd_understands_the_examples(units, file):
    drop_in(units, "weir.service", file)
    verdict = verify(units, *UNITS)
    assert (verdict.stdout, verdict.returncode) == ("", 0)


@needs_systemd
def test_systemd_understands_the_example_for_an_application(units):
    (units / "app.service").write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    drop_in(units, "app.service", os.path.join(SHIPPED, "examples", "app.service.d", "weir.conf"))
    verdict = verify(units, "app.service")
    assert (verdict.stdout, verdict.returncode) == ("", 0)


@needs_systemd
@pytest.mark.parametrize("where", ["weir.service", "weir.service.d/wrong.conf"])
def test_a_wrong_key_would_be_noticed(units, where):
    (units / "weir.service.d").mkdir()
    with open(units / where, "a", encoding="utf-8") as unit:
        unit.write("[Service]\nNoSuchKey=yes\n")
    assert "NoSuchKey" in verify(units, "weir.service").stdout


@needs_systemd
def test_the_sandbox_is_rated_as_one(units):
    assert exposure(units) <= MOST_EXPOSURE


@needs_systemd
def test_a_wider_sandbox_would_be_noticed(units):
    text = (units / "weir.service").read_text(encoding="utf-8")
    (units / "weir.service").write_text(text.replace("ProtectSystem=strict\n", ""), encoding="utf-8")
    assert exposure(units) > MOST_EXPOSURE


def test_the_examples_that_the_unit_speaks_of_are_there():
    named = set(re.findall(r"examples/(\S+?\.conf)", shipped("weir.service")))
    assert named == {os.path.join("weir.service.d", os.path.basename(file)) for file in DROP_INS}


@needs_systemd
def test_the_user_and_the_directories_are_made(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make users and give directories away")
    (tmp_path / "etc").mkdir()
    for program, file in (("systemd-sysusers", "weir.sysusers"), ("systemd-tmpfiles", "weir.tmpfiles")):
        create = ["--create"] if program == "systemd-tmpfiles" else []
        made = subprocess.run([program, f"--root={tmp_path}", *create, os.path.join(SHIPPED, file)], text=True,
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert "ail" not in made.stdout, made.stdout
    name, _, uid, gid, _, home, shell = (tmp_path / "etc/passwd").read_text(encoding="utf-8").strip().split(":")
    assert (name, home, shell) == ("weir", "/var/lib/weir", "/usr/sbin/nologin")
    status = os.stat(tmp_path / "run/weir")
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (int(uid), int(gid), 0o755)
