"""The commands `run` and `plan`: from a person's words to a run that they may have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from docklet.bot import authority
from docklet.bot.engine import Order
from docklet.bot.spending import real_cost, set_aside, settle, worst_case
from docklet.domain import inputs, values
from docklet.domain.config import inputs_of
from docklet.domain.errors import DockletError
from docklet.domain.policy import Allowed, Confirm, Refused
from docklet.domain.spend import Wish
from docklet.domain.trigger import Trigger
from docklet.render import answers
from docklet.render.mask import mask_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docklet.bot.conversation import Conversation
    from docklet.bot.engine import Engine
    from docklet.domain.command import PlanRun, Run
    from docklet.domain.config import Config
    from docklet.domain.payload import CommentEvent
    from docklet.domain.progress import Progress
    from docklet.ports import Clock, Forge
    from docklet.ports.talk import Talk

_GIVEN: Final = ("registry-username", "registry-password")
"""What the workflow may give to jobs beside `env`; never to those of a fork."""
_TOKENS: Final = ("digitalocean-token", "github-token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """What a command is obeyed with."""

    talk: Talk
    forge: Forge
    engine: Engine
    clock: Clock
    given: Mapping[str, str]
    """The text of the action's inputs, as the workflow has them."""
    job: Trigger
    """The job that answers; its commit and branch are nobody's choice and not used."""
    read_config: Callable[[bytes], Config]
    notice: Callable[[str], None]
    """Tell the job's log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A comment whose author may give commands."""

    event: CommentEvent
    config: Config
    conversation: Conversation
    bot: Bot


async def plan(command: PlanRun, case: Case) -> None:
    """Answer what a run would do and cost."""
    order = await _order(command, case)
    if order is not None:
        found = await case.bot.engine.preview(order)
        await case.conversation.done(answers.planned(found, mask_of(order.secrets)))


async def run(command: Run, case: Case) -> Progress | None:
    """Begin a run and stay with it; None when none began."""
    order = await _order(command, case)
    if order is None:
        return None
    wish = await _wish(order, case)
    await case.conversation.done()
    progress = await case.bot.engine.carry_out(order)
    if wish is not None:
        await _settled(wish, progress, case.bot)
    if progress.plan is None and progress.outcome is not None:
        await case.conversation.refused(answers.explained(progress.outcome.message))
    return progress


async def _order(command: Run | PlanRun, case: Case) -> Order | None:
    """Return the run that a command asks for; None when that is answered already.

    Its words come first: nobody should name a commit for a command that can't be obeyed.
    """
    bot, bounds = case.bot, case.config.bounds
    wanted = inputs_of(case.config, command)
    decision = await authority.commit(case.event, bounds, command.sha, bot.talk)
    match decision:
        case Refused(why=why):
            await case.conversation.refused(answers.explained(why))
            return None
        case Confirm():
            await case.conversation.refused(answers.confirm(decision, case.event.body))
            return None
        case Allowed():
            return _ordered(wanted, decision, case)


def _ordered(wanted: Mapping[str, str], allowed: Allowed, case: Case) -> Order:
    """Return the run of a commit that was decided on; raise `InvalidInputs`."""
    bot, head, event = case.bot, allowed.head, case.event
    raw = _inputs(wanted, bot.given, allowed)
    return Order(
        spec=inputs.parse(raw, actor=event.author),
        trigger=replace(
            bot.job,
            sha=head.sha,
            branch="" if head.fork else head.branch,
            actor=event.author,
            issue=event.issue,
        ),
        key=bot.engine.new_key(),
        secrets=inputs.secrets_of(raw),
        may_push=authority.still(event, case.config.bounds, bot.talk),
    )


def _inputs(
    wanted: Mapping[str, str], given: Mapping[str, str], allowed: Allowed
) -> dict[str, str]:
    """Return all inputs of a run: the job's, and what only the workflow can give.

    What a stranger wrote gets no secret, and its results are pushed nowhere.
    """
    tokens = {name: given.get(name, "") for name in _TOKENS}
    raw = {**wanted, **tokens, "comment": "auto"}
    if not allowed.secrets:
        return {**raw, "push": "none"}
    raw |= {name: given[name] for name in _GIVEN if given.get(name)}
    both = [*values.lines(wanted.get("env", "")), *values.lines(given.get("env", ""))]
    return {**raw, "env": "\n".join(both)}


async def _wish(order: Order, case: Case) -> Wish | None:
    """Set aside what a run may cost; None where nothing bounds it. Raises `InvalidInputs`."""
    bot, bounds = case.bot, case.config.bounds
    found = await bot.engine.preview(order)
    if bounds.max_cost_month is None and bounds.concurrent is None:
        return None
    now = bot.clock.now()
    alive = {one.key for one in await bot.engine.going() if one.listed(now).state.in_use}
    wish = Wish(run=order.key, dollars=worst_case(found), at=now, alive=frozenset(alive))
    await set_aside(wish, bounds, bot.talk, bot.clock)
    return wish


async def _settled(wish: Wish, progress: Progress, bot: Bot) -> None:
    """Note what a run has cost; what can't be noted counts as what it might have cost."""
    cost = real_cost(progress)
    if cost is None:
        bot.notice(_UNSETTLED)
        return
    try:
        await settle(wish, cost, bot.talk, bot.clock)
    except DockletError as error:
        bot.notice(f"{error.message} {_UNSETTLED}")


_UNSETTLED: Final = "The run counts this month with all that it might have cost."
