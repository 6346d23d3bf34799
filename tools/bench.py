"""How close a run comes to what it cannot do without, measured in the sandbox.

The lower bound is boot + the longer of pull and clone + script + push, of the same run. Figures
are ratios: these machines are noisy, and a ratio within one run is not.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docklet_sandbox.launch import running
from tools.log_flood import MEGABYTE, measure
from tools.many_files import measure as many
from tools.sandbox_speed import waits

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient

RUNS: Final = 5
REPOSITORY: Final = "mona/bench"
MANY: Final = 50_000
"""Result files; a run may have a million, which take a quarter of an hour (`many_files.py`)."""


def main() -> int:
    """Run a script that does next to nothing a few times; print each run and the median ratio."""
    with (
        tempfile.TemporaryDirectory(prefix="docklet-bench-") as folder,
        running(Path(folder) / "sandbox") as sandbox,
    ):
        sandbox.forge.create(REPOSITORY, {"nothing.sh": "date > date.txt\n"})
        ratios = [_measure(sandbox, Path(folder)) for _ in range(RUNS)]
    sys.stdout.write(f"wall/bound: median {statistics.median(ratios):.2f} of {RUNS} runs\n")
    _tell_waits()
    _tell_flood()
    _tell_many()
    return 0


def _tell_waits() -> None:
    """Print how long the sandbox itself makes one wait; these are seconds, not ratios."""
    found: dict[str, list[float]] = {}
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="docklet-bench-") as folder:
            for what, seconds in waits(Path(folder)):
                found.setdefault(what, []).append(seconds)
    for what, all_ in found.items():
        median, worst = statistics.median(all_), max(all_)
        sys.stdout.write(f"sandbox {what}: median {median:.2f} s, worst {worst:.2f} s\n")


def _tell_flood() -> None:
    """Print what a gigabyte of log costs docklet's own process."""
    with tempfile.TemporaryDirectory(prefix="docklet-bench-") as folder:
        found = asyncio.run(measure(Path(folder), 1000 * MEGABYTE))
    whole = "whole" if found.is_whole else "NOT WHOLE"
    sys.stdout.write(
        f"log of 1 GB: {whole}, {found.seconds:.1f} s, {found.growth / 2**20:.0f} MiB of memory\n"
    )


def _tell_many() -> None:
    """Print what many result files cost."""
    with tempfile.TemporaryDirectory(prefix="docklet-bench-") as folder:
        found = many(Path(folder), MANY)
    exact = "exact" if found.is_exact else "NOT EXACT"
    told = "  ".join(f"{name} {seconds:.0f}" for name, seconds in found.seconds.items())
    peaks = {"agent": found.agent, "docklet": found.docklet, "git": found.git}
    memory = ", ".join(f"{name} {peak >> 20} MiB" for name, peak in peaks.items())
    sys.stdout.write(f"{MANY:,} result files: {exact}, {told} s, {memory}\n")


def _measure(sandbox: SandboxClient, folder: Path) -> float:
    """Run once and return the wall time as a multiple of the run's own lower bound."""
    result = folder / "result.json"
    command = [str(Path(sys.executable).with_name("docklet")), "run", "--repo", REPOSITORY]
    command += ["--script", "nothing.sh", "--image", "docklet-sandbox/shell"]
    command += ["--result", str(result)]
    environment = {**os.environ, **sandbox.environment}
    started = time.monotonic()
    subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    wall: float = time.monotonic() - started
    phases: dict[str, float] = json.loads(result.read_text(encoding="utf-8"))["phases"]
    bound = phases["boot"] + max(phases["pull"], phases["clone"]) + phases["run"] + phases["push"]
    told = "  ".join(f"{name} {seconds:.2f}" for name, seconds in phases.items())
    ratio = wall / bound
    sys.stdout.write(f"wall {wall:.2f} s  bound {bound:.2f} s  ratio {ratio:.2f}  {told}\n")
    sys.stdout.flush()
    return ratio


if __name__ == "__main__":
    sys.exit(main())
