"""A container that plays its script: what it has written, and how it has ended, at any moment."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet_sandbox.light.script import Script, Time

_MEMORY: Final = 4 << 30
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]")
_TOLD: Final = ("container", "image", "image_id", "memory", "boot", "started")
_TERMINATED: Final = 143
_KILLED: Final = 137
_SIGNALS: Final = range(129, 193)
_DIED: Final = "The supervisor on the machine died before the script ended."
_SAID: Final = {
    "lost": "The machine was rebooted while the script ran.",
    "stopped": "The script was stopped on request.",
    "timed-out": "The script reached its time limit of {limit} and was ended.",
}
_INTERVAL: Final = 5.0
_POINTS: Final = 60
_USAGE: Final = {
    "mean_cpu": 0.5,
    "cpus": 2,
    "peak_memory": 256 << 20,
    "memory_total": 4 << 30,
    "peak_disk": 4 << 30,
    "disk_total": 80 << 30,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """When and why it ends."""

    at: float
    kind: str = ""
    """`stopped`, `timed-out` or `lost`; empty if it ended by itself."""
    exit_code: int | None = None


@dataclass(slots=True, kw_only=True)
class Container:
    """A started script."""

    script: Script
    job: dict[str, object]
    """What was asked for, as the agent notes it."""
    started: float
    timeout: float
    """Seconds that it may take; more, once somebody has said so."""
    grace: float
    asked: list[End] = field(default_factory=list)
    """Requests to stop."""
    asked_by: str = ""
    """Who sent the latest of them, if they said so."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced, when its end comes nearer."""

    @property
    def is_lost(self) -> bool:
        """Whether nobody saw, or will see, its end."""
        return self.end.kind == "lost" or (self.script.abandoned and not self.end.kind)

    @property
    def told(self) -> dict[str, object]:
        """What `start` says of it."""
        return {name: self.job[name] for name in _TOLD}

    @property
    def end(self) -> End:
        """The end that comes first."""
        ends = [End(at=self.started + self.script.lasts), *self.asked]
        if not self.script.unlimited:
            ends.append(self._interrupted(self.started + self.timeout, "timed-out", self.grace))
        return min(ends, key=lambda one: one.at)

    def is_being_ended(self, now: float) -> bool:
        """Tell whether it is too late for more time."""
        struck = not self.script.unlimited and now >= self.started + self.timeout
        return bool(self.asked) or struck or now >= self.end.at

    def stop(self, now: float, grace: float, by: str = "") -> None:
        """Ask for the end."""
        self.asked_by = by
        self.asked.append(self._interrupted(now, "stopped", grace))
        self.wake()

    def die(self, now: float) -> None:
        """Go down with the machine."""
        self.asked.append(End(at=now, kind="lost"))
        self.wake()

    def wake(self) -> None:
        """Let whoever waits for it look again."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def log(self, now: float) -> bytes:
        """Return what it has written."""
        until = min(now, self.end.at)
        return b"".join(data for at, data in self.script.output if self.started + at <= until)

    def piece(self, now: float, offset: int) -> bytes:
        """Return what it has written behind an offset, up to the end of the piece written there.

        Pieces stay apart, so that whoever follows meets the same ones at any speed.
        """
        log = self.log(now)
        ends = accumulate(len(data) for _, data in self.script.output)
        return log[offset : next((end for end in ends if end > offset), None)]

    def next_change(self, now: float) -> float:
        """Return when it writes again or ends."""
        moments = [self.started + at for at, _ in self.script.output]
        return min([one for one in moments if one > now] + [self.end.at])

    async def changes(self, time: Time) -> None:
        """Wait until it writes again or ends, or somebody ends it before."""
        now = time.now()
        waits = [
            asyncio.ensure_future(time.sleep(self.next_change(now) - now)),
            asyncio.ensure_future(self.changed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if waits[0].done():
                await waits[0]
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def over(self, time: Time, *, patience: float) -> None:
        """Wait until it has ended, or patience has."""
        last = time.now() + patience
        while time.now() < min(last, self.end.at):
            await self.changes(time)

    def going(self, now: float) -> dict[str, object]:
        """Return how it goes, or how it went."""
        lasted = min(now, self.end.at) - self.started
        return {"log_bytes": len(self.log(now)), "usage": _used(lasted), "job": self.job}

    def ending(self, now: float) -> dict[str, object] | None:
        """Return how it ended, as the agent tells it; None while it runs."""
        end = self.end
        if now < end.at:
            return None
        going = self.going(now)
        told = {"exit_code": end.exit_code, "kind": end.kind, "message": self._why(end)}
        mine = {} if end.kind else self.script.ending
        times: dict[str, object] = {"started": self.started, "finished": end.at, "log_lost": 0}
        if self.is_lost:
            times = {"started": self.started, "finished": None}
            told |= {"kind": "lost", "message": _SAID.get(end.kind, _DIED)}
            mine = mine if mine.get("kind") == "lost" else {}
        elif not end.kind:
            told = {"message": self._said()}
        return {**times, **going, **told, **mine}

    def _why(self, end: End) -> str:
        """Say why it was ended, if it was."""
        if end.kind == "stopped" and self.asked_by:
            return f"The script was stopped on request of {self.asked_by}."
        return _SAID.get(end.kind, "").format(limit=_spelled(self.timeout))

    def _interrupted(self, at: float, kind: str, grace: float) -> End:
        if self.script.stubborn:
            return End(at=at + grace, kind=kind, exit_code=_KILLED)
        return End(at=at, kind=kind, exit_code=_TERMINATED)

    def _said(self) -> str:
        code = self.script.ending.get("exit_code")
        if not isinstance(code, int) or not code:
            return "The script ended well."
        if code in _SIGNALS:
            return f"The script failed with exit code {code}, as after signal {code - 128}."
        return f"The script failed with exit code {code}."


def _spelled(seconds: float) -> str:
    """Write a time limit as the agent does."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number)


def _used(lasted: float) -> dict[str, object]:
    """Return what the agent tells of the machine's use: the same all the time."""
    points = min(int(lasted / _INTERVAL), _POINTS)
    share, memory, disk = (_USAGE[name] for name in ("mean_cpu", "peak_memory", "peak_disk"))
    row = (share, share, memory, disk)
    series = [[round(lasted * at / points, 1), *row] for at in range(1, points + 1)]
    return {"samples": points + 1, **_USAGE, "series": series}


def job_of(
    name: str, request: Mapping[str, Any], image_id: str, started: float
) -> dict[str, object]:
    """Return what the agent notes of a start request: all but the values of the environment."""
    return {
        "container": f"docklet-{_UNFIT.sub('_', name)}",
        "image": request["image"],
        "image_id": image_id,
        "argv": request["argv"],
        "workdir": request.get("workdir") or ".",
        "timeout": float(request["timeout"]),
        "grace": float(request.get("grace") or 10.0),
        "memory": _MEMORY - int(request.get("reserve_memory") or 0),
        "gpus": bool(request.get("gpus")),
        "network": "" if request.get("private_network") else "docklet",
        "run": request.get("run") or {},
        "env": sorted(request.get("env") or {}),
        "boot": "light",
        "started": started,
    }
