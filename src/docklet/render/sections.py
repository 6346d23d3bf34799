"""The parts of a report, each a piece of Markdown or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.domain.cost import dollars
from docklet.render.bill import bill, price, spent
from docklet.render.chart import chart
from docklet.render.fence import fenced, first
from docklet.render.folding import few, folded, listed
from docklet.render.gantt import gantt
from docklet.render.inline import code, printable, prose
from docklet.render.repeat import repeat
from docklet.render.results import Results
from docklet.render.timeline import timeline
from docklet.render.units import amount, duration, moment
from docklet.render.words import headline, mark

if TYPE_CHECKING:
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.render.links import Links
    from docklet.render.mask import Mask

LONGEST_COMMAND: Final = 2000
"""Characters of the lines that repeat a run."""


def status_line(progress: Progress, now: float) -> str:
    """Return where the run is, on one line that a phone can show."""
    cost = spent(progress, now)
    more = "" if progress.outcome else " so far"
    facts = [f"{duration(_elapsed(progress, now))}{more}"] if progress.started else []
    facts += [f"{dollars(cost)}{more}"] if cost is not None else []
    return f"{mark(progress)} **{headline(progress)}** {' · '.join(facts)}".strip()


def description(progress: Progress, now: float) -> str:
    """Return where the run is as plain text for a commit status: at most 140 characters."""
    return f"{headline(progress)} {duration(_elapsed(progress, now))}"[:140]


def explanation(progress: Progress, mask: Mask) -> str:
    """Return what happened and what to do about it, quoted."""
    message = progress.outcome.message if progress.outcome else ""
    lines = [line for line in message.splitlines() if line.strip()]
    told = few(lines, lambda line: prose(mask.text(line)))
    return f"> {told[0]}" if len(told) == 1 else "\n".join(f"> - {line}" for line in told)


def kept(progress: Progress) -> str:
    """Return how to reach the droplet that was kept, until when, and what it costs."""
    droplet, plan = progress.kept, progress.plan
    if droplet is None or plan is None:
        return ""
    return (
        f"**Droplet {droplet.droplet_id} is kept until {moment(droplet.until)}** and costs"
        f" {price(droplet.price_hourly)} until it is deleted. Get in with\n\n"
        f"{fenced(printable(droplet.ssh))}\n\n"
        f"and delete it sooner with `docklet rm {plan.identity.key}`."
    )


def facts(progress: Progress, now: float, links: Links) -> str:
    """Return what ran on what, and what it cost."""
    if progress.plan is None:
        return ""
    plan, run_url = progress.plan, progress.plan.trigger.run_url
    entries = {
        "Script": _script(plan, links),
        "Image": " ".join(map(code, filter(None, (plan.spec.image, progress.digest)))),
        "Machine": _machine(progress, plan),
        "Cost": bill(progress, now),
        "Workflow run": links.page("its page", run_url) if run_url else "",
    }
    return "\n".join(f"- **{name}:** {text}" for name, text in entries.items() if text)


def phases(progress: Progress, now: float) -> str:
    """Return the timeline: drawn by the forge once it stands still, as bars of text before."""
    if progress.outcome is not None:
        return gantt(progress)
    bars = timeline(progress, now)
    return fenced(bars) if bars else ""


def machine_use(progress: Progress) -> str:
    """Return how the machine was used over time."""
    usage = progress.outcome.usage if progress.outcome else None
    return chart(usage) if usage else ""


def results(progress: Progress, links: Links, mask: Mask) -> str:
    """Return where the results are, with pictures, documents and the names of files."""
    published = progress.outcome.published if progress.outcome else None
    if published is None or progress.plan is None:
        return ""
    found = Results(published=published, plan=progress.plan, links=links, mask=mask)
    place = f"**Results:** {found.place()}"
    parts = (place, found.archive(), found.documents(), found.pictures(), found.files())
    return "\n\n".join(filter(None, parts))


def left_out(progress: Progress, mask: Mask) -> str:
    """Return what was made and not committed, and why."""
    published = progress.outcome.published if progress.outcome else None
    if published is None or not published.left_out:
        return ""
    told = few(
        published.left_out,
        lambda one: f"{code(mask.text(one.path))}: {prose(mask.text(one.reason))}",
        more=sum(one.more for one in published.left_out),
    )
    return "**Left out of the commit:**\n\n" + listed(told)


def notes(progress: Progress, mask: Mask) -> str:
    """Return what the user should know besides."""
    told = few(progress.notes, lambda note: prose(mask.text(note)))
    return "**Notes:**\n\n" + listed(told) if told else ""


def again(progress: Progress, mask: Mask) -> str:
    """Return how to repeat the run."""
    if progress.plan is None:
        return ""
    lines = mask.text(repeat(progress.plan, progress.digest)).split("\n")
    text = first("\n".join(map(printable, lines)), LONGEST_COMMAND)
    return folded("Run it again, on a droplet or on your own machine", fenced(text))


def _elapsed(progress: Progress, now: float) -> float:
    """Return the seconds that the run has taken."""
    return progress.outcome.seconds if progress.outcome else now - progress.started


def _script(plan: Plan, links: Links) -> str:
    """Return what ran, from where."""
    spec = plan.spec
    place = "" if spec.path == "." else f" in {code(spec.path)}"
    return f"{code(spec.script)}{place} at {links.commit(plan.sha)}"


def _machine(progress: Progress, plan: Plan) -> str:
    """Return what it ran on."""
    size, droplet = plan.size, progress.droplet_id
    region = progress.region or ", ".join(plan.spec.regions)
    shape = f"{size.vcpus} vCPUs, {amount(size.memory * 1024**2)}"
    named = f", droplet {droplet}" if droplet else ""
    return f"{code(size.slug)} in {code(region)} ({shape}){named}"
