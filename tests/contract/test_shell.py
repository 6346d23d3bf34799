"""What every shell does alike: over SSH, to a real sshd or a light one, and on this machine.

`tests/acceptance/test_heavy_shell.py` does the same on a droplet.
"""

from __future__ import annotations

import asyncio
import hashlib
import resource
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from docklet.adapters.exchange import OUTPUT_LIMIT
from docklet.adapters.host import HostShell
from docklet.adapters.ssh.keys import SshAccess
from docklet.adapters.ssh.shell import SshShell
from docklet.domain.errors import AgentError
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from tests.contract.light import lit
from tests.contract.sshd import USER, needs_sshd, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    Shells = SshShell | HostShell

MEGABYTE = 1_000_000


@pytest.fixture(params=["host", "light", pytest.param("ssh", marks=needs_sshd)])
async def shell(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shells]:
    """Offer each kind of shell in turn."""
    if request.param == "host":
        yield HostShell()
        return
    keys = SshAccess(token=Secret("dop_v1_canary")).keys(RunKey("0" * 20))
    if request.param == "light":
        async with lit(keys) as machine:
            remote = SshShell(machine.address, keys, port=machine.port)
            yield remote
            await remote.close()
        return
    async with serving(keys, tmp_path) as sshd:
        remote = SshShell("127.0.0.1", keys, port=sshd.port, username=USER)
        yield remote
        await remote.close()


async def test_exit_code_and_both_outputs(shell: Shells) -> None:
    """A command's exit code, output and error output come back apart."""
    done = await shell.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


async def test_every_byte_survives(shell: Shells) -> None:
    """Bytes 0 to 255 go in and come out unchanged, with the end of input seen."""
    everything = bytes(range(256)) * 1000
    done = await shell.run(["cat"], stdin=everything)
    assert done.stdout == everything


async def test_arguments_are_not_interpreted(shell: Shells) -> None:
    """What looks like shell syntax reaches the command as it is."""
    arguments = ["a b", "$HOME", "`id`", "it's", '"', "", "new\nline", "ü", "*"]
    done = await shell.run(["printf", "%s|", *arguments])
    assert done.stdout.decode() == "".join(f"{argument}|" for argument in arguments)


async def test_signal_counts_as_128_and_more(shell: Shells) -> None:
    """A killed command exits as a shell would report it."""
    assert (await shell.run(["sh", "-c", "kill -9 $$"])).exit_code == 137


async def test_unknown_command(shell: Shells) -> None:
    """A command that does not exist is exit code 127, and an error of the stream."""
    assert (await shell.run(["no-such-command"])).exit_code == 127
    with pytest.raises(AgentError) as caught:
        await anext(shell.stream(["no-such-command"]))
    assert caught.value.kind == "exit-127"


async def test_stream_ends_with_exit_0(shell: Shells) -> None:
    """A stream that ended well yields everything that was printed."""
    chunks = [chunk async for chunk in shell.stream(["cat"], stdin=b"hello")]
    assert b"".join(chunks) == b"hello"


async def test_stream_raises_the_exit_code(shell: Shells) -> None:
    """A failing command's output is yielded before its exit code and last words are raised."""
    chunks = shell.stream(["sh", "-c", "echo half; echo disk on fire >&2; exit 5"])
    assert await anext(chunks) == b"half\n"
    with pytest.raises(AgentError, match="disk on fire") as caught:
        await anext(chunks)
    assert caught.value.kind == "exit-5"


async def test_stream_is_live(shell: Shells) -> None:
    """Output is yielded when it is printed, not when the command ends."""
    stream = shell.stream(["sh", "-c", "echo first; exec sleep 60"])
    async with asyncio.timeout(10), aclosing(stream) as chunks:
        assert await anext(chunks) == b"first\n"


async def test_long_stream_needs_little_memory(shell: Shells) -> None:
    """50 MB pass through a slow reader without piling up, even with much error output."""
    size = 50 * MEGABYTE
    script = f"yes err | head -c {5 * MEGABYTE} >&2; yes | head -c {size}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen, digest = 0, hashlib.sha256()
    async for chunk in shell.stream(["sh", "-c", script]):
        seen += len(chunk)
        digest.update(chunk)
        if seen < 2 * MEGABYTE:
            await asyncio.sleep(0.05)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (seen, digest.digest()) == (size, hashlib.sha256(b"y\n" * (size // 2)).digest())
    assert grown < 32 * 1024, f"{grown} KiB"


async def test_left_stream_leaves_the_shell_usable(shell: Shells) -> None:
    """Whoever stops reading a stream can go on with other commands."""
    async with aclosing(shell.stream(["yes"])) as chunks:
        await anext(chunks)
    assert (await shell.run(["true"])).exit_code == 0


async def test_send_feeds_a_source(shell: Shells) -> None:
    """What a source yields becomes standard input, with back-pressure."""

    async def source() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000

    done = await shell.send(["wc", "-c"], source=source())
    assert int(done.stdout) == 20 * MEGABYTE


async def test_send_to_a_command_that_does_not_read(shell: Shells) -> None:
    """A command that ends before its input does still has an exit code."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    async with asyncio.timeout(20):
        assert (await shell.send(["sh", "-c", "exit 4"], source=endless())).exit_code == 4


async def test_failing_source_is_the_error(shell: Shells) -> None:
    """When the source fails, its own error is raised and no half input counts."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        message = "The source failed."
        raise LookupError(message)

    with pytest.raises(LookupError, match="source failed"):
        await shell.send(["cat"], source=broken())


async def test_flood_is_refused(shell: Shells) -> None:
    """A command that prints without end does not fill our memory."""
    with pytest.raises(AgentError, match="16 MiB") as caught:
        await shell.run(["yes"])
    assert caught.value.kind == "output-too-long"


async def test_output_up_to_the_limit(shell: Shells) -> None:
    """Output of exactly the limit is taken."""
    done = await shell.run(["head", "-c", str(OUTPUT_LIMIT), "/dev/zero"])
    assert len(done.stdout) == OUTPUT_LIMIT


async def test_commands_at_the_same_time(shell: Shells) -> None:
    """Commands run beside each other, each with its own output."""
    done = await asyncio.gather(*(shell.run(["echo", str(n)]) for n in range(8)))
    assert [int(one.stdout) for one in done] == list(range(8))


async def test_cancelling_is_prompt(shell: Shells) -> None:
    """A cancelled command stops being waited for at once."""
    task = asyncio.create_task(shell.run(["sleep", "60"]))
    await asyncio.sleep(0.5)
    task.cancel()
    async with asyncio.timeout(3):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_close_twice(shell: Shells) -> None:
    """Closing is always fine, also when nothing is open."""
    await shell.close()
    await shell.run(["true"])
    await shell.close()
    await shell.close()
