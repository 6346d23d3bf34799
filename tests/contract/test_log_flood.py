"""A flood of log costs docklet's process next to no memory, and not a byte of the log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from docklet.adapters.runner.log import LOG_ROOM
from tests.contract.sshd import needs_sshd
from tools.log_flood import MEGABYTE, measure

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 135 * MEGABYTE
"""`make bench` lets a gigabyte through."""
MOST = 64 * 1024 * 1024


@needs_sshd
def test_log_flood(tmp_path: Path) -> None:
    """Noise, a line of 100 MB and progress bars: whole in the file, bounded everywhere else."""
    found = asyncio.run(measure(tmp_path, SIZE))
    assert found.is_whole
    assert found.tail_is_kept
    assert LOG_ROOM <= found.printed < LOG_ROOM + 64 * 1024
    assert 0 < found.growth < MOST
