"""One command on a light droplet: docklet's agent, or one of very few others."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any, Final, Protocol

from docklet_sandbox.light import wire
from docklet_sandbox.light.agent import STREAMING, VERBS
from docklet_sandbox.light.wire import ABANDONED, Abandoned, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from docklet_sandbox.light.agent import LightAgent

_ARCHIVE: Final = "/agent.pyz"
_ZIP: Final = b"PK"
_NO_FILE: Final = "[Errno 2] No such file or directory"
_HUNG_UP: Final = 4
_NOT_FOUND: Final = 127


class Pipes(Protocol):
    """A command's standard input and outputs."""

    async def line(self) -> bytes:
        """Return the first line of the input."""
        ...

    async def rest(self) -> bytes:
        """Return the input to its end."""
        ...

    async def write(self, data: bytes) -> None:
        """Write to the output; wait while the other side is slow."""
        ...

    async def complain(self, data: bytes) -> None:
        """Write to the error output."""
        ...

    async def left(self) -> None:
        """Wait until nobody reads any more."""
        ...


class Host(Protocol):
    """The machine, as a command sees it."""

    agents: dict[str, LightAgent]
    """By directory."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files that are on it."""
        ...

    def install(self, home: str) -> None:
        """Put the agent into a directory."""
        ...

    def authorize(self, lines: bytes) -> None:
        """Let the holders of these keys in."""
        ...

    def cut(self) -> None:
        """Reset every connection."""
        ...

    def now(self) -> float:
        """Return the time."""
        ...


class Cut:
    """Pipes of a command whose connection breaks when it first writes."""

    def __init__(self, pipes: Pipes, host: Host) -> None:
        """Break the connections of `host`."""
        self.line, self.rest, self.left = pipes.line, pipes.rest, pipes.left
        self._host = host

    async def write(self, data: bytes) -> None:
        """Break the connection instead."""
        del data
        self._host.cut()
        raise BrokenPipeError

    complain = write


async def run_command(command: str, host: Host, pipes: Pipes) -> int:
    """Run a command line and return its exit code."""
    argv = shlex.split(command)
    match argv:
        case ["python3", "-c", _, home]:
            return await _install(home, host, pipes)
        case ["python3", "-c", _]:
            host.authorize(await pipes.rest())
            return 0
        case ["python3", archive, verb] if archive.endswith(_ARCHIVE):
            return await _verb(archive.removesuffix(_ARCHIVE), verb, host, pipes)
        case ["stat", "-c", "%s", "--", path]:
            return await _show(host, path, pipes, lambda content: b"%d\n" % len(content))
        case ["sh", "-c", script, "sh", path, size, tail]:
            part = _part(script, int(size), tail)
            return await _show(host, path, pipes, part)
        case _:
            return await _plain(argv, pipes)


async def _plain(argv: Sequence[str], pipes: Pipes) -> int:
    """Do what a few commands do that people try a machine with."""
    match argv:
        case ["true"]:
            return 0
        case ["false"]:
            return 1
        case ["echo", *words]:
            await pipes.write(" ".join(words).encode() + b"\n")
            return 0
        case ["cat"]:
            await pipes.write(await pipes.rest())
            return 0
        case _:
            name = argv[0] if argv else ""
            await pipes.complain(f"sh: 1: {name}: not found\n".encode())
            return _NOT_FOUND


async def _install(home: str, host: Host, pipes: Pipes) -> int:
    code = await pipes.rest()
    if not code.startswith(_ZIP):
        await pipes.complain(b"What was sent is no archive that python3 runs.\n")
        return 1
    host.install(home)
    return 0


async def _verb(home: str, verb: str, host: Host, pipes: Pipes) -> int:
    agent = host.agents.get(home)
    if agent is None:
        gone = f"python3: can't open file '{home}{_ARCHIVE}': {_NO_FILE}\n"
        await pipes.complain(gone.encode())
        return 2
    if verb not in VERBS:
        await pipes.complain(f"{verb!r} is not a verb of this agent.\n".encode())
        return 2
    late = _loses(agent, verb)
    if late is False:
        host.cut()
        return _HUNG_UP
    if late:
        pipes = Cut(pipes, host)
    try:
        return await _play(agent, verb, pipes)
    except Refused as refused:
        answer = wire.written(refused.answer)
        await (pipes.complain(answer) if verb in STREAMING else pipes.write(answer))
        return 1
    except Abandoned:
        return ABANDONED
    finally:
        if verb == "clean":
            del host.agents[home]


def _loses(agent: LightAgent, verb: str) -> bool | None:
    """Tell whether the connection breaks at this call, and whether after it took effect."""
    waiting = agent.script.lost.get(verb)
    return waiting.pop(0) if waiting else None


async def _play(agent: LightAgent, verb: str, pipes: Pipes) -> int:
    request = wire.read(await pipes.line())
    if verb in STREAMING:
        return await _while_read(_copy(agent, verb, request, pipes), pipes)
    payload = await pipes.rest() if verb == "unpack" else b""
    await pipes.write(wire.written(await agent.answer(verb, request, payload)))
    return 0


async def _copy(agent: LightAgent, verb: str, request: Mapping[str, Any], pipes: Pipes) -> int:
    async for piece in agent.stream(verb, request):
        await pipes.write(piece)
    return 0


async def _while_read(copying: Coroutine[Any, Any, int], pipes: Pipes) -> int:
    """Copy until the end, or until nobody reads any more."""
    task, leaving = asyncio.ensure_future(copying), asyncio.ensure_future(pipes.left())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else _HUNG_UP
    finally:
        for one in (task, leaving):
            one.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


async def _show(host: Host, path: str, pipes: Pipes, part: Callable[[bytes], bytes]) -> int:
    """Print a part of a file: one that cloud-init wrote, or the log of a run."""
    home, _, name = path.rpartition("/")
    agent = host.agents.get(home)
    content = host.files.get(path)
    if name == "log" and agent is not None and agent.container is not None:
        content = agent.container.log(host.now())
    if content is None:
        await pipes.complain(f"cannot open '{path}': No such file or directory\n".encode())
        return 1
    await pipes.write(part(content))
    return 0


def _part(script: str, size: int, tail: str) -> Callable[[bytes], bytes]:
    """Return what `head -c SIZE`, piped into `tail -n LINES` if the script does, leaves."""
    if "tail" not in script:
        return lambda content: content[:size]
    count = int(tail)
    return lambda content: b"".join(content[:size].splitlines(keepends=True)[-count:])
