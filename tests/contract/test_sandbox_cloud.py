"""The sandbox's cloud as DigitalOcean's own client sees it, over TLS."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceResponseError,
)
from pydo import Client

from docklet_sandbox.client import SandboxClient
from docklet_sandbox.launch import running
from tests.contract.sandbox_forge.plain import ask

Body = dict[str, Any]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines for the whole module."""
    folder = tmp_path_factory.mktemp("sandbox") / "state"
    with running(folder, "--machines=none") as sandbox:
        yield sandbox
    assert not folder.exists()


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox, as good as new."""
    started.reset()
    return started


@pytest.fixture
def cloud(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return the official client, made not to retry."""
    return _client(sandbox, monkeypatch, sandbox.addresses.cloud_token)


def _client(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch, token: str) -> Client:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", sandbox.addresses.bundle)
    return Client(token=token, endpoint=sandbox.addresses.cloud, retry_total=0)


def _answer(error: HttpResponseError) -> Any:  # noqa: ANN401 - azure's types hide what is there
    return error.response


def _wanted(**changes: object) -> Body:
    return {
        "name": "docklet-one",
        "region": "nyc3",
        "size": "s-1vcpu-1gb",
        "image": "docker-20-04",
        "tags": ["docklet:run"],
        "user_data": "#cloud-config\n",
    } | changes


def _raw(
    sandbox: SandboxClient, method: str, path: str, body: bytes | None = None
) -> tuple[int, Any]:
    """Send what the official client would not."""
    request = urllib.request.Request(  # noqa: S310 - our own https address
        sandbox.addresses.cloud + path,
        method=method,
        data=body,
        headers={
            "Authorization": f"Bearer {sandbox.addresses.cloud_token}",
            "Content-Type": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=sandbox.addresses.ca)
    try:
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310 - as above
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_droplet_lives_and_dies(sandbox: SandboxClient, cloud: Client) -> None:
    """Create says `new` and links its action; then there is an address; delete makes it a 404."""
    before = sandbox.inventory()
    created = cloud.droplets.create(_wanted())
    droplet_id = created["droplet"]["id"]
    assert created["droplet"]["status"] == "new"
    assert created["droplet"]["networks"] == {"v4": [], "v6": []}
    assert created["links"]["actions"][0]["rel"] == "create"
    action = cloud.actions.get(created["links"]["actions"][0]["id"])["action"]
    assert (action["status"], action["resource_id"]) == ("completed", droplet_id)

    droplet = cloud.droplets.get(droplet_id)["droplet"]
    assert droplet["status"] == "active"
    assert [network["type"] for network in droplet["networks"]["v4"]] == ["private", "public"]
    assert droplet["size"]["price_hourly"] == 0.00893

    assert cloud.droplets.destroy(droplet_id) is None
    assert cloud.droplets.get(droplet_id)["id"] == "not_found"
    assert cloud.droplets.destroy(droplet_id)["id"] == "not_found"
    assert sandbox.inventory().droplets == before.droplets
    assert sandbox.inventory().tags == {"docklet:run"}
    cloud.tags.delete("docklet:run")
    assert sandbox.inventory() == before
    assert sandbox.bill().dollars == 0.01
    assert sandbox.history()[0]["user_data"] == "#cloud-config\n"
    assert sandbox.violations() == []


def test_lists_come_in_pages(sandbox: SandboxClient, cloud: Client) -> None:
    """A list of 45 has three pages of 20 at most, linked until the last."""
    sandbox.settings(droplet_limit=50)
    for start in range(0, 45, 9):
        names = [f"docklet-{n}" for n in range(start, start + 9)]
        body = {k: v for k, v in _wanted(names=names).items() if k != "name"}
        assert len(cloud.droplets.create(body)["droplets"]) == 9
    sizes, page = [], 1
    while True:
        answer = cloud.droplets.list(page=page, tag_name="docklet:run")
        sizes.append(len(answer["droplets"]))
        assert answer["meta"]["total"] == 45
        if "next" not in answer["links"].get("pages", {}):
            break
        assert f"page={page + 1}" in answer["links"]["pages"]["next"]
        page += 1
    assert sizes == [20, 20, 5]
    assert "first" in answer["links"]["pages"]
    whole = cloud.droplets.list(per_page=200)
    assert len(whole["droplets"]) == 45
    assert "links" not in whole


def test_lists_can_be_narrowed(cloud: Client) -> None:
    """Lists filter by tag or by name; GPU droplets are listed only when asked for by type."""
    one = cloud.droplets.create(_wanted())["droplet"]["id"]
    two = cloud.droplets.create(_wanted(name="docklet-two", tags=["other"]))["droplet"]["id"]
    gpu = cloud.droplets.create(
        _wanted(name="docklet-gpu", size="gpu-h100x1-80gb", region="tor1")
    )["droplet"]["id"]

    def ids(**query: str) -> list[int]:
        return [droplet["id"] for droplet in cloud.droplets.list(**query)["droplets"]]

    assert ids() == [one, two]
    assert ids(tag_name="docklet:run") == [one]
    assert ids(name="DOCKLET-TWO") == [two]
    assert ids(tag_name="nobody") == []
    assert ids(type="gpus") == [gpu]


def test_tags_keep_their_first_spelling(sandbox: SandboxClient, cloud: Client) -> None:
    """A tag is created by use, is found by its first spelling only, and can be put on and off."""
    droplet_id = cloud.droplets.create(_wanted(tags=["Docklet:A"]))["droplet"]["id"]
    cloud.droplets.create(_wanted(tags=["docklet:a"]))
    assert sandbox.inventory().tags == {"Docklet:A"}
    assert cloud.tags.get("Docklet:A")["tag"]["resources"]["droplets"]["count"] == 2
    assert cloud.tags.get("docklet:a")["id"] == "not_found"
    assert cloud.tags.create({"name": "docklet:kept"})["tag"]["name"] == "docklet:kept"
    resources = {"resources": [{"resource_id": str(droplet_id), "resource_type": "droplet"}]}
    cloud.tags.assign_resources("docklet:kept", resources)
    assert cloud.droplets.get(droplet_id)["droplet"]["tags"] == ["Docklet:A", "docklet:kept"]
    cloud.tags.unassign_resources("docklet:kept", resources)
    cloud.tags.delete("Docklet:A")
    assert cloud.droplets.get(droplet_id)["droplet"]["tags"] == []
    assert [tag["name"] for tag in cloud.tags.list()["tags"]] == ["docklet:kept"]


def test_power_and_snapshots(sandbox: SandboxClient, cloud: Client) -> None:
    """A droplet that is off stays listed and billed; a snapshot is an image of one's own."""
    droplet_id = cloud.droplets.create(_wanted())["droplet"]["id"]
    action = cloud.droplet_actions.post(droplet_id, {"type": "power_off"})["action"]
    assert cloud.actions.get(action["id"])["action"]["type"] == "power_off"
    assert [d["status"] for d in cloud.droplets.list()["droplets"]] == ["off"]
    cloud.droplet_actions.post(droplet_id, {"type": "snapshot", "name": "warm"})
    [image] = cloud.images.list(private=True)["images"]
    assert (image["name"], image["slug"], image["public"]) == ("warm", None, False)
    sandbox.settings(action_delay=60)
    cloud.droplet_actions.post(droplet_id, {"type": "power_on"})
    with pytest.raises(HttpResponseError, match="already has a pending event"):
        cloud.droplet_actions.post(droplet_id, {"type": "reboot"})
    assert len(cloud.droplet_actions.list(droplet_id)["actions"]) == 4


def test_what_is_on_offer(cloud: Client) -> None:
    """Sizes have prices and regions, images are found by slug and by type."""
    sizes = {size["slug"]: size for size in cloud.sizes.list(per_page=200)["sizes"]}
    assert sizes["s-2vcpu-4gb"]["price_hourly"] == 0.03571
    assert "nyc3" in sizes["s-2vcpu-4gb"]["regions"]
    regions = {region["slug"]: region for region in cloud.regions.list()["regions"]}
    assert "s-2vcpu-4gb" in regions["nyc3"]["sizes"]
    assert cloud.images.get("docker-20-04")["image"]["name"] == "Docker 27 on Ubuntu 22.04"
    assert cloud.images.get("docker-22-04")["id"] == "not_found"
    slugs = {image["slug"] for image in cloud.images.list(type="distribution")["images"]}
    assert "ubuntu-24-04-x64" in slugs
    assert "docker-20-04" not in slugs
    clicks = cloud.one_clicks.list(type="droplet")["1_clicks"]
    assert {"slug": "docker-20-04", "type": "droplet"} in clicks
    assert cloud.account.get()["account"]["droplet_limit"] == 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "not_a_host"}, "Only valid hostname characters are allowed"),
        ({"size": "s-8vpcu"}, "invalid size for Droplet creation"),
        ({"region": "nyc9"}, "invalid region for Droplet creation"),
        ({"region": "ams2"}, "Region is not available"),
        ({"region": "sfo2", "size": "m-2vcpu-16gb"}, "Size is not available in this region"),
        ({"image": "docker-22-04"}, "invalid image for Droplet creation"),
        ({"tags": ["owner/repo"]}, "Tag name may only contain"),
        ({"user_data": "#" * (64 * 1024 + 1)}, "user_data is too long"),
        ({"user_data": "# ☃"}, "must be plain text"),
        ({"ssh_keys": ["12"]}, "12 are invalid key identifiers"),
    ],
)
def test_impossible_orders_are_refused(
    sandbox: SandboxClient, cloud: Client, changes: Body, message: str
) -> None:
    """A well-formed order that cannot be fulfilled is a 422 with the real service's words."""
    with pytest.raises(HttpResponseError, match=message) as caught:
        cloud.droplets.create(_wanted(**changes))
    assert caught.value.status_code == 422
    body = json.loads(_answer(caught.value).text())
    assert set(body) == {"id", "message", "request_id"}
    assert sandbox.violations() == []
    assert sandbox.inventory().droplets == {}


def test_limits_and_full_regions(sandbox: SandboxClient, cloud: Client) -> None:
    """The droplet limit counts, and a region can be full although the catalog offers it."""
    sandbox.settings(droplet_limit=1, full_regions=["nyc3"])
    with pytest.raises(HttpResponseError, match="Size is not available in this region"):
        cloud.droplets.create(_wanted())
    cloud.droplets.create(_wanted(region="nyc1"))
    with pytest.raises(HttpResponseError, match="will exceed your droplet limit"):
        cloud.droplets.create(_wanted(region="nyc1"))


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("GET", "/v2/nothing", None, "no such route"),
        ("PATCH", "/v2/droplets", None, "no such route"),
        ("DELETE", "/v2/droplets?tag_name=docklet", None, "forbidden"),
        ("GET", "/v2/droplets?tag=docklet", None, "'tag' does not exist"),
        ("GET", "/v2/droplets?per_page=201", None, "from 1 to 200"),
        ("GET", "/v2/droplets?tag_name=a&type=gpus", None, "can not be combined"),
        ("POST", "/v2/droplets", b"{", "not JSON"),
        ("POST", "/v2/droplets", json.dumps(_wanted(colour="red")).encode(), "'colour'"),
        ("POST", "/v2/droplets", json.dumps(_wanted(tags="a")).encode(), "tags"),
        ("POST", "/v2/droplets", b'{"name": "a", "image": 1}', "size"),
    ],
)
def test_what_no_client_sends_is_a_violation(
    sandbox: SandboxClient, method: str, path: str, body: bytes | None, reason: str
) -> None:
    """Unknown routes, parameters and fields, wrong types and mass deletion: 500, and recorded."""
    status, answer = _raw(sandbox, method, path, body)
    assert status == 500
    assert reason in answer["message"]
    [violation] = sandbox.violations()
    assert reason in violation


@pytest.mark.usefixtures("specs")
def test_both_services_are_held_to_their_descriptions(sandbox: SandboxClient) -> None:
    """The server checks what only a description knows: a nested field, a parameter."""
    order = json.dumps(_wanted(backup_policy={"colour": "red"})).encode()
    assert _raw(sandbox, "POST", "/v2/droplets", order)[0] == 500
    sandbox.forge.create("mona/thesis", {"a.R": "1\n"})
    url = f"{sandbox.addresses.forge_api}/repos/mona/thesis?colour=red"
    assert ask("GET", url, token=sandbox.addresses.forge_token).status == 500
    cloud, forge = sandbox.violations()
    assert "'colour' was unexpected" in cloud
    assert "'colour' does not exist" in forge


def test_tokens_and_scopes(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown token is a 401; a token does what its scopes say, tags in a create included."""
    with pytest.raises(ClientAuthenticationError, match="Unable to authenticate you"):
        _client(sandbox, monkeypatch, "unknown").account.get()
    reads = ["droplet:read", "regions:read", "sizes:read", "actions:read", "image:read"]
    sandbox.settings(tokens={"narrow": ["droplet:create", *reads]})
    narrow = _client(sandbox, monkeypatch, "narrow")
    droplet_id = narrow.droplets.create(_wanted(tags=[]))["droplet"]["id"]
    with pytest.raises(HttpResponseError, match="not authorized") as caught:
        narrow.droplets.create(_wanted())
    assert caught.value.status_code == 403
    with pytest.raises(HttpResponseError, match="not authorized"):
        narrow.droplets.destroy(droplet_id)


def test_rate_limits(sandbox: SandboxClient, cloud: Client) -> None:
    """Every answer says what is left; a burst is a 429; listing keys has a limit of its own."""
    headers = cloud.account.get(cls=lambda _response, _body, found: found)
    assert headers["ratelimit-limit"] == 5000
    assert headers["ratelimit-remaining"] == 4999
    for _ in range(10):
        cloud.ssh_keys.list()
    with pytest.raises(HttpResponseError) as caught:
        cloud.ssh_keys.list()
    assert caught.value.status_code == 429
    sandbox.settings(limit_minute=12)
    with pytest.raises(HttpResponseError, match="Rate limit exceeded") as caught:
        cloud.account.get()
    assert 0 < int(_answer(caught.value).headers["retry-after"]) <= 60


def test_keys_and_firewalls(sandbox: SandboxClient, cloud: Client) -> None:
    """Keys and firewalls can be made, seen in the inventory, and deleted."""
    before = sandbox.inventory()
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGluIHRoZSBzYW5kYm94IG9ubHkgYSBwbGFjZWhvbGRlcg=="
    key = cloud.ssh_keys.create({"name": "mine", "public_key": public})["ssh_key"]
    wall = cloud.firewalls.create({"name": "wall", "inbound_rules": []})["firewall"]
    after = sandbox.inventory()
    assert after.keys == {"mine"}
    assert after.firewalls == {"wall"}
    assert cloud.ssh_keys.get(key["fingerprint"])["ssh_key"]["id"] == key["id"]
    cloud.droplets.create(_wanted(ssh_keys=[key["id"]], tags=[]))
    cloud.ssh_keys.delete(key["id"])
    cloud.firewalls.delete(wall["id"])
    assert sandbox.inventory().keys == before.keys
    assert sandbox.inventory().firewalls == before.firewalls


def test_faults_strike_in_order(sandbox: SandboxClient, cloud: Client) -> None:
    """Queued faults strike the requests they name, before the effect or after it."""
    sandbox.fault("503", service="cloud", method="POST", route="/v2/droplets", count=2)
    sandbox.fault("commit_then_500", method="POST", route="/v2/droplets")
    sandbox.fault("commit_then_drop", method="POST", route="/v2/droplets")
    sandbox.fault("drop", method="POST", route="/v2/droplets")
    for status in (503, 503, 500):
        with pytest.raises(HttpResponseError) as caught:
            cloud.droplets.create(_wanted())
        assert caught.value.status_code == status
    assert len(sandbox.inventory().droplets) == 1
    for alive in (2, 2):
        with pytest.raises(ServiceResponseError):
            cloud.droplets.create(_wanted())
        assert len(sandbox.inventory().droplets) == alive
    assert sandbox.pending_faults() == []
    assert "droplet" in cloud.droplets.create(_wanted())
    journal = [e for e in sandbox.journal("cloud") if e["method"] == "POST"]
    assert [e["status"] for e in journal] == [503, 503, 500, 0, 0, 202]
    assert [e["fault"] for e in journal] == ["answer", "answer", "answer", "drop", "drop", ""]
    assert all("docklet-one" in e["request_body"] for e in journal)


def test_faults_of_the_network(sandbox: SandboxClient, cloud: Client) -> None:
    """Answers can be late, garbled, from somebody else, or never come."""
    sandbox.fault("delay", route="/v2/account", latency=0.2)
    began = time.monotonic()
    cloud.account.get()
    assert time.monotonic() - began >= 0.2
    sandbox.fault("black_hole", route="/v2/account")
    with pytest.raises(ServiceResponseError):
        cloud.account.get(read_timeout=0.2)
    sandbox.fault("garbage", route="/v2/account")
    with pytest.raises(json.JSONDecodeError):
        cloud.account.get()
    sandbox.fault(
        "answer",
        route="/v2/account",
        status=429,
        headers={"retry-after": "7"},
        body={"id": "too_many_requests", "message": "API Rate limit exceeded."},
        skip=1,
    )
    cloud.account.get()
    with pytest.raises(HttpResponseError) as caught:
        cloud.account.get()
    assert _answer(caught.value).headers["retry-after"] == "7"


def test_strokes_of_fate(sandbox: SandboxClient, cloud: Client) -> None:
    """A droplet can vanish without a request, and an image can be there without a history."""
    droplet_id = cloud.droplets.create(_wanted())["droplet"]["id"]
    sandbox.vanish(droplet_id)
    assert cloud.droplets.get(droplet_id)["id"] == "not_found"
    image_id = sandbox.add_image("warm")
    assert cloud.images.get(image_id)["image"]["name"] == "warm"
    cloud.droplets.create(_wanted(image=image_id))
    sandbox.forge.create("mona/thesis", {"a.R": "1\n"})
    sandbox.reset()
    assert cloud.images.get(image_id)["id"] == "not_found"
    assert sandbox.inventory().droplets == {}
    assert len(sandbox.journal()) == 1


def test_the_command_line(sandbox: SandboxClient, cloud: Client) -> None:
    """The commands print what there is, and a second `serve` is refused."""
    cloud.droplets.create(_wanted())

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "docklet_sandbox", *arguments]
        done = subprocess.run(
            [*command, "--state", sandbox.addresses.state],
            capture_output=True,
            check=False,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        )
        return done.returncode, done.stdout + done.stderr

    assert f"export DIGITALOCEAN_API_URL={sandbox.addresses.cloud}\n" in run("env")[1]
    assert "docklet-one" in run("inventory")[1]
    assert "POST   /v2/droplets" in run("journal")[1]
    assert "/mona/thesis" in run("repo", "mona/thesis")[1]
    assert sandbox.forge.branches("mona/thesis") == {}
    code, text = run("serve", "--machines=none")
    assert code == 1
    assert "runs in" in text
    code, text = run("serve", "--machines=none", f"--specs={sandbox.addresses.state}")
    assert code == 1
    assert "holds none of digitalocean.json, github.json" in text
