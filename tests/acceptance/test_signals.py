"""A run that is stopped: the delete is the first thing sent, and nothing is left."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess

    from tests.acceptance.scene import Scene

SLOW = {"slow.sh": "echo begun\nsleep 60\n"}
PHASES = {
    "create": ({"api_delay": 0.7}, "POST", "/v2/droplets"),
    "boot": ({"boot_delay": 30.0}, "GET", "/v2/droplets/"),
    "pull": ({"pull_delay": 20.0}, "GET", "/info/refs"),
    "run": ({}, "", ""),
}


def wait_for(check: object, seconds: float = 40) -> None:
    """Wait until `check()` is true."""
    end = time.monotonic() + seconds
    while not check():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


def read_until(process: subprocess.Popen[bytes], text: bytes) -> None:
    """Read a process's output until it has printed `text`."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    message = f"{text!r} was never printed."
    raise AssertionError(message)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("phase", PHASES)
def test_stopped_in_a_phase(scene: Scene, phase: str, number: signal.Signals) -> None:
    """The delete leaves within a second, the process ends within five, no droplet is left."""
    knobs, method, path = PHASES[phase]
    scene.write(SLOW)
    scene.sandbox.settings(**knobs)
    seen = len(scene.sandbox.journal())
    process = scene.start(
        "run",
        "--repo",
        scene.repository,
        "--script",
        "slow.sh",
        "--image",
        "docklet-sandbox/shell",
    )
    if method:
        wait_for(lambda: _sent(scene, seen, method, path))
    else:
        read_until(process, b"begun")
    process.send_signal(number)
    stopped = time.time()
    process.wait(5)
    process.communicate()
    assert process.returncode == 50
    deletes = [
        entry
        for entry in scene.sandbox.journal("cloud")
        if entry["method"] == "DELETE" and entry["time"] >= stopped
    ]
    late = knobs.get("api_delay", 0.0) * 2
    assert deletes[0]["time"] - stopped < 1.0 + late
    assert scene.sandbox.inventory().droplets == {}


def _sent(scene: Scene, seen: int, method: str, path: str) -> bool:
    """Tell whether a request has arrived since."""
    return any(
        entry["method"] == method and path in entry["path"]
        for entry in scene.sandbox.journal()[seen:]
    )


@pytest.mark.parametrize("with_state", [True, False])
def test_killed_main_step(scene: Scene, action_image: str, *, with_state: bool) -> None:
    """After SIGKILL the post step alone cleans up, also with an empty state."""
    sha = scene.write(SLOW)
    runner = scene.action(action_image, sha=sha, inputs={"script": "slow.sh"})
    stage = runner.main()
    wait_for(lambda: scene.sandbox.inventory().droplets)
    stage.kill()
    code, printed = runner.post(with_state=with_state).wait()
    assert code == 0, printed
    assert scene.sandbox.inventory().droplets == {}


def test_cancelled_action(scene: Scene, action_image: str) -> None:
    """A cancelled job's container ends by itself, in time, and leaves nothing to the post step."""
    sha = scene.write(SLOW)
    runner = scene.action(action_image, sha=sha, inputs={"script": "slow.sh"})
    stage = runner.main()
    wait_for(lambda: scene.sandbox.inventory().droplets)
    code, printed = stage.cancel()
    assert code == 50, printed
    assert scene.sandbox.inventory().droplets == {}
    assert runner.outputs["status"] == "cancelled"
