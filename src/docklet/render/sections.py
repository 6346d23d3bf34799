"""The parts of a report, each a piece of Markdown or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from docklet.domain.cost import dollars
from docklet.render.bill import bill, price, spent
from docklet.render.fence import fenced, first
from docklet.render.inline import code, printable, prose
from docklet.render.repeat import repeat
from docklet.render.timeline import timeline
from docklet.render.units import amount, duration, moment
from docklet.render.words import headline, mark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from docklet.domain.outcome import Published
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.render.links import Links
    from docklet.render.mask import Mask

T = TypeVar("T")

MOST_ITEMS: Final = 10
"""Entries of a list; the rest is counted."""
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
    told = _few(lines, lambda line: prose(mask.text(line)))
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
    """Return what ran on what, where its results are, and what it cost."""
    if progress.plan is None:
        return ""
    plan, run_url = progress.plan, progress.plan.trigger.run_url
    published = progress.outcome.published if progress.outcome else None
    entries = {
        "Script": _script(plan, links),
        "Image": " ".join(map(code, filter(None, (plan.spec.image, progress.digest)))),
        "Machine": _machine(progress, plan),
        "Results": _results(published, plan, links) if published else "",
        "Cost": bill(progress, now),
        "Workflow run": links.page("its page", run_url) if run_url else "",
    }
    return "\n".join(f"- **{name}:** {text}" for name, text in entries.items() if text)


def phases(progress: Progress, now: float) -> str:
    """Return the timeline."""
    bars = timeline(progress, now)
    return fenced(bars) if bars else ""


def left_out(progress: Progress, mask: Mask) -> str:
    """Return what was made and not committed, and why."""
    published = progress.outcome.published if progress.outcome else None
    if published is None or not published.left_out:
        return ""
    told = _few(
        published.left_out,
        lambda one: f"{code(mask.text(one.path))}: {prose(mask.text(one.reason))}",
    )
    return "**Left out of the commit:**\n\n" + _listed(told)


def changed(progress: Progress, mask: Mask) -> str:
    """Return the paths that the commit changes."""
    published = progress.outcome.published if progress.outcome else None
    if published is None or not published.changed:
        return ""
    title = f"Changed files: {len(published.changed)}"
    return folded(title, _listed(_few(published.changed, lambda path: code(mask.text(path)))))


def notes(progress: Progress, mask: Mask) -> str:
    """Return what the user should know besides."""
    told = _few(progress.notes, lambda note: prose(mask.text(note)))
    return "**Notes:**\n\n" + _listed(told) if told else ""


def again(progress: Progress, mask: Mask) -> str:
    """Return how to repeat the run."""
    if progress.plan is None:
        return ""
    lines = mask.text(repeat(progress.plan, progress.digest)).split("\n")
    text = first("\n".join(map(printable, lines)), LONGEST_COMMAND)
    return folded("Run it again, on a droplet or on your own machine", fenced(text))


def folded(title: str, body: str, *, unfolded: bool = False) -> str:
    """Return a section that opens on a click; the blank lines let Markdown through."""
    opening = "<details open>" if unfolded else "<details>"
    return f"{opening}\n<summary>{title}</summary>\n\n{body}\n\n</details>"


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


def _results(published: Published, plan: Plan, links: Links) -> str:
    """Return where the results are."""
    found = []
    if published.commit:
        aside = bool(plan.branch) and not published.as_asked
        instead = f" instead of {code(plan.branch)}" if aside else ""
        branch = links.branch(published.branch)
        found.append(f"commit {links.commit(published.commit)} on {branch}{instead}")
    if published.pull_request:
        found.append(links.page("pull request", published.pull_request))
    if published.archive:
        found.append(f"archive {code(published.archive)} on the runner")
    return ", ".join(found) or "none"


def _listed(entries: list[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {entry}" for entry in entries)


def _few(entries: Sequence[T], shown: Callable[[T], str]) -> list[str]:
    """Return the first entries as they are `shown`, then how many more there are."""
    more = len(entries) - MOST_ITEMS
    told = [shown(entry) for entry in entries[:MOST_ITEMS]]
    return [*told, f"and {more} more"] if more > 0 else told
