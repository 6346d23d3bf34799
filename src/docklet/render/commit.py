"""The results commit's message: what was run, and in trailers how it was made.

Forges read mentions and `fixes #1` in commit messages, and nothing there can be fenced. A
zero-width space takes the meaning from names that the user did not write as a message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from docklet.domain.events import Phase
from docklet.render.bill import spent
from docklet.render.fence import first
from docklet.render.inline import printable
from docklet.render.repeat import pinned
from docklet.render.units import duration

if TYPE_CHECKING:
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress

COMMITTER: Final = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
"""The account that `github.token` belongs to, under the address that links commits to it."""
LONGEST_SUBJECT: Final = 72
_MEANINGFUL: Final = re.compile(r"(?<![A-Za-z0-9])@|#(?=\d)")
"""An `@` inside a word, as in an image's digest, mentions nobody."""
_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,63})(?:\[bot\])?")
_TRAILER: Final = re.compile(r"[A-Za-z0-9-]+: .+")


def commit_message(
    plan: Plan, progress: Progress, *, now: float, exit_code: int | None = None
) -> str:
    """Return the message of the results commit.

    The user's own message comes first, as it is. Cost and duration are those until `now`, since
    the droplet lives on until the push is done. `exit_code` is the script's, told unless it is 0.
    """
    own = plan.spec.commit_message.replace("\0", "").strip()
    body = own or _generated(plan)
    trailers = "\n".join(f"{key}: {value}" for key, value in _trailers(plan, progress, now))
    if exit_code:
        trailers += f"\nDocklet-Exit-Code: {exit_code}"
    return f"{body}{_gap(body)}{trailers}\n"


def author_of(actor: str) -> str:
    """Return the author for results that `actor` asked for; the committer when nobody did."""
    if not _LOGIN.fullmatch(actor) or actor == "github-actions[bot]":
        return COMMITTER
    return f"{actor} <{actor}@users.noreply.github.com>"


def inert(text: str) -> str:
    """Return foreign text on one line, with no mention and no issue number in it."""
    return _MEANINGFUL.sub(lambda found: f"{found[0]}\u200b", printable(text))


def _generated(plan: Plan) -> str:
    """Return subject and body for a user who gave none."""
    spec = plan.spec
    subject = first(f"Results of {inert(spec.script)}", LONGEST_SUBJECT)
    place = "" if spec.path == "." else f" in {inert(spec.path)}"
    return f"{subject}\n\ndocklet ran {inert(spec.script)}{place} at {plan.sha[:10]}."


def _trailers(plan: Plan, progress: Progress, now: float) -> list[tuple[str, str]]:
    """Return how the results were made, by trailer."""
    spec, cost, seconds = plan.spec, spent(progress, now), _run_seconds(progress, now)
    script = spec.script if spec.path == "." else f"{spec.path}/{spec.script}"
    region = f" in {progress.region}" if progress.region else ""
    trailers = {
        "Docklet-Run": plan.identity.key,
        "Docklet-Source": plan.sha,
        "Docklet-Script": inert(script),
        "Docklet-Image": inert(pinned(spec.image, progress.digest)),
        "Docklet-Size": f"{plan.size.slug}{region}" if progress.droplet_id else "",
        "Docklet-Duration": duration(seconds) if seconds else "",
        "Docklet-Cost": f"${cost} until this commit" if cost is not None else "",
        "Docklet-Workflow-Run": printable(plan.trigger.run_url),
    }
    return [(key, value) for key, value in trailers.items() if value]


def _run_seconds(progress: Progress, now: float) -> float:
    """Return for how long the script ran."""
    spans = [span for span in progress.spans if span.phase is Phase.RUN]
    return sum((now if span.ended is None else span.ended) - span.started for span in spans)


def _gap(body: str) -> str:
    """Return what belongs between `body` and our trailers: they join trailers of the user's."""
    subject, _, rest = body.rpartition("\n\n")
    own = subject and all(_TRAILER.fullmatch(line) for line in rest.splitlines())
    return "\n" if own else "\n\n"
