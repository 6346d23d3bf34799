"""An Actions runner for one step: runs an action's image as the real runner does.

Each stage is a new container of the same image, with the runner's mounts, `INPUT_*`, `GITHUB_*`
and, for the post stage, the `STATE_*` that the main stage saved. A cancel is SIGINT, SIGTERM 7.5
seconds later, and the client's end 2.5 seconds after that.
"""

from __future__ import annotations

import json
import signal
import subprocess
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet_sandbox.state import Addresses

POST: Final = "/opt/docklet/bin/docklet-cleanup"
"""The post stage's entry point, as `action.yml` names it."""
_TO_TERM: Final = 7.5
_TO_KILL: Final = 2.5
_COMMANDS: Final = ("output", "state", "step_summary", "env", "path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One use of the action in one job."""

    image: str
    inputs: Mapping[str, str]
    repository: str
    sha: str
    ref: str = "refs/heads/main"
    event: str = "workflow_dispatch"
    payload: Mapping[str, Any] = field(default_factory=dict)
    actor: str = "ada"
    run_id: str = "1"
    job: str = "docklet"
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further variables of the job."""


class Runner:
    """Runs the stages of one step in a folder of its own."""

    def __init__(self, step: Step, addresses: Addresses, folder: Path) -> None:
        """Lay out the runner's folders below `folder`."""
        self._step = step
        self._addresses = addresses
        self._folder = folder
        self.workspace = folder / "workspace"
        for name in ("workspace", "home", "temp", "workflow", "commands"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in _COMMANDS:
            (folder / "commands" / name).touch()
        (folder / "workflow" / "event.json").write_text(json.dumps(step.payload), encoding="utf-8")

    def main(self) -> Stage:
        """Start the main stage."""
        return self._start()

    def post(self, *, with_state: bool = True) -> Stage:
        """Start the post stage; `act` and a lost runner start it without state."""
        state = _pairs(self._folder / "commands" / "state") if with_state else {}
        saved = {f"STATE_{name}": value for name, value in state.items()}
        return self._start("--entrypoint", POST, variables=saved)

    @property
    def outputs(self) -> dict[str, str]:
        """The step's outputs so far."""
        return _pairs(self._folder / "commands" / "output")

    @property
    def state(self) -> dict[str, str]:
        """What the step saved for its post stage."""
        return _pairs(self._folder / "commands" / "state")

    @property
    def summary(self) -> str:
        """The step's job summary."""
        return (self._folder / "commands" / "step_summary").read_text(encoding="utf-8")

    def _start(self, *flags: str, variables: Mapping[str, str] | None = None) -> Stage:
        """Start a container."""
        name = f"docklet-step-{uuid.uuid4().hex[:12]}"
        command = ["docker", "run", "--name", name, "--rm", "--workdir", "/github/workspace"]
        command += ["--label", f"docklet.sandbox={self._addresses.id}", "--network", "host"]
        command += self._mounts()
        environment = self._environment() | dict(variables or {})
        for variable in environment:
            command += ["-e", variable]
        process = subprocess.Popen(
            [*command, *flags, self._step.image],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment | _own(),
            start_new_session=True,
        )
        return Stage(process, name)

    def _mounts(self) -> list[str]:
        """Return the runner's mounts, and the certificate authority of the sandbox."""
        places = {
            "workspace": "/github/workspace",
            "home": "/github/home",
            "temp": "/github/runner_temp",
            "workflow": "/github/workflow",
            "commands": "/github/file_commands",
        }
        mounts = [f"{self._folder / name}:{place}" for name, place in places.items()]
        mounts.append(f"{self._addresses.bundle}:/etc/sandbox-ca.pem:ro")
        return [part for mount in mounts for part in ("-v", mount)]

    def _environment(self) -> dict[str, str]:
        """Return the variables of every stage."""
        step = self._step
        inputs = {f"INPUT_{name.upper()}": value for name, value in step.inputs.items()}
        files = {f"GITHUB_{name.upper()}": f"/github/file_commands/{name}" for name in _COMMANDS}
        return {
            **inputs,
            **files,
            "HOME": "/github/home",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": "/github/workspace",
            "GITHUB_EVENT_PATH": "/github/workflow/event.json",
            "GITHUB_EVENT_NAME": step.event,
            "GITHUB_REPOSITORY": step.repository,
            "GITHUB_SHA": step.sha,
            "GITHUB_REF": step.ref,
            "GITHUB_ACTOR": step.actor,
            "GITHUB_RUN_ID": step.run_id,
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_JOB": step.job,
            "RUNNER_NAME": "sandbox",
            "GITHUB_SERVER_URL": self._addresses.forge,
            "GITHUB_API_URL": self._addresses.forge_api,
            "DIGITALOCEAN_API_URL": self._addresses.cloud,
            "REQUESTS_CA_BUNDLE": "/etc/sandbox-ca.pem",
            **step.extra,
        }


class Stage:
    """A container of the action that runs."""

    def __init__(self, process: subprocess.Popen[bytes], container: str) -> None:
        """Watch over `process`, the client of `container`."""
        self._process = process
        self.container = container

    def wait(self, timeout: float = 120) -> tuple[int, str]:
        """Return the exit code and what was printed."""
        printed, _ = self._process.communicate(timeout=timeout)
        return self._process.returncode, printed.decode(errors="replace")

    def signal(self, number: int) -> None:
        """Send a signal to the client, which passes it on to the container."""
        self._process.send_signal(number)

    def cancel(self) -> tuple[int, str]:
        """Cancel as the runner does and return the exit code and what was printed."""
        self.signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return self.wait(_TO_TERM)
        self.signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            return self.wait(_TO_KILL)
        self._process.kill()
        return self.wait()

    def kill(self) -> None:
        """Lose the machine: the container dies at once, with no chance to clean up."""
        subprocess.run(["docker", "kill", self.container], check=False, capture_output=True)
        self._process.communicate(timeout=30)


def _pairs(file: Path) -> dict[str, str]:
    """Read a file of `name=value` lines and `name<<delimiter` blocks."""
    found: dict[str, str] = {}
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    for line in lines:
        name, mark, rest = line.partition("=")
        block, sign, delimiter = line.partition("<<")
        if sign and (not mark or len(block) < len(name)):
            body = []
            for inner in lines:
                if inner == delimiter:
                    break
                body.append(inner)
            found[block] = "\n".join(body)
        elif mark:
            found[name] = rest
    return found


def _own() -> dict[str, str]:
    """Return what the docker client itself needs; the step's variables are passed by name."""
    import os

    return {"PATH": os.environ["PATH"]}
