"""A run's folder goes, also when a sign of life of its process comes in between."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

import pytest

from docklet.droplet import clean as module
from docklet.droplet.failure import Failure
from docklet.droplet.home import Home

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("late", [0, 1, 2])
def test_late_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: int) -> None:
    """One that comes too late for the first try is removed by the second; then it is told."""
    home, tries = tmp_path / "run", []
    home.mkdir()
    real = shutil.rmtree

    def remove(path: str) -> None:
        real(path)
        tries.append(path)
        if len(tries) <= late:
            home.mkdir()
            raise OSError(errno.ENOTEMPTY, "Directory not empty", path)

    monkeypatch.setattr(shutil, "rmtree", remove)
    if late == 2:
        with pytest.raises(Failure, match="could not be removed"):
            module._remove_files(Home(str(home)))  # noqa: SLF001
        return
    module._remove_files(Home(str(home)))  # noqa: SLF001
    assert not home.exists()
    assert len(tries) == late + 1
