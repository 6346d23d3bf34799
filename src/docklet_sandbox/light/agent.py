"""docklet's agent, played: the same requests, answers and exit codes, with nothing behind.

A conformance test compares it with the agent itself, verb by verb. It plays one directory of one
machine, in any clock's time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from docklet_sandbox.light import wire
from docklet_sandbox.light.archive import checkout_archive, flaw_of, results_archive
from docklet_sandbox.light.container import Container, job_of
from docklet_sandbox.light.lease import Lease
from docklet_sandbox.light.wire import Abandoned, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from docklet_sandbox.light.script import Script, Time

STREAMING: Final = frozenset({"follow", "collect", "pack"})
VERBS: Final = STREAMING | {
    *("checkout", "unpack", "pull", "start", "ending", "stop", "clean"),
    *("hold", "look", "keep", "extend"),
}
_LARGEST: Final = 100 << 20
_GRACE: Final = 10.0
_TURN: Final = 900.0
"""Seconds for which a checkout waits while a script's supervisor holds the directory's lock."""
_BEGUN: Final = "The script was started; its tree stays as it is."
_PIECE: Final = 1 << 18


@dataclass(slots=True, kw_only=True)
class LightAgent:
    """The agent in one directory."""

    script: Script
    time: Time
    name: str = "run"
    """The directory's own name."""
    images: set[str] = field(default_factory=set)
    """What the machine's Docker has."""
    any_image: bool = False
    """Whether it has whatever it is asked for."""
    head: str = ""
    """The commit that is checked out, or `unpacked`."""
    container: Container | None = None
    lease: Lease = field(default_factory=Lease)
    starts: list[float] = field(default_factory=list)
    """When containers were started, the machine's other directories' too."""
    wish: str = ""
    """The seal of a wish to keep the machine."""
    limit: float = 0.0
    """Seconds that somebody lets the script take; 0 where nobody said so."""

    async def answer(
        self, verb: str, request: Mapping[str, Any], payload: bytes = b""
    ) -> dict[str, object]:
        """Do what an answering verb does; raise Refused."""
        await self.time.sleep(self.script.takes.get(verb, 0.0))
        if verb == "checkout" and self.container is not None:
            await self.container.over(self.time, patience=_TURN)
        self._fail(verb)
        doing: dict[str, Callable[[], dict[str, object]]] = {
            "checkout": lambda: self._checkout(request),
            "unpack": lambda: self._unpack(payload),
            "pull": lambda: self._pull(request),
            "start": lambda: self._start(request),
            "ending": self._ending,
            "stop": lambda: self._stop(request),
            "clean": self._clean,
            "hold": lambda: self.lease.hold(request, self.time.now()),
            "look": self._look,
            "keep": lambda: self._keep(request),
            "extend": lambda: self._extend(request),
        }
        return doing[verb]()

    async def stream(self, verb: str, request: Mapping[str, Any]) -> AsyncIterator[bytes]:
        """Yield what a streaming verb prints; raise Refused, or Abandoned."""
        self._fail(verb)
        if verb == "follow":
            async for piece in self._follow(int(request.get("offset") or 0)):
                yield piece
            return
        archive = self._pack() if verb == "pack" else self._collect(request)
        half = max(len(archive) // 2, 1)
        yield archive[:half]
        await self.time.sleep(self.script.takes.get(verb, 0.0))
        for start in range(half, len(archive), _PIECE):
            yield archive[start : start + _PIECE]

    def go_down(self) -> None:
        """Lose a container that runs, with the machine."""
        now = self.time.now()
        if self.container is not None and self.container.ending(now) is None:
            self.container.die(now)

    def _fail(self, verb: str) -> None:
        if waiting := self.script.failures.get(verb):
            failing = waiting.pop(0)
            raise Refused(failing.message, kind=failing.kind)

    def _checkout(self, request: Mapping[str, Any]) -> dict[str, object]:
        sha = wire.check_source(request)
        self._must_not_have_begun()
        self.head = sha
        return {"head": sha, "files": 1}

    def _unpack(self, payload: bytes) -> dict[str, object]:
        self._must_not_have_begun()
        if flaw := flaw_of(payload):
            message = f"The checkout that was sent could not be unpacked: {flaw}."
            raise Refused(message, kind="unpack-failed")
        self.head = "unpacked"
        return {"files": 1}

    def _pack(self) -> bytes:
        if not self.head:
            message = "There is no checkout to pack."
            raise Refused(message, kind="not-prepared")
        return checkout_archive()

    def _pull(self, request: Mapping[str, Any]) -> dict[str, object]:
        self.images.add(wire.field(request, "image", str))
        told = {"image_id": self.script.digest, "size": 100 << 20, "pulled": True}
        seconds = self.script.takes.get("pull", 0.0)
        return {"digest": self.script.digest, "seconds": seconds, **told}

    def _start(self, request: Mapping[str, Any]) -> dict[str, object]:
        if self.container is None:
            self._may_start(request)
            now = self.time.now()
            self.lease.record = request.get("record") or self.lease.record
            self.starts.append(now)
            self.container = Container(
                script=self.script,
                job=job_of(self.name, request, self.script.digest, now),
                started=now,
                timeout=max(float(request["timeout"]), self.limit),
                grace=float(request.get("grace") or _GRACE),
            )
        return self.container.told

    def _may_start(self, request: Mapping[str, Any]) -> None:
        if not wire.field(request, "argv", list):
            message = "There is no command to run."
            raise Refused(message, kind="request")
        image = wire.field(request, "image", str)
        if not self.head:
            message = "There is no checkout to run the script in."
            raise Refused(message, kind="not-prepared")
        wire.field(request, "timeout", int, float)
        if not (self.any_image or image in self.images):
            message = f"The image {image} is not on this machine."
            raise Refused(message, kind="image-missing")

    def _stop(self, request: Mapping[str, Any]) -> dict[str, object]:
        now = self.time.now()
        if self.container is None or self.container.ending(now) is not None:
            return {"stopping": False, "ended": self.container is not None}
        grace, by = float(request.get("grace", _GRACE)), str(request.get("by") or "")
        self.container.stop(now, grace, by)
        return {"stopping": True, "ended": False}

    def _clean(self) -> dict[str, object]:
        container, self.container, self.head = self.container, None, ""
        self.lease, self.limit = Lease(), 0.0
        if container is not None:
            container.wake()
        return {"cleaned": True}

    def _look(self) -> dict[str, object]:
        going, now = self._ending(), self.time.now()
        started = self.container is not None
        return self.lease.look(now, started=started, ended=bool(going["ended"]))

    def _keep(self, request: Mapping[str, Any]) -> dict[str, object]:
        ended = self.container is not None and self.container.ending(self.time.now()) is not None
        if not ended:
            self.wish = wire.field(request, "seal", str)
        return {"kept": not ended}

    def _extend(self, request: Mapping[str, Any]) -> dict[str, object]:
        limit, now = float(wire.field(request, "limit", int, float)), self.time.now()
        limit, container = max(limit, self.limit), self.container
        if container is None:
            self.limit = limit
            return {"extended": True, "left": limit}
        over = container.is_being_ended(now)
        if not over:
            self.limit = limit
            container.timeout = max(container.timeout, limit)
        return {"extended": not over, "left": limit - (now - container.started)}

    def _ending(self) -> dict[str, object]:
        if self.container is None:
            return {"ended": False, "alive": False, "log_bytes": 0, "usage": {}, "job": None}
        now = self.time.now()
        ended = self.container.ending(now)
        if ended is not None:
            return {"ended": True, **ended, "keep": self.wish, "limit": self.limit}
        return {"ended": False, "alive": True, **self.container.going(now)}

    async def _follow(self, offset: int) -> AsyncIterator[bytes]:
        while (container := self.container) is not None:
            now = self.time.now()
            if piece := container.piece(now, offset):
                offset += len(piece)
                yield piece
            elif now >= container.end.at:
                break
            else:
                await container.changes(self.time)
        if container is None or container.is_lost:
            raise Abandoned

    def _collect(self, request: Mapping[str, Any]) -> bytes:
        script, most = self.script, int(request.get("max_file") or _LARGEST)
        paths = request.get("paths") or ["."]
        return script.results or results_archive(script.files, script.deleted, paths, most)

    def _must_not_have_begun(self) -> None:
        if self.container is not None:
            raise Refused(_BEGUN, kind="already-started")
