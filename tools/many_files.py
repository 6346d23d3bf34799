"""What results of very many small files cost, from the droplet's tree to the forge's branch.

The agent collects, and a process of its own does what a run does with git: import, compare,
commit, push, report. A plain `git add` of the same tree says what should have come out.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docklet.adapters.agent import agent_code
from docklet.adapters.clock import RealClock
from docklet.adapters.git.directory import GitDirectory
from docklet.domain.leak import search_for
from docklet.domain.secret import Secret
from docklet.ports import CommitMessage, PushVerdict
from docklet_sandbox.launch import running

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY: Final = "mona/many"
BRANCH: Final = "results"
IN_ONE_DIRECTORY: Final = 500
_LOGIN: Final = "ghs_many"
_BETWEEN_LOOKS: Final = 0.01
_MESSAGE: Final = CommitMessage(text="Results", author="M <m@x.org>", committer="b <b@x.org>")
_RUNNER: Final = "--runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What was measured."""

    seconds: dict[str, float]
    """How long each step took."""
    agent: int
    """Bytes of memory that the agent took at the worst moment."""
    docklet: int
    """The same for docklet's process on the runner."""
    git: int
    """The same for the largest of its git commands."""
    archive: int
    """Bytes that came from the droplet."""
    is_exact: bool
    """Whether the branch has, byte for byte and name by name, what the script left."""


def measure(folder: Path, count: int) -> Journey:
    """Let `count` files come home."""
    with running(folder / "sandbox", "--machines=none") as sandbox:
        base = sandbox.forge.create(REPOSITORY, {"make.sh": "true\n", "old.txt": "1\n"}) or ""
        sandbox.forge.token(_LOGIN, "github-actions[bot]", {"contents": "write"})
        url = f"{sandbox.addresses.forge}/{REPOSITORY}.git"
        home = _checkout(folder, url, base)
        make_files(home / "work", count)
        archive = folder / "results.tar"
        seconds: dict[str, float] = {}
        with _timed(seconds, "collect"):
            agent = _collect(home, archive)
        found = _published(url, base, archive)
        (forge,) = (folder / "sandbox").rglob("*-many.git")
        tree = _git("--git-dir", str(forge), "rev-parse", f"{BRANCH}^{{tree}}")
        _git("-C", str(home / "work"), "add", "--all")
        wanted = _git("-C", str(home / "work"), "write-tree")
    return Journey(
        seconds=seconds | found["seconds"],
        agent=agent,
        docklet=found["docklet"],
        git=found["git"],
        archive=archive.stat().st_size,
        is_exact=tree == wanted,
    )


def make_files(tree: Path, count: int) -> None:
    """Write files of a few bytes, each with other ones, in directories of a few hundred."""
    for first in range(0, count, IN_ONE_DIRECTORY):
        part = tree / f"out/part-{first // 50_000:03}/batch-{first // IN_ONE_DIRECTORY:05}"
        part.mkdir(parents=True)
        directory = os.open(part, os.O_RDONLY)
        for number in range(first, min(first + IN_ONE_DIRECTORY, count)):
            name, how = f"result-{number:07}.txt", os.O_CREAT | os.O_WRONLY
            file = os.open(name, how, 0o644, dir_fd=directory)
            os.write(file, b"%d\n" % number)
            os.close(file)
        os.close(directory)


def _checkout(folder: Path, url: str, base: str) -> Path:
    """Have the agent check out the repository; return the run's directory."""
    home = folder / "run"
    home.mkdir()
    (home / "agent.pyz").write_bytes(agent_code())
    request = {"url": url, "sha": base, "branch": "main", "token": _LOGIN}
    command = (sys.executable, str(home / "agent.pyz"), "checkout")
    asked = json.dumps(request).encode() + b"\n"
    subprocess.run(command, input=asked, check=True, stdout=subprocess.DEVNULL)
    return home


def _collect(home: Path, archive: Path) -> int:
    """Save what the agent collects; return the most memory that it took."""
    command, peak = (sys.executable, str(home / "agent.pyz"), "collect"), 0
    with (
        archive.open("wb") as sink,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink) as agent,
    ):
        while agent.poll() is None:
            peak = max(peak, memory(agent.pid))
            time.sleep(_BETWEEN_LOOKS)
    if agent.returncode:
        raise subprocess.CalledProcessError(agent.returncode, command)
    return peak


def _published(url: str, base: str, archive: Path) -> dict[str, Any]:
    """Have a process of its own commit and push an archive; return what it measured."""
    command = (sys.executable, __file__, _RUNNER, url, base, str(archive))
    found: dict[str, Any] = json.loads(subprocess.check_output(command))
    return found


async def publish(url: str, base: str, archive: Path) -> dict[str, object]:
    """Do what a run does with its results."""
    seconds: dict[str, float] = {}
    git = await GitDirectory.open(url, Secret(_LOGIN), archive.parent, clock=RealClock())
    try:
        await git.fetch(base)
        with _timed(seconds, "import"):
            secrets = search_for({"github-token": Secret(_LOGIN)})
            results = await git.import_results(archive, base, secrets)
        with _timed(seconds, "compare"):
            changes = await git.effective(base, results.changes)
        with _timed(seconds, "commit"):
            sha = await git.commit(base, changes, _MESSAGE)
        with _timed(seconds, "push"):
            answer = await git.push(sha, BRANCH)
        if answer.verdict is not PushVerdict.ACCEPTED:
            raise SystemExit(answer.detail)
        with _timed(seconds, "report"):
            await git.committed(sha)
    finally:
        await git.close()
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {"seconds": seconds, "docklet": memory(), "git": children}


def _git(*arguments: str) -> str:
    """Ask a git that knows nothing of docklet."""
    return subprocess.check_output(("git", *arguments), text=True).strip()


def memory(pid: int | str = "self") -> int:
    """Return the most memory that a process has had, in bytes; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    peaks = (int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return next(peaks, 0)


@contextmanager
def _timed(seconds: dict[str, float], what: str) -> Iterator[None]:
    """Note how long a step takes."""
    began = time.monotonic()
    yield
    seconds[what] = round(time.monotonic() - began, 1)


def main() -> int:
    """Measure so many files; print one line of JSON."""
    if sys.argv[1] == _RUNNER:
        url, base, archive = sys.argv[2:]
        found = asyncio.run(publish(url, base, Path(archive)))
    else:
        with tempfile.TemporaryDirectory(prefix="docklet-many-") as folder:
            found = asdict(measure(Path(folder), int(sys.argv[1])))
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
