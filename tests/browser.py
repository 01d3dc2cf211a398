"""A headless Chromium without a network, driven through a pipe by its DevTools protocol."""

import base64
import json
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")
OPTIONS = [
    "--headless",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
]


DRAWN = "document.documentElement?.dataset.drawn"  # the page of `dvc plots` says so


def played_by(player: str) -> str:
    """Return the promise of the address that an <audio>, as an expression, plays next."""
    return f"""new Promise((done, failed) => {{
      {player}.addEventListener("playing", (event) => done(event.target.src), {{once: true}});
      setTimeout(() => failed(new Error("nothing was played")), 20000);
    }})"""


class Tab:
    """One page: commands of the protocol, and what the page said on its console."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO) -> None:
        self.commands, self.answers = commands, answers
        self.session: str | None = None
        self.last = 0
        self.complaints: list[str] = []

    def do(self, method: str, **params: Any) -> Any:
        """Send a command and return its result; what the page says meanwhile is kept."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.commands.write(json.dumps(message).encode() + b"\0")
        self.commands.flush()
        while True:
            answer = self.receive()
            if answer.get("id") == self.last:
                assert "error" not in answer, answer
                return answer["result"]

    def receive(self) -> Any:
        """Return the next message; they end in a zero byte."""
        message = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            assert byte, "Chromium has ended"
            message += byte
        answer = json.loads(message)
        event, params = answer.get("method", ""), answer.get("params", {})
        if event == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"])[:2000])
        if event == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        if event == "Runtime.consoleAPICalled" and params["type"] in ("warning", "error"):
            said = [str(part.get("value", part)) for part in params["args"]]
            self.complaints.append(" ".join(said))
        return answer

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; a promise is waited for."""
        found = self.do(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, page: Path, width: int, scheme: str = "light", ready: str = DRAWN) -> None:
        """Load a file in a window of `width` pixels and wait until it is ready: charts drawn."""
        self.complaints.clear()
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                mobile=False)  # fmt: skip
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self.do("Emulation.setEmulatedMedia", features=media)
        self.do("Page.navigate", url=page.resolve().as_uri())
        waiting = f"""new Promise((done, failed) => {{
          const deadline = Date.now() + 60000;
          const look = () => {{
            if ({ready}) done(true);
            else if (Date.now() > deadline) failed(new Error("the page is not ready"));
            else setTimeout(look, 50);
          }};
          look();
        }})"""
        self.evaluate(waiting)

    def screenshot(self, path: Path) -> None:
        """Write the whole page as PNG."""
        image = self.do("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(image))


@contextmanager
def chromium() -> Iterator[Tab]:
    """Yield an empty tab of a browser of its own, which ends with the block."""
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        call = shlex.join([CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"])
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        process = subprocess.Popen(
            ["bash", "-c", f"exec {call} 3<&{to_browser} 4>&{from_browser}"],
            pass_fds=[to_browser, from_browser],
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            with os.fdopen(commands, "wb") as writer, os.fdopen(answers, "rb") as reader:
                tab = Tab(writer, reader)
                target = tab.do("Target.createTarget", url="about:blank")["targetId"]
                attached = tab.do("Target.attachToTarget", targetId=target, flatten=True)
                tab.session = attached["sessionId"]
                for domain in ("Page", "Runtime", "Log"):
                    tab.do(f"{domain}.enable")
                yield tab
        finally:
            process.terminate()
            process.wait(10)
