"""How much of this machine's disk a run may fill.

A script can leave as much as its droplet's disk holds, which is more than a hosted runner has.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SPARE: Final = 3 * 1024**3
"""Bytes that are left for git, which stores what is committed once more, and for others."""


def room_for(directory: Path) -> int:
    """Return how many bytes may be written to `directory` now; at least 1."""
    free = shutil.disk_usage(directory).free
    return max(1, free // 2, free - SPARE)
