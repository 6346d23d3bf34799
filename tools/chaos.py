"""Play schedules of faults through the real pipeline and count what must never happen.

On light ground, docklet's own adapters talk to the light sandbox; on that of fakes, which is
quicker, the pipeline stands on the ports' fakes. Every figure but the first has to be 0. A
schedule follows from its seed, so a story that went wrong is told again by
`make chaos SCHEDULES=1 SEED=...`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.chaos import schedule
from tests.chaos.judge import FIGURES, judge
from tests.chaos.light import weather
from tests.chaos.light.play import play as on_sandbox
from tests.chaos.play import play as on_fakes
from tests.chaos.story import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.chaos.story import Story

BATCH: Final = 50
"""Schedules that one process plays: what killed runs held on to goes with it."""
SHOWN: Final = 20
"""Seeds that are named when stories went wrong."""


class Ground(StrEnum):
    """Where schedules are played."""

    LIGHT = "light"
    FAKES = "fakes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one schedule."""

    seed: int
    wrong: tuple[str, ...]
    """The figures that it raises."""
    setting: Setting
    clean: float | None
    """Seconds from the end of the work, or the request to stop, to the verified deletion."""


def main() -> None:
    """Play the schedules that were asked for and print the figures."""
    asked = _arguments()
    verdicts = list(play_all(asked.seed, asked.schedules, asked.jobs, asked.ground))
    print(line(verdicts))  # noqa: T201 - what the command is for
    for setting in Setting:
        found = [each for each in verdicts if each.setting is setting]
        times = [each.clean for each in found if each.clean is not None]
        print(f"time to clean, {setting}: {percentiles(times)}")  # noqa: T201 - as above
    wrong = [each for each in verdicts if each.wrong]
    for each in wrong[:SHOWN]:
        again = f"make chaos SCHEDULES=1 SEED={each.seed} GROUND={asked.ground}"
        print(f"{', '.join(each.wrong)}: {again}")  # noqa: T201 - as above
    sys.exit(1 if wrong else 0)


def play_all(
    first: int, count: int, jobs: int, ground: Ground = Ground.FAKES, batch: int = BATCH
) -> Iterator[Verdict]:
    """Play `count` schedules from seed `first` on, in `jobs` processes at a time."""
    starts = range(first, first + count, batch)
    batches = [range(start, min(start + batch, first + count)) for start in starts]
    # A forked process ends without tidying up, as a killed run in it must not wake up again.
    with get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        for verdicts in pool.imap(partial(play_batch, ground), batches):
            yield from verdicts


def play_batch(ground: Ground, seeds: Iterable[int]) -> list[Verdict]:
    """Play schedules one after the other, in a folder of memory where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it is our own
    make = partial(tempfile.TemporaryDirectory, dir=memory if os.access(memory, os.W_OK) else None)
    verdicts = []
    for seed in seeds:
        with make() as folder:
            story = told(ground, seed, Path(folder))
            wrong = judge(story)
        verdicts.append(Verdict(seed=seed, wrong=wrong, setting=story.setting, clean=story.clean))
    return verdicts


def told(ground: Ground, seed: int, folder: Path) -> Story:
    """Play the schedule of a seed."""
    if ground is Ground.FAKES:
        return on_fakes(schedule.draw(seed), folder)
    return on_sandbox(weather.draw(seed), folder)


def line(verdicts: list[Verdict]) -> str:
    """Return the figures on one line."""
    counted = Counter(name for each in verdicts for name in each.wrong)
    return " ".join(
        [f"schedules={len(verdicts)}", *(f"{name}={counted[name]}" for name in FIGURES)]
    )


def percentiles(times: list[float]) -> str:
    """Return the median and the 99th percentile."""
    ordered = sorted(times)
    if not ordered:
        return "none measured"
    median, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"p50={median:.1f}s p99={late:.1f}s (n={len(ordered)})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ground", type=Ground, choices=list(Ground), default=Ground.LIGHT)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
