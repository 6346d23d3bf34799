"""What the log of a noisy script costs docklet's own process, measured through a real sshd.

The log holds all that logs hold: binary, a line of a hundred megabytes, progress bars, lines of
one byte. Whoever reads docklet's output is stuck meanwhile, as a slow console would be.
"""

from __future__ import annotations

import asyncio
import filecmp
import io
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from docklet.adapters.agent import agent_code
from docklet.adapters.clock import RealClock
from docklet.adapters.printer import Printer
from docklet.adapters.runner.command_files import CommandFiles
from docklet.adapters.runner.log import Runner
from docklet.adapters.ssh.keys import SshAccess
from docklet.adapters.ssh.shell import SshShell
from docklet.adapters.terminal.terminal import Plain
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from docklet.pipeline.agent import Agent
from docklet.pipeline.follow import Follower
from docklet.pipeline.saved_log import SavedLog
from docklet.render.mask import mask_of
from tests.builders import make_identity
from tests.contract.sshd import USER, serving
from tests.worlds import make_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from docklet.pipeline.world import World

MEGABYTE: Final = 1_000_000
LONG: Final = 100 * MEGABYTE
"""Bytes of the longest line."""
SECRETS: Final = (Secret("canary-user-secret-8c1d"), Secret("canary of two\nlines and more"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """What was measured."""

    seconds: float
    growth: int
    """Bytes of memory at the worst moment, beyond what there was before."""
    printed: int
    """Bytes for the job's log."""
    is_whole: bool
    """Whether the saved log is the script's, byte for byte."""
    tail_is_kept: bool
    """Whether what reports show is the log's end."""


class Stuck(io.RawIOBase):
    """A reader that reads nothing until it is let go."""

    def __init__(self, go: threading.Event) -> None:
        super().__init__()
        self._go = go
        self.taken = 0

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        """Take bytes, once that is allowed."""
        self._go.wait()
        self.taken += len(data)
        return len(data)


def pieces(size: int) -> Iterator[bytes]:
    """Yield a log of `size` bytes: a long line, then the other kinds in turn, then a last line."""
    noise, line = os.urandom(MEGABYTE), b"x" * MEGABYTE
    bar = b"".join(b"\r%3d %%" % (number % 100) for number in range(MEGABYTE // 6))
    kinds = (noise, bar, b"y\n" * (MEGABYTE // 2), noise + b"\n")
    last = b"\nthe end\n"
    left = size - len(last)
    for number in range(size // MEGABYTE + 2):
        kind = line if number < LONG // MEGABYTE else kinds[number // 8 % len(kinds)]
        yield kind[:left]
        left -= len(kind[:left])
    yield last


async def measure(folder: Path, size: int) -> Flood:
    """Follow a log of `size` bytes that is there already, as fast as it comes."""
    home, keys = folder / "home", SshAccess(token=Secret("x")).keys(RunKey("0" * 20))
    home.mkdir()
    (home / "agent.pyz").write_bytes(agent_code())
    with (home / "log").open("wb") as file:
        file.writelines(pieces(size))
    (home / "ending.json").write_text("{}")
    go, mask = threading.Event(), mask_of(SECRETS)
    stuck = Stuck(go), Stuck(go)
    printers = [Printer(cast("BinaryIO", one)) for one in stuck]
    runner, plain = Runner(printers[0], CommandFiles(), mask=mask), Plain(printers[1], mask)
    world: World = make_world(folder)
    world = replace(world, observers=(runner, plain), clock=RealClock())
    async with serving(keys, folder) as sshd:
        shell = SshShell("127.0.0.1", keys, port=sshd.port, username=USER)
        agent = Agent(shell, str(home), world.clock)
        await shell.run(["true"])
        before, began = _reset_peak(), time.monotonic()
        with SavedLog(folder / "run.log", 2 * size) as sink:
            follower = Follower(agent, world, sink, run=make_identity())
            await follower.follow(world.clock.now() + 3600)
        seconds, growth = time.monotonic() - began, _memory("VmHWM") - before
        await shell.close()
    go.set()
    runner.close(60)
    plain.close()
    return Flood(
        seconds=round(seconds, 1),
        growth=growth,
        printed=stuck[0].taken,
        is_whole=filecmp.cmp(home / "log", folder / "run.log", shallow=False),
        tail_is_kept=runner.progress.tail.endswith(b"\nthe end\n"),
    )


def _reset_peak() -> int:
    """Forget the worst moment so far, and return the memory in use."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    """Return one of the kernel's figures about this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def main() -> int:
    """Measure a log of so many megabytes; print one line of JSON."""
    with tempfile.TemporaryDirectory(prefix="docklet-flood-") as folder:
        found = asyncio.run(measure(Path(folder), int(sys.argv[1]) * MEGABYTE))
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
