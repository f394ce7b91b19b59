"""The units of systemd/: no key that systemd does not know, and a sandbox that stays one."""

import os
import re
import shutil
import subprocess

import pytest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = ("weir.service", "weir.socket")

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this host")


@pytest.fixture
def units(tmp_path):
    """Copies that name the program under test, since verify looks whether it is there."""
    for name in UNITS:
        with open(os.path.join(REPOSITORY, "systemd", name), encoding="utf-8") as unit:
            text = unit.read()
        (tmp_path / name).write_text(text.replace("/usr/bin/weir", os.environ["WEIR_BINARY"]), encoding="utf-8")
    return tmp_path


def analyze(units, *arguments):
    return subprocess.run(["systemd-analyze", *arguments], cwd=units, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"})


def test_systemd_understands_every_line(units):
    verdict = analyze(units, "verify", *(str(units / name) for name in UNITS))
    # It exits with 0 even for a key that it does not know, and says so.
    assert (verdict.stdout, verdict.returncode) == ("", 0)


def test_a_wrong_key_would_be_noticed(units):
    with open(units / "weir.service", "a", encoding="utf-8") as unit:
        unit.write("[Service]\nNoSuchKey=yes\n")
    assert "NoSuchKey" in analyze(units, "verify", str(units / "weir.service")).stdout


def test_the_sandbox_is_rated_as_one(units):
    verdict = analyze(units, "security", "--offline=true", "--no-pager", str(units / "weir.service"))
    exposure = re.search(r"Overall exposure level for weir.service: ([0-9.]+)", verdict.stdout)
    assert exposure, verdict.stdout
    assert float(exposure[1]) < 3.0, verdict.stdout
