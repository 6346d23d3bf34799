"""Speak to the program on the droplet: one method for each of its verbs.

The droplet is hostile once the user's image runs, so answers are data: they are checked here and
become our own types.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.ending import Ending
from docklet.domain.errors import AgentError, HostKeyMismatch, Unreachable
from docklet.domain.outcome import Reason, Usage
from docklet.ports import Completed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from typing import TypeVar

    from docklet.domain.secret import Secret
    from docklet.domain.spec import RunSpec
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
_REASONS: Final[Mapping[str, Reason]] = {
    "clone-auth": Reason.FORGE_DENIED,
    "clone-not-found": Reason.NOT_CLONED,
    "clone-sha-missing": Reason.NOT_CLONED,
    "clone-network": Reason.NOT_CLONED,
    "clone-failed": Reason.NOT_CLONED,
    "lfs-missing": Reason.NOT_CLONED,
    "pull-denied": Reason.IMAGE_NOT_PULLED,
    "pull-not-found": Reason.IMAGE_NOT_PULLED,
    "pull-failed": Reason.IMAGE_NOT_PULLED,
    "docker-missing": Reason.IMAGE_NOT_PULLED,
    "image-missing": Reason.IMAGE_NOT_PULLED,
    "image-cannot-run": Reason.IMAGE_CANNOT_RUN,
    "workdir-missing": Reason.NOT_CLONED,
    "disk-full": Reason.DISK_FULL,
}
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
        done = await self._shell.run(["python3", "-c", _INSTALL, self.home], stdin=code)
        if done.exit_code:
            raise _broken(done, "install")

    async def checkout(self, request: Mapping[str, object], token: Secret) -> str:
        """Check the repository out and return the commit."""
        answer = await self._call("checkout", {**request, "token": token.reveal()})
        return str(answer["head"])

    async def unpack(self, source: AsyncIterator[bytes]) -> None:
        """Take a checkout that was made elsewhere."""
        argv = self._argv("unpack")
        done = await self._shell.send(argv, source=_after(b"{}\n", source))
        _answer("unpack", done)

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
        return str((await self._call("pull", request)).get("digest") or "")

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
        return _ending(answer) if answer.get("ended") else None

    async def stop(self) -> None:
        """Stop the container."""
        await self._call("stop", {"grace": 10})

    def collect(self, paths: tuple[str, ...], most_bytes: int) -> AsyncIterator[bytes]:
        """Stream the changed files as a tar."""
        request = json.dumps({"paths": paths, "max_file": most_bytes}).encode() + b"\n"
        return self._shell.stream(self._argv("collect"), stdin=request)

    async def clean(self) -> None:
        """Remove the container and the directory."""
        await self._call("clean", {})

    async def close(self) -> None:
        """Hang up."""
        await self._shell.close()

    async def authorise(self, keys: tuple[str, ...]) -> None:
        """Let the holders of `keys` log in."""
        lines = "".join(f"{key}\n" for key in keys).encode()
        done = await self._shell.run(["python3", "-c", _AUTHORISE], stdin=lines)
        if done.exit_code:
            raise _broken(done, "authorise")

    def _argv(self, verb: str) -> tuple[str, ...]:
        """Return the command line of `verb`."""
        return ("python3", f"{self.home}/agent.pyz", verb)

    async def _call(self, verb: str, request: Mapping[str, object]) -> Mapping[str, Any]:
        """Ask for `verb` and return its answer; survives lost connections."""
        line = json.dumps(request).encode() + b"\n"

        async def ask() -> Mapping[str, Any]:
            done = await self._shell.run(self._argv(verb), stdin=line)
            return _answer(verb, done)

        return await persist(ask, self._clock)


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


def _answer(verb: str, done: Completed) -> Mapping[str, Any]:
    """Read the agent's one line of JSON."""
    if done.exit_code not in {0, 1}:
        raise _broken(done, verb)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise _broken(done, verb) from None
    if not isinstance(answer, dict):
        raise _broken(done, verb)
    error = answer.get("error")
    if isinstance(error, dict):
        kind = str(error.get("kind", ""))
        raise AgentError(
            str(error.get("message", "")),
            kind=kind,
            reason=_REASONS.get(kind, Reason.AGENT_FAILED),
        )
    return answer


def _ending(answer: Mapping[str, Any]) -> Ending:
    """Read an ending; anything odd about it raises `AgentError`."""
    try:
        code, usage = answer.get("exit_code"), answer.get("usage") or {}
        return Ending(
            kind=str(answer["kind"]),
            exit_code=None if code is None else int(code),
            message=str(answer.get("message") or ""),
            started=float(answer.get("started") or 0),
            finished=float(answer.get("finished") or 0),
            log_bytes=int(answer.get("log_bytes") or 0),
            usage=Usage(
                peak_memory=int(usage.get("peak_memory") or 0),
                mean_cpu=float(usage.get("mean_cpu") or 0),
                peak_disk=int(usage.get("peak_disk") or 0),
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _broken(
            Completed(exit_code=0, stdout=repr(answer).encode(), stderr=b""), "ending"
        ) from None


def _broken(done: Completed, verb: str) -> AgentError:
    """Describe an agent that did not do as agreed."""
    tail = (done.stderr or done.stdout)[-2000:].decode(errors="replace")
    message = (
        f"The step `{verb}` on the droplet ended with {done.exit_code} and no answer. This is"
        f" probably a mistake of docklet's, or the machine was tampered with. It printed:\n{tail}"
    )
    return AgentError(message, kind=f"exit-{done.exit_code}")
