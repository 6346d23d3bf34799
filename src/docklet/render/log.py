"""Plain lines that tell a run's story in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.cost import dollars
from docklet.domain.events import (
    DropletCreated,
    DropletGone,
    DropletKept,
    DropletReached,
    Ended,
    ImagePulled,
    Noticed,
    Phase,
    PhaseEnded,
    Planned,
)
from docklet.domain.left_out import count
from docklet.render.bill import price, spent
from docklet.render.fence import first
from docklet.render.inline import printable
from docklet.render.units import changed_lines, duration, moment
from docklet.render.words import ending

if TYPE_CHECKING:
    from docklet.domain.events import Event
    from docklet.domain.outcome import Outcome, Published
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress, Span

MOST_LEFT_OUT: Final = 100
"""Results that were left out and are named; the rest is counted."""
LONGEST_NAME: Final = 300
"""Characters of a path; the archive's manifest has it whole."""


def lines(event: Event, progress: Progress) -> tuple[str, ...]:
    """Return what to print about `event`, given the `progress` that it led to; often nothing.

    The lines hold no control characters, whatever names the user chose.
    """
    return tuple(printable(line) for line in _lines(event, progress))


def ends_log(event: Event) -> bool:
    """Tell whether the script writes nothing after `event`."""
    match event:
        case PhaseEnded(phase=Phase.RUN) | Ended():
            return True
        case _:
            return False


def phase_line(span: Span, now: float) -> str:
    """Return a phase's name and duration, aligned with the others."""
    seconds = duration((now if span.ended is None else span.ended) - span.started)
    return f"{span.phase:<8}{seconds:>11}{'' if span.ok else '  failed'}"


def _lines(event: Event, progress: Progress) -> tuple[str, ...]:
    """Return what to print about `event`."""
    match event:
        case Planned(plan=plan):
            return _planned(plan)
        case PhaseEnded(phase=phase, at=at):
            spans = [span for span in progress.spans if span.phase is phase]
            return (phase_line(spans[-1], at),) if spans else ()
        case ImagePulled(digest=digest):
            return (f"The image is {digest}.",) if digest else ()
        case Noticed(message=message):
            return tuple(message.splitlines())
        case Ended(outcome=outcome, at=at):
            return _ended(outcome, progress, at)
        case _:
            return _droplet(event)


def _droplet(event: Event) -> tuple[str, ...]:
    """Return what to print about the machine."""
    match event:
        case DropletCreated(droplet_id=droplet_id, region=region):
            return (f"Droplet {droplet_id} was created in {region}.",)
        case DropletReached(address=address):
            return (f"The droplet answers at {address}.",)
        case DropletKept(until=until, price_hourly=hourly, ssh=ssh, droplet_id=droplet_id):
            kept = f"Droplet {droplet_id} is kept until {moment(until)}, at {price(hourly)}."
            return (kept, f"Get in with: {ssh}")
        case DropletGone(droplet_id=droplet_id):
            return (f"Droplet {droplet_id} is gone.",)
        case _:
            return ()


def _planned(plan: Plan) -> tuple[str, ...]:
    """Return what will be done."""
    spec, size = plan.spec, plan.size
    what = f"Run {plan.identity.key}: {spec.script} in {spec.path} at {plan.sha}"
    image = f"Image {spec.image}"
    if spec.droplet:
        return (what, image, f"On the existing droplet {spec.droplet}, which is not deleted.")
    if not size.price_hourly:
        return (what, image)
    worst = f"at most {dollars(plan.worst_cost)}"
    return (what, image, f"Size {size.slug} at {price(size.price_hourly)}; {worst}.")


def _ended(outcome: Outcome, progress: Progress, at: float) -> tuple[str, ...]:
    """Return how it ended, and where everything is."""
    cost = spent(progress, at)
    bill = f", {dollars(cost)}" if cost is not None else ""
    told = (f"{ending(outcome)} {duration(outcome.seconds)}{bill}",)
    where = _where(outcome.published) if outcome.published else ()
    return (*told, *outcome.message.splitlines(), *where)


def _where(published: Published) -> tuple[str, ...]:
    """Return where the results are."""
    found = []
    if published.commit:
        lines = f" ({changed_lines(published.lines)})" if published.lines else ""
        found.append(f"The results are commit {published.commit} on {published.branch}{lines}.")
    if published.pull_request:
        found.append(f"The pull request is {published.pull_request}")
    told = published.left_out[:MOST_LEFT_OUT]
    found += [f"Left out: {first(one.path, LONGEST_NAME)}: {one.reason}" for one in told]
    if more := count(published.left_out) - len(told):
        found.append(f"Left out: {more} more")
    if published.archive:
        found.append(f"The archive of the results is {published.archive}")
    return tuple(found)
