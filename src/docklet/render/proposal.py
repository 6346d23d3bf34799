"""The pull request that proposes results: its title and its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docklet.render import sections
from docklet.render.commit import inert
from docklet.render.fence import first

if TYPE_CHECKING:
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.render.links import Links


def title(plan: Plan) -> str:
    """Return the first line of the user's message, or the script's name."""
    own = plan.spec.commit_message.strip().partition("\n")[0]
    return first(own or f"Results of {inert(plan.spec.script)}", 120)


def proposal(progress: Progress, *, now: float, links: Links) -> str:
    """Return the text of the pull request for a run that has a plan."""
    return f"{sections.facts(progress, now, links)}\n"
