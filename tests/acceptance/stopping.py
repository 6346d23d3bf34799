"""Stop a run in each of its phases: what holds the phase open, and when the signal comes."""

from __future__ import annotations

import re
import tarfile
import time
from dataclasses import dataclass, field
from signal import SIGINT, SIGTERM, Signals
from typing import TYPE_CHECKING, Any, Final

from tests.acceptance.scene import SHELL_IMAGE

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.acceptance.scene import Scene

SLOW: Final = "echo begun\nsleep 60\n"
MAKES_RESULTS: Final = "echo result > result.txt\n"
# A file with a hole: it takes no disk over there, and seconds on the way here.
MAKES_MUCH: Final = "truncate -s 1G large.bin\n"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A phase that is held open, and how to know that a run is in it; then the signal comes."""

    signal: Signals
    name: str
    settings: Mapping[str, float] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()
    """Faults that hold requests, the first one of this phase."""
    printed: bytes = b""
    """What is printed when the phase begins."""
    file: str = ""
    """A file of the run that grows during the phase."""
    script: str = SLOW


HELD: Final = 1.5
"""Seconds for which a request is held that a run waits for when it is stopped."""
CREATE = {"kind": "delay", "method": "POST", "route": "/v2/droplets", "latency": HELD}
CLONE = {"kind": "delay", "route": "*/git-upload-pack", "latency": 5.0, "count": 4}
PUSH = {"kind": "delay", "route": "*/git-receive-pack", "latency": HELD}
PUSHED = PUSH | {"kind": "commit_then_drop"}
DELETE = {"kind": "delay", "service": "cloud", "method": "DELETE", "latency": HELD}
LAST_EDIT = {"kind": "delay", "service": "forge", "method": "PATCH", "latency": 8.0}
PHASES: Final = {
    "create": Phase(name="create", signal=SIGTERM, faults=(CREATE,)),
    "boot": Phase(
        name="boot", signal=SIGINT, settings={"boot_delay": 30.0}, printed=b"created in"
    ),
    "clone": Phase(name="clone", signal=SIGTERM, faults=(CLONE,)),
    "pull": Phase(
        name="pull", signal=SIGINT, settings={"pull_delay": 20.0}, printed=b"docklet: clone "
    ),
    "run-int": Phase(name="run", signal=SIGINT, printed=b"begun"),
    "run-term": Phase(name="run", signal=SIGTERM, printed=b"begun"),
    "collect": Phase(name="collect", signal=SIGTERM, script=MAKES_MUCH, file="results.part"),
    "push": Phase(name="push", signal=SIGINT, script=MAKES_RESULTS, faults=(PUSH,)),
    "pushed": Phase(name="push", signal=SIGTERM, script=MAKES_RESULTS, faults=(PUSHED,)),
    "delete": Phase(
        name="delete", signal=SIGINT, script=MAKES_RESULTS, faults=(DELETE, LAST_EDIT)
    ),
}


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A run that was stopped, and ended."""

    code: int
    output: str
    at: float
    """Epoch second of the signal."""
    folder: Path
    """Where it ran."""

    @property
    def archive(self) -> list[str]:
        """The names in the archive that the output names; none when it names none."""
        found = re.search(r"The archive of the results is (.+)", self.output)
        if found is None:
            return []
        with tarfile.open(self.folder / found[1]) as archive:
            return archive.getnames()


def wait_for(check: Callable[[], object], seconds: float = 90) -> None:
    """Wait until `check()` is true."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.02)


def read_until(process: subprocess.Popen[bytes], text: bytes) -> bytes:
    """Read a process's output until it has printed `text`, and return it."""
    assert process.stdout is not None
    printed = b""
    for line in process.stdout:
        printed += line
        if text in line:
            return printed
    message = f"{text!r} was never printed: {printed!r}"
    raise AssertionError(message)


def stop_in(phase: Phase, scene: Scene, *options: str) -> Stopped:
    """Start a run, stop it in a phase, and check that it ends in time."""
    scene.sandbox.settings(**phase.settings)
    for fault in phase.faults:
        scene.sandbox.fault(**fault)
    queued = scene.sandbox.pending_faults()
    given = ("--repo", scene.repository, "--script", "do.sh", "--image", SHELL_IMAGE, *options)
    process = scene.start("run", *given)
    before = read_until(process, phase.printed) if phase.printed else b""
    if queued:
        wait_for(lambda: over(process) or scene.sandbox.pending_faults()[:1] != queued[:1])
    if phase.file:
        wait_for(lambda: over(process) or any(scene.folder.rglob(phase.file)))
    process.send_signal(phase.signal)
    now = time.time()
    process.wait(5)
    output = (before + process.communicate()[0]).decode()
    scene.sandbox.clear_faults()
    return Stopped(code=process.returncode, output=output, at=now, folder=scene.folder)


def over(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process has ended; it was to be stopped then, so that is a failure soon."""
    return process.poll() is not None
