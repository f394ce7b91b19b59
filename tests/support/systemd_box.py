"""A machine for tests: a real systemd as PID 1 of its own namespaces, started by systemd-nspawn
with the host's /usr, on which the box may write without the host noticing.

    with booted() as box:
        box.install("weir_0.1.0_amd64.deb")
        box.run("systemctl", "start", "weir")

Its /etc, /run, /var and network are its own, and so is its cgroup; all of it is gone afterwards.
Where this cannot be the test is skipped. Needs root, but no systemd that runs on the host.

`booted("build/debian-12")` boots a copy of that root instead, a whole Debian without anything of
the host's.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

import pytest

from patience import wait_for

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
UNIFIED = "/sys/fs/cgroup"
# Without one hierarchy for everything there are two that matter: what systemd counts processes by.
HYBRID = ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
BOOTED = ("running", "degraded")

FILES = {
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/hostname": "weirbox\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nadm:x:4:\nutmp:x:43:\nnogroup:x:65534:\n",
    # With an id it is no first boot, at which systemd would enable whatever is installed.
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
}
DIRECTORIES = (
    "usr",
    "etc/systemd/system",
    "var/log/journal",
    "var/lib/dpkg",
    "run",
    "proc",
    "sys",
    "dev",
)
FURTHER = ("tmp", "root", "opt", "srv", "home")


class cannot_boot(Exception):
    """Why there can be no box on this host."""


@contextlib.contextmanager
def booted(debian=None):
    with contextlib.ExitStack() as stack:
        try:
            box = stack.enter_context(systemd_box(debian))
        except cannot_boot as why:
            pytest.skip(f"no systemd of its own: {why}")
        yield box


class systemd_box:
    def __init__(self, debian=None):
        self.debian = debian
        self.name = f"weirbox-{os.getpid()}"
        self.directory = self.root = self.nspawn = self.leader = None
        self.cgroups = []

    def __enter__(self):
        try:
            self.check_the_host()
            self.directory = tempfile.mkdtemp(prefix="weir-box-")
            os.chmod(self.directory, 0o755)
            self.root = self.under("root")
            if self.debian is None:
                self.furnish()
            else:
                subprocess.run(["cp", "-a", self.debian, self.root], check=True)
            self.make_cgroups()
            self.boot()
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, *_):
        self.destroy()

    # -- what it can be asked

    def run(self, *command, check=True, seconds=120):
        """A command inside, as root; CompletedProcess with stdout and stderr as text."""
        done = subprocess.run(
            self.inside(*command),
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert (
            not check or done.returncode == 0
        ), f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def inside(self, *command):
        """The command line that runs this one inside."""
        enter = ("nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w")
        return [*enter, "env", "-i", f"PATH={PATH}", "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0", *command]

    def show(self, unit, name):
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def path(self, name):
        """Where the host finds a file of the box, also in what is mounted in there."""
        return f"/proc/{self.leader}/root{name}"

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def remove(self, name):
        """A file, or a directory with all that is in it; or nothing, if there is none."""
        self.run("rm", "-rf", name)

    def install(self, package):
        """With its maintainer scripts, its dependencies checked against the host's packages."""
        shutil.copy(package, self.path("/opt"))
        # The host may forbid packages to start services; it gives files to users that the box has
        # not; and its triggers are not our matter.
        for name in ("/usr/sbin/policy-rc.d", "/var/lib/dpkg/statoverride"):
            self.remove(name)
        self.run("dpkg", "--no-triggers", "--install", f"/opt/{os.path.basename(package)}")

    def host_pid(self, pid):
        """The host's number for a process of the box, which has its own."""
        for candidate in os.listdir("/proc"):
            if candidate.isdigit():
                with contextlib.suppress(OSError), open(f"/proc/{candidate}/status") as status:
                    numbers = next(line for line in status if line.startswith("NSpid:")).split()[1:]
                    if len(numbers) > 1 and int(numbers[-1]) == pid and self.holds(candidate):
                        return int(candidate)
        raise ProcessLookupError(f"no process {pid} in the box")

    def holds(self, pid):
        """Whether the process lives in this box."""
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{self.leader}/ns/pid")

    # -- how it comes to be

    @staticmethod
    def check_the_host():
        if os.geteuid() != 0:
            raise cannot_boot("a systemd of its own needs root")
        for program, package in (
            ("systemd-nspawn", "systemd-container"),
            ("nsenter", "util-linux"),
        ):
            if shutil.which(program, path=PATH) is None:
                raise cannot_boot(f"no {program} (apt-get install {package})")
        if not os.access("/lib/systemd/systemd", os.X_OK):
            raise cannot_boot("no /lib/systemd/systemd (apt-get install systemd)")
        private = subprocess.run(
            ["unshare", "-m", "--propagation", "private", "true"], capture_output=True, check=False
        )
        if private.returncode != 0:
            raise cannot_boot(f"no mount namespace of its own: {private.stderr.decode().strip()}")

    def furnish(self):
        """A root with nothing in it but what the host's /usr does not have."""
        for name in DIRECTORIES + FURTHER:
            os.makedirs(os.path.join(self.root, name))
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            if os.path.exists(f"/{name}"):
                os.symlink(f"usr/{name}", os.path.join(self.root, name))
        for name, text in FILES.items():
            with open(os.path.join(self.root, name), "w", encoding="utf-8") as file:
                file.write(text)
        for name in ("os-release", "ld.so.cache", "manpath.config"):
            if os.path.exists(f"/etc/{name}"):
                shutil.copy(f"/etc/{name}", os.path.join(self.root, "etc"))
        shutil.copytree(
            "/etc/alternatives", os.path.join(self.root, "etc/alternatives"), symlinks=True
        )

    def overlays(self):
        """What is the host's to read, and the box's to write on."""
        options = []
        for name, directory in (("usr", "/usr"), ("dpkg", "/var/lib/dpkg")):
            if self.debian is None:
                os.mkdir(self.under(name))
                options.append(f"--overlay={directory}:{self.under(name)}:{directory}")
        return options

    def make_cgroups(self):
        unified = os.path.exists(f"{UNIFIED}/cgroup.controllers")
        mounted = [h for h in ((UNIFIED,) if unified else HYBRID) if os.path.isdir(h)]
        if not mounted:
            raise cannot_boot(f"neither cgroup2 nor systemd's hierarchy is mounted on {UNIFIED}")
        for hierarchy in mounted:
            group = os.path.join(hierarchy, self.name)
            try:
                os.mkdir(group)
            except OSError as why:
                raise cannot_boot(f"no cgroup of its own: {why}") from why
            self.cgroups.append(group)

    def enter_cgroups(self):
        for group in self.cgroups:
            with open(f"{group}/cgroup.procs", "w") as file:
                file.write(str(os.getpid()))

    def command(self):
        # The systemd that the host may run is hidden from nspawn, which would ask it for a scope.
        # And whoever started this may be killed: then nspawn ends, and the box with it.
        alone = 'mkdir -p /run/systemd; mount -t tmpfs -o mode=755 tmpfs /run/systemd; exec "$@"'
        return [
            "setpriv",
            "--pdeathsig",
            "KILL",
            "--",
            "unshare",
            "-m",
            "--propagation",
            "private",
            "sh",
            "-c",
            alone,
            "sh",
            "env",
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
            f"PATH={PATH}",
            "systemd-nspawn",
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--settings=no",
            "--private-network",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            "-M",
            self.name,
            "-D",
            self.root,
            *self.overlays(),
            # What systemd needs for its own filters on cgroups: IPAddressDeny=, DevicePolicy=.
            "--capability=CAP_BPF,CAP_NET_ADMIN,CAP_PERFMON",
            "--system-call-filter=bpf",
            "--console=pipe",
            "--boot",
        ]

    def boot(self):
        with open(self.under("console.log"), "w", encoding="utf-8") as log:
            self.nspawn = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=self.enter_cgroups,
                start_new_session=True,
            )
        wait_for(self.has_booted)

    def has_booted(self):
        if self.nspawn.poll() is not None:
            raise cannot_boot(f"systemd-nspawn ended: {self.console()}")
        with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children") as file:
            children = file.read().split()
        if not children:
            return False
        self.leader = int(children[0])
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{self.leader}/comm") as file:
            if file.read() == "systemd\n":
                return (
                    self.run("systemctl", "is-system-running", check=False).stdout.strip() in BOOTED
                )
        return False

    def console(self):
        with open(self.under("console.log"), encoding="utf-8", errors="replace") as log:
            return log.read().strip()

    # -- and how it goes

    def destroy(self):
        """Not shut down but switched off: the end of PID 1 is the end of all the others."""
        try:
            if self.nspawn is not None:
                if self.nspawn.poll() is None:
                    os.kill(self.leader or self.nspawn.pid, signal.SIGKILL)
                self.nspawn.wait(60)
            for group in self.cgroups:
                wait_for(lambda: self.is_removed(group))
        finally:
            if self.directory is not None:
                shutil.rmtree(self.directory)

    @staticmethod
    def is_removed(group):
        for below, _, _ in os.walk(group, topdown=False):
            try:
                os.rmdir(below)
            except OSError:  # busy: somebody is still dying in it
                return False
        return not os.path.exists(group)

    def under(self, name):
        return os.path.join(self.directory, name)
