"""What is on the stage when a day begins: others' droplets, a repository, a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncssh

from docklet.domain.secret import Secret
from docklet.pipeline.reach import HOMES
from docklet.wiring import Settings, access_of
from docklet_sandbox.cloud.droplet import Droplet, Order
from docklet_sandbox.forge.store import API, WORKFLOW_TOKEN
from docklet_sandbox.light.agent import LightAgent
from docklet_sandbox.light.cloud_init import Instructions
from docklet_sandbox.light.machine import LightMachine
from docklet_sandbox.light.script import Script
from docklet_sandbox.light.ssh import keys_of
from docklet_sandbox.memory_loop import MemoryLoop
from docklet_sandbox.settings import CLOUD_TOKEN
from docklet_sandbox.virtual_time import VirtualClock, now
from tests.builders import KEY, SHA, START, make_droplet
from tests.chaos.light.ground import CLOUD_URL, SERVER_URL, Ground, open_ground
from tests.chaos.light.stage import LightStage
from tests.chaos.stage import LATE, LIVE, MADE, RESULT
from tests.fakes import FakeCommit
from tests.worlds import FILES, Seen

if TYPE_CHECKING:
    from pathlib import Path

    from docklet_sandbox.cloud.catalog import Record
    from tests.chaos.light.weather import Weather

_AGE: Final = 86_400.0
"""Seconds since when other droplets have been there."""


class LiveAgent(LightAgent):
    """The agent of another run, whose process is alive."""

    def _look(self) -> dict[str, object]:
        return {"lease": 5.0, "started": True, "ended": False, "record": None}


async def furnish(weather: Weather, folder: Path, loop: MemoryLoop) -> LightStage:
    """Set the stage."""
    day = weather.day
    ground = await open_ground(
        folder,
        boot_delay=day.boot,
        list_lag=day.list_lag,
        get_lag=day.read_lag,
        delete_pending=day.pending,
        api_delay=weather.api_delay,
        ip_delay=weather.ip_delay,
        foreign_host_key=day.stranger,
    )
    settings = Settings(
        cloud_token=Secret(CLOUD_TOKEN),
        forge_token=Secret(WORKFLOW_TOKEN),
        cloud_url=CLOUD_URL,
        api_url=SERVER_URL + API,
        server_url=SERVER_URL,
        directory=folder,
        clock=VirtualClock(day.seed),
    )
    ground.machines.perform(_script(weather))
    _repository(weather, ground)
    for fault in (*weather.cloud, *weather.forge):
        ground.faults.add(fault)
    if weather.fate is not None:
        ground.estate.fates.add(weather.fate)
    foreign = _others(ground)
    _live_machine(ground, settings)
    return LightStage(
        weather=weather,
        ground=ground,
        settings=settings,
        loop=loop,
        seen=Seen(),
        foreign=foreign,
        before=tuple(map(repr, foreign)),
    )


def _script(weather: Weather) -> Script:
    day = weather.day
    return Script(
        output=[(0.1, b"Hello\n" * 10), (day.lasts, b"Done.\n" * 5)],
        lasts=day.lasts,
        ending={"kind": "exited", "exit_code": day.exit_code},
        files={RESULT: MADE},
        stubborn=weather.stubborn,
        abandoned=day.abandoned,
        takes=dict(day.agent_slow),
        failures={verb: list(each) for verb, each in weather.refusals.items()},
        lost={verb: list(each) for verb, each in weather.lost.items()},
    )


def _repository(weather: Weather, ground: Ground) -> None:
    """Put a commit into the repository, and trouble before its branches."""
    fake = ground.repository
    tree = {name.encode(): ("100644", fake.store(text)) for name, text in FILES.items()}
    fake.commits[SHA] = FakeCommit(tree=tree, parent="")
    fake.branches["main"] = SHA
    fake.answers = list(weather.day.pushes)
    fake.lost_answers = weather.day.lost_pushes


def _others(ground: Ground) -> tuple[Droplet, ...]:
    """Put other droplets into the account; return those that look like ours in one way only."""
    ours = make_droplet(droplet_id=11, key=KEY, deadline=int(START) - 1)
    foreign = (
        _placed(ground, 11, ours.name, "production"),
        _placed(ground, 12, "database", *ours.tags),
        _placed(ground, 13, "docklet", "docklet"),
        _placed(ground, 14, "web"),
    )
    live = make_droplet(key=LIVE, deadline=int(START) + 10**6)
    late = make_droplet(key=LATE, deadline=int(START) - 1)
    _placed(ground, 21, live.name, *live.tags)
    _placed(ground, 22, late.name, *late.tags)
    return foreign


def _placed(ground: Ground, droplet_id: int, name: str, *tags: str) -> Droplet:
    """Put a droplet into the account, with nothing behind it."""
    estate, born = ground.estate, now() - _AGE
    size: Record = estate.catalog.sizes["s-2vcpu-4gb"]
    order = Order(
        name=name,
        size=size,
        region=estate.catalog.regions["nyc3"],
        image=next(iter(estate.catalog.images.values())),
        tags=tags,
    )
    estate.droplets[droplet_id] = made = Droplet(
        id=droplet_id,
        order=order,
        name=name,
        tags=[estate.tag(tag) for tag in tags],
        created=born,
        active_at=born,
        address=f"198.51.100.{droplet_id}",
    )
    return made


def _live_machine(ground: Ground, settings: Settings) -> None:
    """Boot the machine of the run that goes on."""
    keys = access_of(settings).keys(LIVE)
    script = Script(lasts=10.0**6)
    agent = LiveAgent(script=script, time=VirtualClock(), name=LIVE, head=SHA)
    machine = LightMachine(
        address=ground.estate.droplets[21].address,
        port=22,
        script=script,
        told=Instructions(),
        host_keys=[asyncssh.import_private_key(keys.host_private.reveal())],
        authorized=keys_of([keys.client_public]),
        agents={f"{HOMES}/{LIVE}": agent},
    )
    machine.open()
