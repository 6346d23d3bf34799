"""Which commit a comment is about, when somebody pushes at the same time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docklet.bot.authority import still_by_name
from docklet.domain.config import Bounds
from docklet.domain.payload import comment_event
from docklet.domain.policy import (
    Arrival,
    Confirm,
    Head,
    Refused,
    Role,
    Standing,
    commit,
)
from tests.bots import SHA, FakeBot, payload
from tests.builders import START, make_trigger

OTHER = "d" * 40


@pytest.mark.parametrize("offset", [-2.0, -1.0, -0.4, 0.0, 0.4, 0.9, 1.0, 2.0])
async def test_push_around_the_comment(offset: float) -> None:
    """Only a push that was there in a whole second before the comment is taken for seen."""
    bot = FakeBot()
    bot.talk.arrivals["change"] = Arrival(sha=SHA, at=START + offset)
    await bot.say("/docklet run")
    assert bool(bot.engine.carried) is (offset <= -0.4)
    if not bot.engine.carried:
        assert bot.reactions == ["confused"]
        assert f"/docklet run sha={SHA}" in bot.replies[0]


@pytest.mark.parametrize(
    "noted",
    [None, Arrival(sha=OTHER, at=START - 60), Arrival(sha="0" * 40, at=START - 60)],
    ids=["nothing", "another commit", "a deletion"],
)
async def test_nobody_noted_the_push(noted: Arrival | None) -> None:
    """A head of which the forge does not say when it came is not taken for seen."""
    bot = FakeBot()
    if noted is None:
        del bot.talk.arrivals["change"]
    else:
        bot.talk.arrivals["change"] = noted
    await bot.say("/docklet run knit timeout=5m")
    assert bot.engine.carried == []
    assert f"/docklet run knit timeout=5m sha={SHA}" in bot.replies[0]


async def test_named_commit() -> None:
    """A commit that the person names runs although it was pushed later."""
    bot = FakeBot()
    bot.talk.arrivals["change"] = Arrival(sha=SHA, at=START + 60)
    await bot.say(f"/docklet run sha={SHA}")
    assert [order.trigger.sha for order in bot.engine.carried] == [SHA]
    assert "arrival" not in bot.talk.calls


async def test_named_commit_is_not_the_head() -> None:
    """A commit that is not the head, any more or at all, does not run."""
    bot = FakeBot()
    await bot.say(f"/docklet run sha={OTHER}")
    assert bot.engine.carried == []
    assert SHA in bot.replies[0]


async def test_issue_runs_the_default_branch() -> None:
    """In an issue the default branch's head runs, by the same rule."""
    bot = FakeBot()
    await bot.say("/docklet run", pull=False)
    (order,) = bot.engine.carried
    assert (order.trigger.sha, order.trigger.branch) == (bot.talk.main.sha, "main")
    late = FakeBot()
    late.talk.arrivals["main"] = Arrival(sha=late.talk.main.sha, at=START)
    await late.say("/docklet run", pull=False)
    assert late.engine.carried == []


async def test_permission_is_asked_again_before_the_push() -> None:
    """Who has lost their role meanwhile is told why their results do not go to the branch."""
    bot = FakeBot()
    await bot.say("/docklet run")
    (order,) = bot.engine.carried
    assert await order.may_push() == ""
    bot.talk.standings["ada"] = replace(bot.talk.standings["ada"], user_id=9)
    assert "not the one any more" in await order.may_push()
    del bot.talk.standings["ada"]
    assert "could not be found out" in await order.may_push()


async def test_closed_by_now() -> None:
    """What has happened since the comment counts, not what its event says."""
    bot = FakeBot()
    bot.talk.pulls[5] = Head(sha=SHA, branch="change", open=False)
    await bot.say("/docklet run")
    assert bot.engine.carried == []


@pytest.mark.parametrize(
    ("event", "role", "told"),
    [
        ("issue_comment", Role.WRITE, ""),
        ("issue_comment", Role.READ, "may not write here any more"),
        ("issue_comment", None, "is not known"),
        ("push", None, ""),
    ],
)
async def test_whoever_finishes_a_run_asks_too(event: str, role: Role | None, told: str) -> None:
    """Results of a lost run from a comment are pushed only for somebody who may still write."""
    bot = FakeBot()
    bot.talk.standings = {} if role is None else {"ada": Standing(user_id=7, role=role)}
    said = await still_by_name(make_trigger(event=event, actor="ada"), bot.talk)
    assert told in said
    assert bool(said) is bool(told)


def test_fork_is_named_whenever_it_was_pushed() -> None:
    """A stranger's commit has to be named, even if the forge noted its push long before."""
    event = comment_event(payload("/docklet run"))
    assert event is not None
    head, noted = Head(sha=SHA, branch="change", fork=True), Arrival(sha=SHA, at=START - 60)
    assert isinstance(commit(event, Bounds(forks=True), head, noted, ""), Confirm)
    assert isinstance(commit(event, Bounds(), head, noted, SHA), Refused)


async def test_words_before_commits() -> None:
    """What is wrong with a command is said before anybody has to name a commit for it."""
    bot = FakeBot()
    del bot.talk.arrivals["change"]
    await bot.say("/docklet run nonsense")
    assert "no job `nonsense`" in bot.replies[0]
    assert "pull" not in bot.talk.calls
