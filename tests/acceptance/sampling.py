"""What runs on a sandbox's droplets, looked at from outside through a whole session.

Droplets are containers on this machine, with containers in them. Which container is a droplet is
told by Docker, and which process is in it by the kernel, whose control groups nobody else joins.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docklet_sandbox import leaks
from docklet_sandbox.docker import LABEL
from docklet_sandbox.droplets import IMAGE
from tests.acceptance import sampler
from tests.acceptance.canaries import Cage, Canary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.state import Addresses

CONTROL = "the control"
"""A canary that is to be seen, since all others would be then."""
BRIEF = 20
"""Processes that have the control in their environment, one after the other, each for 60 ms."""
_SHORTLY = f"read -r it; for _ in $(seq {BRIEF}); do SEEN=$it sleep 0.06; done"
_SEEING = (
    *("--pid=host", "--cgroupns=host", f"--volume=/sys/fs/cgroup:{sampler.GROUPS}:ro"),
    *("--cap-add=SYS_PTRACE", "--security-opt=apparmor=unconfined"),
)
"""What it takes to read the environments of other containers' processes."""


def tokens_of(addresses: Addresses) -> tuple[leaks.Canary, ...]:
    """Return all that a sandbox lets anybody in with."""
    return (
        leaks.Canary(name="the cloud's token", value=addresses.cloud_token),
        leaks.Canary(name="the person's token", value=addresses.forge_token),
        leaks.Canary(name="the workflow's token", value=addresses.workflow_token),
        leaks.Canary(name="the registry's password", value=addresses.registry_password),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A token that a process on a droplet had."""

    token: str
    """Its name."""
    place: str
    """`arguments`, or `variable NAME`."""
    program: str
    """The command line, without the token."""
    container: str

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.container} had {self.token} ({self.place}): {self.program}"


@dataclass(slots=True, kw_only=True)
class Sampled:
    """All that is seen of a session's droplets."""

    cage: Cage
    """What is looked for."""
    sandbox: str
    """The sandbox's id."""
    notes: Path
    """Where it is written down."""
    read: int = 0
    """How much of it was read."""

    def news(self) -> list[Sight]:
        """Return what has been seen since it was last asked for."""
        with self.notes.open("rb") as file:
            file.seek(self.read)
            whole, end, _ = file.read().rpartition(b"\n")
        self.read += len(whole + end)
        said = [json.loads(line) for line in whole.splitlines()]
        return [Sight(**one) for one in said if "token" in one]

    def figures(self) -> str:
        """Return how it went, once it has ended."""
        said = json.loads(self.notes.read_bytes().splitlines()[-1])
        looks, rate, cpu = said["looks"], said["rate"], said["cpu"]
        return f"{looks} looks at droplets, {rate:.0f} a second, for {cpu:.1f} s of CPU"

    def check(self) -> None:
        """Show that a token on a droplet would have been seen: one is for a moment."""
        order = ["docker", "run", "--rm", "--interactive", f"--label={LABEL}={self.sandbox}"]
        decoy = ["--network=none", "--entrypoint=sh", IMAGE, "-c", _SHORTLY]
        value = self.cage[CONTROL].encode() + b"\n"
        subprocess.run([*order, *decoy], input=value, check=True, timeout=120)
        sights = self.news()
        assert {sight.token for sight in sights} <= {CONTROL}, "\n".join(map(str, sights))
        assert len(sights) > BRIEF / 2, f"{len(sights)} of {BRIEF} processes were seen."


@contextmanager
def sampled(addresses: Addresses, folder: Path) -> Iterator[Sampled]:
    """Look at all droplets of a sandbox, fifty times a second, to the end of the block."""
    tokens = [Canary(one.name, one.value) for one in tokens_of(addresses)]
    cage = Cage((*tokens, Canary.hatch(CONTROL)))
    notes = folder / "sights"
    look = ["python3", "-c", Path(sampler.__file__).read_text(encoding="utf-8")]
    command = ["docker", "run", "--rm", "--interactive", "--network=none", "--log-driver=none"]
    with notes.open("wb") as sink:
        looker = subprocess.Popen(
            [*command, *_SEEING, "--entrypoint=env", IMAGE, *look],
            stdin=subprocess.PIPE,
            stdout=sink,
        )
    assert looker.stdin is not None
    wanted = {piece.hex(): one.name for one in cage.canaries for piece in one.pieces}
    looker.stdin.write(json.dumps(wanted).encode() + b"\n")
    looker.stdin.flush()
    starts = subprocess.Popen(_starts(addresses.id), stdout=looker.stdin)
    looker.stdin.close()
    try:
        yield Sampled(cage=cage, sandbox=addresses.id, notes=notes)
    finally:
        starts.terminate()
        starts.wait()
        looker.wait(timeout=60)


def _starts(sandbox: str) -> list[str]:
    """Return a command that prints id and name of each droplet that starts, while we live."""
    wanted = ("type=container", "event=start", f"label={LABEL}={sandbox}", f"image={IMAGE}")
    return [
        *("setpriv", "--pdeathsig=TERM"),
        *("docker", "events", f"--since={time.time():.0f}"),
        *(f"--filter={one}" for one in wanted),
        "--format={{.Actor.ID}} {{.Actor.Attributes.name}}",
    ]
