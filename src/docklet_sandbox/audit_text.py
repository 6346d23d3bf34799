"""What `docklet_sandbox report` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docklet_sandbox.audit import Audit
    from docklet_sandbox.calls import Run

_NONE = "  none"


def audit_text(audit: Audit) -> str:
    """Return the whole report; values of canaries are not in it."""
    return "\n".join(_lines(audit))


def _lines(audit: Audit) -> Iterator[str]:
    for run in audit.runs:
        yield from _run(run)
    yield "bill"
    for rent in audit.bill:
        state = "" if rent.deleted else "  and counting"
        yield (
            f"  {rent.droplet}  {rent.size:<16}{rent.seconds:>9.1f} s  ${rent.dollars:.2f}  "
            f"{rent.name}{state}"
        )
    yield f"  ${audit.dollars:.2f} for {len(audit.bill)} droplets"
    yield from _list("violations", audit.violations)
    yield from _list("leftovers", audit.leftovers)
    if audit.canaries:
        found = [f"{leak.canary} ({leak.spelling}): {leak.place}" for leak in audit.leaks]
        yield from _list(f"leaks of {audit.canaries} canaries", found)
    else:
        yield "leaks: not looked for, since no canary was given"


def _run(run: Run) -> Iterator[str]:
    yield f"calls of {run.name}: {run.calls}"
    yield from (f"{count:>6}  {route}" for route, count in run.routes.items())


def _list(title: str, items: Sequence[str]) -> Iterator[str]:
    yield title
    yield from [f"  {item}" for item in items] or [_NONE]
