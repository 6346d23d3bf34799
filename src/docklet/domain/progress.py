"""The state of a run as its events tell it: `Progress` is the fold of all events so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from docklet.domain.events import (
    DropletCreated,
    DropletGone,
    DropletKept,
    DropletReached,
    Ended,
    Event,
    ImagePulled,
    LogArrived,
    Noticed,
    PhaseEnded,
    PhaseStarted,
    Planned,
)

if TYPE_CHECKING:
    from docklet.domain.events import Phase
    from docklet.domain.outcome import Outcome
    from docklet.domain.plan import Plan

TAIL_BYTES: Final = 32 * 1024
"""How much of the log's end is remembered for reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One phase on the timeline."""

    phase: Phase
    started: float
    """Epoch seconds."""
    ended: float | None = None
    """Epoch seconds; None while it goes on."""
    ok: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Everything a report needs to know."""

    started: float = 0.0
    """Epoch seconds of the first event."""
    updated: float = 0.0
    """Epoch seconds of the latest event."""
    plan: Plan | None = None
    spans: tuple[Span, ...] = ()
    droplet_id: int | None = None
    droplet_created: float | None = None
    """Epoch seconds from which the droplet costs money."""
    droplet_gone: float | None = None
    region: str = ""
    address: str = ""
    digest: str = ""
    log_bytes: int = 0
    """Length of the script's whole output."""
    tail: bytes = b""
    """The last `TAIL_BYTES` of it."""
    notes: tuple[str, ...] = ()
    kept: DropletKept | None = None
    outcome: Outcome | None = None

    @property
    def phase(self) -> Phase | None:
        """The phase that began last among those that go on."""
        going = [span.phase for span in self.spans if span.ended is None]
        return going[-1] if going else None


def advance(progress: Progress, event: Event) -> Progress:
    """Return `progress` after `event`."""
    started = progress.started or event.at
    return replace(_apply(progress, event), started=started, updated=event.at)


def _apply(progress: Progress, event: Event) -> Progress:
    """Return `progress` with what `event` says, apart from the time."""
    changes: dict[str, object] = {}
    match event:
        case Planned(plan=plan):
            changes["plan"] = plan
        case PhaseStarted(phase=phase, at=at):
            changes["spans"] = (*progress.spans, Span(phase=phase, started=at))
        case PhaseEnded():
            changes["spans"] = tuple(_closed(span, event) for span in progress.spans)
        case LogArrived(data=data):
            changes["tail"] = (progress.tail + data)[-TAIL_BYTES:]
            changes["log_bytes"] = progress.log_bytes + len(data)
        case Noticed(message=message):
            changes["notes"] = (*progress.notes, message)
        case Ended(outcome=outcome):
            changes["outcome"] = outcome
        case DropletGone(droplet_id=gone) if gone != progress.droplet_id:
            pass  # one that an earlier run had left
        case _:
            changes = _about_droplet(event)
    return replace(progress, **changes)  # type: ignore[arg-type]


def _about_droplet(event: Event) -> dict[str, object]:
    """Return what `event` says about the machine."""
    match event:
        case DropletCreated(droplet_id=droplet_id, region=region, at=at):
            return {"droplet_id": droplet_id, "region": region, "droplet_created": at}
        case DropletReached(address=address):
            return {"address": address}
        case ImagePulled(digest=digest):
            return {"digest": digest}
        case DropletKept():
            return {"kept": event}
        case DropletGone(at=at):
            return {"droplet_gone": at}
        case _:
            return {}


def _closed(span: Span, event: PhaseEnded) -> Span:
    """Return `span`, ended if `event` is about it."""
    if span.phase is not event.phase or span.ended is not None:
        return span
    return replace(span, ended=event.at, ok=event.ok)
