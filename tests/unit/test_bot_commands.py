"""What each command does, and what is said when it can't be done."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from docklet.bot.engine import Going
from docklet.domain.errors import AgentError, CloudError, ForgeError, ForgeGone
from docklet.domain.extension import Extension
from docklet.domain.fields import LONGEST_TIMEOUT
from docklet.domain.identity import RunKey, identity_of
from docklet.domain.outcome import Outcome, Reason
from docklet.domain.place import Place
from docklet.domain.spend_file import decode
from docklet.render.comment import marker
from tests.bots import CONFIG, FakeBot
from tests.builders import START, make_droplet

MINE = RunKey("aaaa" + "1" * 16)
YOUNGER = RunKey("aaab" + "2" * 16)
ELSEWHERE = RunKey("bbbb" + "3" * 16)


def going(key: RunKey, **fields: Any) -> Going:  # noqa: ANN401 - of a droplet
    """Return a droplet of a run."""
    droplet = make_droplet(key=key, **fields)
    identity = identity_of(droplet.name, droplet.tags)
    assert identity is not None
    return Going(droplet=droplet, identity=identity)


@pytest.fixture
async def bot() -> FakeBot:
    """Return a pull request with two runs, beside one in another conversation."""
    made = FakeBot()
    made.engine.droplets = [going(ELSEWHERE), going(YOUNGER), going(MINE)]
    for key, issue in ((MINE, 5), (YOUNGER, 5), (ELSEWHERE, 6)):
        body = f"{marker(key)}\n⏳ **Running.**"
        await made.forge.create_comment(Place(issue=issue), body, marker=marker(key))
    made.forge.calls.clear()
    return made


def said(bot: FakeBot) -> str:
    """Return the one answer in words."""
    (words,) = [body for body in bot.replies if body.startswith("<!-- docklet:answer:77 -->")]
    return words


@pytest.mark.parametrize(
    ("words", "stopped"),
    [
        ("/docklet stop", YOUNGER),
        (f"/docklet stop {MINE[:6]}", MINE),
        (f"/docklet stop {ELSEWHERE}", ELSEWHERE),
    ],
)
async def test_stop(bot: FakeBot, words: str, stopped: RunKey) -> None:
    """The newest run of the conversation is stopped, or the one that is named."""
    await bot.say(words)
    assert bot.engine.stopped == [(stopped, "ada")]
    assert bot.reactions == ["rocket"]
    assert stopped[:10] in said(bot)


@pytest.mark.parametrize("words", ["/docklet stop aaa1", "/docklet stop cccc"])
async def test_stop_nothing(bot: FakeBot, words: str) -> None:
    """A run that is not there is not stopped, nor is another one."""
    await bot.say(words)
    assert bot.engine.stopped == []
    assert bot.reactions == ["confused"]
    assert "has a droplet" in said(bot)


async def test_stop_ambiguous(bot: FakeBot) -> None:
    """A key's beginning that fits two runs stops neither."""
    bot.engine.droplets.append(going(RunKey("bbbb" + "4" * 16)))
    await bot.say("/docklet stop bbbb")
    assert bot.engine.stopped == []
    assert "more than one" in said(bot)


async def test_stop_a_run_that_has_no_droplet_yet(bot: FakeBot) -> None:
    """A droplet that shows up a moment later is waited for."""
    droplets, bot.engine.droplets = bot.engine.droplets, []

    class Late(type(bot.engine)):  # type: ignore[misc]
        async def going(self) -> tuple[Going, ...]:
            return tuple(droplets) if bot.clock.now() > START + 10 else ()

    late = Late(bot.clock)
    bot.engine = late
    await bot.say("/docklet stop")
    assert late.stopped == [(YOUNGER, "ada")]


async def test_keep(bot: FakeBot) -> None:
    """A run's droplet is to be kept, and what that costs is counted first."""
    await bot.say("/docklet keep")
    assert bot.engine.kept == [(YOUNGER, None)]
    spent = decode(bot.talk.store.text).month("2023-11").spent
    assert spent == Decimal("0.0358")
    assert "will be kept" in said(bot)


async def test_keep_what_is_kept(bot: FakeBot) -> None:
    """A droplet that is kept already stays as it is."""
    bot.engine.droplets = [going(MINE, kept_until=int(START) + 600)]
    await bot.say("/docklet keep")
    assert bot.engine.kept == []
    assert "is kept already" in said(bot)


async def test_extend(bot: FakeBot) -> None:
    """A kept droplet is kept for longer, for its price."""
    bot.engine.droplets = [going(MINE, kept_until=int(START) + 600)]
    await bot.say("/docklet extend 2h")
    assert bot.engine.kept == [(MINE, int(START) + 600 + 7200)]
    assert decode(bot.talk.store.text).month("2023-11").spent == Decimal("0.0715")
    assert "$0.08" in said(bot)


async def test_extend_up_to_a_day(bot: FakeBot) -> None:
    """No droplet is kept for longer than a day from now."""
    bot.engine.droplets = [going(MINE, kept_until=int(START) + 7200)]
    await bot.say("/docklet extend 24h")
    assert bot.engine.kept == [(MINE, int(START) + 86_400)]


FIRST = int(START) + 5400
"""The deadline of a run that may take an hour."""


async def test_extend_what_runs(bot: FakeBot) -> None:
    """A script gets more time, for its price, and it is said until when and for how much."""
    bot.engine.droplets = [going(MINE, deadline=FIRST)]
    await bot.say("/docklet extend 2h")
    more = Extension(limit=10_800, deadline=FIRST + 7200, superseded=None)
    assert bot.engine.extended == [(MINE, more)]
    assert bot.engine.kept == []
    assert decode(bot.talk.store.text).month("2023-11").spent == Decimal("0.0715")
    assert "may run until `2023-11-15T01:13:20Z` now" in said(bot)
    assert "another $0.08" in said(bot)
    assert bot.reactions == ["rocket"]


async def test_extend_up_to_the_longest(bot: FakeBot) -> None:
    """No script gets more time than any may take, and one that has it all gets none."""
    bot.engine.droplets = [going(MINE, deadline=FIRST + 3600)]
    await bot.say("/docklet extend 24h")
    ((_, more),) = bot.engine.extended
    assert (more.limit, more.superseded) == (LONGEST_TIMEOUT, FIRST + 3600)
    bot.engine.droplets = [going(MINE, deadline=more.deadline)]
    await bot.say("/docklet extend 1m")
    assert len(bot.engine.extended) == 1
    assert "has all of that already" in bot.replies[-1]
    assert bot.talk.calls.count("keep") == 1


@pytest.mark.parametrize(
    ("words", "kept", "bound"),
    [
        ("/docklet keep", None, "max-cost-month"),
        ("/docklet extend 2h", int(START) + 600, "max-cost-month"),
        ("/docklet extend 2h", None, "max-cost-month"),
        ("/docklet extend 2h", None, "max-cost"),
    ],
)
async def test_no_money_left(bot: FakeBot, words: str, kept: int | None, bound: str) -> None:
    """A bound that is reached keeps and extends nothing, and is named."""
    bot.engine.droplets = [going(MINE, kept_until=kept, deadline=FIRST)]
    bot.talk.files[".github/docklet.yml"] = f"{CONFIG}commands:\n  {bound}: 0.01\n"
    await bot.say(words)
    assert (bot.engine.kept, bot.engine.extended) == ([], [])
    assert bot.reactions == ["confused"]
    assert f"{bound}:" in said(bot)
    assert "keep" not in bot.talk.calls


@pytest.mark.parametrize(("most", "fits"), [("0.12", False), ("0.13", True)])
async def test_extend_within_what_the_run_may_cost(bot: FakeBot, most: str, *, fits: bool) -> None:
    """The run's own `max-cost` holds for the whole run: here three hours and a half."""
    bot.engine.droplets = [going(MINE, deadline=FIRST)]
    bot.engine.max_cost = Decimal(most)
    await bot.say("/docklet extend 2h")
    assert bool(bot.engine.extended) is fits
    assert fits or "could cost $0.13 in all, which is more than $0.12" in said(bot)


@pytest.mark.parametrize(
    ("words", "call", "counted"),
    [
        ("/docklet keep", "plan_of", False),
        ("/docklet extend 2h", "plan_of", False),
        ("/docklet extend 2h", "extend", True),
    ],
)
async def test_script_that_has_ended(
    bot: FakeBot, words: str, call: str, *, counted: bool
) -> None:
    """What comes too late is answered with the reason, and costs nothing if that is known."""
    bot.engine.droplets = [going(MINE, deadline=FIRST)]
    bot.engine.failures[call] = [AgentError("The script has ended already.", kind="ended")]
    await bot.say(words)
    assert (bot.engine.kept, bot.engine.extended) == ([], [])
    assert bot.reactions == ["confused"]
    assert "has ended already" in said(bot)
    assert ("keep" in bot.talk.calls) is counted


async def test_logs(bot: FakeBot) -> None:
    """The last lines are shown, inert."""
    bot.engine.lines = "first\n```\n@everybody\n"
    await bot.say("/docklet logs 2")
    assert "````text\n```\n@everybody" in said(bot)
    assert "first" not in said(bot)


async def test_logs_that_can_not_be_shown(bot: FakeBot) -> None:
    """A log whose secrets nobody knows is refused with the reason."""
    bot.engine.failures["log"] = [AgentError("The log is not shown: secrets.", kind="record")]
    await bot.say("/docklet logs")
    assert bot.reactions == ["confused"]
    assert "secrets" in said(bot)


async def test_status(bot: FakeBot) -> None:
    """The runs of this conversation are listed, and no others."""
    await bot.say("/docklet status")
    assert MINE[:10] in said(bot)
    assert ELSEWHERE[:10] not in said(bot)


async def test_status_of_nothing() -> None:
    """Where nothing runs a reaction says so."""
    bot = FakeBot()
    await bot.say("/docklet status")
    assert (bot.reactions, bot.replies) == (["rocket"], [])


async def test_plan() -> None:
    """What a run would do and cost is said, and nothing is rented or set aside."""
    bot = FakeBot()
    await bot.say("/docklet plan knit timeout=30m")
    assert "at most $0.02" in said(bot)
    assert (bot.engine.carried, bot.talk.history) == ([], [])


async def test_help() -> None:
    """All commands and jobs are listed, also for the name alone."""
    bot = FakeBot()
    await bot.say("/docklet")
    assert "`/docklet stop [run]`" in said(bot)
    assert "- `knit`: `knit.R`" in said(bot)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("/docklet dance", "no command `dance`"),
        ("/docklet run nonsense", "no job `nonsense`"),
        ("/docklet run knit size=s-8vcpu-16gb", "size"),
        ("/docklet run knit digitalocean-token=x", "digitalocean-token"),
    ],
)
async def test_what_is_not_understood(words: str, told: str) -> None:
    """A command that can't be obeyed is answered with the reason, and does nothing."""
    bot = FakeBot()
    await bot.say(words)
    assert bot.reactions == ["confused"]
    assert told in said(bot)
    assert bot.engine.previewed == []


async def test_unknown_words_are_answered_with_the_jobs() -> None:
    """Who mistypes a command is told the nearest one, and what there is to run."""
    bot = FakeBot()
    await bot.say("/docklet rnu knit")
    assert "Did you mean `run`?" in said(bot)
    assert "The jobs are: `" in said(bot)


async def test_strangers_learn_nothing() -> None:
    """Who may not give commands is not told what is wrong with theirs, or in the file."""
    bot = FakeBot()
    bot.talk.files[".github/docklet.yml"] = "jobs: [broken"
    await bot.say("/docklet dance", login="eve", user_id=8)
    assert "file" not in bot.talk.calls
    assert "dance" not in said(bot)


async def test_broken_configuration() -> None:
    """A file that can't be read is said to be, with the line."""
    bot = FakeBot()
    bot.talk.files[".github/docklet.yml"] = "jobs:\n  x:\n    scrip: a.R\n"
    await bot.say("/docklet run")
    assert bot.engine.carried == []
    assert "line" in said(bot)


@pytest.mark.parametrize("words", ["Hello", "> /docklet run", "see /docklet run", ""])
async def test_no_command(words: str) -> None:
    """A comment that is no command costs nothing and gets no answer."""
    bot = FakeBot()
    await bot.say(words)
    assert (bot.talk.calls, bot.forge.calls) == ([], [])


async def test_run_that_was_refused_after_all() -> None:
    """A run that got no plan has no comment of its own, so the answer says why."""
    bot = FakeBot()
    bot.engine.begins = False
    bot.engine.outcome = Outcome(reason=Reason.QUOTA, message="No further droplet.")
    await bot.say("/docklet run")
    assert bot.reactions == ["confused"]
    assert "No further droplet" in said(bot)


async def test_preview_says_no() -> None:
    """What a plan refuses is refused before money is set aside."""
    bot = FakeBot()
    bot.engine.failures["preview"] = [CloudError("DigitalOcean is down.")]
    await bot.say("/docklet run")
    assert (bot.engine.carried, bot.talk.history) == ([], [])
    assert "DigitalOcean is down" in said(bot)


@pytest.mark.parametrize("call", ["react", "take_back"])
async def test_reactions_that_fail(call: str) -> None:
    """A reaction that can't be made or taken back stops nothing, and is told in the job's log."""
    bot = FakeBot()
    bot.talk.failures[call] = [ForgeGone("The comment is gone.")] * 9
    await bot.say("/docklet run")
    assert len(bot.engine.carried) == 1
    assert any("comment is gone" in notice for notice in bot.notices)


async def test_answer_that_fails() -> None:
    """An answer that can't be given is told in the job's log."""
    bot = FakeBot()
    bot.forge.failures["create_comment"] = [ForgeError("It is locked.")]
    await bot.say("/docklet help")
    assert bot.reactions == ["rocket"]
    assert any("It is locked" in notice for notice in bot.notices)


async def test_seen_at_once() -> None:
    """The first thing of all is that the comment is seen."""
    bot = FakeBot()
    await bot.say("/docklet run")
    assert bot.talk.calls[:2] == ["react", "standing"]
