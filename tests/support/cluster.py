#!/usr/bin/python3
"""A private PostgreSQL cluster for tests: made in a temporary directory, gone with its runner.

As a module:    with cluster() as pg: pg.psql("SELECT 1")
As a command:   cluster.py [options] -- CMD ARGS...     runs CMD beside a cluster that the
                environment describes (WEIR_TEST_PG_*) and exits with CMD's status; 77 and a line
                starting with SKIP when PostgreSQL's programs are not installed.

The server never runs as root and never outlives its runner, whatever ends that: setpriv drops the
rights and has the kernel send SIGQUIT (PostgreSQL's immediate shutdown) when the parent dies. (To
the kernel the parent is a thread: start a cluster from one that lives as long as it should.)
"""

import argparse
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

from free_port import free_port

SKIPPED = 77  # ctest: SKIP_RETURN_CODE
START_SECONDS = 60

# Roles besides the superuser `postgres`, whom the Unix socket trusts. TCP asks for a password, lets
# tls_user in over TLS alone, and asks cert_user for a certificate. No hba line admits `postgres`.
SCRAM_USER, SCRAM_PASSWORD = "scram_user", "scram:p@ss/word 100%"
TLS_USER, TLS_PASSWORD = "tls_user", "tls:p@ss/word 100%"
CERT_USER = "cert_user"

HBA = f"""
local   all all                        trust
host    all {SCRAM_USER} 127.0.0.1/32  scram-sha-256
hostssl all {TLS_USER}   127.0.0.1/32  scram-sha-256
hostssl all {CERT_USER}  127.0.0.1/32  cert
"""

MODES = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class missing(Exception):
    """A program that the cluster needs is not installed."""


def find_programs():
    """The directory with initdb and postgres: $WEIR_PG_BIN, Debian's newest, or from PATH."""
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda d: int(d.split("/")[4]))
    from_path = os.path.dirname(os.path.realpath(shutil.which("postgres") or "/"))
    for folder in [os.environ.get("WEIR_PG_BIN", ""), *reversed(debian), from_path]:
        if all(os.access(os.path.join(folder, name), os.X_OK) for name in ("initdb", "postgres")):
            return folder
    raise missing("PostgreSQL's initdb and postgres were not found (Debian: postgresql-15)")


def server_account():
    """Whom the server runs as: ourselves, or when we are root, postgres or nobody."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def as_account(account, death_signal):
    """The front of a command line that drops root's rights, and dies when its parent does."""
    drop = []
    if os.geteuid() == 0 and account.pw_uid != 0:
        drop = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return ["setpriv", *drop, "--pdeathsig", death_signal, "--"]


def url(user, password, address, database, options):
    """A URL in SQLAlchemy's form, which libpq understands as well."""
    quote = lambda text: urllib.parse.quote(str(text), safe="")
    login = quote(user) + (":" + quote(password) if password else "")
    query = "&".join(f"{name}={quote(value)}" for name, value in options.items())
    return f"postgresql://{login}@{address}/{quote(database)}" + (f"?{query}" if query else "")


class cluster:
    """One server; `directory` holds its socket, its log (server.log), ca.crt and other_ca.crt."""

    def __init__(self, max_connections=100, tcp=True, tls=True, settings=None):
        self.programs = find_programs()
        self.account = server_account()
        self.tcp, self.tls = tcp, tcp and tls
        for tool in ["setpriv"] + (["openssl"] if self.tls else []):
            if shutil.which(tool) is None:
                raise missing(f"{tool} was not found")
        self.settings = {
            "max_connections": max_connections,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "listen_addresses": "127.0.0.1" if tcp else "",
            "log_line_prefix": "%m [%p] %a ",
            **(settings or {}),
        }
        self.directory, self.port, self.server = None, None, None

    def __enter__(self):
        try:
            self.create()
            self.start()
            self.create_roles()
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, *_):
        self.destroy()

    # -- the life of the cluster

    def create(self):
        self.directory = tempfile.mkdtemp(prefix="weir-pg-")
        os.chmod(self.directory, 0o755)  # the socket is for everyone, the data for the server alone
        os.chown(self.directory, self.account.pw_uid, self.account.pw_gid)
        self.run_as_server(
            [self.program("initdb"), "-D", self.path("data"), "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"])  # fmt: skip
        if self.tls:
            self.make_certificates()
            self.settings |= {"ssl": "on", "ssl_cert_file": self.path("server.crt"),
                              "ssl_key_file": self.path("server.key"),
                              "ssl_ca_file": self.path("ca.crt")}  # fmt: skip
        self.settings["unix_socket_directories"] = self.directory
        self.write("data/pg_hba.conf", HBA)

    def start(self):
        for _ in range(5):
            self.port = self.port or free_port()
            self.write("data/postgresql.auto.conf",
                       "".join(f"{k} = '{v}'\n" for k, v in {**self.settings, "port": self.port}.items()))  # fmt: skip
            with open(self.path("server.log"), "a") as log:
                earlier = log.tell()
                self.server = subprocess.Popen(
                    [*as_account(self.account, "QUIT"), self.program("postgres"), "-D", self.path("data")],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                    env=self.clean_environment(), start_new_session=True)  # fmt: skip
            if self.wait_until_ready():
                return
            if "Address already in use" not in self.log()[earlier:]:
                break
            self.port = None
        raise RuntimeError(f"the server did not start:\n{self.log()[earlier:]}")

    def create_roles(self):
        self.psql(
            f"CREATE ROLE {SCRAM_USER} LOGIN PASSWORD '{SCRAM_PASSWORD}';"
            f"CREATE ROLE {TLS_USER} LOGIN PASSWORD '{TLS_PASSWORD}';"
            f"CREATE ROLE {CERT_USER} LOGIN;"
            f"GRANT ALL ON SCHEMA public TO {SCRAM_USER}, {TLS_USER};")

    def stop(self, mode="fast"):
        if self.server is None:
            return
        if self.server.poll() is None:
            self.server.send_signal(MODES[mode])
        try:
            self.server.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
            raise
        finally:
            self.server = None

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def destroy(self):
        try:
            self.stop("immediate")
        finally:
            if self.directory:
                shutil.rmtree(self.directory)
                self.directory = None

    # -- what tests do with it

    def psql(self, sql, database="postgres"):
        """What psql prints, unaligned and without headers; an SQL error is an exception."""
        done = subprocess.run(
            [self.program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.directory,
             "-p", str(self.port), "-U", "postgres", "-d", database, "-c", sql],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=self.clean_environment())  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def kill_backend(self, pid, how=signal.SIGTERM):
        """SIGTERM says 57P01 to its client; SIGKILL makes the whole cluster recover from a crash."""
        os.kill(pid, how)

    def log(self):
        with open(self.path("server.log")) as log:
            return log.read()

    def unix_url(self, database="postgres"):
        return url("postgres", "", "", database, {"host": self.directory, "port": self.port})

    def scram_url(self, database="postgres"):
        return url(SCRAM_USER, SCRAM_PASSWORD, f"127.0.0.1:{self.port}", database, {})

    def tls_url(self, database="postgres"):
        return url(TLS_USER, TLS_PASSWORD, f"localhost:{self.port}", database,
                   {"sslmode": "verify-full", "sslrootcert": self.path("ca.crt")})  # fmt: skip

    def cert_url(self, directory, database="postgres"):
        """`directory` holds copies of client.crt and client.key that belong to the client."""
        return url(CERT_USER, "", f"localhost:{self.port}", database,
                   {"sslmode": "verify-full", "sslrootcert": self.path("ca.crt"),
                    "sslcert": f"{directory}/client.crt", "sslkey": f"{directory}/client.key"})  # fmt: skip

    def environment(self):
        """What a test program is told."""
        told = {
            "WEIR_TEST_PG_DIR": self.directory,
            "WEIR_TEST_PG_PORT": str(self.port),
            "WEIR_TEST_PG_PID": str(self.server.pid),
            "WEIR_TEST_PG_URL": self.unix_url(),
        }
        if self.tcp:
            told["WEIR_TEST_PG_SCRAM_URL"] = self.scram_url()
        if self.tls:
            told["WEIR_TEST_PG_TLS_URL"] = self.tls_url()
        return told

    # -- details

    def path(self, name):
        return os.path.join(self.directory, name)

    def program(self, name):
        return os.path.join(self.programs, name)

    def clean_environment(self):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
        return kept | {"LC_ALL": "C"}

    def run_as_server(self, command):
        done = subprocess.run(
            [*as_account(self.account, "KILL"), *command], cwd=self.directory,
            env=self.clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}:\n{done.stdout}")

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chown(self.path(name), self.account.pw_uid, self.account.pw_gid)

    def make_certificates(self):
        """ca.crt signs the server's certificate for localhost and client.crt for cert_user; other_ca.crt
        has nothing to do with them.
        """
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ("ca", "other_ca"):
            self.run_as_server(
                ["openssl", "req", "-x509", *key, "-days", "7", "-subj", f"/CN=weir test {name}",
                 "-keyout", f"{name}.key", "-out", f"{name}.crt"])  # fmt: skip
        self.write("server.ext", "subjectAltName = DNS:localhost, IP:127.0.0.1\n")
        for name, subject in (("server", "localhost"), ("client", CERT_USER)):
            self.run_as_server(
                ["openssl", "req", *key, "-subj", f"/CN={subject}", "-keyout", f"{name}.key",
                 "-out", f"{name}.csr"])  # fmt: skip
            self.run_as_server(
                ["openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                 "-CAcreateserial", "-days", "7", "-extfile", "server.ext", "-out", f"{name}.crt"])  # fmt: skip

    def wait_until_ready(self):
        """True when the server takes connections; it says so in line 8 of postmaster.pid, as pg_ctl reads it."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.server.poll() is None:
            try:
                with open(self.path("data/postmaster.pid")) as file:
                    lines = file.read().splitlines()
            except FileNotFoundError:
                lines = []
            if len(lines) >= 8 and lines[0] == str(self.server.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(0.02)
        return False


def run_beside(command, options):
    """Runs the command beside a new cluster and returns its exit status."""
    with cluster(options.max_connections, options.tcp, options.tls, dict(options.set)) as pg:
        runner = pwd.getpwuid(os.geteuid())
        child = subprocess.Popen([*as_account(runner, "KILL"), *command],
                                 env=os.environ | pg.environment())
        try:
            status = child.wait()
        finally:
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(10)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
    return status if status >= 0 else 128 - status


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--max-connections", type=int, default=100)
    parser.add_argument("--no-tcp", dest="tcp", action="store_false")
    parser.add_argument("--no-tls", dest="tls", action="store_false")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[],
                        type=lambda text: tuple(text.split("=", 1)), help="a server setting")  # fmt: skip
    parser.add_argument("command", nargs="+", help="after --")
    options = parser.parse_args()

    # The first signal becomes an exception, so that the with statement ends the cluster.
    def leave(caught, _):
        for number in endings:
            signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + caught)

    endings = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    for number in endings:
        signal.signal(number, leave)
    try:
        return run_beside(options.command, options)
    except missing as program:
        print(f"SKIP {program}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
