"""Debian's Prometheus for tests: promtool, and a private server that scrapes a weir.

    with prometheus(daemon) as server:
        server.query('weir_pool_size')      # [({'backend': 'main', ...}, 10.0), ...]
"""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from cluster import server_account
from free_port import free_port
from patience import wait_for
from private_program import private_program


def promtool(*arguments, given=None):
    """(exit status, all that it says)."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool was not found (Debian: prometheus)")
    done = subprocess.run(
        ["promtool", *arguments],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


class prometheus(private_program):
    """One server, on loopback, with a data directory of its own; it scrapes once a second."""

    def __init__(self, daemon, rules=()):
        super().__init__("prometheus")
        if shutil.which(self.name) is None:
            pytest.skip("prometheus was not found (Debian: prometheus)")
        self.target = f"127.0.0.1:{daemon.metrics_port}"
        self.rules = [os.path.abspath(path) for path in rules]
        self.port = free_port()

    def command(self):
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": self.rules,
            "scrape_configs": [
                {"job_name": "weir", "static_configs": [{"targets": [self.target]}]}
            ],
        }
        with open(self.path("prometheus.yml"), "w") as file:
            json.dump(settings, file)  # JSON is YAML
        return [
            self.name,
            f"--config.file={self.path('prometheus.yml')}",
            f"--storage.tsdb.path={self.path('data')}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def account(self):
        return server_account()

    def wait_until_ready(self):
        wait_for(self.is_ready)

    def is_ready(self):
        assert self.process.poll() is None, self.log()
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready").status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def api(self, what, **parameters):
        """The data of /api/v1/WHAT."""
        words = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/api/v1/{what}?{words}", timeout=30
        ) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """[(labels, value), ...] at this moment."""
        return [
            (sample["metric"], float(sample["value"][1]))
            for sample in self.api("query", query=expression)["result"]
        ]
