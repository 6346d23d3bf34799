"""Four moments of runs as they happen to people, for the pictures in the README."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from docklet.domain.diffstat import Lines
from docklet.domain.events import (
    DropletCreated,
    DropletKept,
    Ended,
    ImagePulled,
    LogArrived,
    Phase,
    PhaseEnded,
    PhaseStarted,
    Planned,
)
from docklet.domain.identity import Identity, RunKey
from docklet.domain.outcome import (
    CommittedFile,
    FileChange,
    LeftOut,
    Outcome,
    Published,
    Reason,
    Stretch,
    Usage,
)
from docklet.domain.plan import Plan, Size
from docklet.domain.progress import Progress, advance
from docklet.domain.script import command_line
from docklet.domain.spec import Keep, RunSpec
from docklet.domain.trigger import Trigger
from docklet.render.comment import comment
from docklet.render.links import Links

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docklet.domain.events import Event

_REPOSITORY: Final = "octo/penguins"
LINKS: Final = Links(
    server_url="https://github.com",
    repository=_REPOSITORY,
    run_url=f"https://github.com/{_REPOSITORY}/actions/runs/1882",
)
START: Final = 1_772_440_000.0
"""Epoch second at which all of them start."""
_GIB: Final = 1 << 30
_SHA: Final = "5f1c0b7e29d84a36b1c2d3e4f5a60718293a4b5c"
_RESULTS: Final = "c81e728d9d4c2f636f067f89cc14862c2f6b0d51"
_READING: Final = 0.15
"""Share of a script's time in which it has little to compute."""
_DIGEST: Final = "sha256:8e3c4f0a6b1d92577e4ab6f0c3d81e295fa7b604c1d2e3f4a5968778695a4b3c"
_REGIONS: Final = frozenset({"nyc3"})
_LARGE: Final = Size(
    slug="s-8vcpu-16gb",
    price_hourly=Decimal("0.14286"),
    vcpus=8,
    memory=16 * 1024,
    disk=320,
    regions=_REGIONS,
)
_SMALL: Final = Size(
    slug="s-2vcpu-4gb",
    price_hourly=Decimal("0.03571"),
    vcpus=2,
    memory=4 * 1024,
    disk=80,
    regions=_REGIONS,
)

Piece = tuple[Phase, float, float]
"""A phase, and when it began and ended, in seconds since the start."""


def texts() -> Mapping[str, str]:
    """Return the comment of each moment, by the moment's name."""
    moments = {
        "success": (_success(), 781.0),
        "failure": (_failure(), 167.0),
        "running": (_running(), 252.0),
        "kept": (_kept(), 391.0),
    }
    return {
        name: comment(progress, now=START + at, links=LINKS)
        for name, (progress, at) in moments.items()
    }


def _text(
    path: str, change: FileChange, size: int, *, added: int, removed: int = 0
) -> CommittedFile:
    """Return a file whose lines were counted."""
    lines = Lines(added=added, removed=removed)
    return CommittedFile(path=path, change=change, size=size, lines=lines)


def _success() -> Progress:
    """Return a report that was knitted on a machine far too large for it."""
    pieces = (*_prepared(48), (Phase.RUN, 48, 771), (Phase.COLLECT, 771, 773))
    ends = ((Phase.PUSH, 773, 776), (Phase.DELETE, 776, 780))
    published = Published(
        branch="main",
        as_asked=True,
        commit=_RESULTS,
        files=(
            _text("report/data/fits.csv", FileChange.NEW, 48_312, added=412),
            CommittedFile(path="report/figure/bill.png", change=FileChange.NEW, size=38_118),
            _text("report/knit.html", FileChange.CHANGED, 912_334, added=188, removed=176),
            _text("report/knit.md", FileChange.CHANGED, 7_214, added=23, removed=17),
        ),
        lines=Lines(added=623, removed=193),
    )
    outcome = Outcome(
        reason=Reason.DONE,
        exit_code=0,
        published=published,
        usage=_usage(60, 723, peak=1.9),
        cost=Decimal("0.0310"),
        seconds=781,
    )
    log = (
        b"processing file: knit.Rmd\n1/9\n2/9 [setup]\n3/9\n4/9 [fit]\n"
        b"Fitting 2000 bootstrap samples ...\n5/9\n6/9 [bill]\n7/9\n8/9 [table]\n9/9\n"
        b"output file: knit.md\n\nOutput created: knit.html\n"
    )
    plan = _plan("knit.R", "rocker/verse:4.5", _LARGE, path="report", cheaper=(_SMALL,))
    return _fold(plan, (*pieces, *ends), log=log, outcome=outcome)


def _failure() -> Progress:
    """Return a script with a bug."""
    pieces = (*_prepared(41), (Phase.RUN, 41, 158), (Phase.COLLECT, 158, 159))
    ends = ((Phase.PUSH, 159, 162), (Phase.DELETE, 162, 166))
    published = Published(
        branch="docklet/results-3f2a9c04d1",
        commit=_RESULTS,
        files=(_text("analysis/cleaned.csv", FileChange.NEW, 214_880, added=334),),
        lines=Lines(added=334, removed=0),
    )
    outcome = Outcome(
        reason=Reason.SCRIPT_EXIT,
        message="Its log says why.",
        exit_code=1,
        published=published,
        usage=_usage(23, 117, peak=0.9, memory=4, disk=80),
        cost=Decimal("0.0100"),
        seconds=167,
    )
    log = (
        b"Reading 344 penguins\nDropped 11 rows without a sex\nWrote cleaned.csv\n"
        b"Fitting body_mass_g ~ species + flipper_length\n"
        b"Traceback (most recent call last):\n"
        b'  File "/work/analysis/./fit.py", line 88, in <module>\n    main()\n'
        b'  File "/work/analysis/./fit.py", line 61, in main\n'
        b'    model = fit(table, ["species", "flipper_length"])\n'
        b'  File "/work/analysis/./fit.py", line 34, in fit\n    x = table[columns]\n'
        b"KeyError: \"['flipper_length'] not in index; did you mean 'flipper_length_mm'?\"\n"
    )
    plan = _plan("fit.py", "python:3.13", _SMALL, path="analysis")
    return _fold(plan, (*pieces, *ends), log=log, outcome=outcome)


def _running() -> Progress:
    """Return a script that is at work."""
    log = b"".join(b"epoch %2d: loss %.4f\n" % (n, 2.4 * 0.87**n + 0.31) for n in range(1, 41))
    plan = _plan("train.py", "python:3.13", _LARGE, path="model")
    return _fold(plan, (*_prepared(44), (Phase.RUN, 44, None)), log=log)


def _kept() -> Progress:
    """Return a machine that was kept to be looked at."""
    pieces = (*_prepared(46), (Phase.RUN, 46, 380), (Phase.COLLECT, 380, 385))
    outcome = Outcome(
        reason=Reason.OUT_OF_MEMORY,
        message="The kernel ended the script for want of memory. Take a larger `size`.",
        exit_code=137,
        published=Published(
            branch="docklet/results-3f2a9c04d1",
            commit=_RESULTS,
            files=(
                CommittedFile(path="model/epoch-3.pt", change=FileChange.NEW, size=88_100_412),
            ),
            left_out=(
                LeftOut(
                    path="model/epoch-4.pt",
                    reason="it has 131.0 MiB, GitHub takes 100 MB",
                    archived=True,
                ),
            ),
            archive="docklet-3f2a9c04d1/results.tar",
        ),
        usage=_usage(60, 334, peak=3.7, memory=4, disk=80),
        cost=Decimal("0.0100"),
        seconds=391,
    )
    kept = DropletKept(
        at=START + 390,
        droplet_id=4_711_082,
        address="203.0.113.7",
        until=int(START) + 3990,
        price_hourly=_SMALL.price_hourly,
        ssh="ssh root@203.0.113.7",
    )
    log = (
        b"loading 60000 images\nepoch  1: loss 2.3981\nepoch  2: loss 2.1266\n"
        b"epoch  3: loss 1.8904\nsaved epoch-3.pt\nsaved epoch-4.pt\nKilled\n"
    )
    plan = _plan("train.py", "python:3.13", _SMALL, path="model", keep=Keep.ON_FAILURE)
    progress = _fold(plan, (*pieces, (Phase.PUSH, 385, 389)), log=log, outcome=outcome)
    return replace(progress, kept=kept)


def _plan(
    script: str,
    image: str,
    size: Size,
    *,
    path: str,
    keep: Keep = Keep.NEVER,
    cheaper: tuple[Size, ...] = (),
) -> Plan:
    """Return a plan for a script of the repository."""
    argv = command_line(script, interpreter="", args=())
    key = RunKey("3f2a9c04d1b7e6580a1c")
    spec = RunSpec(script=script, path=path, image=image, argv=argv, size=size.slug, keep=keep)
    trigger = Trigger(
        repository=LINKS.repository,
        sha=_SHA,
        branch="main",
        actor="octocat",
        event="push",
        run_url=LINKS.run_url,
        slot="cafe0123",
    )
    return Plan(
        spec=spec,
        trigger=trigger,
        identity=Identity(
            key=key, slot="cafe0123", repository=LINKS.repository, deadline=int(START) + 19_800
        ),
        size=size,
        cheaper=cheaper,
        image="docker-20-04",
        branch="main",
        sha=_SHA,
    )


def _prepared(ready: float) -> tuple[Piece, ...]:
    """Return the phases before the script, which is ready to run at a second."""
    return (
        (Phase.CREATE, 0, 1.4),
        (Phase.BOOT, 1.4, 24),
        (Phase.CLONE, 24, 26),
        (Phase.PULL, 24, ready),
    )


def _fold(
    plan: Plan,
    pieces: Iterable[tuple[Phase, float, float | None]],
    *,
    log: bytes,
    outcome: Outcome | None = None,
) -> Progress:
    """Return what the events of a run come to."""
    events: list[Event] = [
        Planned(at=START, plan=plan),
        DropletCreated(at=START + 1.4, droplet_id=4_711_082, region="nyc3"),
        ImagePulled(at=START + 40, digest=_DIGEST),
        LogArrived(at=START + 50, data=log),
    ]
    for phase, began, ended in pieces:
        events.append(PhaseStarted(at=START + began, phase=phase))
        if ended is not None:
            events.append(PhaseEnded(at=START + ended, phase=phase, ok=True))
    if outcome is not None:
        events.append(Ended(at=START + outcome.seconds, outcome=outcome))
    progress = Progress()
    for event in events:
        progress = advance(progress, event)
    return progress


def _usage(count: int, seconds: float, *, peak: float, memory: int = 16, disk: int = 320) -> Usage:
    """Return how a script reads, computes and draws, with so many GiB at the most."""
    stretches = tuple(_stretch(at / count, seconds, peak, memory) for at in range(1, count + 1))
    mean = sum(one.cpu for one in stretches) / count
    return Usage(
        peak_memory=int(peak * _GIB),
        memory=int(memory * 0.98 * _GIB),
        mean_cpu=mean,
        peak_disk=stretches[-1].disk,
        disk=int(disk * 0.97 * _GIB),
        stretches=stretches,
    )


def _stretch(share: float, seconds: float, peak: float, memory: int) -> Stretch:
    """Return what a machine is at when so much of the time is over; it reads first."""
    wave = (share * 37) % 1
    cores = (0.4 + 0.2 * wave) if share < _READING else (1.0 + 0.4 * wave)
    share_of_all = cores * 2 / memory
    return Stretch(
        until=seconds * share,
        cpu=share_of_all,
        busiest=share_of_all * 1.2,
        memory=int(peak * _GIB * min(1.0, 0.25 + 0.8 * share)),
        disk=int((6.2 + 1.1 * share) * _GIB),
    )
