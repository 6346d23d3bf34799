"""The action's outputs, as `action.yml` promises them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import Published
from docklet.render.bill import spent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.progress import Progress

SCHEMA_VERSION: Final = 1
"""Counts up when a field of `result` goes or changes its meaning."""


def outputs(progress: Progress, *, comment_url: str = "", log_path: str = "") -> Mapping[str, str]:
    """Return the outputs of a run that has ended, by name; what there is none of is empty.

    Raises `ValueError` for a run that goes on.
    """
    values = _values(progress, comment_url, log_path)
    texts = {name: "" if value is None else str(value) for name, value in values.items()}
    result = {"schema-version": SCHEMA_VERSION, **values, "phases": _phases(progress)}
    return {**texts, "result": json.dumps(result, separators=(",", ":"))}


def _phases(progress: Progress) -> dict[str, float]:
    """Return the seconds that each phase took."""
    return {
        span.phase: round((span.ended or progress.updated) - span.started, 3)
        for span in progress.spans
    }


def _values(progress: Progress, comment_url: str, log_path: str) -> dict[str, object]:
    """Return every output but the last, typed as in JSON."""
    outcome = progress.outcome
    if outcome is None:
        message = "A run that goes on has no outputs yet."
        raise ValueError(message)
    published = outcome.published or Published()
    cost = spent(progress, progress.updated)
    return {
        "status": str(outcome.status),
        "reason": str(outcome.reason),
        "exit-code": outcome.exit_code,
        "commit": published.commit,
        "branch": published.branch,
        "comment-url": comment_url,
        "droplet-id": progress.droplet_id,
        "duration-seconds": round(outcome.seconds, 1),
        "cost-usd": None if cost is None else float(cost),
        "log": log_path,
        "archive": published.archive,
    }
