"""The files in which an action leaves its outputs, its state and its summary for the runner."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_SUMMARY: Final = 1024 * 1024 - 16
"""Bytes; the runner drops a larger one whole, and some that are smaller by a byte or two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFiles:
    """Where the runner looks. A file that is missing is not written."""

    output: Path | None = None
    state: Path | None = None
    summary: Path | None = None

    def write_outputs(self, values: Mapping[str, str]) -> None:
        """Set outputs of the step; raise `OSError` when the file can't be written."""
        _append(self.output, _entries(values))

    def save_state(self, values: Mapping[str, str]) -> None:
        """Hand values to the post step, on disk when this returns; raise `OSError` if not."""
        _append(self.state, _entries(values))

    def write_summary(self, text: str) -> bool:
        """Add Markdown to the job summary, or nothing and return False if it grew too large."""
        data = text.encode("utf-8", "replace")
        if self.summary is None:
            return True
        written = self.summary.stat().st_size if self.summary.exists() else 0
        if written + len(data) > LARGEST_SUMMARY:
            return False
        _append(self.summary, data)
        return True


def command_files(environ: Mapping[str, str]) -> CommandFiles:
    """Return the files that the runner's variables name."""
    names = ("GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
    output, state, summary = (Path(environ[n]) if environ.get(n) else None for n in names)
    return CommandFiles(output=output, state=state, summary=summary)


def _entries(values: Mapping[str, str]) -> bytes:
    """Return values as the runner reads them, between delimiters that nobody can guess."""
    end = f"docklet-{secrets.token_hex(32)}"
    text = "".join(f"{name}<<{end}\n{value}\n{end}\n" for name, value in values.items())
    return text.encode("utf-8", "replace")


def _append(path: Path | None, data: bytes) -> None:
    """Write behind what a file holds, to the disk itself: we may be killed at any time."""
    if path is None:
        return
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
