"""A forge on a thread of its own, so that clients which block can be tested against it.

Tables of cases that don't disturb one another share one for a whole module (`shared`).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web

from docklet_sandbox.contract.contract import Contract
from docklet_sandbox.contract.places import find_folder
from docklet_sandbox.edge import edge
from docklet_sandbox.faults import Faults
from docklet_sandbox.forge.app import forge_app
from docklet_sandbox.forge.client import ForgeClient
from docklet_sandbox.forge.control import control_app
from docklet_sandbox.forge.store import PERSONAL_TOKEN, Forge
from docklet_sandbox.journal import Journal
from tests.contract.sandbox_forge.plain import Answer, ask

Result = TypeVar("Result")
REPO = "mona/template"
SCRIPT = 'knitr::knit("example.Rmd")\n'


@dataclass(slots=True, kw_only=True)
class Clock:
    """The time of a forge: the real one, as far ahead as a test likes."""

    ahead: float = 0.0
    stopped: float | None = None

    def __call__(self) -> float:
        """Return the time."""
        now = time.time() if self.stopped is None else self.stopped
        return now + self.ahead

    def stop(self) -> None:
        """Let time pass no longer by itself."""
        self.stopped = time.time()


@dataclass(slots=True, kw_only=True)
class Stand:
    """A running forge with one repository, and what tests do with it."""

    forge: Forge
    client: ForgeClient
    journal: Journal
    faults: Faults
    clock: Clock
    folder: Path
    app: web.Application

    def url(self, token: str | None = PERSONAL_TOKEN, repo: str = REPO) -> str:
        """Return a clone URL with a token in it."""
        scheme, rest = self.forge.server_url.split("://")
        user = "" if token is None else f"x-access-token:{token}@"
        return f"{scheme}://{user}{rest}/{repo}.git"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 - foreign JSON
        *,
        token: str | None = PERSONAL_TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request to the REST API."""
        return ask(method, self.forge.api_url + path, body, token=token, headers=headers)

    def git(
        self, *words: str, cwd: Path | None = None, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run git as a user would, with nobody's configuration."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C.UTF-8",
        }
        identity = ("-c", "user.name=Runner", "-c", "user.email=runner@example.com")
        return subprocess.run(
            ["git", *identity, *words],
            cwd=cwd or self.folder,
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def clone(self, name: str = "work", *options: str, token: str = PERSONAL_TOKEN) -> Path:
        """Clone the repository and return the checkout."""
        done = self.git("clone", "--quiet", *options, self.url(token), name)
        assert done.returncode == 0, done.stderr
        return self.folder / name

    def commit(self, work: Path, path: str, content: str | bytes) -> str:
        """Commit one file in a checkout."""
        file = work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all", cwd=work)
        assert self.git("commit", "--quiet", "-m", f"Add {path}", cwd=work).returncode == 0
        return self.git("rev-parse", "HEAD", cwd=work).stdout.strip()

    def push(self, work: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Push a checkout."""
        return self.git("push", "origin", *(words or ("HEAD",)), cwd=work)


class _Loop:
    """An event loop on a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        future: Future[Result] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(timeout=30)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Return a forge with `mona/template`, which has one script on main."""
    with _standing(tmp_path, Contract.of("forge", find_folder())) as made:
        yield made


@pytest.fixture
def undescribed(tmp_path: Path) -> Iterator[Stand]:
    """Return such a forge that is held to no description: ill-formed requests reach it.

    Where there is a description they are violations, and GitHub's words for them not seen.
    """
    with _standing(tmp_path, None) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Return such a forge for all tests of a module; writes are not counted."""
    contract = Contract.of("forge", find_folder())
    with _standing(tmp_path_factory.mktemp("shared"), contract) as made:
        made.client.call("limits", writes_per_minute=10**6, writes_per_hour=10**6, app=10**6)
        made.client.call("limits", points_per_minute=10**6, person=10**6, anonymous=10**6)
        yield made


@contextmanager
def _standing(folder: Path, contract: Contract | None) -> Iterator[Stand]:
    loop, clock = _Loop(), Clock()
    forge = Forge(root=folder / "git", clock=clock)
    journal, faults = Journal(), Faults()
    middleware = edge(
        "forge", journal=journal, faults=faults, delay=lambda: 0.0, contract=contract
    )
    app = forge_app(forge, [middleware])
    served = [loop.run(_serve(app))]
    control = web.Application()
    control.add_subapp("/forge", control_app(forge))
    served.append(loop.run(_serve(control)))
    forge.server_url = _address(served[0])
    address = _address(served[1])
    client = ForgeClient(lambda method, path, body: ask(method, address + path, body).json)
    client.create(REPO, {"inst/examples/knit.R": SCRIPT, "README.md": "# template\n"})
    yield Stand(
        forge=forge,
        client=client,
        journal=journal,
        faults=faults,
        clock=clock,
        folder=folder,
        app=app,
    )
    for runner in served:
        loop.run(runner.cleanup())
    loop.close()


async def _serve(app: web.Application) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


def _address(runner: web.AppRunner) -> str:
    return f"http://127.0.0.1:{runner.addresses[0][1]}"
