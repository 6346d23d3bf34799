"""Values with defaults, for tests that care about one or two fields only."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.events import (
    DropletCreated,
    DropletReached,
    Ended,
    ImagePulled,
    LogArrived,
    Phase,
    PhaseEnded,
    PhaseStarted,
    Planned,
)
from docklet.domain.identity import Identity, RunKey, kept_tag
from docklet.domain.outcome import Outcome, Published, Reason
from docklet.domain.plan import Plan, Size
from docklet.domain.progress import Progress, advance
from docklet.domain.script import command_line, language_of
from docklet.domain.spec import RunSpec
from docklet.domain.trigger import Trigger
from docklet.ports import Droplet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docklet.domain.events import Event

START: Final = 1_700_000_000.0
"""Epoch second at which every built run starts."""
KEY: Final = RunKey("0123456789abcdef0123")
SHA: Final = "1" * 40
RESULT_SHA: Final = "2" * 40
DIGEST: Final = "sha256:" + "d" * 64


def make_spec(**overrides: object) -> RunSpec:
    """Return the seed job's description; its command line follows from the script."""
    script = str(overrides.get("script", "knit.R"))
    language = language_of(script)
    defaults: dict[str, Any] = {
        "script": script,
        "path": "inst/examples",
        "image": language.image if language else "ubuntu",
        "argv": command_line(script, interpreter="", args=()),
    }
    return RunSpec(**(defaults | overrides))


def make_trigger(**overrides: object) -> Trigger:
    """Return a push to `main` of `octo/template`."""
    defaults: dict[str, Any] = {
        "repository": "octo/template",
        "sha": SHA,
        "branch": "main",
        "actor": "octocat",
        "event": "push",
        "run_url": "https://github.com/octo/template/actions/runs/42",
        "slot": "cafe0123",
    }
    return Trigger(**(defaults | overrides))


def make_identity(**overrides: object) -> Identity:
    """Return the identity of a run of `octo/template`."""
    defaults: dict[str, Any] = {
        "key": KEY,
        "slot": "cafe0123",
        "repository": "octo/template",
        "deadline": int(START) + 20_000,
    }
    return Identity(**(defaults | overrides))


def make_size(**overrides: object) -> Size:
    """Return the default size, at its real price."""
    defaults: dict[str, Any] = {
        "slug": "s-2vcpu-4gb",
        "price_hourly": Decimal("0.03571"),
        "vcpus": 2,
        "memory": 4096,
        "disk": 80,
        "regions": frozenset({"nyc3", "ams3"}),
    }
    return Size(**(defaults | overrides))


def make_droplet(**overrides: Any) -> Droplet:  # noqa: ANN401 - fields of several types
    """Return a droplet of ours that works; fields of its `Identity` can be overridden too."""
    own = {field.name for field in fields(Droplet)}
    identity = make_identity(**{name: v for name, v in overrides.items() if name not in own})
    kept = identity.kept_until
    defaults: dict[str, Any] = {
        "droplet_id": 4711,
        "name": identity.name,
        "status": "active",
        "tags": (identity.tag, *(() if kept is None else (kept_tag(identity.key, kept),))),
        "region": "nyc3",
        "size": "s-2vcpu-4gb",
        "price_hourly": Decimal("0.03571"),
        "created": START,
        "address": "203.0.113.7",
    }
    given = {name: value for name, value in overrides.items() if name in own}
    return Droplet(**{**defaults, **given})


def make_plan(**overrides: object) -> Plan:
    """Return a plan; fields of its `RunSpec` can be overridden by their own names too."""
    own = {field.name for field in fields(Plan)}
    spec = {name: value for name, value in overrides.items() if name not in own}
    defaults: dict[str, Any] = {
        "spec": make_spec(**spec),
        "trigger": make_trigger(),
        "identity": make_identity(),
        "size": make_size(),
        "image": "docker-20-04",
        "branch": "main",
        "sha": SHA,
    }
    given = {name: value for name, value in overrides.items() if name in own}
    return Plan(**(defaults | given))


def make_outcome(**overrides: object) -> Outcome:
    """Return a success with its results on `main`."""
    defaults: dict[str, Any] = {
        "reason": Reason.DONE,
        "exit_code": 0,
        "published": make_published(),
        "cost": Decimal("0.0100"),
        "seconds": 80.0,
    }
    return Outcome(**(defaults | overrides))


def make_published(**overrides: object) -> Published:
    """Return results that are on `main`."""
    defaults: dict[str, Any] = {
        "branch": "main",
        "as_asked": True,
        "commit": RESULT_SHA,
        "changed": ("inst/examples/example.md", "inst/examples/figure/plot.png"),
    }
    return Published(**(defaults | overrides))


def make_events(*, plan: Plan | None = None, log: bytes = b"Hello\n") -> tuple[Event, ...]:
    """Return the events of a whole run, but for its end: 78 seconds, clone and pull overlap."""
    at = START
    return (
        Planned(at=at, plan=plan or make_plan()),
        PhaseStarted(at=at, phase=Phase.CREATE),
        DropletCreated(at=at + 1, droplet_id=4711, region="nyc3"),
        PhaseEnded(at=at + 1, phase=Phase.CREATE, ok=True),
        PhaseStarted(at=at + 1, phase=Phase.BOOT),
        DropletReached(at=at + 30, address="203.0.113.7"),
        PhaseEnded(at=at + 30, phase=Phase.BOOT, ok=True),
        PhaseStarted(at=at + 30, phase=Phase.CLONE),
        PhaseStarted(at=at + 30, phase=Phase.PULL),
        PhaseEnded(at=at + 34, phase=Phase.CLONE, ok=True),
        ImagePulled(at=at + 50, digest=DIGEST),
        PhaseEnded(at=at + 50, phase=Phase.PULL, ok=True),
        PhaseStarted(at=at + 50, phase=Phase.RUN),
        LogArrived(at=at + 60, data=log),
        PhaseEnded(at=at + 70, phase=Phase.RUN, ok=True),
        PhaseStarted(at=at + 70, phase=Phase.COLLECT),
        PhaseEnded(at=at + 72, phase=Phase.COLLECT, ok=True),
        PhaseStarted(at=at + 72, phase=Phase.PUSH),
        PhaseEnded(at=at + 75, phase=Phase.PUSH, ok=True),
        PhaseStarted(at=at + 75, phase=Phase.DELETE),
        PhaseEnded(at=at + 78, phase=Phase.DELETE, ok=True),
    )


def fold(events: Iterable[Event]) -> Progress:
    """Return the progress that `events` lead to."""
    progress = Progress()
    for event in events:
        progress = advance(progress, event)
    return progress


def make_progress(
    *,
    outcome: Outcome | None = None,
    log: bytes = b"Hello\n",
    plan: Plan | None = None,
    **fields: object,
) -> Progress:
    """Return a run's whole progress, with an `outcome` or still without; `fields` are replaced."""
    events = make_events(plan=plan, log=log)
    if outcome is not None:
        events = (*events, Ended(at=START + 80, outcome=outcome))
    given: dict[str, Any] = {**fields}
    return replace(fold(events), **given)
