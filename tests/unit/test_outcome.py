"""Every ending has a status and an exit code of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docklet.domain.ending import Ending, outcome_of
from docklet.domain.outcome import (
    LeftOut,
    Published,
    Reason,
    Status,
    Usage,
    exit_code_of,
    status_of,
)

LOST = LeftOut(path="c", reason="there is no room", lost=True)


def test_exit_codes() -> None:
    """Success is 0; every other reason has a code of its own, away from Python's and shells'."""
    failing = [reason for reason in Reason if status_of(reason) is not Status.SUCCESS]
    codes = [exit_code_of(reason) for reason in failing]
    assert len(set(codes)) == len(codes)
    assert all(10 <= code < 64 for code in codes)
    assert {exit_code_of(reason) for reason in set(Reason) - set(failing)} == {0}


def ended(kind: str = "exited", code: int | None = 0) -> Ending:
    """Return an ending."""
    return Ending(
        kind=kind,
        exit_code=code,
        message="",
        started=0,
        finished=1,
        log_bytes=0,
        usage=Usage(),
    )


@pytest.mark.parametrize(
    ("published", "reason"),
    [
        (Published(), Reason.NO_CHANGES),
        (Published(branch="main", commit="1", changed=("a",), as_asked=True), Reason.DONE),
        (Published(branch="docklet/r", commit="1", changed=("a",)), Reason.PUSHED_ELSEWHERE),
        (Published(changed=("a",), archive="x"), Reason.NOT_PUSHED),
        (
            Published(
                branch="main",
                commit="1",
                changed=("a",),
                as_asked=True,
                archive="x",
                left_out=(LeftOut(path="b", reason="it is large", archived=True),),
            ),
            Reason.PARTLY_PUSHED,
        ),
        (
            Published(archive="x", left_out=(LeftOut(path="b", reason="it is large"),)),
            Reason.PARTLY_PUSHED,
        ),
        (Published(archive="unread"), Reason.NOT_PUSHED),
        (Published(left_out=(LeftOut(path=".git", reason="it is"),)), Reason.NO_CHANGES),
        (Published(left_out=(LOST,)), Reason.PARTLY_PUSHED),
        (
            Published(branch="main", commit="1", changed=("a",), as_asked=True, left_out=(LOST,)),
            Reason.PARTLY_PUSHED,
        ),
    ],
)
def test_success_depends_on_the_results(published: Published, reason: Reason) -> None:
    """A script that succeeded is a success only when its results are where they belong."""
    assert outcome_of(ended(), published, pushes=True).reason is reason


def test_no_push_wanted() -> None:
    """Results that were not to be pushed are a success on the runner."""
    published = Published(changed=("a",), archive="x")
    assert outcome_of(ended(), published, pushes=False).reason is Reason.DONE
    published = replace(published, left_out=(LOST,))
    assert outcome_of(ended(), published, pushes=False).reason is Reason.PARTLY_PUSHED


@pytest.mark.parametrize("code", range(1, 256))
def test_exit_codes_of_scripts(code: int) -> None:
    """Whatever a script ends with is told as it is."""
    outcome = outcome_of(ended("exited", code), Published(), pushes=True)
    assert (outcome.reason, outcome.exit_code) == (Reason.SCRIPT_EXIT, code)


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        ("exited", 3, Reason.SCRIPT_EXIT),
        ("timed-out", 137, Reason.TIMED_OUT),
        ("out-of-memory", 137, Reason.OUT_OF_MEMORY),
        ("disk-full", 1, Reason.DISK_FULL),
        ("image-cannot-run", 127, Reason.IMAGE_CANNOT_RUN),
        ("lost", None, Reason.DROPLET_LOST),
        ("never heard of", 0, Reason.AGENT_FAILED),
    ],
)
def test_failures(kind: str, code: int | None, reason: Reason) -> None:
    """No other ending is ever a success, whatever became of the results."""
    outcome = outcome_of(ended(kind, code), Published(), pushes=True)
    assert outcome.reason is reason
    assert outcome.status is not Status.SUCCESS
    assert outcome.exit_code == code
