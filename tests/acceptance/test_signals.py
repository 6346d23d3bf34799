"""A run that is stopped: the delete is the first thing sent, and nothing is left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.inspection import inside
from tests.acceptance.stopping import HELD, PHASES, SLOW, Stopped, stop_in, wait_for

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene


def requests_about(scene: Scene) -> list[dict[str, Any]]:
    """Return what the forge was asked about the repository, and has answered or given up."""
    return [one for one in scene.sandbox.journal("forge") if scene.repository in one["path"]]


def delete_left(scene: Scene) -> float:
    """Return when the first delete of the latest droplet has left."""
    path = f"/v2/droplets/{scene.sandbox.history()[-1]['id']}"
    calls = [one for one in scene.sandbox.journal("cloud") if one["path"] == path]
    return min(float(one["time"]) for one in calls if one["method"] == "DELETE")


@pytest.mark.parametrize("name", PHASES)
def test_stopped_in_a_phase(scene: Scene, name: str) -> None:
    """The delete leaves within a second, the process ends within five, no droplet is left."""
    phase = PHASES[name]
    scene.write({"do.sh": phase.script})
    done = stop_in(phase, scene)
    assert scene.sandbox.inventory().droplets == {}
    # A droplet has no id to delete it by before the create call is answered.
    assert delete_left(scene) < done.at + 1.0 + (HELD if name == "create" else 0.0)
    if name == "delete":
        assert done.code == 0, done.output
        assert scene.show("result.txt") == b"result\n"
        return
    assert done.code == 50, done.output
    assert re.search(rf"^docklet: {phase.name} .* failed$", done.output, re.MULTILINE), done.output
    check_results(name, done, scene)


def check_results(name: str, done: Stopped, scene: Scene) -> None:
    """Results that a script had made are where the message says, or it says that they are lost."""
    assert ("its results are lost" in done.output) == (name == "collect")
    assert ("the repository may have its results" in done.output) == (name in {"push", "pushed"})
    if name in {"push", "pushed"}:
        assert "files/result.txt" in done.archive
        wait_for(
            lambda: any(one["path"].endswith("receive-pack") for one in requests_about(scene))
        )
        assert name == "push" or scene.show("result.txt") == b"result\n"
    else:
        assert done.archive == []
        assert list(scene.folder.rglob("results*")) == []


def test_stopped_on_a_droplet_that_stays(scene: Scene) -> None:
    """On a droplet that was there before, what a stopped run began there ends and goes."""
    scene.write({"first.sh": "true\n", "do.sh": SLOW})
    kept = scene.run("first.sh", "--keep", "always", "--keep-for", "30m", "--comment", "none")
    assert kept.code == 0, kept.output
    (droplet,) = scene.sandbox.inventory().droplets
    machine = f"docklet-sandbox-{scene.sandbox.addresses.id}-{droplet}"
    before = inside(machine, "docker", "ps", "--all", "--quiet")
    for name in ("clone", "run-term"):
        done = stop_in(PHASES[name], scene, "--droplet", str(droplet), "--comment", "none")
        assert done.code == 50, done.output
        assert inside(machine, "docker", "ps", "--all", "--quiet") == before
    assert list(scene.sandbox.inventory().droplets) == [droplet]
    assert scene.docklet("rm", str(droplet), "--force").code == 0


@pytest.mark.parametrize("with_state", [True, False])
def test_killed_main_step(scene: Scene, action_image: str, *, with_state: bool) -> None:
    """After SIGKILL the post step alone cleans up, also with an empty state."""
    sha = scene.write({"slow.sh": SLOW})
    runner = scene.action(action_image, sha=sha, inputs={"script": "slow.sh"})
    stage = runner.main()
    wait_for(lambda: scene.sandbox.inventory().droplets)
    stage.kill()
    code, printed = runner.post(with_state=with_state).wait()
    assert code == 0, printed
    assert scene.sandbox.inventory().droplets == {}


def test_cancelled_action(scene: Scene, action_image: str) -> None:
    """A cancelled job's container ends by itself, in time, and leaves nothing to the post step."""
    sha = scene.write({"slow.sh": SLOW})
    runner = scene.action(action_image, sha=sha, inputs={"script": "slow.sh"})
    stage = runner.main()
    wait_for(lambda: scene.sandbox.inventory().droplets)
    code, printed = stage.cancel()
    assert code == 50, printed
    assert scene.sandbox.inventory().droplets == {}
    assert runner.outputs["status"] == "cancelled"
