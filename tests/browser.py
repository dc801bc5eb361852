"""A headless Chromium for tests of what a person sees.

It is spoken to over a pair of pipes in its DevTools protocol, which needs no further package.
"""

import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_FLAGS = (
    "--headless --hide-scrollbars --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe"
).split()


class Browser:
    """One page of a headless Chromium; ``events`` holds all it has reported.

    patience_seconds  how long the browser may say nothing
    """

    def __init__(self, profile: Path, patience_seconds: float = 60) -> None:
        self.patience_seconds = patience_seconds
        from_browser, browser_writes = os.pipe()
        browser_reads, self._out = os.pipe()
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        # The protocol is spoken on descriptors 3 and 4, and only a shell can say which these are.
        self._process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$0" "$@" 3<&{browser_reads} 4>&{browser_writes}'),
                *(CHROMIUM, *_FLAGS, *as_root, f"--user-data-dir={profile}", "about:blank"),
            ],
            pass_fds=(browser_reads, browser_writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(browser_reads)
        os.close(browser_writes)
        self._in, self._rest, self._number, self._session = from_browser, b"", 0, None
        self.events: list[dict] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = session["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser and wait for it."""
        self._session = None
        self.call("Browser.close")
        self._process.wait(self.patience_seconds)
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **parameters: Any) -> dict:
        """Give the answer of one command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def value(self, script: str) -> Any:
        """What a script or its promise gives, run from outside the page and its policy."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    def wait_for(self, script: str, seconds: float = 120) -> Any:
        """What a script gives once it gives something, asked again whenever the page changes."""
        look = (
            f"new Promise((done, fail) => {{ const look = () => {{ const found = {script};"
            "if (found) { watcher.disconnect(); done(found); } };"
            "const watcher = new MutationObserver(look);"
            "watcher.observe(document, {subtree: true, childList: true, characterData: true});"
            f"setTimeout(() => fail(document.body.innerText), {seconds * 1000}); look(); }})"
        )
        return self.value(look)

    def show(
        self,
        address: str,
        width: int,
        scheme: str = "light",
        media: str = "screen",
        height: int = 900,
    ) -> None:
        """Load a page at a width and wait until it is loaded."""
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        self.call(
            "Emulation.setEmulatedMedia",
            media=media,
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self.call("Page.navigate", url=address)
        self.loaded()

    def press_enter(self) -> None:
        """Press and let go the key, wherever the page has its cursor."""
        for kind, text in {"keyDown": "\r", "keyUp": ""}.items():
            self.call(
                "Input.dispatchKeyEvent",
                **{"type": kind, "key": "Enter", "windowsVirtualKeyCode": 13, "text": text},
            )

    def loaded(self) -> None:
        """Wait until a page has been loaded since ``events`` was last cleared."""
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def _next(self) -> dict:
        deadline = time.monotonic() + self.patience_seconds
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], deadline - time.monotonic())
            assert ready, "the browser does not answer"
            chunk = os.read(self._in, 1 << 20)
            assert chunk, "the browser has ended"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)
