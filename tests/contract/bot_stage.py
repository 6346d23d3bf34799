"""People who talk to docklet in a sandbox, in one process and in virtual time."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from docklet.adapters.printer import Printer
from docklet.adapters.runner.command_files import CommandFiles
from docklet.adapters.runner.log import Runner
from docklet.entrypoints.bot import answer
from docklet_sandbox.forge import arrange, contributions
from tests.contract.stage import REPO, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from docklet.entrypoints.carry_out import Finished
    from tests.contract.stage import Stage

CONFIG: Final = """
jobs:
  hello:
    script: run.sh
    image: alpine
    timeout: 1h
"""


class Prompt(Printer):
    """A printer without a thread, for which virtual time would wait."""

    def __init__(self, out: BytesIO) -> None:
        self._bytes = out

    def write(self, data: bytes) -> None:
        """Print at once."""
        self._bytes.write(data)

    def close(self, within: float = 2.0) -> None:
        """Have nothing left to print."""
        del within


@dataclass(slots=True, kw_only=True)
class BotStage:
    """A sandbox with a pull request, and everybody who comments on it."""

    stage: Stage
    folder: Path
    pull: int
    printed: BytesIO = field(default_factory=BytesIO)
    given: dict[str, str] = field(default_factory=dict)
    """Further inputs of the action."""

    async def say(
        self,
        words: str,
        *,
        login: str = "ada",
        number: int | None = None,
        **facts: Any,  # noqa: ANN401 - as the forge takes them
    ) -> Finished | None:
        """Comment, and let a job answer; return the run that came of it."""
        return await self.answer(await self.comment(words, login=login, number=number, **facts))

    async def comment(
        self,
        words: str,
        *,
        login: str = "ada",
        number: int | None = None,
        **facts: Any,  # noqa: ANN401 - as the forge takes them
    ) -> Mapping[str, Any]:
        """Comment, and return what a workflow is told of it."""
        forge, about = self.stage.sandbox.desk.forge, number or self.pull
        found: Mapping[str, Any] = await contributions.comment(
            forge, REPO, about, words, login=login, **facts
        )
        return found

    async def answer(self, payload: Mapping[str, Any]) -> Finished | None:
        """Let a job answer a comment."""
        settings = self.stage.settings
        file = self.folder / f"event-{payload['comment']['id']}.json"
        file.write_text(json.dumps(payload), encoding="utf-8")
        raw = {
            "digitalocean-token": settings.cloud_token.reveal(),
            "github-token": settings.forge_token.reveal(),
            **self.given,
        }
        environ = {
            "GITHUB_EVENT_NAME": "issue_comment",
            "GITHUB_EVENT_PATH": str(file),
            "GITHUB_REPOSITORY": REPO,
            "GITHUB_SHA": self.stage.head,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_RUN_ID": str(payload["comment"]["id"]),
        }
        runner = Runner(Prompt(self.printed), CommandFiles())
        try:
            return await answer(raw, environ, settings, runner)
        finally:
            runner.close()

    @property
    def reactions(self) -> list[list[str]]:
        """The reactions to each comment of people, oldest first."""
        return [
            [reaction.content for reaction in one.reactions]
            for one in self._comments
            if not one.login.endswith("[bot]")
        ]

    @property
    def replies(self) -> list[str]:
        """What docklet has said in words, oldest first, but the comments on runs."""
        return [body for body in self.bodies if body.startswith("<!-- docklet:answer:")]

    @property
    def reports(self) -> list[str]:
        """The comments on runs, oldest first."""
        return [body for body in self.bodies if body.startswith("<!-- docklet:run:")]

    @property
    def bodies(self) -> list[str]:
        """All that docklet has said in the conversation, oldest first."""
        return [one.body for one in self._comments if one.login.endswith("[bot]")]

    @property
    def created(self) -> int:
        """How many droplets were ever made."""
        return len(self.stage.sandbox.desk.estate.droplets)

    async def push(self, files: Mapping[str, str], **facts: Any) -> str:  # noqa: ANN401 - as the forge takes them
        """Push to the pull request's branch, by default a minute ago."""
        facts = {"branch": "change", "at": self.stage.clock.now() - 60, **facts}
        return str(await contributions.push(self.stage.sandbox.desk.forge, REPO, files, **facts))

    @property
    def _comments(self) -> list[Any]:
        return list(self.stage.sandbox.desk.forge.repositories[REPO].comments.values())


@asynccontextmanager
async def talking(
    folder: Path,
    *,
    config: str = CONFIG,
    **settings: Any,  # noqa: ANN401 - as the forge takes them
) -> AsyncIterator[BotStage]:
    """Open a sandbox in which a pull request waits for commands, by ada who may write."""
    async with staged(folder, **settings) as stage:
        forge = stage.sandbox.desk.forge
        await arrange.commit(forge, REPO, {".github/docklet.yml": config})
        await arrange.role(forge, REPO, "ada", "write")
        made = BotStage(stage=stage, folder=folder, pull=1)
        await made.push({"a.txt": "1\n"})
        made.pull = await contributions.pull(forge, REPO, "change")
        yield made
