"""Not one of the tests that CI runs: `./dev test-package` installs the package on a Debian that has
never seen weir or what it is built of, with apt and what it downloads, and boots that.
"""

import os
import shutil
import subprocess

import pytest

from patience import wait_for
from raw_client import raw_client
from systemd_box import booted

pytestmark = pytest.mark.skipif(
    "WEIR_DEBIAN" not in os.environ, reason="WEIR_DEBIAN names no clean Debian"
)


@pytest.fixture
def installed(package, scratch):
    """A copy of that Debian with the package installed, as an administrator does; not booted."""
    root = scratch / "debian"
    subprocess.run(["cp", "-a", os.environ["WEIR_DEBIAN"], str(root)], check=True)
    shutil.copy(package, root / "root")
    shutil.copy("/etc/resolv.conf", root / "etc")
    for command in (
        ["update"],
        ["install", "-y", "--no-install-recommends", f"/root/{os.path.basename(package)}"],
    ):
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
        }
        subprocess.run(
            ["chroot", str(root), "apt-get", "-q", *command], check=True, env=environment
        )
    return str(root)


def test_it_is_served_after_the_first_boot(installed):
    with booted(installed) as box:
        wait_for(lambda: box.show("weir.service", "ActiveState") == "active")
        with raw_client(box.path("/run/weir/.s.PGSQL.5432"), database="database") as client:
            assert client.rows("SELECT 'served'") == [["served"]]
        assert box.run("systemctl", "--failed", "--no-legend").stdout == ""
        box.run("systemctl", "reload", "weir.service")
        box.run("apt-get", "-y", "purge", "weir")
        assert (
            box.run("systemctl", "list-unit-files", "weir.*", "--no-legend", check=False).stdout
            == ""
        )
