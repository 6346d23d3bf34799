"""A droplet that is lost under its script is told as just that, and nothing of it is left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from docklet.domain.outcome import Reason, exit_code_of
from docklet.render.words import ending
from docklet_sandbox.virtual_time import run
from tests.contract.stage import Stage, staged
from tests.contract.test_bad_luck import _check, _environment, _later, long_run, only_droplet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from docklet.domain.outcome import Outcome

__all__ = ["_environment"]


async def reboot(stage: Stage) -> None:
    """Pull the plug and boot again from the same disk."""
    await stage.sandbox.desk.estate.machines.reboot(only_droplet(stage))


async def power_off(stage: Stage) -> None:
    """Switch the droplet off, as its owner can in the panel."""
    estate, droplet = stage.sandbox.desk.estate, only_droplet(stage)
    estate.droplets[droplet].powered = False
    await estate.machines.power_off(droplet)


async def destroy(stage: Stage) -> None:
    """Delete the droplet, as its owner can in the panel."""
    estate = stage.sandbox.desk.estate
    estate.remove(estate.droplets[only_droplet(stage)])


def lose(folder: Path, happens: Callable[[Stage], Awaitable[None]]) -> Outcome:
    """Run a script of ten minutes, let something happen meanwhile, and return how it ended."""

    async def story() -> Outcome:
        try:
            async with staged(folder) as stage:
                long_run(stage)
                fate = asyncio.ensure_future(_later(stage, happens))
                done = await stage.run()
                await fate
                await _check(stage)
                return done.outcome
        finally:
            await asyncio.sleep(60)  # TLS says goodbye on connections that nobody uses any more

    return run(story())


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (reboot, "The machine was rebooted while the script ran. Run it again."),
        (power_off, "The droplet was switched off under the script."),
        (destroy, "The droplet is gone: somebody deleted it under the script."),
    ],
)
def test_lost_droplet(
    tmp_path: Path, happens: Callable[[Stage], Awaitable[None]], told: str
) -> None:
    """Reason, exit code and message name what happened; the script has no exit code."""
    outcome = lose(tmp_path, happens)
    assert (outcome.reason, outcome.exit_code) == (Reason.DROPLET_LOST, None)
    assert exit_code_of(outcome.reason) == 34
    assert ending(outcome) == "The droplet was lost."
    assert told in outcome.message
