"""`docklet reap` where a droplet is not to go: it is wanted, or was there before the run."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest

from tests.acceptance.test_adopted import Owned, owned
from tests.acceptance.test_crash import SCRIPT, SETTLED, STALE, all_comments, killed_at

if TYPE_CHECKING:
    from tests.acceptance.scene import Done, Scene
    from tests.acceptance.test_crash import Dead

__all__ = ["owned"]
SLOW: Final = {"do.sh": f"sleep 6\n{SCRIPT['do.sh']}"}
AT_ONCE: Final = 3
UNBEGUN: Final = ("shell.hold>", "pull:ended", "run:started")
BEGUN: Final = ("shell.start>", "run:ended", "shell.collect>", "git.push>")
WISH: Final = """
import asyncio, os, sys
from docklet.domain.identity import identity_of
from docklet.entrypoints.sweeps import desk_of
from docklet.pipeline import steer
from docklet.wiring import settings_from, site_of

async def wish():
    settings = settings_from(os.environ)
    site = site_of(settings)
    (droplet,) = await site.cloud.droplets()
    office = desk_of(settings, sys.argv[1], site).office
    who = identity_of(droplet.name, droplet.tags)
    print(await steer.keep(droplet, who, office, site))

asyncio.run(wish())
"""
NOTHING: Final = "find /var/lib/docklet -mindepth 1; docker ps --all --quiet"


def reaped(scene: Scene) -> Done:
    """Bring the world in order, once."""
    time.sleep(SETTLED)
    options = ("--repo", scene.repository, "--stale-after", str(STALE), "--force")
    return scene.docklet("reap", *options, timeout=200)


def told(scene: Scene, run: Dead) -> str:
    """Return the only comment on a run."""
    bodies = [str(one["body"]) for one in all_comments(scene)]
    (body,) = [body for body in bodies if run.key in body.splitlines()[0]]
    return body


def wish(scene: Scene) -> str:
    """Ask for the only droplet to be kept, as `/docklet keep` does; return what is said."""
    command = [sys.executable, "-c", WISH, scene.repository]
    environment = scene.environment()
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize("asked", [True, False], ids=["asked", "spec"])
def test_wanted_droplet_is_kept(scene: Scene, *, asked: bool) -> None:
    """Results are pushed, the comment says until when the droplet is kept, and it can be ended."""
    scene.write(SLOW)
    moment = "shell.start>" if asked else "collect:started"
    run = killed_at(scene, moment, "--keep-for", "20m", *(() if asked else ("--keep", "always")))
    if asked:
        assert "will be kept" in wish(scene)
        time.sleep(6)
    swept = reaped(scene)
    assert swept.code == 0, swept.output
    assert "it is kept on purpose, now that its run is finished" in swept.output
    ((_, droplet),) = scene.sandbox.inventory().droplets.items()
    assert any(str(tag).startswith("docklet:kept:") for tag in droplet["tags"]), droplet
    assert "is kept until" in told(scene, run)
    assert scene.show(f"out/{run.word}.txt") == f"{run.word}\n".encode()
    assert scene.docklet("rm", run.key).code == 0
    assert scene.sandbox.inventory().droplets == {}


@pytest.mark.timeout(400)
def test_runs_on_a_droplet_that_stays(owned: Owned) -> None:
    """Killed wherever, they are finished or removed there, and the droplet is as it was."""
    scene = owned.scene
    scene.write(SCRIPT)
    assert owned.adopt().code == 0
    facts = owned.facts()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        moments = (*BEGUN, *UNBEGUN)
        dead = list(
            pool.map(lambda moment: killed_at(scene, moment, "--droplet", owned.name), moments)
        )
    assert owned.ssh(NOTHING)
    swept = reaped(scene)
    assert swept.code == 0, swept.output
    assert owned.ssh(NOTHING) == "", swept.output
    assert owned.facts() == facts
    assert owned.adopt("--undo").code == 0
    log = scene.sandbox.forge.log(scene.repository)
    for run in dead:
        begun = run.moment in BEGUN
        commits = [one for one in log if f"Docklet-Run: {run.key}" in one["message"]]
        said = "**The script succeeded.**" if begun else "so nothing was run"
        assert said in told(scene, run), (run.moment, swept.output)
        assert len(commits) == int(begun), run.moment
        shown = scene.show(f"out/{run.word}.txt")
        assert shown == (f"{run.word}\n".encode() if begun else None), run.moment
