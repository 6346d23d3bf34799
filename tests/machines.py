"""A droplet in memory: the agent's verbs, a script that runs, and a line that breaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, ConnectionLost, Unreachable
from docklet.ports import Completed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes import FakeClock

_SILENT: Final = "No SSH connection to the machine."
_BROKEN: Final = "The SSH connection broke."


def refusal(kind: str, message: str) -> Completed:
    """Return what the agent answers when a verb fails for a reason that it knows."""
    answer = {"error": {"kind": kind, "message": message}}
    return Completed(exit_code=1, stdout=json.dumps(answer).encode(), stderr=b"")


class FakeMachine:
    """A machine with the agent on it, whose script writes its log on time and then ends.

    Failures wait in a queue for each verb; connections break at bytes of the log or at times.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.output: list[tuple[float, bytes]] = [(1.0, b"Hello\n")]
        """What the script writes, each piece so many seconds after its start."""
        self.lasts = 10.0
        """Seconds that the script takes."""
        self.ending: dict[str, object] = {"kind": "exited", "exit_code": 0}
        self.digest = "sha256:" + "d" * 64
        self.results = b""
        """The archive that collecting streams."""
        self.takes: dict[str, float] = {}
        """Seconds that a verb takes."""
        self.cuts: list[int] = []
        """Bytes of the log behind which following loses its connection, each once."""
        self.silences: list[tuple[float, float]] = []
        """Times, from and until, at which nothing gets through."""
        self.abandoned = False
        """Whether the supervisor died without an ending."""
        self.shown_key = ""
        """A host key that is shown instead of the right one."""
        self.calls: list[str] = []
        self.requests: dict[str, dict[str, object]] = {}
        """What each verb was asked last."""
        self.received: dict[str, bytes] = {}
        """What each verb was sent last, byte for byte."""
        self.started: float | None = None
        self.cleaned = False
        self.starts = 0
        """How many containers were started."""
        self._clock = clock
        self._failures: dict[str, list[tuple[Exception | Completed, bool]]] = {}

    def fail(
        self,
        verb: str,
        failure: Exception | Completed,
        *,
        times: int = 1,
        commit: bool = False,
    ) -> None:
        """Let the next calls of a verb fail, before or after (`commit`) they take effect."""
        self._failures.setdefault(verb, []).extend([(failure, commit)] * times)

    @property
    def log(self) -> bytes:
        """The script's whole output."""
        return b"".join(data for _, data in self.output)

    async def answer(self, verb: str, sent: bytes) -> Completed:
        """Do what an answering verb does."""
        early, late = self._asked(verb, sent)
        if early is not None:
            return early
        await self._until(self._clock.now() + self.takes.get(verb, 0.0))
        text = json.dumps(self._do(verb)).encode()
        if isinstance(late, Completed):
            return late
        if late is not None:
            raise late
        return Completed(exit_code=0, stdout=text, stderr=b"")

    async def stream(self, verb: str, sent: bytes) -> AsyncIterator[bytes]:
        """Yield what a streaming verb yields."""
        _, late = self._asked(verb, sent)
        pieces = self._follow() if verb == "follow" else self._content()
        async for piece in pieces:
            yield piece
            if late is not None and not isinstance(late, Completed):
                raise late

    def _asked(
        self, verb: str, sent: bytes
    ) -> tuple[Completed | None, Exception | Completed | None]:
        """Note a call; return the answer that comes at once, and the failure that comes late."""
        self.calls.append(verb)
        self.received[verb] = sent
        if sent.startswith(b"{"):
            self.requests[verb] = json.loads(sent.partition(b"\n")[0])
        if self._is_silent(self._clock.now()):
            raise Unreachable(_SILENT)
        waiting = self._failures.get(verb)
        failure, commit = waiting.pop(0) if waiting else (None, True)
        if commit:
            return None, failure
        if isinstance(failure, Completed):
            return failure, None
        assert failure is not None
        raise failure

    def _do(self, verb: str) -> dict[str, object]:
        """Change what the verb changes and return its answer."""
        match verb:
            case "checkout":
                return {"head": self.requests[verb]["sha"]}
            case "pull":
                return {"digest": self.digest}
            case "start":
                if self.started is None:
                    self.started = self._clock.now()
                    self.starts += 1
                return {"started": True}
            case "clean":
                self.cleaned = True
                return {"cleaned": True}
            case "ending":
                now, started = self._clock.now(), self.started
                ended = started is not None and now >= started + self.lasts
                return {"ended": True, **self.ending} if ended else {"ended": False}
            case _:
                return {}

    async def _follow(self) -> AsyncIterator[bytes]:
        """Yield the log from the offset on, until a cut or the end."""
        assert self.started is not None
        sent, end = int(str(self.requests["follow"]["offset"])), 0
        for second, data in self.output:
            end += len(data)
            await self._until(self.started + second)
            cut = min((cut for cut in self.cuts if sent <= cut <= end), default=None)
            stop = end if cut is None else cut
            if stop > sent:
                yield self.log[sent:stop]
                sent = stop
            if cut is not None:
                self.cuts.remove(cut)
                raise ConnectionLost(_BROKEN)
        await self._until(self.started + self.lasts)
        if self.abandoned:
            message = "The command ended with 3."
            raise AgentError(message, kind="exit-3")

    async def _content(self) -> AsyncIterator[bytes]:
        """Yield the archive in two pieces."""
        half = len(self.results) // 2
        yield self.results[:half]
        yield self.results[half:]

    async def _until(self, when: float) -> None:
        """Wait, or lose the connection when a silence begins before."""
        begins = (begin for begin, _ in self.silences if self._clock.now() < begin <= when)
        lost = min(begins, default=None)
        await self._clock.sleep((when if lost is None else lost) - self._clock.now())
        if lost is not None:
            raise ConnectionLost(_BROKEN)

    def _is_silent(self, now: float) -> bool:
        """Tell whether nothing gets through."""
        return any(begin <= now < end for begin, end in self.silences)
