"""Check runs: blocking calls of one request each.

Ours are `neutral`, which fails nothing: the commit status is the verdict, and a later run's
success could not take back a check run of an earlier one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docklet.adapters.github.calls import CONTEXT

if TYPE_CHECKING:
    from docklet.adapters.github.session import Session
    from docklet.domain.annotation import Annotation
    from docklet.ports import Check


class GitHubChecks:
    """The check runs in one repository."""

    def __init__(self, session: Session) -> None:
        """Take the repository; nothing is sent."""
        self._session = session

    def send(self, check: Check) -> bool:
        """Add a check run that is over; return True."""
        from github.GithubObject import NotSet

        output: dict[str, str | list[dict[str, str | int]]] = {
            "title": check.title,
            "summary": check.summary,
            "annotations": [_shape(one) for one in check.lines],
        }
        made = self._session.repository.create_check_run(
            CONTEXT,
            check.sha,
            external_id=check.run,
            status="completed",
            conclusion="neutral",
            output=output,
            details_url=check.target or NotSet,
        )
        return made.external_id == check.run

    def find(self, check: Check) -> bool | None:
        """Return True when a run's check run is there (all pages), None when it is not."""
        every = self._session.commit(check.sha).get_check_runs(check_name=CONTEXT, filter="all")
        return True if any(one.external_id == check.run for one in every) else None


def _shape(one: Annotation) -> dict[str, str | int]:
    """Write an annotation as GitHub reads it."""
    return {
        "path": one.path,
        "start_line": one.line,
        "end_line": one.line,
        "annotation_level": "failure",
        "message": one.message,
    }
