# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium, spoken to over two pipes (Chrome DevTools Protocol, ``--remote-debugging-pipe``) with the standard library alone."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

# Nothing of it may reach out: the pages are files.
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--disable-extensions", "--disable-sync", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND",
)
LONGEST = 300.0  # seconds for one answer, also on a machine that has much else to do


def find_browser() -> str | None:
    """Return the path of the browser: what PAGE_BROWSER names, or Chromium on PATH; or None."""
    return os.environ.get("PAGE_BROWSER") or shutil.which("chromium")


class Browser:
    """A browser with one page. It keeps its profile below `folder` and ends with the ``with`` block."""

    def __init__(self, program: str, folder: Path) -> None:
        profile = folder / "profile"
        profile.mkdir(parents=True)
        # The browser reads from descriptor 3 and writes to 4. Ours are moved out of the way first, so that they are not overwritten in the child.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for pipe in (os.pipe(), os.pipe()) for end in pipe]
        theirs_in, self._out, self._in, theirs_out = ends

        def connect() -> None:
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        with open(folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [program, *QUIET, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
                env={**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(3, 4), preexec_fn=connect, start_new_session=True,
            )
        os.close(theirs_in)
        os.close(theirs_out)
        self._number, self._session, self._rest, self.events = 0, "", b"", []

    def __enter__(self) -> Browser:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_ignored: Any) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result. Events that come before are kept in `events`."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        message.update({"sessionId": self._session} if self._session else {})
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        limit = time.monotonic() + LONGEST
        while b"\0" not in self._rest:
            ready, _none, _none = select.select([self._in], [], [], max(0, limit - time.monotonic()))
            part = os.read(self._in, 1 << 20) if ready else b""
            assert part, "the browser ended or does not answer"
            self._rest += part
        text, self._rest = self._rest.split(b"\0", 1)
        return json.loads(text)

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page and return its value. It runs whatever the page's content security policy says."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def show(self, path: Path, width: int, dark: bool = False, script: bool = True) -> None:
        """Open a file at this width, light or dark; wait until it is laid out."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        limit = time.monotonic() + LONGEST
        while not (self.run("document.readyState") == "complete" and self.run("location.href") == path.as_uri()):
            assert time.monotonic() < limit, f"{path} is not shown"
            time.sleep(0.02)

    def picture(self, path: Path, whole: bool = False) -> None:
        """Save what is seen, or the whole page, as a PNG file."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))
