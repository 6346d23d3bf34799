"""Where a run keeps its files: one directory, the one that holds the agent itself."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Mapping


@dataclass(frozen=True)
class Home:
    """The run's directory; only `work` is shown to the container."""

    root: str

    @property
    def name(self) -> str:
        """The directory's own name, which names the container too."""
        return os.path.basename(self.root)

    @property
    def work(self) -> str:
        """The tree that the script sees."""
        return os.path.join(self.root, "work")

    @property
    def snapshot(self) -> str:
        """The tree's state before the script, out of the script's reach."""
        return os.path.join(self.root, "snapshot")

    @property
    def log(self) -> str:
        """The script's output, byte for byte."""
        return os.path.join(self.root, "log")

    @property
    def ending(self) -> str:
        """How it ended; appears whole or not at all."""
        return os.path.join(self.root, "ending.json")

    @property
    def usage(self) -> str:
        """Samples of CPU, memory and disk, one a line."""
        return os.path.join(self.root, "usage.jsonl")

    @property
    def job(self) -> str:
        """What was started; holds no secret."""
        return os.path.join(self.root, "job.json")

    @property
    def stop(self) -> str:
        """A request to the supervisor to end the script."""
        return os.path.join(self.root, "stop.json")

    @property
    def extension(self) -> str:
        """How long the script may take, if that is longer than it was."""
        return os.path.join(self.root, "extension.json")

    @property
    def keep(self) -> str:
        """A request to whoever carries the run out to keep this machine."""
        return os.path.join(self.root, "keep.json")

    @property
    def lock(self) -> str:
        """Held by whoever prepares or supervises the run."""
        return os.path.join(self.root, "lock")

    @property
    def lease(self) -> str:
        """The latest sign of life of whoever carries the run out."""
        return os.path.join(self.root, "lease.json")

    @property
    def turn(self) -> str:
        """Held for a moment by whoever changes the lease."""
        return os.path.join(self.root, "lease.lock")

    @property
    def record(self) -> str:
        """What another process needs to finish the run, sealed by the one that began it."""
        return os.path.join(self.root, "record.json")

    @property
    def reserve(self) -> str:
        """Disk space that is given back when the ending has to be written on a full disk."""
        return os.path.join(self.root, "reserve")

    @property
    def errors(self) -> str:
        """The supervisor's own traceback, should it have a bug."""
        return os.path.join(self.root, "supervisor.err")


def write_json(path: str, value: Mapping[str, Any]) -> None:
    """Write a file that is never seen half-written."""
    partial = f"{path}.partial"
    with open(partial, "w", encoding="ascii") as file:
        json.dump(value, file, sort_keys=True)
        file.write("\n")
    os.replace(partial, path)


def read_json(path: str) -> dict[str, Any] | None:
    """Return a file's object, or None when there is no such file."""
    try:
        with open(path, encoding="ascii") as file:
            value: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return None
    return value
