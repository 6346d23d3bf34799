"""What goes wrong with droplets, by seed and in connections, as clients of the sandbox meet it."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import AzureError
from pydo import Client

from docklet_sandbox.launch import running
from docklet_sandbox.state import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docklet_sandbox.client import SandboxClient

ORDER = {"region": "nyc3", "size": "s-2vcpu-4gb", "image": "docker-20-04"}
Json = dict[str, Any]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("breaks") / "state", "--machines=none") as sandbox:
        yield sandbox
        assert sandbox.violations() == []


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox as good as new."""
    started.reset()
    return started


@pytest.fixture
def cloud(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Return DigitalOcean's own client, which asks once."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", sandbox.addresses.bundle)
    addresses = sandbox.addresses
    with Client(addresses.cloud_token, endpoint=addresses.cloud, retry_total=0) as made:
        yield made


def order(cloud: Client, name: str = "docklet-one") -> tuple[int, int]:
    """Create a droplet; return its id and its event's."""
    answer = cloud.droplets.create({"name": name, **ORDER})
    assert answer["droplet"]["status"] == "new"
    return answer["droplet"]["id"], answer["links"]["actions"][0]["id"]


def until(look: Callable[[], Json], wanted: Callable[[Json], bool]) -> Json:
    """Look until it is as wanted."""
    end = time.monotonic() + 20
    while not wanted(found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def kinds(droplet: Json) -> list[str]:
    """Return the kinds of a droplet's networks, in order."""
    return [network["type"] for network in droplet["droplet"]["networks"]["v4"]]


def test_a_create_that_fails_later(sandbox: SandboxClient, cloud: Client) -> None:
    """The event ends as errored, and the droplet is gone as if it had never been."""
    sandbox.fate("create_fails", after=0.3)
    droplet_id, action_id = order(cloud)
    event = until(
        lambda: cloud.actions.get(action_id), lambda it: it["action"]["status"] != "in-progress"
    )
    assert event["action"]["status"] == "errored"
    until(lambda: cloud.droplets.get(droplet_id), lambda it: it.get("id") == "not_found")
    assert cloud.droplets.list()["droplets"] == []


def test_a_failed_create_that_stays(sandbox: SandboxClient, cloud: Client) -> None:
    """A droplet whose event errored can stay `new`, without addresses, until it is deleted."""
    sandbox.fate("create_fails", stays=True)
    droplet_id, action_id = order(cloud)
    assert cloud.actions.get(action_id)["action"]["status"] == "errored"
    found = cloud.droplets.get(droplet_id)
    assert (found["droplet"]["status"], found["droplet"]["locked"]) == ("new", False)
    assert kinds(found) == []
    cloud.droplets.destroy(droplet_id)
    assert sandbox.inventory().droplets == {}


def test_never_active(sandbox: SandboxClient, cloud: Client) -> None:
    """A droplet can stay `new` for ever, with its event under way; it can be deleted."""
    sandbox.fate("never_active")
    droplet_id, action_id = order(cloud)
    found = cloud.droplets.get(droplet_id)
    assert (found["droplet"]["status"], found["droplet"]["locked"]) == ("new", True)
    assert cloud.actions.get(action_id)["action"]["status"] == "in-progress"
    cloud.droplets.destroy(droplet_id)
    assert sandbox.inventory().droplets == {}


@pytest.mark.parametrize(("kind", "first"), [("address_late", []), ("private_first", ["private"])])
def test_addresses_take_their_time(
    sandbox: SandboxClient, cloud: Client, kind: str, first: list[str]
) -> None:
    """An active droplet has no address yet, or the private one alone."""
    sandbox.fate(kind, after=600)
    droplet_id, _ = order(cloud)
    found = cloud.droplets.get(droplet_id)
    assert found["droplet"]["status"] == "active"
    assert kinds(found) == first
    sandbox.fate(kind)
    assert kinds(cloud.droplets.get(order(cloud)[0])) == ["private", "public"]


def test_vanishing(sandbox: SandboxClient, cloud: Client) -> None:
    """A droplet vanishes by itself, and costs no more from then on."""
    sandbox.fate("vanish", after=0.3)
    droplet_id, _ = order(cloud)
    until(lambda: cloud.droplets.get(droplet_id), lambda it: it.get("id") == "not_found")
    (past,) = sandbox.history()
    assert past["deleted"] is not None


def test_fates_wait_for_their_droplet(sandbox: SandboxClient, cloud: Client) -> None:
    """A fate is for droplets of a name, after so many others, and then used up."""
    sandbox.fate("never_active", name="docklet-*", skip=1)
    for name in ("other", "docklet-a", "docklet-b", "docklet-c"):
        order(cloud, name)
    found = {each["name"]: each["status"] for each in cloud.droplets.list()["droplets"]}
    assert [name for name, status in found.items() if status == "new"] == ["docklet-b"]
    sandbox.fate("vanish")
    assert [fate["kind"] for fate in sandbox.pending_fates()] == ["vanish"]
    sandbox.clear_faults()
    assert sandbox.pending_fates() == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/fates", {"kind": "explode"}),
        ("/fates", {"kind": "vanish", "when": 3}),
        ("/fates", {"kind": "vanish", "after": -1}),
        ("/schedule", {"seed": 1, "sead": 2}),
        ("/schedule", {"seed": 1, "faults": [{"kind": "explode"}]}),
        ("/proxies/nowhere/wires", {"cut": 1}),
        ("/droplets/1/explode", {}),
    ],
)
def test_misspelt(sandbox: SandboxClient, path: str, wrong: Json) -> None:
    """What does not exist is refused with what there is."""
    with pytest.raises(SandboxError, match="refused"):
        sandbox.control("POST", path, wrong)


def play(sandbox: SandboxClient, cloud: Client, seed: int) -> tuple[list[str], list[str]]:
    """Let one client sequence meet a seed's faults; return the story and the journal of faults."""
    sandbox.reset()
    menu = [{"kind": "503", "weight": 2}, {"kind": "drop"}, {"kind": "commit_then_500"}]
    fates = [{"kind": "vanish", "after": 600}]
    sandbox.schedule(seed, rate=0.4, faults=menu, fates=fates)
    for number in range(8):
        for ask in (
            cloud.account.get,
            lambda number=number: cloud.droplets.create({"name": f"docklet-{number}", **ORDER}),
            cloud.droplets.list,
        ):
            with suppress(AzureError):
                ask()
    told = [f"{e['method']} {e['route']} {e['fault']}" for e in sandbox.journal("cloud")]
    return sandbox.story(), told


def test_a_seed_is_a_story(sandbox: SandboxClient, cloud: Client) -> None:
    """The same seed strikes the same requests in the same way; another one, others."""
    first = play(sandbox, cloud, 7)
    assert play(sandbox, cloud, 7) == first
    assert play(sandbox, cloud, 8) != first
    story, journal = first
    assert any("POST /v2/droplets" in line for line in story)
    assert any(line.startswith("droplet #") for line in story)
    assert sum(not line.endswith(" ") for line in journal) == sum("cloud" in s for s in story)


def test_git_through_a_bad_wire(sandbox: SandboxClient, tmp_path: Path) -> None:
    """Any service can be put behind a proxy: a clone breaks off, and the next one succeeds."""
    sandbox.forge.create("mona/big", {"a.bin": os.urandom(200_000)})
    proxy = sandbox.proxy(sandbox.addresses.forge)
    proxy.wire(cut=3000)
    clone = ["git", "clone", "--quiet", f"http://{proxy.address}/mona/big"]
    broken = subprocess.run([*clone, str(tmp_path / "a")], capture_output=True, check=False)
    assert broken.returncode == 128
    proxy.wire(delay=0.01, split=700, count=None)
    subprocess.run([*clone, str(tmp_path / "b")], capture_output=True, check=True)
    assert (tmp_path / "b" / "a.bin").stat().st_size == 200_000
    proxy.refuse()
    refused = subprocess.run([*clone, str(tmp_path / "c")], capture_output=True, check=False)
    assert refused.returncode == 128
    assert proxy.connections >= 2


def test_droplets_behind_a_proxy(sandbox: SandboxClient, cloud: Client) -> None:
    """Each has an address of its own, which the API shows, and is rid of it when it goes."""
    sandbox.settings(proxied=True)
    ids = [order(cloud, f"docklet-{number}")[0] for number in range(2)]
    shown = [cloud.droplets.get(each)["droplet"]["networks"]["v4"][1] for each in ids]
    proxies = [sandbox.proxy_of(each).address for each in ids]
    assert [f"{each['ip_address']}:22" for each in shown] == proxies
    assert len(set(proxies)) == 2
    cloud.droplets.destroy(ids[0])
    sandbox.inventory()
    assert [*sandbox.control("GET", "/proxies")] == [str(ids[1])]
    sandbox.reset()
    assert sandbox.control("GET", "/proxies") == {}
