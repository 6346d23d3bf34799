"""How the DigitalOcean adapter takes everything that goes wrong between it and the cloud."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from azure.core import exceptions as azure
from pydo import Client

from docklet.adapters.digitalocean.causes import vendor_errors
from docklet.adapters.digitalocean.cloud import DigitalOcean
from docklet.adapters.digitalocean.errors import create_error, trouble_of
from docklet.adapters.digitalocean.purposes import CREATE
from docklet.adapters.digitalocean.shapes import firewall_of
from docklet.domain.errors import AmbiguousCreate, CloudError, CreateDeferred
from docklet.domain.firewall import SHARED, Firewall, Opening
from docklet.domain.outcome import Reason
from docklet.domain.secret import Secret
from docklet.ports import Deletion
from docklet_sandbox.launch import running
from tests.contract.sshd import free_port
from tests.contract.test_cloud import REQUEST
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient

DROPLETS = "/v2/droplets"
START = FakeClock().now()
NOTED = 0.3
"""Seconds until the sandbox notes a request whose client has left."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("cloud") / "state", "--machines=none") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(started: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> SandboxClient:
    """Return the sandbox as good as new, and trusted."""
    started.reset()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", started.addresses.bundle)
    return started


@pytest.fixture
def clock() -> FakeClock:
    """Make the time that the adapter waits in."""
    return FakeClock()


@pytest.fixture
def cloud(sandbox: SandboxClient, clock: FakeClock) -> Iterator[DigitalOcean]:
    """Make the adapter."""
    token = Secret(sandbox.addresses.cloud_token)
    real = DigitalOcean(token, clock=clock, endpoint=sandbox.addresses.cloud, read_timeout=1)
    yield real
    real.close()


def sent(sandbox: SandboxClient, method: str) -> int:
    """Count the requests that arrived at the cloud's droplets."""
    journal = sandbox.journal("cloud")
    return sum(e["method"] == method and e["path"].startswith(DROPLETS) for e in journal)


AMBIGUOUS = ["500", "502", "503", "504", "408", "drop", "garbage", "black_hole"]


@pytest.mark.parametrize("commit", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", AMBIGUOUS)
async def test_create_is_sent_once_and_may_be_ambiguous(
    sandbox: SandboxClient, cloud: DigitalOcean, kind: str, *, commit: bool
) -> None:
    """Whatever is no clear answer makes a create ambiguous, and never repeats it."""
    sandbox.fault(kind, method="POST", route=DROPLETS, commit=commit, headers={"Retry-After": "1"})
    with pytest.raises(AmbiguousCreate, match="may exist"):
        await cloud.create(REQUEST)
    await asyncio.sleep(NOTED if kind == "black_hole" else 0)
    assert sent(sandbox, "POST") == 1
    assert len(sandbox.inventory().droplets) == commit


async def test_create_with_an_answer_of_another_shape(
    sandbox: SandboxClient, cloud: DigitalOcean
) -> None:
    """A success that names no droplet is ambiguous, too."""
    sandbox.fault("202", method="POST", route=DROPLETS, body={"droplets": []})
    with pytest.raises(AmbiguousCreate):
        await cloud.create(REQUEST)


REFUSALS = [
    (422, "creating this/these droplet(s) will exceed your droplet limit", Reason.QUOTA),
    (403, "You have reached the limit for GPU Droplets.", Reason.QUOTA),
    (422, "Size is not available in this region.", Reason.UNAVAILABLE),
    (422, "Region is not available", Reason.UNAVAILABLE),
    (422, "size is unavailable", Reason.UNAVAILABLE),
    (
        422,
        "The size you selected is temporarily unavailable because of High CPU server capacity",
        Reason.UNAVAILABLE,
    ),
    (422, "You specified an invalid image for Droplet creation.", Reason.CREATE_FAILED),
    (422, "Droplet create event failed, please try again", Reason.CREATE_FAILED),
    (400, "unexpected token", Reason.CREATE_FAILED),
    (404, "", Reason.CREATE_FAILED),
    (307, "", Reason.CREATE_FAILED),
    (401, "Unable to authenticate you", Reason.CLOUD_DENIED),
    (403, "You are not authorized to perform this operation", Reason.CLOUD_DENIED),
]


@pytest.mark.parametrize(("status", "said", "reason"), REFUSALS)
async def test_create_refused(
    sandbox: SandboxClient, cloud: DigitalOcean, status: int, said: str, reason: Reason
) -> None:
    """A refused create is told apart by status and words, and sent once, Retry-After or not."""
    body = {"id": "refused", "message": said}
    headers = {"Retry-After": "1", "Location": f"{sandbox.addresses.cloud}{DROPLETS}"}
    sandbox.fault(str(status), method="POST", route=DROPLETS, body=body, headers=headers)
    with pytest.raises(CloudError) as caught:
        await cloud.create(REQUEST)
    assert not isinstance(caught.value, AmbiguousCreate)
    assert caught.value.reason is reason
    assert sent(sandbox, "POST") == 1
    assert said in caught.value.message


@pytest.mark.parametrize("wait", [0.0, 7.0])
async def test_create_when_the_limit_is_used_up(
    sandbox: SandboxClient, cloud: DigitalOcean, wait: float
) -> None:
    """A 429 is no create; it is sent once all the same, as only the run knows if it still may."""
    headers = {"Retry-After": str(wait)} if wait else {}
    sandbox.fault("429", method="POST", route=DROPLETS, headers=headers)
    with pytest.raises(CreateDeferred, match="250 requests a minute") as caught:
        await cloud.create(REQUEST)
    assert caught.value.retry_after == wait
    assert sent(sandbox, "POST") == 1


async def test_create_never_sent_for_want_of_a_connection(clock: FakeClock) -> None:
    """A refused connection is a plain failure: there is nothing to look for."""
    cloud = DigitalOcean(Secret("t"), clock=clock, endpoint=f"https://127.0.0.1:{free_port()}")
    with pytest.raises(CreateDeferred, match=r"asked to create a droplet .*refused"):
        await cloud.create(REQUEST)
    cloud.close()


async def test_create_never_sent_to_a_stranger(
    sandbox: SandboxClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with a certificate of nobody we know gets no token and no request."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    cloud = DigitalOcean(Secret("canary"), clock=clock, endpoint=sandbox.addresses.cloud)
    with pytest.raises(CloudError, match="certificate") as caught:
        await cloud.create(REQUEST)
    assert type(caught.value) is CloudError
    with pytest.raises(CloudError, match="certificate"):
        await cloud.droplet_limit()
    assert sandbox.journal("cloud") == []
    assert clock.now() == START
    cloud.close()


async def test_certificates_that_are_not_there(
    sandbox: SandboxClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of certificates that is missing is named at once, and nothing is sent."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    cloud = DigitalOcean(Secret("canary"), clock=clock, endpoint=sandbox.addresses.cloud)
    told = r"No connection .*/nowhere/bundle\.pem.*REQUESTS_CA_BUNDLE"
    with pytest.raises(CloudError, match=told) as caught:
        await cloud.create(REQUEST)
    assert type(caught.value) is CloudError
    with pytest.raises(CloudError, match=told):
        await cloud.droplet_limit()
    assert sandbox.journal("cloud") == []
    assert clock.now() == START
    cloud.close()


def test_plain_http_is_refused_at_once(clock: FakeClock) -> None:
    """An address without TLS is refused before anything is sent."""
    with pytest.raises(CloudError, match="plain text") as caught:
        DigitalOcean(Secret("canary"), clock=clock, endpoint="http://api.digitalocean.com")
    assert caught.value.reason is Reason.INVALID_INPUT


@pytest.mark.parametrize("kind", ["500", "502", "503", "408", "429", "drop", "garbage"])
async def test_reads_are_repeated(
    sandbox: SandboxClient, cloud: DigitalOcean, clock: FakeClock, kind: str
) -> None:
    """A passing failure of a read is waited out, and jitter spreads the waits."""
    sandbox.fault(kind, method="GET", route=DROPLETS, count=3)
    assert await cloud.droplets() == ()
    assert sent(sandbox, "GET") == 4
    assert clock.now() - START == pytest.approx((0.5 + 2 + 8) / 2)


async def test_mute_server_is_given_up(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """A server that says nothing holds nobody longer than the read timeout each time."""
    sandbox.fault("black_hole", method="GET", route=DROPLETS, count=4)
    begun = time.monotonic()
    with pytest.raises(CloudError, match="did not answer"):
        await cloud.droplets()
    assert time.monotonic() - begun < 8
    await asyncio.sleep(NOTED)


async def test_lasting_failure_is_raised(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """A failure that does not pass is explained after the last repetition."""
    sandbox.fault("503", method="GET", route=DROPLETS, count=9)
    with pytest.raises(CloudError, match=r"failed to read droplets \(HTTP 503\)"):
        await cloud.droplets()
    assert sent(sandbox, "GET") == 4


async def test_retry_after_is_honoured(
    sandbox: SandboxClient, cloud: DigitalOcean, clock: FakeClock
) -> None:
    """The cloud says how long to wait, and that is waited."""
    sandbox.fault("429", method="GET", route=DROPLETS, headers={"Retry-After": "7"})
    await cloud.droplets()
    assert 7 <= clock.now() - START < 8


async def test_long_retry_after_is_raised(
    sandbox: SandboxClient, cloud: DigitalOcean, clock: FakeClock
) -> None:
    """Nobody waits an hour in silence."""
    sandbox.fault("429", method="GET", route=DROPLETS, headers={"Retry-After": "3600"})
    with pytest.raises(CloudError, match="250 requests a minute"):
        await cloud.droplets()
    assert clock.now() == START


async def test_cancel_while_waiting(sandbox: SandboxClient) -> None:
    """Somebody who waits for a repetition can be stopped at once."""

    class Slow(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(3600 + seconds)

    token = Secret(sandbox.addresses.cloud_token)
    cloud = DigitalOcean(token, clock=Slow(), endpoint=sandbox.addresses.cloud)
    sandbox.fault("503", method="GET", route=DROPLETS)
    task = asyncio.create_task(cloud.droplets())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)
    cloud.close()


async def test_cancelled_create_still_has_an_answer(
    sandbox: SandboxClient, cloud: DigitalOcean
) -> None:
    """A shielded create that was cancelled tells afterwards which droplet it made."""
    sandbox.fault("delay", method="POST", route=DROPLETS, latency=0.5)
    answer = asyncio.ensure_future(cloud.create(REQUEST))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(answer), 0.2)
    made = await answer
    assert made.droplet_id in sandbox.inventory().droplets


def test_mute_server_does_not_hold_the_exit(sandbox: SandboxClient) -> None:
    """A process whose request is in flight ends when it wants to."""
    sandbox.fault("black_hole", method="GET", route=DROPLETS, count=9)
    code = (
        "import asyncio, sys\n"
        "from docklet.adapters.digitalocean.cloud import DigitalOcean\n"
        "from docklet.domain.secret import Secret\n"
        "cloud = DigitalOcean(Secret(sys.argv[1]), clock=None, endpoint=sys.argv[2])\n"
        "async def main():\n"
        "    async with asyncio.timeout(3):\n"
        "        await cloud.droplets()\n"
        "try:\n"
        "    asyncio.run(main())\n"
        "except TimeoutError:\n"
        "    print('gave up', flush=True)\n"
    )
    addresses = sandbox.addresses
    argv = [sys.executable, "-c", code, addresses.cloud_token, addresses.cloud]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.returncode) == ("gave up\n", 0), done.stderr


async def test_delete_is_repeated(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """A delete whose answer was lost is sent again, and finds the droplet gone."""
    made = await cloud.create(REQUEST)
    sandbox.fault("commit_then_drop", method="DELETE")
    assert await cloud.delete(made.droplet_id) is Deletion.GONE
    assert sent(sandbox, "DELETE") == 2


async def test_delete_while_pending(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """A droplet that is busy is not deleted yet, which is no error."""
    sandbox.settings(delete_pending=60.0)
    made = await cloud.create(REQUEST)
    assert await cloud.delete(made.droplet_id) is Deletion.PENDING
    assert sent(sandbox, "DELETE") == 1


async def test_scope_is_named(sandbox: SandboxClient, clock: FakeClock) -> None:
    """A token that lacks a scope is told which, and asked once."""
    sandbox.settings(tokens={"weak": ["droplet:read"]})
    cloud = DigitalOcean(Secret("weak"), clock=clock, endpoint=sandbox.addresses.cloud)
    with pytest.raises(CloudError, match="`droplet:delete`") as caught:
        await cloud.delete(1)
    assert caught.value.reason is Reason.CLOUD_DENIED
    assert sent(sandbox, "DELETE") == 1
    cloud.close()


@pytest.mark.parametrize("scopes", [[], ["firewall:read", "tag:create", "tag:read"]], ids=len)
async def test_scopes_of_the_firewall(
    sandbox: SandboxClient, clock: FakeClock, scopes: list[str]
) -> None:
    """A token that may not read or make the firewall is told both scopes."""
    sandbox.settings(tokens={"weak": scopes})
    cloud = DigitalOcean(Secret("weak"), clock=clock, endpoint=sandbox.addresses.cloud)
    ask = cloud.create_firewall(SHARED) if scopes else cloud.firewalls()
    with pytest.raises(CloudError, match=r"`firewall:read`.*`firewall:create`") as caught:
        await ask
    assert caught.value.reason is Reason.CLOUD_DENIED
    assert sandbox.inventory().firewalls == set()
    cloud.close()


@pytest.mark.parametrize("commit", [False, True], ids=["before", "after"])
async def test_firewall_is_made_once(
    sandbox: SandboxClient, cloud: DigitalOcean, *, commit: bool
) -> None:
    """A lost answer is asked for again, and does no harm: the name is taken then."""
    sandbox.fault("drop", method="POST", route="/v2/firewalls", commit=commit)
    assert await cloud.create_firewall(SHARED) is not commit
    assert await cloud.firewalls() == (SHARED,)
    assert sandbox.violations() == []


@pytest.mark.parametrize(
    "raw",
    [
        {"inbound_rules": None, "outbound_rules": None, "tags": None},
        {"inbound_rules": [], "droplet_ids": [1]},
    ],
    ids=["null", "missing"],
)
def test_firewall_of_little(raw: dict[str, object]) -> None:
    """Lists that are null or not there are empty."""
    found = firewall_of({"name": "web", **raw})
    assert found == Firewall(name="web", tags=frozenset(), inbound=(), outbound=())


def test_firewall_rules_without_addresses_or_ports() -> None:
    """A rule for load balancers has no addresses, one for ping may have no ports."""
    rules = [{"protocol": "icmp", "sources": {"load_balancer_uids": ["a"]}}]
    (opening,) = firewall_of({"name": "web", "inbound_rules": rules}).inbound
    assert opening == Opening(protocol="icmp", ports="0", addresses=frozenset())


async def test_unknown_token(sandbox: SandboxClient, clock: FakeClock) -> None:
    """A revoked token is told as such."""
    cloud = DigitalOcean(Secret("canary"), clock=clock, endpoint=sandbox.addresses.cloud)
    with pytest.raises(CloudError, match="revoked") as caught:
        await cloud.sizes()
    assert caught.value.reason is Reason.CLOUD_DENIED
    assert "canary" not in caught.value.message
    cloud.close()


async def test_all_pages(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """A list is read to its last page."""
    sandbox.settings(droplet_limit=1000)
    names = [f"docklet-{number}" for number in range(210)]
    await asyncio.to_thread(_make_many, sandbox, names)
    assert {droplet.name for droplet in await cloud.droplets()} == set(names)
    assert sent(sandbox, "GET") == 2


def _make_many(sandbox: SandboxClient, names: list[str]) -> None:
    """Make droplets ten at a time, as docklet itself never does."""
    with Client(sandbox.addresses.cloud_token, endpoint=sandbox.addresses.cloud) as client:
        body = {"region": "nyc3", "size": "s-2vcpu-4gb", "image": "docker-20-04"}
        for start in range(0, len(names), 10):
            client.droplets.create({**body, "names": names[start : start + 10]})


async def test_snapshot_by_name(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """An own snapshot is found by its name, which may have spaces, and booted by its id."""
    number = sandbox.add_image("my tools, March")
    found = await cloud.find_image("my tools, March")
    assert found is not None
    assert (found.boot, found.slug) == (number, "")


async def test_order(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """A create asks for no agent, no account key and nothing else that is not needed."""
    await cloud.create(REQUEST)
    (entry,) = [e for e in sandbox.journal("cloud") if e["method"] == "POST"]
    body = json.loads(entry["request_body"])
    assert body["with_droplet_agent"] is False
    assert "ssh_keys" not in body
    assert body["tags"] == list(REQUEST.tags)
    assert sandbox.violations() == []


@pytest.mark.parametrize("body", ["[]", '"text"', "{}", "null", '{"droplets": [{"id": "x"}]}'])
async def test_misshapen_list(sandbox: SandboxClient, cloud: DigitalOcean, body: str) -> None:
    """JSON that makes no sense is the cloud's failure and no crash."""
    headers = {"Content-Type": "application/json"}
    sandbox.fault("200", method="GET", route=DROPLETS, body=body, headers=headers, count=9)
    with pytest.raises(CloudError, match="makes no sense"):
        await cloud.droplets()


async def test_logs_hold_no_secret(
    sandbox: SandboxClient, cloud: DigitalOcean, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even at debug level does any library log the token or the user data."""
    caplog.set_level(logging.DEBUG)
    made = await cloud.create(REQUEST)
    await cloud.delete(made.droplet_id)
    assert caplog.text
    assert sandbox.addresses.cloud_token not in caplog.text
    assert REQUEST.user_data.strip() not in caplog.text


def _azure_errors() -> list[type[Exception]]:
    return [
        kind
        for _, kind in inspect.getmembers(azure, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == azure.__name__
    ]


def _made(kind: type[Exception]) -> Exception:
    """Make an error of a class whose constructor may want an answer instead of a message."""
    answer = SimpleNamespace(reason="boom", status_code=200, text=str, request="boom")
    wants = inspect.signature(kind.__init__).parameters
    return kind(answer) if next(iter(list(wants)[1:]), "") == "response" else kind("boom")


def test_there_are_azure_errors() -> None:
    """The enumeration below finds what it is meant to find."""
    assert azure.ServiceResponseTimeoutError in _azure_errors()
    assert len(_azure_errors()) > 15


@pytest.mark.parametrize("kind", _azure_errors())
def test_every_azure_error_is_translated(kind: type[Exception]) -> None:
    """No exception of the vendor gets past the adapter; a create in doubt is ambiguous."""
    error = _made(kind)
    assert isinstance(error, vendor_errors())
    assert trouble_of(error, CREATE).error.message.endswith(".")
    unsent = kind is azure.ServiceRequestTimeoutError
    assert isinstance(create_error(error), AmbiguousCreate) is not unsent


def test_threads_are_daemons(cloud: DigitalOcean) -> None:
    """Requests run in threads that the interpreter does not wait for."""

    async def look() -> list[bool]:
        task = asyncio.create_task(cloud.droplets())
        await asyncio.sleep(0.01)
        mine = [each.daemon for each in threading.enumerate() if each.name == "docklet-call"]
        await task
        return mine

    assert set(asyncio.run(look())) == {True}


async def test_creation_that_fails(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """An event that has ended with an error says so, and one under way does not."""
    sandbox.fate("create_fails", stays=True)
    sandbox.fate("never_active")
    failed, slow = await cloud.create(REQUEST), await cloud.create(REQUEST)
    assert await cloud.creation_failed(failed.creation)
    assert not await cloud.creation_failed(slow.creation)


async def test_power(sandbox: SandboxClient, cloud: DigitalOcean) -> None:
    """A droplet is switched on once; while that goes on, the cloud is too busy for more."""
    made = await cloud.create(REQUEST)
    sandbox.settings(action_delay=60)
    assert await cloud.power_on(made.droplet_id)
    assert not await cloud.power_on(made.droplet_id)
