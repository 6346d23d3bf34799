"""Fuzz the parsers with atheris: `python -m tests.fuzz [--seconds N] [TARGET ...]`.

Each target has a process of its own, since libFuzzer ends with it. What crashes one is left in
`fuzz-TARGET-...`; `--replay FILE` plays it again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Fuzz each target for so many seconds; return 1 if one of them crashed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        _fuzz(given.targets[0], given.seconds)
    from tests.fuzz.targets import TARGETS

    names = given.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"There is no target {sorted(unknown)}; there are {', '.join(TARGETS)}.")
    if given.replay:
        for name in names:
            TARGETS[name](given.replay.read_bytes())
        return 0
    ended = [_in_a_process(name, given.seconds) for name in names]
    return int(any(ended))


def _in_a_process(name: str, seconds: int) -> int:
    """Fuzz one target in a process of its own."""
    sys.stdout.write(f"{name}: {seconds} s\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "tests.fuzz", "--alone", f"--seconds={seconds}", name]
    return subprocess.run(command, check=False).returncode


def _fuzz(name: str, seconds: int) -> None:
    """Fuzz one target; does not return."""
    import atheris

    # What is not ours is quick without instruments, and none of it is what we look for.
    with atheris.instrument_imports(include=["docklet"]):
        from tests.fuzz.seeds import seeds
        from tests.fuzz.targets import TARGETS
    corpus = Path(tempfile.mkdtemp(prefix=f"docklet-fuzz-{name}-"))
    for number, seed in enumerate(seeds()[name]):
        (corpus / str(number)).write_bytes(seed)
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-rss_limit_mb=1024"]
    options += ["-print_final_stats=1", f"-artifact_prefix=fuzz-{name}-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
