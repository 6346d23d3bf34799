"""Play schedules of faults through the real pipeline and count what must never happen.

Every figure but the first has to be 0. A schedule follows from its seed, so a story that went
wrong is told again by `make chaos SCHEDULES=1 SEED=...`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.chaos.judge import FIGURES, judge
from tests.chaos.play import play
from tests.chaos.schedule import draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BATCH: Final = 100
"""Schedules that one process plays: what killed runs held on to goes with it."""
SHOWN: Final = 20
"""Seeds that are named when stories went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one schedule."""

    seed: int
    wrong: tuple[str, ...]
    """The figures that it raises."""
    calm: bool
    """Whether neither the cloud nor the droplet made trouble."""
    clean: float | None
    """Seconds from the end of the work, or the request to stop, to the verified deletion."""


def main() -> None:
    """Play the schedules that were asked for and print the figures."""
    asked = _arguments()
    verdicts = list(play_all(asked.seed, asked.schedules, asked.jobs))
    print(line(verdicts))  # noqa: T201 - what the command is for
    for name, chosen in (("healthy API", True), ("with faults", False)):
        times = [each.clean for each in verdicts if each.calm is chosen and each.clean is not None]
        print(f"time to clean, {name}: {percentiles(times)}")  # noqa: T201 - as above
    wrong = [each for each in verdicts if each.wrong]
    for each in wrong[:SHOWN]:
        again = f"make chaos SCHEDULES=1 SEED={each.seed}"
        print(f"{', '.join(each.wrong)}: {again}")  # noqa: T201 - as above
    sys.exit(1 if wrong else 0)


def play_all(first: int, count: int, jobs: int, batch: int = BATCH) -> Iterator[Verdict]:
    """Play `count` schedules from seed `first` on, in `jobs` processes at a time."""
    starts = range(first, first + count, batch)
    batches = [range(start, min(start + batch, first + count)) for start in starts]
    # A forked process ends without tidying up, as a killed run in it must not wake up again.
    with get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        for verdicts in pool.imap(play_batch, batches):
            yield from verdicts


def play_batch(seeds: Iterable[int]) -> list[Verdict]:
    """Play schedules one after the other, in a folder of memory where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it is our own
    make = partial(tempfile.TemporaryDirectory, dir=memory if os.access(memory, os.W_OK) else None)
    verdicts = []
    for seed in seeds:
        schedule = draw(seed)
        with make() as folder:
            story = play(schedule, Path(folder))
            wrong = judge(story)
        calm = not (schedule.cloud or schedule.cloud_slow or schedule.deaf or schedule.pending)
        verdicts.append(Verdict(seed=seed, wrong=wrong, calm=calm, clean=story.clean))
    return verdicts


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
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
