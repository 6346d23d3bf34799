"""Speak to the program on the droplet: one method for each of its verbs."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.errors import HostKeyMismatch, Unreachable
from docklet.pipeline.answers import broken, read_answer, read_ending, read_left, read_look
from docklet.pipeline.world import finishes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from typing import TypeVar

    from docklet.domain.ending import Ending
    from docklet.domain.secret import Secret
    from docklet.domain.spec import RunSpec
    from docklet.domain.triage import Look
    from docklet.ports import Clock, Shell

    T = TypeVar("T")

_INSTALL: Final = (
    "import os,sys;h=sys.argv[1];p=os.path.join(h,'agent.pyz');os.makedirs(h,0o700,exist_ok=True);"
    "f=open(p+'.new','wb');f.write(sys.stdin.buffer.read());f.close();os.replace(p+'.new',p)"
)
_AUTHORISE: Final = (
    "import os,sys;h=os.path.expanduser('~/.ssh');os.makedirs(h,0o700,exist_ok=True);"
    "f=open(os.path.join(h,'authorized_keys'),'ab');f.write(b'\\n'+sys.stdin.buffer.read())"
)
LIMIT: Final = 120.0
"""Seconds in which a step has to be done on the machine, however lively that seems."""
LONGEST: Final[Mapping[str, float]] = {
    **dict.fromkeys(("checkout", "unpack", "pull"), 3600.0),
    "start": 600.0,
    "clean": 600.0,
}
"""The same for steps that have much to do, or wait for Docker."""
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_ENDLESS: Final = (
    "The step `{verb}` on the droplet did not end within {minutes:.0f} minutes. The machine may be"
    " overloaded, or under somebody else's control."
)
PATIENCE: Final = 300.0
"""Seconds for which a lost connection is sought again before a step is given up."""


class Agent:
    """The agent in one directory of one machine."""

    def __init__(self, shell: Shell, home: str, clock: Clock) -> None:
        """Speak over `shell` to the agent in `home`."""
        self._shell = shell
        self._clock = clock
        self.home = home

    async def install(self, code: bytes) -> None:
        """Put the agent's code there."""
        command = ["python3", "-c", _INSTALL, self.home]
        done = await self._within("install", self._shell.run(command, stdin=code))
        if done.exit_code:
            raise broken(done, "install")

    async def is_installed(self) -> bool:
        """Tell whether the agent is there; asks once."""
        command = ["test", "-e", f"{self.home}/agent.pyz"]
        done = await self._within("look", self._shell.run(command))
        return done.exit_code == 0

    async def neighbours(self) -> tuple[str, ...]:
        """Return the names of what lies beside the directory: other runs'; asks once."""
        command = ["ls", "--", self.home.rpartition("/")[0]]
        done = await self._within("look", self._shell.run(command))
        return () if done.exit_code else tuple(done.stdout.decode(errors="replace").split())

    async def checkout(self, request: Mapping[str, object], token: Secret) -> str:
        """Check the repository out and return the commit."""
        answer = await self._call("checkout", {**request, "token": token.reveal()})
        return str(answer["head"])

    async def unpack(self, source: AsyncIterator[bytes]) -> None:
        """Take a checkout that was made elsewhere."""
        argv = self._argv("unpack")
        sending = self._shell.send(argv, source=_after(b"{}\n", source))
        done = await self._within("unpack", sending)
        read_answer("unpack", done)

    def pack(self) -> AsyncIterator[bytes]:
        """Stream the checkout for `unpack`."""
        return self._shell.stream(self._argv("pack"), stdin=b"{}\n")

    async def pull(self, spec: RunSpec, *, wait: int, local_ok: bool = False) -> str:
        """Pull the image and return its digest, `sha256:...` or nothing."""
        login = spec.registry
        request = {
            "image": spec.image,
            "username": login.username if login else "",
            "password": login.password.reveal() if login else "",
            "attempts": 5,
            "wait": wait,
            "local_ok": local_ok,
        }
        digest = str((await self._call("pull", request)).get("digest") or "")
        return digest if _DIGEST.fullmatch(digest) else ""

    async def start(self, request: Mapping[str, object]) -> None:
        """Start the container under its supervisor; starting twice is starting once."""
        await self._call("start", request)

    def follow(self, offset: int) -> AsyncIterator[bytes]:
        """Stream the log from byte `offset` until the container has ended."""
        request = json.dumps({"offset": offset}).encode() + b"\n"
        return self._shell.stream(self._argv("follow"), stdin=request)

    async def ending(self) -> Ending | None:
        """Return how the container ended, or None while it has not."""
        answer = await self._call("ending", {})
        return read_ending(answer) if answer.get("ended") else None

    async def hold(
        self, holder: str, *, record: Mapping[str, object] | None = None, over: float | None = None
    ) -> bool:
        """Give a sign of life in `holder`'s name; False when another process has the run.

        `over` is the age in seconds from which another one's sign of life counts no longer.
        """
        request = {"holder": holder, "record": record or {}, "over": over}
        return bool((await self._call("hold", request, patience=0)).get("held"))

    async def look(self) -> Look:
        """Return how far the run is, as the machine tells it; asks once."""
        return read_look(await self._call("look", {}, patience=0))

    async def keep(self, seal: str) -> bool:
        """Leave a sealed wish to keep the machine; False when it comes too late."""
        return bool((await self._call("keep", {"seal": seal}, patience=0)).get("kept"))

    async def extend(self, limit: int, *, patience: float) -> float | None:
        """Let the script take `limit` seconds; return how many are left, None when it is over."""
        return read_left(await self._call("extend", {"limit": limit}, patience=patience))

    async def stop(self, *, by: str = "", patience: float = PATIENCE) -> None:
        """Stop the container; `by` is who asks for it."""
        await self._call("stop", {"grace": 10, "by": by}, patience=patience)

    def collect(self, paths: tuple[str, ...], most_bytes: int, room: int) -> AsyncIterator[bytes]:
        """Stream the changed files as a tar of at most `room` bytes."""
        request = {"paths": paths, "max_file": most_bytes, "room": room}
        line = json.dumps(request).encode() + b"\n"
        return self._shell.stream(self._argv("collect"), stdin=line)

    async def clean(self) -> None:
        """Remove the container and the directory."""
        await self._call("clean", {})

    async def close(self) -> None:
        """Hang up."""
        await self._shell.close()

    async def authorise(self, keys: tuple[str, ...]) -> None:
        """Let the holders of `keys` log in."""
        lines = "".join(f"{key}\n" for key in keys).encode()
        command = ["python3", "-c", _AUTHORISE]
        done = await self._within("authorise", self._shell.run(command, stdin=lines))
        if done.exit_code:
            raise broken(done, "authorise")

    def _argv(self, verb: str) -> tuple[str, ...]:
        """Return the command line of `verb`."""
        return ("python3", f"{self.home}/agent.pyz", verb)

    async def _call(
        self, verb: str, request: Mapping[str, object], *, patience: float = PATIENCE
    ) -> Mapping[str, Any]:
        """Ask for `verb` and return its answer; survives lost connections."""
        line = json.dumps(request).encode() + b"\n"

        async def ask() -> Mapping[str, Any]:
            done = await self._within(verb, self._shell.run(self._argv(verb), stdin=line))
            return read_answer(verb, done)

        return await persist(ask, self._clock, patience)

    async def _within(self, verb: str, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the machine; one that goes on and on is one that does not answer."""
        seconds = LONGEST.get(verb, LIMIT)
        task = asyncio.ensure_future(work)
        try:
            if not await finishes({task}, seconds, self._clock):
                raise Unreachable(_ENDLESS.format(verb=verb, minutes=seconds / 60))
            return await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def persist(
    action: Callable[[], Awaitable[T]], clock: Clock, patience: float = PATIENCE
) -> T:
    """Repeat an idempotent action until no connection is lost under it."""
    deadline = clock.now() + patience
    while True:
        try:
            return await action()
        except HostKeyMismatch:
            raise
        except Unreachable:
            if clock.now() > deadline:
                raise
            await clock.sleep(1.0)


async def _after(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield `head`, then `rest`."""
    yield head
    async for chunk in rest:
        yield chunk
