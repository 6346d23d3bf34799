"""One comment tells of a run, costs few calls, and never ends anything."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docklet.bot.pace import Pace
from docklet.bot.status import HURRY, StatusComment
from docklet.domain.errors import ForgeError, ForgeGone
from docklet.domain.events import (
    Ended,
    Event,
    LogArrived,
    Phase,
    PhaseEnded,
    PhaseStarted,
    Planned,
)
from docklet.domain.outcome import Outcome, Reason
from docklet.domain.spec import CommentOn
from docklet.render.links import Links
from tests.builders import SHA, make_outcome, make_plan
from tests.fakes import FakeClock, FakeForge

LINKS = Links(server_url="https://github.com", repository="octo/template")


class Run:
    """A run that is reported to a fake forge, in virtual time."""

    def __init__(self, **spec: object) -> None:
        self.forge = FakeForge()
        self.clock = FakeClock()
        self.notices: list[str] = []
        self.status = StatusComment(self.forge, self.clock, LINKS, notice=self.notices.append)
        self.plan = make_plan(**spec)

    def tell(self, event_type: type[Event], **fields: object) -> None:
        """Let an event happen now."""
        self.status.notify(event_type(at=self.clock.now(), **fields))

    async def phases(self, seconds: dict[Phase, float]) -> None:
        """Go through phases that take so many seconds each."""
        self.tell(Planned, plan=self.plan)
        for phase, length in seconds.items():
            self.tell(PhaseStarted, phase=phase)
            await self.clock.sleep(length)
            self.tell(LogArrived, data=b"x\n")
            self.tell(PhaseEnded, phase=phase, ok=True)

    async def end(self, outcome: Outcome | None = None) -> None:
        """End, and wait for the last edit."""
        self.tell(Ended, outcome=outcome or make_outcome())
        await self.status.finish()

    @property
    def comment(self) -> str:
        """The only comment's text."""
        (body,) = self.forge.comments.values()
        return body


def short(length: float) -> dict[Phase, float]:
    """Return all phases with the same length."""
    return dict.fromkeys(Phase, length)


async def test_run_has_one_comment() -> None:
    """A comment is made at the start, edited as phases change, and final at the end."""
    run = Run()
    await run.phases(short(25))
    assert "⏳" in run.comment
    await run.end()
    assert "✅ **The script succeeded.**" in run.comment
    assert run.forge.calls.count("create_comment") == 1
    assert run.status.comment_url.endswith("#commitcomment-1")


async def test_commit_status_leads_to_the_comment() -> None:
    """The commit is pending at first and has the run's state in the end."""
    run = Run()
    await run.phases(short(1))
    await run.end(make_outcome(reason=Reason.SCRIPT_EXIT, exit_code=3))
    first, last = run.forge.statuses
    assert first[:2] == (SHA, "pending")
    assert last[1:3] == ("failure", "The script failed with exit code 3. 1m 20s")
    assert first[3] == last[3] == run.status.comment_url


async def test_short_run_costs_little() -> None:
    """Eight phases in less than 20 seconds cause no edit but the last."""
    run = Run()
    await run.phases(short(1))
    await run.end()
    assert run.forge.calls == ["create_comment", "set_status", "set_status", "edit_comment"]


async def test_minute_costs_at_most_nine_calls() -> None:
    """Phase changes are 20 seconds apart in the comment."""
    run = Run()
    await run.phases(short(60 / 8))
    await run.end()
    assert run.forge.calls.count("edit_comment") <= 4
    assert len(run.forge.calls) <= 9


@pytest.mark.parametrize("hours", [1, 2, 5])
async def test_long_run_costs_three_calls_an_hour(hours: int) -> None:
    """A comment lives on through hours of silence, on three edits an hour."""
    run = Run()
    slow = {**short(30), Phase.RUN: hours * 3600}
    await run.phases(slow)
    await run.end()
    edits = run.forge.calls.count("edit_comment")
    assert 3 * hours <= edits <= 3 * hours + 7
    assert len(run.forge.calls) <= 10 + 3 * hours


def test_edits_are_rationed() -> None:
    """Beyond the first minute there are three edits in any hour, even with news."""
    pace = Pace(began=0, edited=0)
    assert pace.next_edit(news=True) == 20
    assert pace.next_edit(news=False) == 900
    for now in (20, 40, 60, 80, 100):
        assert pace.next_edit(news=True) == now
        pace = pace.after(now)
    assert pace.next_edit(news=True) == pace.next_edit(news=False) == 3660
    assert pace.after(3660).next_edit(news=True) == 3680


@given(st.lists(st.booleans(), max_size=40))
def test_no_hour_has_more_than_six_calls(news: list[bool]) -> None:
    """Whenever something new begins, any hour has room for the last edit and the last status."""
    pace, edits = Pace(began=0, edited=0), list[float]()
    for new in news:
        edits.append(pace.next_edit(news=new))
        pace = pace.after(edits[-1])
    assert len([one for one in edits if one < 60]) <= 2
    later = [one for one in edits if one >= 60]
    assert all(fourth - first >= 3600 for first, fourth in zip(later, later[3:], strict=False))


async def test_no_comment_no_calls() -> None:
    """With `comment: none` the forge hears nothing."""
    run = Run(comment=CommentOn.NONE)
    await run.phases(short(25))
    await run.end()
    assert not run.forge.calls
    assert not run.status.comment_url


async def test_run_without_a_plan_says_nothing() -> None:
    """Wrong inputs end before there is anything to comment on."""
    run = Run()
    await run.end(Outcome(reason=Reason.INVALID_INPUT))
    assert not run.forge.calls


async def test_deleted_comment_is_made_again_once() -> None:
    """Who deletes the comment gets a new one, at the end only."""
    run = Run()
    await run.phases({Phase.CREATE: 1})
    await run.clock.sleep(1)
    run.forge.comments.clear()
    await run.phases(short(25))
    await run.end()
    assert "✅" in run.comment
    assert run.forge.calls.count("create_comment") == 2


async def test_failures_are_told_once() -> None:
    """A forge that refuses everything costs the run nothing but a note."""
    run = Run()
    refusal = ForgeError("The token may not comment.")
    for name in ("create_comment", "edit_comment", "set_status"):
        run.forge.failures[name] = [refusal] * 100
    await run.phases(short(100))
    await run.end()
    assert run.notices == ["The status could not be reported: The token may not comment."]
    assert not run.status.comment_url


async def test_comment_comes_late_if_it_must() -> None:
    """A comment that could not be made at the start is made at the end."""
    run = Run()
    run.forge.failures["create_comment"] = [ForgeGone("There is no such commit.")]
    await run.phases(short(25))
    await run.end()
    assert "✅" in run.comment


async def test_last_edit_has_a_limit() -> None:
    """A forge that hangs holds the end up for 30 seconds, no longer."""
    run = Run()
    await run.phases(short(1))

    async def hang(*_: object) -> None:
        await run.clock.sleep(10_000)

    run.forge.edit_comment = hang  # type: ignore[method-assign, assignment]
    before = run.clock.now()
    await run.end()
    assert run.clock.now() - before == 30
    assert "longer than 30 s" in run.notices[0]


async def test_who_is_stopped_waits_no_longer() -> None:
    """A signal during the last edit leaves it a moment, and the end is still told."""
    run = Run()
    await run.phases(short(1))

    async def hang(*_: object) -> None:
        await run.clock.sleep(10_000)

    run.forge.edit_comment = hang  # type: ignore[method-assign, assignment]
    before = run.clock.now()
    ending = asyncio.ensure_future(run.end())
    await run.clock.sleep(5)
    ending.cancel()
    await ending
    assert run.clock.now() - before == 5 + HURRY
    assert "longer than 1.5 s" in run.notices[0]


async def test_defect_ends_nothing() -> None:
    """Even a mistake of ours is told, not raised."""
    run = Run()

    async def break_down(*_: object, **__: object) -> None:
        await asyncio.sleep(0)
        message = "a defect"
        raise KeyError(message)

    run.forge.create_comment = break_down  # type: ignore[method-assign, assignment]
    await run.phases(short(1))
    await run.end()
    assert run.notices == ["The status could not be reported: KeyError: 'a defect'"]


async def test_run_that_never_ended_is_shown_as_it_was() -> None:
    """When a run is broken off without an outcome, the comment still gets its last edit."""
    run = Run()
    await run.phases({Phase.CREATE: 1, Phase.BOOT: 1})
    await run.status.finish(within=3)
    assert "Waiting for the droplet." in run.comment
