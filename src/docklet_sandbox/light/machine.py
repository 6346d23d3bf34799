"""One light droplet: an address that answers once it has booted, and the directories of runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncssh

from docklet_sandbox.light.agent import LightAgent
from docklet_sandbox.light.door import open_door
from docklet_sandbox.light.session import run_command
from docklet_sandbox.light.ssh import ChannelPipes, hold, keys_of, reset, server_options
from docklet_sandbox.virtual_time import VirtualClock, now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from docklet_sandbox.light.cloud_init import Instructions
    from docklet_sandbox.light.door import Door
    from docklet_sandbox.light.script import Script


@dataclass(slots=True, kw_only=True)
class LightMachine:
    """A machine that is on or off, with a disk that survives that."""

    address: str
    port: int
    script: Script
    told: Instructions
    """What cloud-init did."""
    host_keys: list[asyncssh.SSHKey]
    authorized: set[bytes]
    user: str = "root"
    agents: dict[str, LightAgent] = field(default_factory=dict)
    """By directory."""
    runs: Callable[[str, ChannelPipes], Awaitable[int]] | None = None
    """Runs commands instead of playing them, for tests of the SSH server itself."""
    starts: list[float] = field(default_factory=list)
    """When containers were started."""
    links: set[asyncssh.SSHServerConnection] = field(default_factory=set)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    _door: asyncio.Task[None] | None = None
    _work: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def files(self) -> dict[str, bytes]:
        """The files that cloud-init wrote."""
        return self.told.files

    def open(self) -> None:
        """Let clients in, as sshd does once it has started."""
        if self._door is None:
            self.connected.set()
            door = open_door(self.address, self.port)
            self._door = asyncio.create_task(self._admit(door))
            self._door.add_done_callback(lambda _: door.close())

    async def shut(self) -> None:
        """Let nobody in any more; connections that there are go on."""
        door, self._door = self._door, None
        if door is not None:
            await _end(door)

    def cut(self) -> None:
        """Reset every connection; what runs goes on."""
        for link in list(self.links):
            reset(link)

    async def halt(self) -> None:
        """Pull the plug."""
        await self.shut()
        self.cut()
        for agent in self.agents.values():
            agent.go_down()
        await _end(*self._work)

    def separate(self) -> None:
        """Let no packet through, in either direction."""
        self.connected.clear()
        for link in self.links:
            hold(link, holding=True)

    def rejoin(self) -> None:
        """Let packets through again."""
        self.connected.set()
        for link in self.links:
            hold(link, holding=False)

    def install(self, home: str) -> None:
        """Put the agent into a directory."""
        name = home.rpartition("/")[2]
        images = set(self.told.images)
        agent = LightAgent(
            script=self.script, time=VirtualClock(), name=name, images=images, starts=self.starts
        )
        self.agents.setdefault(home, agent)

    def authorize(self, lines: bytes) -> None:
        """Let the holders of these keys in."""
        self.authorized |= keys_of(lines.decode("utf-8", "replace").splitlines())

    def now(self) -> float:
        """Return the time."""
        return now()

    async def _admit(self, door: Door) -> None:
        options = server_options(self, self.host_keys, self._attend)
        while True:
            client = await door.client()
            await self.connected.wait()
            self._keep(_greet(client, options))

    def _attend(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self._keep(self._run(process))

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """Run a command to its end, whether or not somebody still wants to know."""
        pipes = ChannelPipes(self, process)
        command = process.command or ""
        with suppress(asyncssh.Error, OSError):
            if self.runs is not None:
                code = await self.runs(command, pipes)
            else:
                code = await run_command(command, self, pipes)
            await self.connected.wait()
            process.exit(code)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


async def _greet(
    client: Any,  # noqa: ANN401 - what asyncssh takes for a socket
    options: asyncssh.SSHServerConnectionOptions,
) -> None:
    with suppress(asyncssh.Error, OSError):
        await asyncssh.run_server(client, options=options)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
