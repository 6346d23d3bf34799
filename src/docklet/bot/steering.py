"""The commands about runs that are there: `stop`, `keep`, `extend`, `logs` and `status`."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Final

from docklet.bot.spending import count
from docklet.domain.cost import cost_of, dollars
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.extension import check_cost, extended
from docklet.domain.fields import LONGEST_KEEP
from docklet.domain.spend import Wish
from docklet.render import answers
from docklet.render.comment import run_of
from docklet.render.units import moment

if TYPE_CHECKING:
    from docklet.bot.engine import Going
    from docklet.bot.running import Case
    from docklet.domain.command import Extend, Keep, Logs, Stop

SEARCHED: Final = 48 * 3600.0
"""Seconds back to which comments are looked through; no droplet lives as long."""
LOOKS: Final = (0.0, 5.0, 10.0, 15.0)
"""Seconds before each look for a droplet, which a young run may not have yet."""


async def stop(command: Stop, case: Case) -> None:
    """End a run: its results are kept where they do not get in the way."""
    found = await _meant(command.run, case)
    told = await case.bot.engine.stop(found, case.event.author)
    await case.conversation.done(answers.about_run(found.key, told))


async def keep(command: Keep, case: Case) -> None:
    """Have the droplet of a run kept for debugging when its script has ended."""
    found = await _meant(command.run, case)
    kept = found.identity.kept_until
    if kept is None:
        plan = await case.bot.engine.plan_of(found)
        await _counted(found, plan.spec.keep_for, case)
        told = await case.bot.engine.keep(found)
    else:
        told = _KEPT.format(until=moment(kept))
    await case.conversation.done(answers.about_run(found.key, told))


async def extend(command: Extend, case: Case) -> None:
    """Give a script, or a kept droplet, more time, within what either may have and may cost."""
    found = await _meant(command.run, case)
    kept = found.identity.kept_until
    if kept is None:
        told = await _script(found, command.seconds, case)
    else:
        told = await _kept(found, kept, command.seconds, case)
    await case.conversation.done(answers.about_run(found.key, told))


async def _kept(run: Going, kept: int, seconds: int, case: Case) -> str:
    """Keep a droplet for longer; say until when."""
    until = min(kept + seconds, int(case.bot.clock.now()) + LONGEST_KEEP)
    more = await _counted(run, until - kept, case)
    await case.bot.engine.keep_until(run, until)
    return _KEPT_ON.format(until=moment(until), more=dollars(more))


async def _script(run: Going, seconds: int, case: Case) -> str:
    """Let a script take longer if the whole run stays within what one may cost; say how long."""
    engine, deadline = case.bot.engine, run.identity.deadline
    plan = await engine.plan_of(run)
    extension = extended(plan, deadline, seconds)
    lifetime = extension.deadline - run.droplet.created
    worst = cost_of(lifetime, run.droplet.price_hourly)
    check_cost(worst, plan.spec.max_cost, case.config.bounds.max_cost)
    more = await _counted(run, extension.deadline - deadline, case)
    until = await engine.extend(run, extension)
    return _EXTENDED.format(until=moment(until), more=dollars(more))


async def _counted(run: Going, seconds: int, case: Case) -> Decimal:
    """Count what a droplet costs for so much longer; raise `InvalidInputs` above a bound."""
    bot = case.bot
    price = Decimal(seconds) * run.droplet.price_hourly / 3600
    more = price.quantize(Decimal("0.0001"), ROUND_UP)
    wish = Wish(run=run.key, dollars=more, at=bot.clock.now())
    await count(wish, case.config.bounds, bot.talk, bot.clock)
    return more


async def logs(command: Logs, case: Case) -> None:
    """Answer with the end of a run's log."""
    found = await _meant(command.run, case)
    text = await case.bot.engine.log(found, command.lines)
    await case.conversation.done(answers.log(found.key, text))


async def status(case: Case) -> None:
    """Answer which runs of this conversation have a droplet."""
    here = await _here(case)
    now = case.bot.clock.now()
    await case.conversation.done(answers.status([one.listed(now) for one in here]))


async def _meant(word: str, case: Case) -> Going:
    """Return the run that a person means: by its key, else the newest of this conversation."""
    found: list[Going] = []
    for wait in LOOKS:
        await case.bot.clock.sleep(wait)
        found = await _named(word, case) if word else await _here(case)
        if found:
            break
    if not found:
        raise InvalidInputs((Problem(name="run", message=_NONE.format(which=_which(word))),))
    if word and len(found) > 1:
        raise InvalidInputs((Problem(name="run", message=_MANY.format(word=word)),))
    return found[0]


async def _named(word: str, case: Case) -> list[Going]:
    """Return the repository's runs whose key begins so."""
    return [one for one in await case.bot.engine.going() if one.key.startswith(word)]


async def _here(case: Case) -> list[Going]:
    """Return the runs that were commented on in this conversation, the newest first."""
    since = case.bot.clock.now() - SEARCHED
    recent = await case.bot.forge.recent_comments(since)
    keys = {run_of(one.body) for one in recent if one.place.issue == case.event.issue}
    return [one for one in await case.bot.engine.going() if one.key in keys]


def _which(word: str) -> str:
    """Say which run was looked for."""
    return f"`{word}`" if word else "this conversation"


_NONE: Final = (
    "No run of {which} has a droplet. It has ended, or it has not got one yet: then try again in a"
    " minute. A run from elsewhere goes by its key, which its comment begins with in `docklet ls`."
)
_KEPT: Final = "Its droplet is kept already, until {until}."
_KEPT_ON: Final = "Its droplet is kept until {until}. That costs another {more}."
_EXTENDED: Final = (
    "Its script may run until {until} now. That may cost another {more}. The `timeout-minutes` of"
    " its job are not changed: when the job ends, the run does."
)
_MANY: Final = "`{word}` begins more than one run's key. Give more digits."
