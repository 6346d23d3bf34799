"""docklet and the sandbox in one process and in virtual time: real adapters, real sockets."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret
from docklet.entrypoints.carry_out import Finished, Job, rent_and_run
from docklet.wiring import Settings
from docklet_sandbox.forge import arrange, observe
from docklet_sandbox.inside import Inside, inside
from docklet_sandbox.virtual_time import VirtualClock
from tests.builders import make_spec, make_trigger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from docklet.ports import Observer

REPO: Final = "mona/template"
SSH_PORT: Final = 2222
"""One that every user may open."""
FILES: Final = {"run.sh": "echo Hello\n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A sandbox, and docklet's settings for it."""

    sandbox: Inside
    settings: Settings
    clock: VirtualClock
    head: str
    """The repository's commit."""
    keys: Iterator[RunKey] = field(default_factory=lambda: (RunKey(f"{n:020x}") for n in count(1)))

    async def run(self, *observers: Observer, **spec: Any) -> Finished:  # noqa: ANN401
        """Carry out a run as the action does; the spec's fields differ from a script's."""
        wanted = make_spec(**({"script": "run.sh", "path": ".", "image": "alpine"} | spec))
        trigger = make_trigger(repository=REPO, sha=self.head, branch="main")
        job = Job(spec=wanted, trigger=trigger, key=next(self.keys))
        return await rent_and_run(job, self.settings, *observers)

    def violations(self) -> list[str]:
        """Return what no correct client would have sent."""
        return self.sandbox.desk.journal.violations()

    async def log(self, ref: str | None = None) -> list[Mapping[str, Any]]:
        """Return the branch's commits, newest first."""
        found: list[Mapping[str, Any]] = await observe.log(self.sandbox.desk.forge, REPO, ref)
        return found


@asynccontextmanager
async def staged(folder: Path, *, seed: int = 0, **settings: Any) -> AsyncIterator[Stage]:  # noqa: ANN401
    """Open a sandbox with one repository; `settings` are the sandbox's."""
    async with inside(folder / "state", ssh_port=SSH_PORT, **settings) as sandbox:
        os.environ["REQUESTS_CA_BUNDLE"] = sandbox.addresses.ca  # a fixture puts it back
        head = await arrange.create(sandbox.desk.forge, REPO, files=FILES)
        clock = VirtualClock(seed)
        addresses = sandbox.addresses
        yield Stage(
            sandbox=sandbox,
            clock=clock,
            head=head,
            settings=Settings(
                cloud_token=Secret(addresses.cloud_token),
                forge_token=Secret(addresses.workflow_token),
                cloud_url=addresses.cloud,
                api_url=addresses.forge_api,
                server_url=addresses.forge,
                directory=folder / "workspace",
                clock=clock,
                ssh_port=SSH_PORT,
            ),
        )
