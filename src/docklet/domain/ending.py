"""How the container ended, and what that makes of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.domain.outcome import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.outcome import Published, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the container ended."""

    kind: str
    """`exited`, `timed-out`, `out-of-memory`, `disk-full`, `image-cannot-run`, `stopped` or
    `lost`."""
    exit_code: int | None
    """The script's own exit code, when it has one."""
    message: str
    """What the supervisor has to say about it."""
    started: float
    """Epoch seconds, by the machine's clock."""
    finished: float
    log_bytes: int
    usage: Usage
    keep: str = ""
    """The seal of somebody's wish to keep the machine; empty when nobody has one."""
    limit: int = 0
    """Seconds that the script had if it was given more, as the machine says; else 0."""

    @property
    def succeeded(self) -> bool:
        """Tell whether the script ended by itself, with 0."""
        return self.kind == "exited" and self.exit_code == 0


_REASONS: Final[Mapping[str, Reason]] = {
    "exited": Reason.SCRIPT_EXIT,
    "timed-out": Reason.TIMED_OUT,
    "out-of-memory": Reason.OUT_OF_MEMORY,
    "disk-full": Reason.DISK_FULL,
    "image-cannot-run": Reason.IMAGE_CANNOT_RUN,
    "stopped": Reason.CANCELLED,
    "lost": Reason.DROPLET_LOST,
}
_REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.SCRIPT_EXIT: "Its log says why.",
    Reason.TIMED_OUT: "Give it a longer `timeout`, or a higher `max-cost` if that bounds it.",
    Reason.DROPLET_LOST: "Run it again.",
}
_SIGNALS: Final = range(129, 193)
"""Exit codes that stand for signals, by the shells' convention."""


def outcome_of(ending: Ending, published: Published, *, pushes: bool) -> Outcome:
    """Return what `ending` and the fate of the results make of the run.

    `pushes` says that the results were to go into the repository.
    """
    reason = _published_reason(published, pushes=pushes) if ending.succeeded else _failed(ending)
    said = ("" if _is_plain(ending) else ending.message, _REMEDIES.get(reason, ""))
    return Outcome(
        reason=reason,
        message="" if ending.succeeded else " ".join(filter(None, said)),
        exit_code=ending.exit_code,
        published=published,
        usage=ending.usage,
    )


def _is_plain(ending: Ending) -> bool:
    """Tell whether the exit code says it all."""
    return ending.kind == "exited" and ending.exit_code not in _SIGNALS


def _failed(ending: Ending) -> Reason:
    """Return the reason for an ending that is no success."""
    return _REASONS.get(ending.kind, Reason.AGENT_FAILED)


def _published_reason(published: Published, *, pushes: bool) -> Reason:
    """Return the reason for a script that succeeded, told by where its results are."""
    lost = any(one.lost for one in published.left_out)
    if not published.changed and not published.archive:
        return Reason.PARTLY_PUSHED if lost else Reason.NO_CHANGES
    if not pushes:
        return Reason.PARTLY_PUSHED if lost else Reason.DONE
    if not published.commit:
        unread = not published.left_out
        return Reason.NOT_PUSHED if published.changed or unread else Reason.PARTLY_PUSHED
    if not published.as_asked:
        return Reason.PUSHED_ELSEWHERE
    return Reason.PARTLY_PUSHED if published.archive or lost else Reason.DONE
