"""A headless Chromium, spoken to by its own protocol, as far as a picture of a page needs it."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",  # it shows nothing but files that we have written
    "--disable-gpu",
    "--disable-lcd-text",
    "--hide-scrollbars",
    "--allow-file-access-from-files",
    "--remote-debugging-port=0",
)
_PATIENCE: Final = 60.0
"""Seconds for a browser to start, and for a page to be drawn."""


@dataclass(slots=True)
class Page:
    """A page of the browser."""

    socket: aiohttp.ClientWebSocketResponse
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def show(self, url: str, *, width: int, scale: float) -> None:
        """Open an address at a width in pixels, each of them `scale` pixels of a picture."""
        await self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=1000,
            deviceScaleFactor=scale,
            mobile=False,
        )
        await self._call("Page.enable")
        await self._call("Page.navigate", url=url)
        await self._message("Page.loadEventFired")

    async def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Return what a script's expression comes to, awaited if it is a promise."""
        answer = await self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            message = f"The page failed: {answer['exceptionDetails']}"
            raise RuntimeError(message)
        return answer["result"].get("value")

    async def photograph(self, width: float, height: float) -> bytes:
        """Return a PNG of the page's upper left."""
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        answer = await self._call(
            "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
        )
        return base64.b64decode(answer["data"])

    async def _call(self, method: str, **params: object) -> dict[str, Any]:
        """Call a method of the protocol."""
        number = next(self._numbers)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        answer = await self._message(number)
        if "error" in answer:
            message = f"Chromium refused {method}: {answer['error']}"
            raise RuntimeError(message)
        result: dict[str, Any] = answer["result"]
        return result

    async def _message(self, wanted: int | str) -> dict[str, Any]:
        """Return the answer with a number, or the event with a name."""
        while True:
            told: dict[str, Any] = await self.socket.receive_json(timeout=_PATIENCE)
            if wanted in {told.get("id"), told.get("method")}:
                return told


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """Start a browser that keeps its files in `folder`, and end it."""
    command = ("chromium", *_FLAGS, f"--user-data-dir={folder}", "about:blank")
    process = subprocess.Popen(  # noqa: ASYNC220 - it is started once, and at once
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        port = await _port(folder)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = json.loads(await answer.text())
            address = next(one for one in pages if one["type"] == "page")["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        process.wait()


async def _port(folder: Path) -> int:
    """Wait until the browser has written down where it listens."""
    note = folder / "DevToolsActivePort"
    for _ in range(int(_PATIENCE / 0.1)):
        if note.exists() and (text := note.read_text(encoding="ascii")):
            return int(text.split("\n")[0])
        await asyncio.sleep(0.1)
    message = "Chromium did not start."
    raise RuntimeError(message)
