"""A run's calls to the cloud, from the first look to the last, in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docklet.domain.firewall import SHARED
from docklet.domain.outcome import Reason
from docklet.pipeline.prepare import prepare
from docklet.pipeline.run import run
from tests.builders import KEY, make_spec, make_trigger
from tests.worlds import make_world

if TYPE_CHECKING:
    from pathlib import Path

MOST = 15


@pytest.mark.parametrize("boot", [0.0, 20.0, 40.0, 60.0, 69.0])
@pytest.mark.parametrize("lasts", [1.0, 6 * 3600.0])
async def test_calls_to_the_cloud(tmp_path: Path, boot: float, lasts: float) -> None:
    """However long the script takes, and as late as addresses come, at most 15 calls are made.

    The first run of an account makes three more, for the firewall that all share.
    """
    world = make_world(tmp_path, boot=boot)
    world.cloud.walls[SHARED.name] = SHARED
    world.machine.lasts = lasts
    plan = await prepare(make_spec(timeout=7 * 3600), make_trigger(), KEY, world)
    outcome = await run(plan, world)
    assert outcome.reason is Reason.DONE
    assert len(world.cloud.calls) <= MOST, world.cloud.calls
