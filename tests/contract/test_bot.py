"""Commands in comments, from the event to the last word: real adapters, in virtual time."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from docklet.domain.firewall import TAG
from docklet.domain.identity import identity_of
from docklet.domain.outcome import Reason
from docklet.pipeline.reap import discard
from docklet.wiring import site_of
from docklet_sandbox import virtual_time
from docklet_sandbox.forge import arrange, contributions, observe
from docklet_sandbox.light.script import Script
from tests.contract.bot_stage import CONFIG, talking
from tests.contract.stage import REPO

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.contract.bot_stage import BotStage

SLOW = Script(output=[(1.0, b"begun\n")], lasts=3000.0, files={"out.csv": b"1\n"})


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what runs a test on a stage of its own, in virtual time."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")

    def playing(test: Callable[[BotStage], Awaitable[Any]], **settings: Any) -> Any:  # noqa: ANN401
        async def main() -> None:
            async with talking(tmp_path, **settings) as stage:
                await test(stage)
                assert stage.stage.violations() == []
                assert stage.stage.sandbox.desk.estate.living() == []

        return virtual_time.run(main())

    return playing


def test_run(play: Callable[..., Any]) -> None:
    """A job of the configuration runs at the pull request's head, and its results go there."""

    async def test(bot: BotStage) -> None:
        bot.stage.sandbox.machines.perform(Script(files={"out.csv": b"1\n"}))
        finished = await bot.say("/docklet run hello")
        assert finished is not None
        assert finished.outcome.reason is Reason.DONE
        assert bot.reactions == [["rocket"]]
        assert bot.replies == []
        (report,) = bot.reports
        assert "The script succeeded" in report
        newest, base, *_ = await bot.stage.log("change")
        assert list(newest["parents"]) == [base["sha"]]
        assert (await bot.stage.log())[0]["message"].startswith("Change")

    play(test)


def test_stop(play: Callable[..., Any]) -> None:
    """Somebody else's job stops the script; the run's own process brings its results home."""

    async def test(bot: BotStage) -> None:
        bot.stage.sandbox.machines.perform(SLOW)
        going = asyncio.ensure_future(bot.say("/docklet run"))
        await asyncio.sleep(600)
        assert await bot.say("/docklet stop") is None
        finished = await going
        assert finished is not None
        assert finished.outcome.reason is Reason.CANCELLED
        assert "on request of ada" in finished.outcome.message
        assert finished.outcome.published is not None
        assert finished.outcome.published.branch.startswith("docklet/results-")
        assert bot.reactions == [["rocket"], ["rocket"]]
        assert "is being stopped" in bot.replies[0]

    play(test)


@pytest.mark.parametrize("seconds", [-2.0, 0.0, 2.0])
def test_push_around_the_comment(play: Callable[..., Any], seconds: float) -> None:
    """Only what was pushed before the comment runs, whatever its author says of the date."""

    async def test(bot: BotStage) -> None:
        bot.stage.sandbox.machines.perform(Script())
        comment = await bot.comment("/docklet run")
        at = bot.stage.clock.now() + seconds
        sha = await bot.push({"run.sh": "echo evil\n"}, at=at, dated=at - 86_400)
        finished = await bot.answer(comment)
        if seconds < 0:
            assert finished is not None
            assert finished.progress.plan is not None
            assert finished.progress.plan.sha == sha
            return
        assert (finished, bot.created) == (None, 0)
        assert bot.reactions == [["confused"]]
        assert f"/docklet run sha={sha}" in bot.replies[0]
        again = await bot.say(f"/docklet run sha={sha}")
        assert again is not None
        assert again.outcome.reason is Reason.DONE

    play(test)


def test_role_that_is_lost_meanwhile(play: Callable[..., Any]) -> None:
    """Results of somebody who may not write any more go to a branch of their own."""

    async def test(bot: BotStage) -> None:
        bot.stage.sandbox.machines.perform(SLOW)
        going = asyncio.ensure_future(bot.say("/docklet run"))
        await asyncio.sleep(600)
        await arrange.role(bot.stage.sandbox.desk.forge, REPO, "ada", "read")
        finished = await going
        assert finished is not None
        assert finished.outcome.reason is Reason.PUSHED_ELSEWHERE
        assert finished.outcome.published is not None
        assert finished.outcome.published.branch.startswith("docklet/results-")
        assert any("yours is `read`" in note for note in finished.progress.notes)

    play(test)


def test_stranger(play: Callable[..., Any]) -> None:
    """Who may not write gets a reaction and a reason; nothing is rented."""

    async def test(bot: BotStage) -> None:
        assert await bot.say("/docklet run", login="eve") is None
        assert (bot.created, bot.reactions) == (0, [["confused"]])
        assert "`read`" in bot.replies[0]

    play(test)


def test_logs_of_a_run_with_secrets(play: Callable[..., Any]) -> None:
    """Another job shows a log, and blanks out what only the run's own job was given."""

    async def test(bot: BotStage) -> None:
        words = b"one\nthe key is canary-value\nlast\n"
        bot.stage.sandbox.machines.perform(replace(SLOW, output=[(1.0, words)]))
        bot.given = {"env": "KEY=canary-value"}
        going = asyncio.ensure_future(bot.say("/docklet run"))
        await asyncio.sleep(600)
        bot.given = {}
        await bot.say("/docklet logs 2")
        await bot.say("/docklet status")
        await bot.say("/docklet stop")
        await going
        log, status, _ = bot.replies
        assert "the key is ***\nlast" in log
        assert "one" not in log
        assert "canary" not in "".join(bot.bodies)
        assert "running" in status

    play(test)


def test_month_that_is_spent(play: Callable[..., Any]) -> None:
    """Commands at the same moment are counted one after another, by the forge's own rules."""
    config = f"{CONFIG}commands:\n  max-cost-month: 0.12\n"

    async def test(bot: BotStage) -> None:
        bot.stage.sandbox.machines.perform(SLOW)
        done = await asyncio.gather(*(bot.say("/docklet run") for _ in range(4)))
        begun = [one for one in done if one is not None]
        assert len(begun) == bot.created == 2
        assert sum("max-cost-month" in reply for reply in bot.replies) == 2
        kept = await observe.show(
            bot.stage.sandbox.desk.forge, REPO, "spend.json", "refs/docklet/spend"
        )
        assert b'"reserved": {}' in base64.b64decode(kept)

    play(test, config=config)


def test_fork(play: Callable[..., Any]) -> None:
    """What comes from a fork runs where it is allowed, named, and without anything secret."""
    config = f"{CONFIG}commands:\n  forks: true\n"

    async def test(bot: BotStage) -> None:
        forge = bot.stage.sandbox.desk.forge
        bot.stage.sandbox.machines.perform(Script(files={"out.csv": b"1\n"}))
        await arrange.create(forge, "eve/template", {}, parent=REPO)
        sha = await contributions.push(
            forge, "eve/template", {"run.sh": "env\n"}, "evil", login="eve"
        )
        number = await contributions.pull(forge, REPO, "eve:evil")
        bot.given = {"env": "KEY=canary-value"}
        assert await bot.say("/docklet run", number=number) is None
        finished = await bot.say(f"/docklet run sha={sha}", number=number)
        assert finished is not None
        assert finished.progress.plan is not None
        assert finished.progress.plan.spec.env == {}
        assert finished.outcome.published is not None
        assert (finished.outcome.published.commit, bot.created) == ("", 1)
        assert "archive" in bot.reports[0]

    play(test, config=config)


def test_extend(play: Callable[..., Any]) -> None:
    """Another job gives a script more time, beyond the deadline that its droplet began with."""

    async def test(bot: BotStage) -> None:
        bot.stage.sandbox.machines.perform(replace(SLOW, lasts=2.5 * 3600))
        going = asyncio.ensure_future(bot.say("/docklet run"))
        await asyncio.sleep(600)
        await bot.say("/docklet extend 1h")
        await bot.say("/docklet extend 1h")
        await bot.say("/docklet extend 24h")
        finished = await going
        assert finished is not None
        assert finished.outcome.reason is Reason.DONE
        assert "another $0.04" in bot.replies[0]
        assert "another $0.09" in bot.replies[2]
        unused = await site_of(bot.stage.settings).cloud.unused_tags()
        assert [tag for tag in unused if tag != TAG] == []

    play(test)


def test_extend_in_vain(play: Callable[..., Any]) -> None:
    """A script that needs more time than it was given is ended by its new limit."""

    async def test(bot: BotStage) -> None:
        bot.stage.sandbox.machines.perform(replace(SLOW, lasts=2.5 * 3600))
        going = asyncio.ensure_future(bot.say("/docklet run"))
        await asyncio.sleep(600)
        await bot.say("/docklet extend 30m")
        finished = await going
        assert finished is not None
        assert finished.outcome.reason is Reason.TIMED_OUT
        assert "its time limit of 1h30m and" in finished.outcome.message

    play(test)


def test_keep(play: Callable[..., Any]) -> None:
    """Another job has the droplet kept, and one more keeps it for longer."""

    async def test(bot: BotStage) -> None:
        bot.stage.sandbox.machines.perform(SLOW)
        going = asyncio.ensure_future(bot.say("/docklet run"))
        await asyncio.sleep(600)
        await bot.say("/docklet keep")
        finished = await going
        assert finished is not None
        assert finished.progress.kept is not None
        until = finished.progress.kept.until
        await bot.say("/docklet extend 2h")
        site = site_of(bot.stage.settings)
        (droplet,) = await site.cloud.droplets()
        found = identity_of(droplet.name, droplet.tags)
        assert found is not None
        assert found.kept_until == until + 7200
        await discard(droplet, found, site)
        assert not any(found.key in tag for tag in await site.cloud.unused_tags())

    play(test)
