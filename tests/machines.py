"""A droplet in memory: the agent's verbs, a script that runs, and a line that breaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from docklet.domain.errors import AgentError, ConnectionLost, Unreachable
from docklet.ports import Completed
from docklet_sandbox.light.agent import VERBS, LightAgent
from docklet_sandbox.light.script import Script
from docklet_sandbox.light.wire import ABANDONED, Abandoned, Refused, written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes import FakeClock

_SILENT: Final = "No SSH connection to the machine."
_BROKEN: Final = "The SSH connection broke."


def refusal(kind: str, message: str) -> Completed:
    """Return what the agent answers when a verb fails for a reason that it knows."""
    answer = {"error": {"kind": kind, "message": message}}
    return Completed(exit_code=1, stdout=json.dumps(answer).encode(), stderr=b"")


class FakeMachine(Script):
    """A machine with the agent on it, played by the sandbox's light form of it.

    Its script writes its log on time and then ends. Failures wait in a queue for each verb;
    connections break at bytes of the log or at times.
    """

    def __init__(self, clock: FakeClock) -> None:
        """Be a machine on which a run is ready to start."""
        super().__init__(output=[(1.0, b"Hello\n")], lasts=10.0, unlimited=True)
        self.cuts: list[int] = []
        """Bytes of the log behind which following loses its connection, each once."""
        self.silences: list[tuple[float, float]] = []
        """Times, from and until, at which nothing gets through."""
        self.shown_key = ""
        """A host key that is shown instead of the right one."""
        self.calls: list[str] = []
        self.requests: dict[str, dict[str, object]] = {}
        """What each verb was asked last."""
        self.received: dict[str, bytes] = {}
        """What each verb was sent last, byte for byte."""
        self.cleaned = False
        self.starts = 0
        """How many containers were started."""
        self._clock = clock
        self._agent = LightAgent(script=self, time=self, any_image=True, head="ready")
        self._queue: dict[str, list[tuple[Exception | Completed, bool]]] = {}

    @property
    def started(self) -> float | None:
        """When the container was started; None without one."""
        container = self._agent.container
        return None if container is None else container.started

    def fail(
        self,
        verb: str,
        failure: Exception | Completed,
        *,
        times: int = 1,
        commit: bool = False,
    ) -> None:
        """Let the next calls of a verb fail, before or after (`commit`) they take effect."""
        self._queue.setdefault(verb, []).extend([(failure, commit)] * times)

    async def answer(self, verb: str, sent: bytes) -> Completed:
        """Do what an answering verb does."""
        early, late = self._asked(verb, sent)
        if early is not None:
            return early
        done = await self._do(verb, sent)
        if isinstance(late, Completed):
            return late
        if late is not None:
            raise late
        return done

    async def stream(self, verb: str, sent: bytes) -> AsyncIterator[bytes]:
        """Yield what a streaming verb yields."""
        _, late = self._asked(verb, sent)
        try:
            async for piece in self._pieces(verb):
                yield piece
                if late is not None and not isinstance(late, Completed):
                    raise late
        except Abandoned:
            message = "The command ended with 3."
            raise AgentError(message, kind=f"exit-{ABANDONED}") from None

    def now(self) -> float:
        """Return the time, for the agent."""
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        """Wait, or lose the connection when a silence begins before."""
        when = self._clock.now() + seconds
        begins = (begin for begin, _ in self.silences if self._clock.now() < begin <= when)
        lost = min(begins, default=None)
        await self._clock.sleep((when if lost is None else lost) - self._clock.now())
        if lost is not None:
            raise ConnectionLost(_BROKEN)

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
        waiting = self._queue.get(verb)
        failure, commit = waiting.pop(0) if waiting else (None, True)
        if commit:
            return None, failure
        if isinstance(failure, Completed):
            return failure, None
        assert failure is not None
        raise failure

    @property
    def began(self) -> tuple[float, ...]:
        """When containers were started."""
        return tuple(self._agent.starts)

    def forge_record(self, record: dict[str, object]) -> None:
        """Put another record in the place of the run's."""
        self._agent.lease.record = record

    async def _do(self, verb: str, sent: bytes) -> Completed:
        """Let the agent answer, or note what a plain command of docklet's does."""
        if verb not in VERBS:
            await self.sleep(self.takes.get(verb, 0.0))
            return Completed(exit_code=0, stdout=b"", stderr=b"")
        before = self._agent.container
        payload = sent.partition(b"\n")[2]
        try:
            answer = await self._agent.answer(verb, self.requests[verb], payload)
        except Refused as refused:
            return Completed(exit_code=1, stdout=written(refused.answer), stderr=b"")
        self.starts += verb == "start" and before is None
        self.cleaned |= verb == "clean"
        return Completed(exit_code=0, stdout=written(answer), stderr=b"")

    async def _pieces(self, verb: str) -> AsyncIterator[bytes]:
        """Yield what the agent streams, until a cut of the log."""
        request = self.requests[verb]
        sent = int(str(request.get("offset", 0)))
        async for piece in self._agent.stream(verb, request):
            end = sent + len(piece)
            cuts = self.cuts if verb == "follow" else []
            cut = min((cut for cut in cuts if sent <= cut <= end), default=None)
            if cut is None:
                yield piece
            else:
                self.cuts.remove(cut)
                if cut > sent:
                    yield piece[: cut - sent]
                raise ConnectionLost(_BROKEN)
            sent = end

    def _is_silent(self, now: float) -> bool:
        """Tell whether nothing gets through."""
        return any(begin <= now < end for begin, end in self.silences)
