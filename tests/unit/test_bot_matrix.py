"""Who may run what: every cell of event, role, fork, state and failure, against one sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Final

import pytest

from docklet.domain.errors import ForgeError
from docklet.domain.policy import Role, Standing
from tests.bots import CONFIG, SHA, FakeBot

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS: Final[Mapping[str, Mapping[str, object]]] = {
    "created": {},
    "edited": {"action": "edited"},
    "deleted": {"action": "deleted"},
    "bot": {"kind": "Bot"},
    "renamed": {"user_id": 8},
}
ROLES: Final = (*Role, None)
"""None is somebody whom the forge does not know."""
FORKS: Final = (
    "own",
    "own, commit named",
    "fork",
    "fork, commit named",
    "allowed fork",
    "allowed fork, commit named",
)
STATES: Final = ("open", "closed", "merged", "locked")
CALLS: Final = ("", "standing", "file", "pull", "arrival", "kept", "keep")
"""What the forge does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One comment `/docklet run`."""

    event: str
    role: Role | None
    fork: str
    state: str
    failing: str

    @property
    def allowed(self) -> bool:
        """Whether it may make a droplet; said once more, and otherwise than in docklet."""
        named = self.fork.endswith("named")
        return (
            self.event == "created"
            and self.role in {Role.WRITE, Role.MAINTAIN, Role.ADMIN}
            and self.fork not in {"fork", "fork, commit named", "allowed fork"}
            and self.state == "open"
            and (not self.failing or (self.failing == "arrival" and named))
        )

    async def play(self) -> FakeBot:
        """Let it happen, and return everything that it has done."""
        made = FakeBot()
        if self.role is None:
            del made.talk.standings["ada"]
        else:
            made.talk.standings["ada"] = Standing(user_id=7, role=self.role)
        made.talk.pulls[5] = replace(
            made.talk.pulls[5],
            fork="fork" in self.fork,
            open=self.state in {"open", "locked"},
            merged=self.state == "merged",
            locked=self.state == "locked",
        )
        if "allowed" in self.fork:
            made.talk.files[".github/docklet.yml"] = f"{CONFIG}commands:\n  forks: true\n"
        if self.failing:
            made.talk.failures[self.failing] = [ForgeError("GitHub is down.")] * 99
        words = "/docklet run" + (f" sha={SHA}" if self.fork.endswith("named") else "")
        state = "open" if self.state in {"open", "locked"} else "closed"
        event = {"state": state, "locked": self.state == "locked", **EVENTS[self.event]}
        await made.say(words, **event)
        return made


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("role", ROLES)
async def test_every_cell(event: str, role: Role | None) -> None:
    """A cell that is not allowed makes nothing, reads no secret, and is told why; others run."""
    ran = 0
    for fork, state, failing in product(FORKS, STATES, CALLS):
        cell = Cell(event=event, role=role, fork=fork, state=state, failing=failing)
        bot = await cell.play()
        assert bool(bot.engine.carried) is cell.allowed, cell
        ran += cell.allowed
        if event in {"edited", "deleted", "bot"}:
            assert (bot.talk.calls, bot.forge.calls) == ([], []), cell
        elif not cell.allowed:
            assert bot.reactions == ["confused"], cell
            assert len(bot.replies) == 1, cell
            needed_secrets = failing in {"kept", "keep"}
            assert needed_secrets or bot.given.read == set(), cell
        else:
            assert (bot.reactions, bot.replies) == (["rocket"], []), cell
    may = event == "created" and role in {Role.WRITE, Role.MAINTAIN, Role.ADMIN}
    # Without a commit named all seven calls are made, with one all but `arrival`.
    assert ran == (may and 1 + 2 + 2)


async def test_fork_gets_no_secret() -> None:
    """What a stranger wrote gets nothing of the workflow's, and is pushed nowhere."""
    cell = Cell(event="created", role=Role.WRITE, fork=FORKS[-1], state="open", failing="")
    bot = await cell.play()
    (order,) = bot.engine.carried
    assert order.spec.env == {}
    assert order.spec.registry is None
    assert (order.spec.push.value, order.trigger.branch) == ("none", "")
    assert not bot.given.read & {"env", "registry-password"}


async def test_own_branch_gets_the_workflows_secrets() -> None:
    """A job at a commit of the repository's own gets what the workflow gives."""
    bot = FakeBot()
    await bot.say("/docklet run")
    (order,) = bot.engine.carried
    assert {name: value.reveal() for name, value in order.spec.env.items()} == {
        "KEY": "canary-value"
    }
    assert order.spec.registry is not None
    assert (order.trigger.sha, order.trigger.branch, order.trigger.issue) == (SHA, "change", 5)
    assert (order.trigger.actor, order.trigger.event) == ("ada", "issue_comment")


BOUNDED: Final = f"{CONFIG}commands:\n  {{}}\n"


@pytest.mark.parametrize(
    ("bounds", "role", "member", "allowed"),
    [
        ("permission: admin", Role.MAINTAIN, False, False),
        ("permission: admin", Role.ADMIN, False, True),
        ("permission: maintain", Role.WRITE, False, False),
        ("users: [bob]", Role.ADMIN, False, False),
        ("users: [ada]", Role.WRITE, False, True),
        ("users: [ada]", Role.READ, False, False),
        ("teams: [octo/runners]", Role.WRITE, False, False),
        ("teams: [octo/runners]", Role.WRITE, True, True),
        ("teams: [octo/runners]", Role.READ, True, False),
        ("users: [ada]\n  teams: [octo/runners]", Role.WRITE, False, True),
    ],
)
async def test_bounds_narrow(bounds: str, role: Role, member: bool, allowed: bool) -> None:  # noqa: FBT001
    """Users and teams of the configuration narrow the role that it takes, and never widen it."""
    bot = FakeBot()
    bot.talk.files[".github/docklet.yml"] = BOUNDED.format(bounds)
    bot.talk.standings["ada"] = Standing(user_id=7, role=role)
    if member:
        bot.talk.members.add(("octo/runners", "ada"))
    await bot.say("/docklet run")
    assert bool(bot.engine.carried) is allowed


async def test_team_that_nobody_can_look_at() -> None:
    """A team that could not be asked is neither a yes nor a no."""
    bot = FakeBot()
    bot.talk.files[".github/docklet.yml"] = BOUNDED.format("teams: [octo/a, octo/b]")
    bot.talk.members.add(("octo/b", "ada"))
    bot.talk.failures["in_team"] = [ForgeError("GitHub is down.")]
    await bot.say("/docklet run")
    assert len(bot.engine.carried) == 1
    other = FakeBot()
    other.talk.files = bot.talk.files
    other.talk.failures["in_team"] = [ForgeError("GitHub is down.")]
    await other.say("/docklet run")
    assert other.engine.carried == []
    assert "GitHub is down" in other.replies[0]
