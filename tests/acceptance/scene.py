"""A stage for one scenario: a repository in the sandbox and the doors through which to run it."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from docklet_sandbox.runner import Runner, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet_sandbox.client import SandboxClient

SHELL_IMAGE = "docklet-sandbox/shell"
R_IMAGE = "docklet-sandbox/r-knitr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A process that ended."""

    code: int
    output: str
    """Standard output and error."""


@dataclass(slots=True, kw_only=True)
class Scene:
    """One repository and everything that happens to it."""

    sandbox: SandboxClient
    repository: str
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    """Further variables for the processes."""
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def write(self, files: Mapping[str, str | bytes], **facts: object) -> str:
        """Make the repository with `files` and return its head."""
        head = self.sandbox.forge.create(self.repository, files, **facts)
        assert head is not None
        return head

    def start(self, command: str, *options: str) -> subprocess.Popen[bytes]:
        """Start `docklet COMMAND` on the repository."""
        process = subprocess.Popen(
            [_docklet(), command, *options],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        """End what a failed scenario left running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()

    def docklet(self, command: str, *options: str, timeout: float = 120) -> Done:
        """Run `docklet COMMAND` to its end."""
        process = self.start(command, *options)
        output, _ = process.communicate(timeout=timeout)
        return Done(code=process.returncode, output=output.decode(errors="replace"))

    def run(
        self, script: str, *options: str, image: str = SHELL_IMAGE, timeout: float = 120
    ) -> Done:
        """Run a script of the repository on a droplet."""
        given = ["--repo", self.repository, "--script", script, "--image", image, *options]
        return self.docklet("run", *given, timeout=timeout)

    def action(
        self,
        image: str,
        *,
        sha: str,
        inputs: Mapping[str, str],
        event: str = "workflow_dispatch",
    ) -> Runner:
        """Return a runner that is about to run the action on the repository."""
        tokens = {
            "digitalocean-token": self.sandbox.addresses.cloud_token,
            "github-token": self.sandbox.addresses.workflow_token,
        }
        step = Step(
            image=image,
            inputs={"image": SHELL_IMAGE, **tokens, **inputs},
            repository=self.repository,
            sha=sha,
            event=event,
            payload={"after": sha, "ref": "refs/heads/main"} if event == "push" else {},
            run_id=uuid.uuid4().hex,
            extra=self.extra,
        )
        return Runner(step, self.sandbox.addresses, self.folder / "runner")

    def environment(self) -> dict[str, str]:
        """Return the variables of a user's shell that points at the sandbox."""
        own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return own | self.sandbox.environment | self.extra

    def branches(self) -> dict[str, str]:
        """Return the repository's branches with their heads."""
        return self.sandbox.forge.branches(self.repository)

    def show(self, path: str, ref: str = "main") -> bytes | None:
        """Return a file of a commit."""
        return self.sandbox.forge.show(self.repository, path, ref)

    def comment(self) -> str:
        """Return the one status comment as it is now."""
        (only,) = [
            one for one in self.sandbox.forge.comments(self.repository) if not one["deleted"]
        ]
        return str(only["body"])


def template() -> dict[str, str]:
    """Return the files of the seed's repository."""
    import docklet_sandbox

    root = Path(docklet_sandbox.__file__).parent / "template"
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _docklet() -> str:
    """Return the installed command."""
    return str(Path(sys.executable).with_name("docklet"))
