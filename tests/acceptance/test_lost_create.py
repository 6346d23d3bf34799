"""A create whose answer is lost: exactly one droplet is used and none is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docklet.pipeline.create import SETTLING

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ["commit_then_drop", "commit_then_500", "500"])
def test_one_droplet(scene: Scene, fault: str) -> None:
    """The droplet is found by its name, or made again when it was never made.

    That it was not is known only after the time for which lists lag.
    """
    scene.write({"do.sh": "echo done > done.txt\n"})
    known = {one["id"] for one in scene.sandbox.history()}
    scene.sandbox.fault(fault, service="cloud", method="POST", route="/v2/droplets")
    done = scene.run("do.sh", timeout=sum(SETTLING) + 120)
    assert done.code == 0, done.output
    made = [one for one in scene.sandbox.history() if one["id"] not in known]
    assert len(made) == 1
    assert scene.show("done.txt") == b"done\n"
