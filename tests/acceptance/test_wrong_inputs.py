"""Wrong inputs: one sentence each, all at once, and not one API call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

WRONG = {
    "script": "../etc/passwd",
    "image": "Not An Image",
    "size": "S_2 GB!",
    "region": "New York",
    "env": "1X=2",
    "push": "brnch",
    "branch": "a..b",
    "timeout": "soon",
    "max-cost": "free",
    "keep": "perhaps",
}


def test_ten_wrong_inputs(scene: Scene) -> None:
    """Ten wrong inputs give ten sentences, each naming its input, and nobody is asked anything."""
    scene.write({"do.sh": "true\n"})
    asked = len(scene.sandbox.journal())
    options = [part for name, value in WRONG.items() for part in (f"--{name}", value)]
    done = scene.docklet("run", "--repo", scene.repository, *options)
    assert done.code == 20
    lines = done.output.strip().splitlines()
    assert [line.partition(":")[0] for line in lines] == list(WRONG)
    assert "Did you mean `branch`?" in done.output
    assert len(scene.sandbox.journal()) == asked


def test_unknown_size_is_guessed(scene: Scene) -> None:
    """A misspelt size names the one that was probably meant, and nothing is created."""
    scene.write({"do.sh": "true\n"})
    done = scene.run("do.sh", "--size", "s-8vpcu")
    assert done.code == 20
    assert "Did you mean `s-8vcpu-16gb`?" in done.output
    created = [one for one in scene.sandbox.journal("cloud") if one["method"] == "POST"]
    assert not [one for one in created if "s-8vpcu" in one["request_body"]]
