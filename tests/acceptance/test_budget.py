"""A run is frugal with both APIs; `tests/contract/test_forge_budget.py` has runs of hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

SLOWER: Final = 2
"""Looks for its address that a droplet costs which takes 70 seconds to have one, and not 15."""


def test_calls_of_a_run_with_the_delays_of_the_real_cloud(scene: Scene) -> None:
    """At most 15 calls to the cloud, even a slower one, and at most 15 to the forge.

    The first run of an account makes three more, for the firewall that all share.
    """
    more = 0 if scene.sandbox.inventory().firewalls else 3
    scene.write({"do.sh": "echo done > done.txt\n"})
    scene.sandbox.settings(boot_delay=12.0, ip_delay=3.0, api_delay=0.3, pull_delay=3.0)
    seen = len(scene.sandbox.journal())
    done = scene.run("do.sh")
    assert done.code == 0, done.output
    calls = scene.sandbox.journal()[seen:]
    cloud = [one for one in calls if one["service"] == "cloud"]
    forge = [one for one in calls if one["service"] == "forge" and "/api/" in one["path"]]
    assert len(cloud) <= 15 - SLOWER + more, "\n".join(
        f"{one['method']} {one['path']}" for one in cloud
    )
    assert len(forge) <= 15, "\n".join(f"{one['method']} {one['path']}" for one in forge)
