"""Debian's Chromium without a screen, spoken to over a pipe in its own protocol (CDP).

    with browser(width=390, height=844, dark=True) as page:
        page.go("http://127.0.0.1:9127/")
        page.ask("document.title")
        page.screenshot()       # a PNG
"""

import base64
import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import zlib

import pytest

PATIENCE = 60  # seconds, for an answer


class browser:
    def __init__(self, width=1280, height=900, dark=False):
        if shutil.which("chromium") is None:
            pytest.skip("chromium was not found (Debian: chromium)")
        self.size, self.dark = (width, height), dark
        self.calls, self.heard, self.session = 0, b"", None
        self.complaints, self.requests = [], []

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="weir-chromium-")
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()

        def as_3_and_4():  # where Chromium expects its pipe
            inward, outward = os.dup(to_read), os.dup(to_write)
            os.dup2(inward, 3)
            os.dup2(outward, 4)

        self.process = subprocess.Popen(
            [
                "chromium",
                "--headless",
                "--no-sandbox",  # as root there is none
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-pipe",
                f"--user-data-dir={self.profile}",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=as_3_and_4,
            close_fds=False,
            start_new_session=True,
        )
        os.close(to_read)
        os.close(to_write)
        signal.alarm(PATIENCE)
        try:
            self.open_page()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        signal.alarm(0)
        os.killpg(self.process.pid, signal.SIGKILL)  # it has children of its own
        self.process.wait()
        for end in (self.to_browser, self.from_browser):
            os.close(end)
        shutil.rmtree(self.profile, ignore_errors=True)  # they may be writing still

    def open_page(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        width, height = self.size
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    # -- what one does with it

    def go(self, url):
        assert "errorText" not in self.call("Page.navigate", url=url)

    def ask(self, expression):
        """The value of JavaScript on the page."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def screenshot(self, name):
        """A PNG of all of the page; also as a file below $WEIR_SCREENSHOTS, for people."""
        taken = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        image = base64.b64decode(taken["data"])
        if "WEIR_SCREENSHOTS" in os.environ:
            with open(os.path.join(os.environ["WEIR_SCREENSHOTS"], name + ".png"), "wb") as file:
                file.write(image)
        return image

    # -- the protocol: JSON, each message with a zero byte behind it

    def call(self, method, **parameters):
        signal.alarm(PATIENCE)  # ends a test whose browser does not answer
        self.calls += 1
        message = {"id": self.calls, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.calls:
                signal.alarm(0)
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.note(answer)

    def read(self):
        while b"\0" not in self.heard:
            piece = os.read(self.from_browser, 1 << 20)
            assert piece, "the browser has ended"
            self.heard += piece
        message, self.heard = self.heard.split(b"\0", 1)
        return json.loads(message)

    def note(self, event):
        method, what = event.get("method"), event.get("params", {})
        if method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.complaints.append(what["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(what["exceptionDetails"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])


def ink(png):
    """The share of a PNG's bytes that say more than "as the one before": a blank one has none."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    data, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack_from("!I", png, at)
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += 12 + size
    lines = zlib.decompress(data)
    return 1 - lines.count(0) / len(lines)
