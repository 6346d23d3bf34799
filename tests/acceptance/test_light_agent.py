"""The agent that light droplets play answers as the agent itself does, verb by verb."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from docklet_sandbox.light.cloud_init import Instructions
from docklet_sandbox.light.machine import LightMachine
from docklet_sandbox.light.script import Script
from docklet_sandbox.light.session import run_command
from tests.acceptance.agent_rig import IMAGE, OPEN, Rig, make_repository
from tests.acceptance.test_agent_container import supervisor
from tests.acceptance.test_agent_pull import Registry, registry

__all__ = ["registry"]
HOLD: dict[str, Any] = {"holder": "first", "record": {"sealed": "x"}}
EXACT = {"kind", "exit_code", "message", "ended", "alive", "stopping", "held", "holder"}
EXACT |= {"head", "log_bytes", "log_lost", "cleaned", "record", "container", "image"}
EXACT |= {"extended", "limit"}
"""Fields of answers whose values are compared, not only their types."""


class Player(Protocol):
    """Something that answers verbs."""

    def stream(self, verb: str, payload: bytes = b"", /, **request: object) -> tuple[int, bytes]:
        """Return exit code and output."""

    def break_off(self) -> None:
        """Kill whoever watches the script."""


@dataclass
class Real:
    """The agent in a directory, with Docker."""

    rig: Rig

    def stream(self, verb: str, payload: bytes = b"", /, **request: object) -> tuple[int, bytes]:
        """Run the verb in a process."""
        process = self.rig.popen(verb, **request)
        out, _ = process.communicate(payload)
        return process.returncode, out

    def break_off(self) -> None:
        """Kill the supervisor, once it has seen the script's output."""
        end = time.monotonic() + 60
        while not self.rig.log():
            assert time.monotonic() < end, "The script prints nothing."
            time.sleep(0.02)
        os.kill(supervisor(self.rig), signal.SIGKILL)


@dataclass
class Memory:
    """Three pipes of a command, in memory."""

    stdin: bytes
    stdout: bytes = b""
    stderr: bytes = b""

    async def line(self) -> bytes:
        """Return the first line."""
        return self.stdin.partition(b"\n")[0]

    async def rest(self) -> bytes:
        """Return what comes behind it."""
        return self.stdin.partition(b"\n")[2]

    async def write(self, data: bytes) -> None:
        """Keep output."""
        self.stdout += data

    async def complain(self, data: bytes) -> None:
        """Keep error output."""
        self.stderr += data

    async def left(self) -> None:
        """Stay."""
        await asyncio.Event().wait()


@dataclass
class Played:
    """The agent of a light droplet."""

    runner: asyncio.Runner
    machine: LightMachine
    home: str

    def stream(self, verb: str, payload: bytes = b"", /, **request: object) -> tuple[int, bytes]:
        """Play the verb."""
        pipes = Memory(json.dumps(request).encode() + b"\n" + payload)
        command = f"python3 {self.home}/agent.pyz {verb}"
        return self.runner.run(run_command(command, self.machine, pipes)), pipes.stdout

    def break_off(self) -> None:
        """Let the script's end go unseen, now."""
        script, agent = self.machine.script, self.machine.agents[self.home]
        assert agent.container is not None
        script.abandoned, script.lasts = True, time.time() - agent.container.started


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A script in both forms, and what is asked about it."""

    line: str
    """For bash in a container."""
    script: Script
    limits: dict[str, object] = field(default_factory=dict)
    """Fields of the start request."""
    follow: tuple[str, ...] = ("follow",)
    """What is asked once it runs."""
    limit: float = 60.0
    """Seconds that it is extended to, where it is."""


HELLO = Script(output=[(0.0, b"hello\n")], lasts=0.0, files={"out/a.txt": b"1\n", "b": b"2"})
ON = [(0.0, b"on\n")]
SCENARIOS = {
    "well": Scenario(line="echo hello; mkdir out; echo 1 > out/a.txt; printf 2 > b", script=HELLO),
    "failing": Scenario(
        line="exit 3",
        script=Script(output=[], files={}, ending={"kind": "exited", "exit_code": 3}),
    ),
    "timed-out": Scenario(
        line="echo on; exec sleep 60",
        script=Script(output=ON, files={}, lasts=60),
        limits={"timeout": 1},
    ),
    "stubborn": Scenario(
        line="trap '' TERM; echo on; sleep 60 & wait; wait",
        script=Script(output=ON, files={}, lasts=60, stubborn=True),
        limits={"timeout": 1, "grace": 1},
    ),
    "stopped": Scenario(
        line="echo on; exec sleep 60",
        script=Script(output=ON, files={}, lasts=60),
        follow=("look", "stop", "extend", "follow", "stop"),
    ),
    "abandoned": Scenario(
        line="echo on; exec sleep 60",
        script=Script(output=ON, files={}, lasts=60),
        follow=("break off", "follow", "extend"),
    ),
    "extended": Scenario(
        line="echo on; sleep 5; echo more",
        script=Script(output=[*ON, (5.0, b"more\n")], files={}, lasts=5.0),
        limits={"timeout": 4},
        follow=("extend", "extend", "follow", "extend"),
    ),
    "extended in vain": Scenario(
        line="echo on; exec sleep 60",
        script=Script(output=ON, files={}, lasts=60),
        limits={"timeout": 4},
        follow=("extend", "follow", "extend"),
        limit=5.0,
    ),
    "cleaned": Scenario(
        line="echo on; exec sleep 60",
        script=Script(output=ON, files={}, lasts=60),
        follow=("clean", "ending"),
    ),
}


def tell(value: object, name: str = "") -> object:
    """Return an answer without what may differ: times, sizes, names, wordings of failures."""
    if isinstance(value, dict) and name == "error":
        return value["kind"]
    if isinstance(value, dict) and name not in {"usage", "record"}:
        return {key: tell(one, key) for key, one in sorted(value.items())}
    if name in EXACT or value is None or isinstance(value, bool):
        return value
    return "number" if isinstance(value, int | float) else type(value).__name__


def asked(player: Player, verb: str, payload: bytes = b"", **request: object) -> tuple[Any, ...]:
    """Ask for a verb; return what it came to in a form that can be compared."""
    if verb == "break off":
        player.break_off()
        return (verb,)
    status, out = player.stream(verb, payload, **request)
    if verb == "follow":
        return (verb, status, out)
    if verb == "collect":
        with tarfile.open(fileobj=io.BytesIO(out)) as archive:
            manifest = archive.extractfile("manifest.json")
            assert manifest is not None
            return (verb, status, archive.getnames(), json.load(manifest))
    return (verb, status, tell(json.loads(out)) if out.startswith(b"{") else bool(out))


Story = Iterator[tuple[Any, ...]]


def mistakes(player: Player, start: Mapping[str, Any], checkout: Mapping[str, Any]) -> Story:
    """Ask for everything at the wrong time, or in the wrong way."""
    for verb in ("look", "ending", "stop", "follow", "pack", "extend"):
        yield asked(player, verb, offset=0)
    yield asked(player, "extend", limit=60)
    yield asked(player, "start", **start)
    yield asked(player, "checkout", **{**checkout, "sha": "main"})
    yield asked(player, "checkout", url=7)
    yield asked(player, "unpack", b"no archive")
    yield asked(player, "hold", **HOLD)
    yield asked(player, "hold", holder="second")
    yield asked(player, "checkout", **checkout)
    yield asked(player, "start", **{**start, "argv": []})
    yield asked(player, "start", **{**start, "image": "docklet-sandbox/no-such-image"})
    yield from life(player, start, checkout, SCENARIOS["well"])
    yield asked(player, "extend", limit=90)
    yield asked(player, "follow", offset=2)
    yield asked(player, "start", **start)
    yield asked(player, "checkout", **checkout)
    yield asked(player, "unpack", b"no archive")
    yield asked(player, "stop")
    yield asked(player, "collect", paths=["out"], max_file=1)
    yield asked(player, "clean")
    yield asked(player, "ending")


def life(
    player: Player, start: Mapping[str, Any], checkout: Mapping[str, Any], scenario: Scenario
) -> Story:
    """Run a script and ask how it ended."""
    yield asked(player, "checkout", **checkout)
    yield asked(player, "start", **start)
    for verb in scenario.follow:
        yield asked(player, verb, offset=0, grace=1, limit=scenario.limit)
    for verb in ("ending", "look"):
        yield asked(player, verb)
    if "clean" not in scenario.follow:
        yield asked(player, "collect", paths=["."])


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_played_agent_answers_like_the_real_one(name: str, tmp_path: Path) -> None:
    """Exit codes, kinds of failure, endings, archives and the log agree at every step."""
    scenario = SCENARIOS[name]
    sha = make_repository(tmp_path / "source", {"README.md": "x\n"})
    home = tmp_path / f"agent{os.getpid()}-{time.time_ns()}"
    checkout = {"url": f"file://{tmp_path}/source", "sha": sha}
    start: dict[str, Any] = {
        "image": IMAGE,
        "argv": ["bash", "-c", scenario.line],
        "timeout": 60,
        "grace": 10,
    }
    start |= {**OPEN, "reserve_memory": 0, **scenario.limits}

    def story(player: Player) -> Story:
        if name == "well":
            return mistakes(player, start, checkout)
        return life(player, start, checkout, scenario)

    with asyncio.Runner() as runner:
        light = list(story(_played(runner, home, scenario.script)))
    rig = Rig.install(home)
    try:
        real = list(story(Real(rig)))
    finally:
        if home.exists():
            rig.ask("clean")
    for ours, theirs in zip(light, real, strict=True):
        assert ours == theirs


def test_the_played_pull_answers_like_the_real_one(registry: Registry, tmp_path: Path) -> None:
    """What came is told in the same fields."""
    rig = Rig.install(tmp_path / "agent")
    request: dict[str, Any] = {"image": registry.image, "attempts": 1}
    with asyncio.Runner() as runner:
        light = asked(_played(runner, rig.home, Script()), "pull", **request)
    try:
        assert light == asked(Real(rig), "pull", **request)
    finally:
        subprocess.run(["docker", "rmi", registry.image], check=True, capture_output=True)


def _played(runner: asyncio.Runner, home: Path, script: Script) -> Played:
    """Return a player in a directory of the same name."""
    machine = LightMachine(
        address="",
        port=0,
        script=script,
        told=Instructions(images=frozenset({IMAGE})),
        host_keys=[],
        authorized=set(),
    )
    machine.install(str(home))
    return Played(runner, machine, str(home))
