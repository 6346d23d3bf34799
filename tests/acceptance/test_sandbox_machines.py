"""A droplet of the sandbox is a machine: cloud-init, sshd, Docker, a disk, and then nothing."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import asyncssh
import pytest
import pytest_asyncio

from docklet_sandbox.docker import LABEL, docker
from docklet_sandbox.ground import Ground, Kind, prepared
from docklet_sandbox.registry import push
from docklet_sandbox.settings import REGISTRY_LOGIN, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.asyncio(loop_scope="module")

SANDBOX = "machines-test"
SHELL = "docklet-sandbox/shell"
BOOT_SECONDS = 30.0
CLIENT_KEY = asyncssh.generate_private_key("ssh-ed25519")
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
READY = "cloud-init status --wait && timeout 20 sh -c 'until docker info; do sleep 0.1; done'"


def cloud_config(**more: object) -> str:
    """Return user_data that brings our host key and lets our client key in."""
    config = {
        "ssh_keys": {
            "ed25519_private": HOST_KEY.export_private_key().decode(),
            "ed25519_public": HOST_KEY.export_public_key().decode(),
        },
        "ssh_authorized_keys": [CLIENT_KEY.export_public_key().decode().strip()],
        **more,
    }
    return f"#cloud-config\n{json.dumps(config)}"


async def log_in(
    address: str | None, host_key: asyncssh.SSHKey = HOST_KEY
) -> asyncssh.SSHClientConnection:
    """Connect as root, once sshd listens, to a machine that proves to have the host key."""
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        try:
            return await asyncssh.connect(
                address or "",
                username="root",
                known_hosts=([host_key.convert_to_public()], [], []),
                client_keys=[CLIENT_KEY],
                config=None,
                agent_path=None,
                connect_timeout=2,
            )
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


async def said(connection: asyncssh.SSHClientConnection, command: str) -> str:
    """Return what a command on the droplet prints; fail with its complaints if it fails."""
    done = await connection.run(command)
    assert done.exit_status == 0, done.stderr
    return str(done.stdout).strip()


@pytest.fixture(name="settings", scope="module")
def _settings() -> Settings:
    """Return the knobs of the sandbox under test."""
    return Settings()


@pytest_asyncio.fixture(name="ground", scope="module", loop_scope="module")
async def _ground(settings: Settings) -> AsyncIterator[Ground]:
    """Yield machines on a network of their own."""
    async with prepared(Kind.DOCKER, SANDBOX, settings) as ground:
        yield ground


@pytest_asyncio.fixture(name="droplet", scope="module", loop_scope="module")
async def _droplet(ground: Ground) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Yield a connection to a droplet that has finished booting."""
    user_data = cloud_config(runcmd=["docker info > /root/docker-info && touch /root/ran"])
    await ground.machines.create(1, "docklet-one", user_data)
    connection = await log_in(await ground.machines.address(1))
    await said(connection, READY)
    yield connection
    connection.close()
    await ground.machines.destroy(1)


@pytest.fixture(name="timed")
def _timed(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return a function that prints how long it is since the test began."""
    start = time.monotonic()

    def tell(what: str) -> None:
        seconds = time.monotonic() - start
        record_property(what, seconds)
        print(f"{what}: {seconds:.2f} s")  # noqa: T201  a figure for whoever runs with -s

    return tell


async def test_boots_with_the_host_key_of_its_user_data(
    ground: Ground, timed: Callable[[str], None]
) -> None:
    """A droplet is reached by SSH under the key it was given, and its cloud-init succeeds."""
    await ground.machines.create(2, "docklet-two", cloud_config())
    timed("created")
    async with await log_in(await ground.machines.address(2)) as connection:
        timed("sshd answers")
        await said(connection, READY)
        timed("cloud-init and Docker are ready")
        assert await said(connection, "hostname") == "docklet-two"
    await ground.machines.destroy(2)
    timed("destroyed")


async def test_another_host_key_is_not_accepted(
    ground: Ground, droplet: asyncssh.SSHClientConnection
) -> None:
    """A client that expects another machine does not get in."""
    await said(droplet, "true")
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await log_in(await ground.machines.address(1), CLIENT_KEY)


async def test_runcmd_finds_docker_running(droplet: asyncssh.SSHClientConnection) -> None:
    """The last stage of cloud-init may use Docker, as on a Docker 1-click image."""
    assert await said(droplet, "ls /root/ran") == "/root/ran"


@pytest.mark.parametrize("tool", ["docker", "git", "git-lfs", "python3", "iptables", "curl"])
async def test_tools_are_there(droplet: asyncssh.SSHClientConnection, tool: str) -> None:
    """A droplet has what a Docker 1-click image has."""
    assert (await said(droplet, f"command -v {tool}")).endswith(f"/{tool}")


async def test_runs_an_image_of_the_registry(
    droplet: asyncssh.SSHClientConnection, timed: Callable[[str], None]
) -> None:
    """A pull by plain name finds the sandbox's registry, and limits hold in the container."""
    await said(droplet, f"docker pull --quiet {SHELL}")
    timed("pulled")
    limits = "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max"
    modern = "/sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max"
    flags = "--rm --init --memory 64m --pids-limit 50 --cpus 0.5"
    shown = await said(
        droplet, f"docker run {flags} {SHELL} sh -c 'cat {limits} || cat {modern}' 2>/dev/null"
    )
    timed("run")
    assert shown.split() == [str(64 * 1024**2), "50"]


async def test_out_of_memory_ends_the_container_alone(
    droplet: asyncssh.SSHClientConnection,
) -> None:
    """A script that takes more memory than it may is killed, and the droplet lives on."""
    hungry = "x=$(head -c 200M /dev/zero | base64)"
    ended = await droplet.run(f"docker run --rm --memory 32m {SHELL} bash -c '{hungry}'")
    assert ended.exit_status == 137
    await said(droplet, "docker info")


async def test_containers_can_be_cut_off_from_the_metadata(
    droplet: asyncssh.SSHClientConnection,
) -> None:
    """Containers can read user_data as they can anywhere, until a rule in DOCKER-USER stops it."""
    service = "169.254.169.254"
    shown = await said(droplet, f"curl -sf http://{service}/metadata/v1/user-data")
    assert "ssh_keys" in shown
    knock = f"docker run --rm {SHELL} timeout 2 bash -c '</dev/tcp/{service}/80'"
    await said(droplet, knock)
    await said(droplet, "iptables -I DOCKER-USER -d 169.254.0.0/16 -j DROP")
    assert (await droplet.run(knock)).exit_status == 124
    await said(droplet, "iptables -D DOCKER-USER -d 169.254.0.0/16 -j DROP")


async def test_pushed_images_can_be_pulled(droplet: asyncssh.SSHClientConnection) -> None:
    """What is pushed while the sandbox runs is found by droplets that run already."""
    await push(SANDBOX, SHELL, "someone/tool:1.0")
    assert await said(droplet, "docker run --rm someone/tool:1.0 echo here") == "here"


async def test_private_images_need_a_login(
    droplet: asyncssh.SSHClientConnection, ground: Ground
) -> None:
    """The private registry gives nothing to who has not logged in, or with a wrong password."""
    registry = ground.private_registry.removeprefix("http://")
    pull = f"docker pull --quiet {registry}/{SHELL}"
    user, password = REGISTRY_LOGIN
    log_in_as = f"docker login --username {user} --password-stdin {registry}"
    assert "no basic auth credentials" in str((await droplet.run(pull)).stderr)
    assert (await droplet.run(log_in_as, input="wrong")).exit_status == 1
    assert (await droplet.run(log_in_as, input=password)).exit_status == 0
    await said(droplet, f"{pull} && docker logout {registry}")


async def test_pulls_can_be_delayed(
    droplet: asyncssh.SSHClientConnection, settings: Settings
) -> None:
    """A pull takes at least the delay that is set at that moment."""
    settings.pull_delay = 1.0
    start = time.monotonic()
    await said(droplet, "docker pull --quiet library/ubuntu:latest")
    settings.pull_delay = 0.0
    assert time.monotonic() - start > 1.0


@pytest.mark.parametrize(("down", "up"), [("pause", "resume"), ("partition", "heal")])
async def test_frozen_or_cut_off_for_a_while(
    droplet: asyncssh.SSHClientConnection, ground: Ground, down: str, up: str
) -> None:
    """Nobody answers, old connections or new, until what was held up goes on as if nothing was."""
    await getattr(ground.machines, down)(1)
    waiting = asyncio.ensure_future(said(droplet, "echo back"))
    with pytest.raises((TimeoutError, OSError, asyncssh.Error)):
        await asyncssh.connect(
            await ground.machines.address(1) or "", known_hosts=None, connect_timeout=1
        )
    assert not waiting.done()
    await getattr(ground.machines, up)(1)
    assert await waiting == "back"


async def test_disk_and_address_survive_a_reboot(ground: Ground) -> None:
    """What a droplet has on disk is there after a reboot and after a power cycle, keys too."""
    machines = ground.machines
    await machines.create(3, "docklet-three", cloud_config())
    address = await machines.address(3)
    async with await log_in(address) as connection:
        await said(connection, READY)
        await said(connection, f"docker pull --quiet {SHELL} && touch /root/kept /run/lost")
    await machines.reboot(3)
    async with await log_in(address) as connection:
        assert await said(connection, "ls /root /run/lost 2>/dev/null || :") == "/root:\nkept"
    await machines.power_off(3)
    with pytest.raises((TimeoutError, ConnectionError)):
        await asyncssh.connect(address or "", known_hosts=None, connect_timeout=2)
    await machines.power_on(3)
    async with await log_in(address) as connection:
        await said(connection, READY)
        assert await said(connection, f"docker image inspect {SHELL} >/dev/null && echo yes")
    await machines.pause(3)
    await machines.destroy(3)
    assert f"{SANDBOX}-3" not in await docker("ps", "--all", "--format={{.Names}}")


@pytest.mark.parametrize(
    ("user_data", "traces"),
    [
        pytest.param("#!/bin/sh\ntouch /root/script\n", {"script"}, id="a shell script"),
        pytest.param(
            'Content-Type: multipart/mixed; boundary="=="\nMIME-Version: 1.0\n\n'
            "--==\nContent-Type: text/x-shellscript\n\n#!/bin/sh\ntouch /root/script\n"
            "--==\nContent-Type: text/cloud-config\n\n#cloud-config\n"
            "write_files: [{path: /root/config}]\n--==--\n",
            {"script", "config"},
            id="several parts",
        ),
        pytest.param("", set(), id="nothing"),
    ],
)
async def test_other_user_data_is_understood(
    ground: Ground, user_data: str, traces: set[str]
) -> None:
    """Scripts and multi-part user_data run; the account's keys get in without a cloud-config."""
    key = CLIENT_KEY.export_public_key().decode().strip()
    await ground.machines.create(4, "docklet-four", user_data, public_keys=[key])
    address = await ground.machines.address(4) or ""
    await _listens(address)
    async with asyncssh.connect(
        address, username="root", known_hosts=None, client_keys=[CLIENT_KEY], config=None
    ) as connection:
        await said(connection, "cloud-init status --wait")
        assert set((await said(connection, "ls /root")).split()) == traces
    await ground.machines.destroy(4)


async def test_a_boot_can_be_delayed_and_given_up(ground: Ground) -> None:
    """A droplet that is destroyed before it boots never boots, and gives its address back."""
    await ground.machines.create(5, "docklet-five", cloud_config(), boot_delay=60)
    assert await ground.machines.address(5)
    await ground.machines.destroy(5)
    assert await ground.machines.address(5) is None
    await ground.machines.destroy(5)


async def test_nothing_is_left() -> None:
    """After everything is closed there is no container, volume or network."""
    sandbox = f"{SANDBOX}-gone"
    async with prepared(Kind.DOCKER, sandbox, Settings()) as ground:
        await ground.machines.create(1, "docklet-one", cloud_config())
        async with await log_in(await ground.machines.address(1)) as connection:
            await said(connection, READY)
            await said(connection, f"docker run --detach --memory 64m {SHELL} sleep 600")
        owned = await _owned(sandbox)
        assert [len(things) for things in owned] == [2, 1, 1]
    assert await _owned(sandbox) == [[], [], []]


async def _owned(sandbox: str) -> list[list[str]]:
    label = f"label={LABEL}={sandbox}"
    kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
    return [(await docker(*kind, "--quiet", "--filter", label)).split() for kind in kinds]


async def _listens(address: str) -> None:
    """Wait until sshd accepts connections."""
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection(address, 22)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
