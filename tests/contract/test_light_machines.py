"""Light droplets: what user_data brings, when they answer, and what becomes of connections."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest

from docklet.adapters.agent import agent_code
from docklet.adapters.ssh.keys import SshAccess
from docklet.domain.errors import AgentError, ConnectionLost, HostKeyMismatch, Unreachable
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from docklet.pipeline.agent import Agent
from docklet.render.userdata import user_data
from docklet_sandbox import virtual_time
from docklet_sandbox.light.machines import LightMachines
from docklet_sandbox.light.script import Script
from docklet_sandbox.state import SandboxError
from docklet_sandbox.virtual_time import VirtualClock
from tests.builders import SHA

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from docklet.adapters.ssh.shell import SshShell

PORT = 2222
ACCESS = SshAccess(token=Secret("dop_v1_canary"), port=PORT)
KEYS = ACCESS.keys(RunKey("0" * 20))
CONFIG = user_data(KEYS, image="alpine", install_docker=False)
DROPLET = 510_000_001


def played(test: Callable[[LightMachines], Awaitable[None]], tmp_path: Path) -> None:
    """Run a test on machines of its own, in virtual time."""

    async def main() -> None:
        machines = LightMachines(str(tmp_path), port=PORT)
        try:
            await test(machines)
        finally:
            await machines.close()

    virtual_time.run(main())


async def made(machines: LightMachines, config: str = CONFIG, **options: Any) -> SshShell:  # noqa: ANN401
    """Make a droplet and return docklet's shell on it."""
    await machines.create(DROPLET, "docklet-one", config, **options)
    address = await machines.address(DROPLET)
    assert address is not None
    return ACCESS.shell(address, KEYS)


async def begun(machines: LightMachines, script: Script) -> Agent:
    """Return the agent of a droplet on which a script has been started."""
    machines.perform(script)
    shell = await made(machines)
    await asyncio.sleep(1)
    agent = Agent(shell, "/var/lib/docklet/run", VirtualClock())
    await agent.install(agent_code())
    await agent.checkout({"url": "https://github.com/octo/template.git", "sha": SHA}, Secret(""))
    await agent.start({"image": "alpine", "argv": ["sh"], "timeout": 36_000})
    return agent


def test_nobody_answers_before_it_has_booted(tmp_path: Path) -> None:
    """Connections are refused until the droplet has booted, and it has the run's keys then."""

    async def test(machines: LightMachines) -> None:
        shell = await made(machines, boot_delay=20.0)
        await asyncio.sleep(19)
        with pytest.raises(Unreachable, match="Connect call failed"):
            await shell.run(["true"])
        await asyncio.sleep(2)
        assert (await shell.run(["echo", "up"])).stdout == b"up\n"
        await shell.close()

    played(test, tmp_path)


def test_a_foreign_host_key(tmp_path: Path) -> None:
    """A droplet can answer with a host key that its user_data did not bring."""

    async def test(machines: LightMachines) -> None:
        shell = await made(machines, foreign_host_key=True)
        await asyncio.sleep(1)
        with pytest.raises(HostKeyMismatch):
            await shell.run(["true"])

    played(test, tmp_path)


def test_strangers_stay_outside(tmp_path: Path) -> None:
    """Only the keys of user_data and of the account get in, and whoever is authorised later."""
    own = asyncssh.generate_private_key("ssh-ed25519")
    late = asyncssh.generate_private_key("ssh-ed25519")
    line = late.export_public_key().decode()

    async def enter(address: str, key: asyncssh.SSHKey, user: str = "root") -> int | None:
        async with asyncssh.connect(
            address, PORT, username=user, client_keys=[key], known_hosts=None, config=None
        ) as link:
            return (await link.run("false")).exit_status

    async def test(machines: LightMachines) -> None:
        shell = await made(machines, public_keys=[own.export_public_key().decode()])
        address = await machines.address(DROPLET)
        assert address is not None
        await asyncio.sleep(1)
        assert await enter(address, own) == 1
        for key, user in ((late, "root"), (own, "ubuntu")):
            with pytest.raises(asyncssh.PermissionDenied):
                await enter(address, key, user)
        await Agent(shell, "/var/lib/docklet/run", VirtualClock()).authorise((line,))
        assert await enter(address, late) == 1
        await shell.close()

    played(test, tmp_path)


PARTS = (
    "Content-Type: multipart/mixed; boundary=x\nMIME-Version: 1.0\n\n--x\n"
    "Content-Type: text/x-shellscript\n\n#!/bin/sh\necho\n--x\n"
    "Content-Type: text/cloud-config\n\n{config}\n--x--\n"
)


@pytest.mark.parametrize("form", ["{config}", PARTS], ids=["plain", "multipart"])
def test_user_data_is_read_as_cloud_init_does(form: str, tmp_path: Path) -> None:
    """Keys and files come from a cloud-config, alone or in an archive of several parts."""
    config = json.loads(CONFIG.partition("\n")[2])
    config["write_files"] = [
        {"path": "/var/lib/seed/log", "content": "aGVsbG8K", "encoding": "b64"},
    ]
    text = form.replace("{config}", "#cloud-config\n" + json.dumps(config))

    async def test(machines: LightMachines) -> None:
        shell = await made(machines, text)
        await asyncio.sleep(1)
        done = await shell.run(["stat", "-c", "%s", "--", "/var/lib/seed/log"])
        assert done.stdout == b"6\n"
        assert (await shell.run(["no-such-command"])).exit_code == 127
        await shell.close()

    played(test, tmp_path)


@pytest.mark.parametrize(
    "config", ["", "#!/bin/sh\necho\n", "#cloud-config\n{: [", "#cloud-config\n3"]
)
def test_any_user_data_boots(config: str, tmp_path: Path) -> None:
    """Without a readable cloud-config the droplet makes a host key and lets nobody in."""

    async def test(machines: LightMachines) -> None:
        shell = await made(machines, config)
        await asyncio.sleep(1)
        with pytest.raises(HostKeyMismatch):
            await shell.run(["true"])

    played(test, tmp_path)


LONG = Script(output=[(0.0, b"one\n"), (7200.0, b"two\n")], lasts=10_800.0)


@pytest.mark.parametrize("hurt", ["cut", "partition", "shut"])
def test_a_script_outlives_its_connections(hurt: str, tmp_path: Path) -> None:
    """A broken line is lost to whoever follows; the script goes on and its log is whole."""

    async def harm(machines: LightMachines) -> None:
        await asyncio.sleep(3600)
        machine = machines.machine(DROPLET)
        assert machine is not None
        if hurt == "partition":
            machine.separate()
            return
        if hurt == "shut":
            await machine.shut()
        machine.cut()

    async def test(machines: LightMachines) -> None:
        agent = await begun(machines, LONG)
        harming = asyncio.ensure_future(harm(machines))
        seen = b""

        async def follow() -> None:
            nonlocal seen
            async for piece in agent.follow(len(seen)):
                seen += piece

        with pytest.raises(ConnectionLost):
            await follow()
        await harming
        assert seen == b"one\n"
        if hurt != "cut":
            with pytest.raises(Unreachable):
                await follow()
        machine = machines.machine(DROPLET)
        assert machine is not None
        machine.rejoin()
        machine.open()
        await follow()
        assert seen == b"one\ntwo\n"
        ending = await agent.ending()
        assert ending is not None
        assert ending.succeeded
        assert ending.finished - ending.started == LONG.lasts
        await agent.close()

    played(test, tmp_path)


def test_a_short_partition_delays(tmp_path: Path) -> None:
    """What is written while no packet gets through arrives once they do, on the old connection."""

    async def test(machines: LightMachines) -> None:
        agent = await begun(machines, Script(output=[(10.0, b"late\n")], lasts=11.0))
        began = virtual_time.now()
        away = asyncio.ensure_future(_later(5, lambda: machines.partition(DROPLET)))
        back = asyncio.ensure_future(_later(30, lambda: machines.heal(DROPLET)))
        arrived = [(piece, virtual_time.now() - began) async for piece in agent.follow(0)]
        assert arrived == [(b"late\n", 30)]
        await asyncio.gather(away, back)
        await agent.close()

    played(test, tmp_path)


def test_a_reboot_loses_the_script(tmp_path: Path) -> None:
    """What ran does not run any more afterwards; the disk with the log is still there."""

    async def test(machines: LightMachines) -> None:
        agent = await begun(machines, LONG)
        await asyncio.sleep(60)
        await machines.reboot(DROPLET)
        await asyncio.sleep(1)
        with pytest.raises(AgentError, match="exit code 3"):
            assert [piece async for piece in agent.follow(0)] == [b"one\n"]
        ending = await agent.ending()
        assert ending is not None
        assert (ending.kind, ending.exit_code) == ("lost", None)
        assert "rebooted" in ending.message
        await agent.close()

    played(test, tmp_path)


def test_a_stopped_script_ends_at_once(tmp_path: Path) -> None:
    """Whoever follows learns of a stop when it takes effect, not when the script would end."""

    async def test(machines: LightMachines) -> None:
        agent = await begun(machines, LONG)
        began = virtual_time.now()
        stopping = asyncio.ensure_future(_later(60, agent.stop))
        assert [piece async for piece in agent.follow(0)] == [b"one\n"]
        assert virtual_time.now() - began == 60
        await stopping
        ending = await agent.ending()
        assert ending is not None
        assert (ending.kind, ending.finished - ending.started) == ("stopped", 60)
        await agent.close()

    played(test, tmp_path)


async def _later(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    await act()


def test_what_is_destroyed_is_gone(tmp_path: Path) -> None:
    """A destroyed droplet answers nobody, also if it was still booting; unknown ids are fine."""

    async def test(machines: LightMachines) -> None:
        shell = await made(machines)
        await asyncio.sleep(1)
        await shell.run(["true"])
        await machines.destroy(DROPLET)
        assert await machines.address(DROPLET) is None
        with pytest.raises(Unreachable):
            await shell.run(["true"])
        late, began = await made(machines, boot_delay=10), virtual_time.now()
        await machines.destroy(DROPLET)
        assert virtual_time.now() == began
        await asyncio.sleep(20)
        with pytest.raises(Unreachable):
            await late.run(["true"])
        for act in (machines.destroy, machines.reboot, machines.power_off, machines.partition):
            await act(DROPLET)

    played(test, tmp_path)


def test_two_sandboxes_share_this_machine(tmp_path: Path) -> None:
    """Each takes addresses of its own, also when both would begin with the same."""

    async def test(machines: LightMachines) -> None:
        await made(machines)
        other = LightMachines(str(tmp_path), port=PORT)
        await other.create(DROPLET, "docklet-two", CONFIG)
        assert await other.address(DROPLET) != await machines.address(DROPLET)
        await other.close()

    played(test, tmp_path)


def test_a_port_that_nobody_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not open the port is told so, and what to do, in one message."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    class Socket:
        bind, close = refuse, lambda _: None

    monkeypatch.setattr("docklet_sandbox.light.machines.socket.socket", Socket)
    with pytest.raises(SandboxError, match=r"port 22, which this user may not open\b.*--ssh-port"):
        LightMachines("x")


def test_a_hundred_at_once(tmp_path: Path) -> None:
    """A hundred droplets boot, let docklet in, run a command and go, in one process."""
    count = 100

    async def one(machines: LightMachines, number: int) -> bytes:
        keys = ACCESS.keys(RunKey(f"{number:020x}"))
        config = user_data(keys, image="", install_docker=False)
        await machines.create(number, f"docklet-{number}", config, boot_delay=number % 7)
        await asyncio.sleep(10)
        shell = ACCESS.shell(await machines.address(number) or "", keys)
        try:
            return (await shell.run(["echo", str(number)])).stdout
        finally:
            await shell.close()

    async def test(machines: LightMachines) -> None:
        said = await asyncio.gather(*(one(machines, number) for number in range(count)))
        assert said == [b"%d\n" % number for number in range(count)]
        assert len({await machines.address(number) for number in range(count)}) == count
        await asyncio.gather(*(machines.destroy(number) for number in range(count)))

    played(test, tmp_path)
