"""What a token must be allowed to do: all that is listed is needed, and nothing else is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from docklet.adapters.digitalocean.client import Api
from docklet.adapters.digitalocean.endpoints import CREATING, ENDPOINTS
from docklet.adapters.endpoints import UnlistedRequest
from docklet.adapters.github.endpoints import ENDPOINTS as FORGE
from docklet.adapters.github.session import Session
from docklet.domain.events import Noticed
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from docklet_sandbox import virtual_time
from docklet_sandbox.forge import arrange
from docklet_sandbox.light.script import Script
from tests.contract.stage import staged
from tests.contract.test_virtual_run import Seen
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from docklet.adapters.endpoints import Endpoint
    from docklet.domain.outcome import Outcome

README: Final = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SCRIPT: Final = Script(output=[(1.0, b"hello\n")], lasts=2.0, files={"out.csv": b"1,2\n"})
NOTHING_STARTED: Final = (Reason.CLOUD_DENIED, 0)
CLOUD: Final = {
    "account:read": NOTHING_STARTED,
    "actions:read": NOTHING_STARTED,
    "droplet:create": NOTHING_STARTED,
    "droplet:delete": NOTHING_STARTED,
    "droplet:read": NOTHING_STARTED,
    "droplet:update": (Reason.DONE, 1),
    "firewall:create": NOTHING_STARTED,
    "firewall:read": NOTHING_STARTED,
    "image:read": NOTHING_STARTED,
    "regions:read": NOTHING_STARTED,
    "sizes:read": NOTHING_STARTED,
    "tag:create": NOTHING_STARTED,
    "tag:delete": (Reason.DONE, 1),
    "tag:read": NOTHING_STARTED,
}
"""How a run ends without a scope, and how many droplets it created."""
NOT_DESCRIBED: Final = {
    "/orgs/{}/teams/{}/memberships/{}",
    "/repos/{}/{}/activity",
    "/users/{}/keys",
}
"""Requests that GitHub documents, and that the description at hand, a selection, leaves out."""


@cache
def _paths(specs: Path, file: str) -> dict[str, Any]:
    """Return the paths of an official description, read once."""
    found: dict[str, Any] = json.loads((specs / file).read_text())["paths"]
    return found


@pytest.fixture(autouse=True)
def bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what a stage sets."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")


def played(folder: Path, scopes: frozenset[str]) -> tuple[Outcome, int, list[str]]:
    """Run a script with a token of these scopes; count droplets, and name those that stay."""

    async def main() -> tuple[Outcome, int, list[str]]:
        async with staged(folder) as stage:
            estate = stage.sandbox.desk.estate
            token = stage.settings.cloud_token.reveal()
            estate.settings.tokens[token] = list(scopes)
            stage.sandbox.machines.perform(SCRIPT)
            finished = await stage.run()
            assert stage.violations() == []
            left = [droplet.name for droplet in estate.living()]
            return finished.outcome, len(estate.droplets), left

    found: tuple[Outcome, int, list[str]] = virtual_time.run(main())
    return found


def test_listed_scopes_are_enough(tmp_path: Path) -> None:
    """A token with exactly these scopes carries out a run, and cleans up behind it."""
    outcome, created, left = played(tmp_path, ENDPOINTS.needs)
    assert (outcome.reason, created, left) == (Reason.DONE, 1, [])


@pytest.mark.parametrize("scope", sorted(ENDPOINTS.needs))
def test_each_scope_is_needed(tmp_path: Path, scope: str) -> None:
    """Without one, a run ends as the README says; no machine is ever left for want of a scope."""
    outcome, created, left = played(tmp_path, ENDPOINTS.needs - {scope})
    assert (outcome.reason, created) == CLOUD[scope], outcome.message
    assert left == []
    if outcome.reason is Reason.CLOUD_DENIED:
        assert f"`{scope}`" in outcome.message


@pytest.mark.parametrize("endpoint", ENDPOINTS.listed, ids=lambda one: f"{one.method} {one.path}")
def test_scopes_are_those_of_the_description(endpoint: Endpoint, specs: Path) -> None:
    """Every request is in DigitalOcean's description, which names the same scopes for it."""
    paths = _paths(specs, "digitalocean.json")
    described = [
        operations[endpoint.method.lower()]
        for path, operations in paths.items()
        if re.sub(r"\{[^}]+\}", "{}", path) == endpoint.path
    ]
    (operation,) = described
    ((scopes,),) = (list(one.values()) for one in operation["security"])
    more = {*CREATING, "tag:create"} if endpoint.path == "/v2/droplets" else set()
    assert set(scopes) | (more if endpoint.method == "POST" else set()) == set(endpoint.needs)


async def test_the_request_that_deletes_by_tag_is_not_ours() -> None:
    """Not even pydo itself can be brought to delete all droplets that carry a tag."""
    api = Api(
        Secret("t" * 64), clock=FakeClock(), endpoint="https://cloud.example", read_timeout=1.0
    )
    with pytest.raises(UnlistedRequest, match="DELETE /v2/droplets"):
        await api.once(lambda pydo: pydo.droplets.destroy_by_tag(tag_name="docklet"))
    with pytest.raises(UnlistedRequest, match="GET /v2/account/keys"):
        await api.once(lambda pydo: pydo.ssh_keys.list())
    assert ("DELETE", "/v2/droplets") not in {(one.method, one.path) for one in ENDPOINTS.listed}


def test_pygithub_keeps_to_the_list() -> None:
    """What PyGithub could do besides is not done, by whatever way it is asked."""
    session = Session("mona/template", Secret("ghs_" + "7" * 36), "https://forge.example")
    with pytest.raises(UnlistedRequest, match="DELETE /repos/mona/template"):
        session.repository.delete()
    with pytest.raises(UnlistedRequest, match="GET /repos/mona/template/actions/secrets"):
        list(session.repository.get_secrets())
    with pytest.raises(UnlistedRequest, match="PUT /repos/mona/template/collaborators/eve"):
        session.repository.add_to_collaborators("eve")


@pytest.mark.parametrize("endpoint", FORGE.listed, ids=lambda one: f"{one.method} {one.path}")
def test_requests_are_in_the_description(endpoint: Endpoint, specs: Path) -> None:
    """GitHub's description has every request that docklet makes, but for those that are named."""
    paths = _paths(specs, "github.json")
    shape = endpoint.path.replace("{+}", "{}")
    described = {
        method
        for path in paths
        if re.sub(r"\{[^}]+\}", "{}", path) == shape
        for method in paths[path]
    }
    assert (endpoint.method.lower() in described) is (endpoint.path not in NOT_DESCRIBED)


def test_readme_lists_the_scopes() -> None:
    """The table for custom scopes has all that docklet's requests need, and nothing else."""
    _, _, rest = README.partition("The DigitalOcean token needs")
    table, _, _ = rest.partition("GitHub lets workflows")
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = {scope for row in rows for scope in re.findall(r"`(\w+:\w+)`", row.split("|")[1])}
    assert named == ENDPOINTS.needs


GRANTS: Final = {"contents": "write", "statuses": "write", "metadata": "read"}
FORGE_ENDINGS: Final = {
    "": (Reason.DONE, ""),
    "contents": (Reason.NOT_PUSHED, "contents: write"),
    "statuses": (Reason.DONE, "statuses: write"),
}
"""How a run ends without a permission, and what the user is told of it."""


@pytest.mark.parametrize("missing", FORGE_ENDINGS)
def test_each_permission_is_needed(tmp_path: Path, missing: str) -> None:
    """With the README's permissions a run says nothing; without one it says which, and is safe."""
    secret = "ghs_" + "8f" * 20
    grants = {name: level for name, level in GRANTS.items() if name != missing}

    async def main() -> tuple[Outcome, str]:
        async with staged(tmp_path) as stage:
            desk = stage.sandbox.desk
            await arrange.token(desk.forge, secret, "github-actions[bot]", grants)
            narrow = replace(stage, settings=replace(stage.settings, forge_token=Secret(secret)))
            stage.sandbox.machines.perform(SCRIPT)
            seen = Seen()
            finished = await narrow.run(seen)
            assert desk.estate.living() == []
            notes = [event.message for event in seen.of(Noticed)]
            return finished.outcome, " ".join((finished.outcome.message, *notes))

    outcome, told = virtual_time.run(main())
    reason, named = FORGE_ENDINGS[missing]
    assert outcome.reason is reason, outcome.message
    assert (named in told) if named else (told == ""), told
