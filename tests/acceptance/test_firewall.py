"""The account's firewall: made once, shared, and never somebody else's.

That it stood before each droplet of each scenario is checked by the fixture `scene`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.acceptance import panel

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

READING = (
    *("account:read", "sizes:read", "regions:read", "image:read", "actions:read"),
    *("droplet:read", "droplet:create", "droplet:delete"),
    *("tag:create", "tag:read", "tag:delete"),
)


def test_two_runs_at_once_and_their_sweep(scene: Scene) -> None:
    """Two first runs make one firewall, and neither they nor a sweep take it or its tag away."""
    clear(scene)
    scene.write({"do.sh": "true\n"})
    options = ("--script", "do.sh", "--image", "docklet-sandbox/shell", "--comment", "none")
    runs = [scene.start("run", "--repo", scene.repository, *options) for _ in range(2)]
    for process in runs:
        output = process.communicate(timeout=120)[0].decode()
        assert process.returncode == 0, output
    reaped = scene.docklet("reap", "--repo", scene.repository)
    assert reaped.code == 0, reaped.output
    found = walls(scene)
    assert [rule["ports"] for rule in found["docklet"]["inbound_rules"]] == ["22"]
    assert list(found) == found["docklet"]["tags"] == ["docklet"]
    assert scene.sandbox.inventory().tags == {"docklet"}


def test_a_foreign_firewall(scene: Scene) -> None:
    """One of our name that lets in more is named, and nothing is rented or changed."""
    clear(scene)
    scene.write({"do.sh": "true\n"})
    rented = len(scene.sandbox.history())
    panel.call(scene, "POST", "/v2/tags", {"name": "docklet"})
    order = {"name": "docklet", "tags": ["docklet"], "inbound_rules": [opening("80")]}
    theirs = panel.call(scene, "POST", "/v2/firewalls", order)["firewall"]
    try:
        done = scene.run("do.sh")
        assert done.code == 20, done.output
        assert "lets in more than SSH (tcp 80)" in done.output
        assert walls(scene)["docklet"] == theirs
        assert len(scene.sandbox.history()) == rented
    finally:
        clear(scene)


def test_a_token_that_may_not(scene: Scene) -> None:
    """A token without the scopes is told both of them, and nothing is rented."""
    clear(scene)
    scene.write({"do.sh": "true\n"})
    rented = len(scene.sandbox.history())
    for scopes in (READING, (*READING, "firewall:read")):
        scene.sandbox.settings(tokens={scene.sandbox.addresses.cloud_token: list(scopes)})
        try:
            done = scene.run("do.sh")
        finally:
            scene.sandbox.settings(tokens={scene.sandbox.addresses.cloud_token: None})
        assert done.code == 22, done.output
        assert "`firewall:read`" in done.output
        assert "`firewall:create`" in done.output
    assert len(scene.sandbox.history()) == rented
    clear(scene)


def opening(ports: str) -> dict[str, Any]:
    """Return a rule that lets everybody in."""
    return {"protocol": "tcp", "ports": ports, "sources": {"addresses": ["0.0.0.0/0"]}}


def walls(scene: Scene) -> dict[str, Any]:
    """Return the account's firewalls by name."""
    found = panel.call(scene, "GET", "/v2/firewalls")["firewalls"]
    return {one["name"]: one for one in found}


def clear(scene: Scene) -> None:
    """Take away the firewall that other scenarios have made, as an account's owner may."""
    for wall in walls(scene).values():
        panel.call(scene, "DELETE", f"/v2/firewalls/{wall['id']}")
    if "docklet" in scene.sandbox.inventory().tags:
        panel.call(scene, "DELETE", "/v2/tags/docklet")
