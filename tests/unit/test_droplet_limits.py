"""The time limit on the droplet, and how it grows."""

from __future__ import annotations

import io
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

import pytest

from docklet.droplet.container import Job
from docklet.droplet.extend import extend
from docklet.droplet.home import Home, write_json
from docklet.droplet.limits import Limits, extended
from docklet.droplet.lock import acquire
from docklet.droplet.request import Request
from docklet.droplet.verdict import Facts, judge, spelled

if TYPE_CHECKING:
    from pathlib import Path

    from docklet.droplet.engine import Engine


class Signals:
    """A Docker daemon that notes which signals a container is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def call(self, _method: str, _path: str, query: Any) -> None:  # noqa: ANN401 - as the engine's
        """Note a signal."""
        self.sent.append(query["signal"])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a directory in which nothing was started."""
    return Home(str(tmp_path))


def limits(home: Home, timeout: float) -> tuple[Limits, Signals]:
    """Return the limits of a script that starts now, and what is done to it."""
    signals = Signals()
    job = Job(
        container="c",
        image="i",
        argv=("x",),
        workdir=".",
        timeout=timeout,
        grace=60.0,
        memory=0,
        gpus=False,
    )
    return Limits(home, job, cast("Engine", signals)), signals


def asked(home: Home, limit: object) -> dict[str, object]:
    """Ask for a limit."""
    return extend(home, Request({"limit": limit}, io.BytesIO()))


def test_the_limit_strikes_once(home: Home) -> None:
    """Without more time the script is asked to end, and from then on more comes too late."""
    watch, signals = limits(home, 1e-9)
    for _ in range(3):
        watch.tick()
    assert (watch.interrupted, watch.seconds) == ("timed-out", 1e-9)
    assert signals.sent == ["SIGTERM"]
    assert asked(home, 3600)["extended"] is False
    assert extended(home) == 0


def test_more_time(home: Home) -> None:
    """A script that was given more time goes on behind its old limit."""
    watch, signals = limits(home, 0.0)
    assert asked(home, 3600) == {"extended": True, "left": 3600.0}
    watch.tick()
    assert (watch.interrupted, signals.sent, watch.seconds) == ("", [], 3600.0)
    assert not watch.is_long_over(0.0)


def test_more_time_runs_out(home: Home) -> None:
    """The ending names the limit that held last."""
    watch, _ = limits(home, 0.0)
    write_json(home.extension, {"limit": 1e-9})
    while not watch.interrupted:
        watch.tick()
    assert watch.seconds == 1e-9
    told = judge(Facts(interrupted="timed-out", limit=9000.0)).message
    assert told == "The script reached its time limit of 2h30m and was ended."


def test_asking_twice_is_asking_once(home: Home) -> None:
    """The limit counts from the start, and never shrinks."""
    assert [asked(home, limit)["left"] for limit in (600, 600, 60, 900)] == [600, 600, 600, 900]
    watch, _ = limits(home, 1000.0)
    assert not watch.is_long_over(0.0)
    assert watch.seconds == 1000.0


@pytest.mark.parametrize("why", ["stopped", "ended", "lost"])
def test_too_late(home: Home, why: str) -> None:
    """Who is being stopped, has ended, or has lost its supervisor, gets no more time."""
    write_json(home.job, {"boot": "b", "started": 1.0})
    held = acquire(home, 1.0)
    assert held is not None
    with ExitStack() as supervisor:
        supervisor.callback(os.close, held)
        assert asked(home, 60)["extended"] is True
        if why == "stopped":
            write_json(home.stop, {"grace": 10.0, "by": "ada"})
        if why == "ended":
            write_json(home.ending, {"kind": "exited", "exit_code": 0})
        if why == "lost":
            supervisor.close()
        assert asked(home, 120)["extended"] is False
    assert extended(home) == 60


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1.0, "1s"), (60.0, "1m"), (90.5, "1m30.5s"), (3600.0, "1h"), (19_800.0, "5h30m")],
)
def test_limits_are_written_as_they_are_given(seconds: float, words: str) -> None:
    """People find in the ending what they wrote into `timeout`."""
    assert spelled(seconds) == words
