"""A bot among fakes, and people who talk to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from docklet.adapters.config_file import config
from docklet.bot.handle import handle
from docklet.bot.running import Bot
from docklet.domain.payload import comment_event
from docklet.domain.policy import Arrival, Head
from tests.builders import START, make_trigger
from tests.fakes import FakeClock, FakeForge
from tests.fakes.engine import FakeEngine
from tests.fakes.talk import FakeTalk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.progress import Progress

REPO: Final = "octo/template"
SHA: Final = "c" * 40
COMMENT: Final = 77
CONFIG: Final = """
jobs:
  knit:
    script: knit.R
    timeout: 1h
"""
SECRETS: Final = frozenset({"digitalocean-token", "env", "registry-password"})


class Given(dict[str, str]):
    """What the workflow gives; it remembers whether its secrets were looked at."""

    def __init__(self) -> None:
        super().__init__(
            {
                "digitalocean-token": "dop_v1_canary",
                "github-token": "ghs_canary",
                "env": "KEY=canary-value",
                "registry-username": "me",
                "registry-password": "canary-password",
            }
        )
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """Note a look."""
        self.read |= {name} & SECRETS
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as a dict's
        """Note a look."""
        self.read |= {name} & SECRETS
        return super().get(name, default)


@dataclass(slots=True, kw_only=True)
class FakeBot:
    """A pull request whose head was pushed a minute before the comment."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    talk: FakeTalk = field(default_factory=FakeTalk)
    forge: FakeForge = field(default_factory=FakeForge)
    given: Given = field(default_factory=Given)
    notices: list[str] = field(default_factory=list)
    engine: FakeEngine = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what lets ada's command run."""
        self.engine = FakeEngine(self.clock)
        self.talk.pulls[5] = Head(sha=SHA, branch="change")
        self.talk.arrivals["change"] = Arrival(sha=SHA, at=START - 60)
        self.talk.arrivals["main"] = Arrival(sha=self.talk.main.sha, at=START - 60)
        self.talk.files[".github/docklet.yml"] = CONFIG

    async def say(self, words: str, **changes: Any) -> Progress | None:  # noqa: ANN401
        """Let ada comment; return the run that came of it. `changes` are to the payload."""
        event = comment_event(payload(words, **changes))
        return None if event is None else await handle(event, self.bot)

    @property
    def bot(self) -> Bot:
        """The bot itself."""
        return Bot(
            talk=self.talk,
            forge=self.forge,
            engine=self.engine,
            clock=self.clock,
            given=self.given,
            job=make_trigger(event="issue_comment", sha="0" * 40, branch="main"),
            read_config=config,
            notice=self.notices.append,
        )

    @property
    def reactions(self) -> list[str]:
        """What the comment was answered without words, as it is now."""
        return [str(one) for one in self.talk.on(COMMENT)]

    @property
    def replies(self) -> list[str]:
        """What it was answered in words."""
        return list(self.forge.comments.values())


def payload(
    words: str,
    *,
    action: str = "created",
    login: str = "ada",
    user_id: int = 7,
    kind: str = "User",
    state: str = "open",
    locked: bool = False,
    pull: bool = True,
    comment: int = COMMENT,
    number: int = 5,
) -> Mapping[str, Any]:
    """Return what a workflow is told of a comment."""
    user = {"login": login, "id": user_id, "type": kind}
    return {
        "action": action,
        "issue": {
            "number": number,
            "state": state,
            "locked": locked,
            **({"pull_request": {}} if pull else {}),
        },
        "comment": {
            "id": comment,
            "body": words,
            "created_at": "2023-11-14T22:13:20Z",
            "user": user,
        },
        "repository": {"full_name": REPO},
    }
