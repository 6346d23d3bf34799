"""Look at every droplet of ours and bring those in order that nobody looks after any more.

Two passes with a wait between, which is longer than two signs of life are apart, and a last look
right before anything is done. A mistake must not be able to empty an account, so a sweep is
bounded, and does nothing at all when it would hit more than half of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.errors import CloudError, DockletError
from docklet.domain.events import Noticed
from docklet.domain.identity import identity_of
from docklet.domain.outcome import Reason
from docklet.domain.state import State
from docklet.domain.triage import Action, Case, Decision, decide
from docklet.pipeline.examine import Office, agent_on, examine
from docklet.pipeline.lease import RENEWAL
from docklet.pipeline.reap import MOST, discard, too_many
from docklet.pipeline.rescue import Hands, rescue
from docklet.pipeline.world import together

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from typing import TypeVar

    from docklet.domain.identity import RunKey
    from docklet.pipeline.world import Site
    from docklet.ports import Droplet

    F = TypeVar("F", bound="Found")
    T = TypeVar("T")

BETWEEN: Final = RENEWAL + 5.0
"""Seconds between the two passes."""
WAKING: Final = (20.0, 10.0, 15.0, 20.0, 30.0)
"""Seconds before each look at a droplet that was switched on; it takes a minute to boot."""
AT_ONCE: Final = 4
"""Droplets that are seen to at the same time."""
_KEPT: Final = "is kept on purpose, now that its run is finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A droplet of ours, and what becomes of it."""

    droplet: Droplet
    case: Case
    decision: Decision
    failed: bool = False
    """Whether something should have been done, and could not be."""

    @property
    def key(self) -> RunKey:
        """The run that it was made for."""
        return self.case.identity.key


async def survey(office: Office, site: Site) -> tuple[tuple[Found, ...], int]:
    """Look at all droplets of ours; return what becomes of each, and how many there are in all."""
    droplets = await droplets_of(site)
    found = await each_of(droplets, lambda droplet: _judged(droplet, office, site))
    return tuple(one for one in found if one is not None), len(droplets)


async def sweep(
    office: Office, hands: Hands, site: Site, *, force: bool = False
) -> tuple[Found, ...]:
    """Bring in order what needs it, and return what became of each droplet of ours.

    Raises `CloudError` when more than half of the account would go, unless `force` is given.
    """
    found, total = await survey(office, site)
    chosen = _chosen(found)
    if not chosen:
        return found
    if not force and (refusal := too_many(len(chosen), total)):
        raise CloudError(refusal, reason=Reason.NOT_DELETED)
    if any(one.case.state is not State.EXPIRED for one in chosen):
        await site.clock.sleep(BETWEEN)
    results = {Action.TAKE_UP, Action.WAKE}
    finished = [one for one in chosen if one.decision.action in results]
    others = [one for one in chosen if one.decision.action not in results]
    done = await each_of(others, lambda one: _seen_to(one, office, hands, site))
    # One after another: they push to the same branch, and would lose races against each other.
    done += await each_of(finished, lambda one: _seen_to(one, office, hands, site), at_once=1)
    now = {one.droplet.droplet_id: one for one in done}
    return tuple(now.get(one.droplet.droplet_id, one) for one in found)


def _chosen(found: Iterable[Found]) -> tuple[Found, ...]:
    """Return what has to be seen to, the oldest first, and no more than one sweep may."""
    needy = [one for one in found if one.decision.action is not Action.LEAVE]
    return tuple(sorted(needy, key=lambda one: one.droplet.created)[:MOST])


async def droplets_of(site: Site) -> tuple[Droplet, ...]:
    """Return all droplets of the account."""
    plain, gpus = await together(site.cloud.droplets(), site.cloud.gpu_droplets())
    return (*plain, *gpus)


async def _judged(droplet: Droplet, office: Office, site: Site) -> Found | None:
    """Look at a droplet and decide; None for one that is not ours."""
    identity = identity_of(droplet.name, droplet.tags)
    if identity is None:
        return None
    case = await examine(droplet, identity, office, site)
    return Found(droplet=droplet, case=case, decision=decide(case))


async def _seen_to(found: Found, office: Office, hands: Hands, site: Site) -> Found:
    """Take the last look at a droplet and act on it; what fails is told, and stops nobody."""
    try:
        droplet = await site.cloud.droplet(found.droplet.droplet_id)
        again = None if droplet is None else await _judged(droplet, office, site)
        if again is None:
            return left(found, "is gone already")
        match again.decision.action:
            case Action.LEAVE:
                return again
            case Action.DELETE:
                return await _delete(again, office, hands, site)
            case Action.TAKE_UP:
                return await _take_up(again, office, hands, site)
            case Action.WAKE:
                return await _wake(again, office, hands, site)
    except DockletError as error:
        site.tell(Noticed(at=site.clock.now(), message=error.message))
        return replace(left(found, "could not be seen to; try again"), failed=True)


async def _delete(found: Found, office: Office, hands: Hands, site: Site) -> Found:
    """Delete a droplet, once nobody else can think that the run is theirs."""
    if found.case.state is not State.EXPIRED and not await _claimed(found, office, site):
        return left(found, "was taken up by another process")
    await discard(found.droplet, found.case.identity, site)
    await hands.deleted(found.droplet, found.case)
    return found


async def _claimed(found: Found, office: Office, site: Site) -> bool:
    """Take the lease; where no agent ever arrived, there is none to take."""
    look = found.case.look
    if look is None or look.lease is None:
        return True
    agent = agent_on(found.droplet, found.case.identity, office, site)
    try:
        return await agent.hold(office.holder, over=office.stale_after)
    finally:
        await agent.close()


async def _take_up(found: Found, office: Office, hands: Hands, site: Site) -> Found:
    """Finish a run; past its deadline its droplet goes even if that fails."""
    last_chance = found.case.state is State.EXPIRED
    over = 0.0 if last_chance else office.stale_after
    try:
        saved = await rescue(
            found.droplet, found.case, office, hands, site, over=over, last_chance=last_chance
        )
    except DockletError:
        if not last_chance:
            raise
        return await _delete(found, office, hands, site)
    if saved is None:
        return left(found, "was taken up by another process")
    return found if saved.kept is None else left(found, _KEPT)


async def _wake(found: Found, office: Office, hands: Hands, site: Site) -> Found:
    """Switch a droplet on and do with it what fits, once it has said how far its script came."""
    try:
        if not await site.cloud.power_on(found.droplet.droplet_id):
            return left(found, "is off, and can't be switched on now")
    except CloudError as error:
        if error.reason is not Reason.CLOUD_DENIED:
            raise
        return left(found, f"is off, and stays so until its deadline: {error.message.rstrip('.')}")
    for wait in WAKING:
        await site.clock.sleep(wait)
        droplet = await site.cloud.droplet(found.droplet.droplet_id)
        again = None if droplet is None else await _judged(droplet, office, site)
        if again is None:
            return left(found, "is gone already")
        match again.decision.action:
            case Action.DELETE:
                return await _delete(again, office, hands, site)
            case Action.TAKE_UP:
                return await _take_up(again, office, hands, site)
            case Action.LEAVE | Action.WAKE:
                found = again
    return left(found, f"was switched on: it {found.decision.why}")


def left(found: F, why: str) -> F:
    """Return what was left alone after all."""
    decision = Decision(action=Action.LEAVE, why=why)
    return replace(found, decision=decision)


async def each_of(
    ones: Iterable[Any],
    work: Callable[[Any], Coroutine[Any, Any, T]],
    *,
    at_once: int = AT_ONCE,
) -> tuple[T, ...]:
    """Do something with each of many, a few at a time; a defect is raised when all is done."""
    turns = asyncio.Semaphore(at_once)

    async def in_turn(one: Any) -> T:  # noqa: ANN401 - whatever there are many of
        async with turns:
            return await work(one)

    done = await asyncio.gather(*map(in_turn, ones), return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return tuple(one for one in done if not isinstance(one, BaseException))
