"""What a client sees of each fault that the sandbox's services can be told to have."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from docklet_sandbox.launch import running
from docklet_sandbox.state import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docklet_sandbox.client import SandboxClient

ACCOUNT = "/v2/account"
ORDER = {"name": "docklet-one", "region": "nyc3", "size": "s-2vcpu-4gb", "image": "docker-20-04"}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """Run a sandbox without machines."""
    with running(tmp_path_factory.mktemp("faults") / "state", "--machines=none") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(started: SandboxClient) -> SandboxClient:
    """Return the sandbox as good as new."""
    started.reset()
    return started


def connect(
    sandbox: SandboxClient, path: str = ACCOUNT, method: str = "GET", **body: object
) -> http.client.HTTPConnection:
    """Send one request to the cloud or, below /api/v3, to the forge."""
    addresses = sandbox.addresses
    place = urlsplit(addresses.forge if path.startswith("/api/v3") else addresses.cloud)
    token = addresses.forge_token if place.scheme == "http" else addresses.cloud_token
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Connection": "close",
    }
    host, port = str(place.hostname), place.port
    connection = http.client.HTTPConnection(host, port, timeout=5)
    if place.scheme == "https":
        trust = ssl.create_default_context(cafile=addresses.ca)
        connection = http.client.HTTPSConnection(host, port, timeout=5, context=trust)
    connection.request(method, path, json.dumps(body) if body else None, headers)
    return connection


def knock(
    sandbox: SandboxClient, path: str = ACCOUNT, method: str = "GET", **body: object
) -> http.client.HTTPResponse:
    """Send one request and return the answer, whose body is yet to be read."""
    connection = connect(sandbox, path, method, **body)
    try:
        return connection.getresponse()
    except BaseException:
        connection.close()
        raise


def read(answer: http.client.HTTPResponse) -> Any:  # noqa: ANN401 - foreign JSON
    """Read an answer to its end."""
    with answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("commit", [False, True], ids=["before", "after"])
def test_truncated(sandbox: SandboxClient, *, commit: bool) -> None:
    """Fewer bytes come than were promised; the effect is there or not as was asked for."""
    sandbox.fault("truncated", method="POST", commit=commit, cut=20)
    answer = knock(sandbox, "/v2/droplets", "POST", **ORDER)
    with answer, pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert answer.status == (202 if commit else 200)
    assert len(caught.value.partial) == 20
    with pytest.raises(json.JSONDecodeError):
        json.loads(caught.value.partial)
    assert len(sandbox.inventory().droplets) == commit


def test_truncated_by_half(sandbox: SandboxClient) -> None:
    """Unless told otherwise, half of the true answer comes, with its own headers."""
    true = knock(sandbox)
    sandbox.fault("commit_then_truncated")
    answer = knock(sandbox)
    assert answer.headers["ratelimit-limit"] == true.headers["ratelimit-limit"]
    with answer, pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    with true:
        assert true.read().startswith(caught.value.partial)
    assert int(answer.headers["content-length"]) // 2 == len(caught.value.partial)
    assert [entry["fault"] for entry in sandbox.journal("cloud")] == ["", "truncated"]


@pytest.mark.parametrize(
    ("flavour", "wrong"),
    [
        ("html", lambda body: body.startswith(b"<html>")),
        ("text", lambda body: body.startswith(b"upstream")),
        ("empty", lambda body: body == b""),
        ("null", lambda body: json.loads(body) is None),
        ("list", lambda body: json.loads(body) == ["droplet"]),
        ("half", lambda body: body.startswith(b'{"droplet"') and not body.endswith(b"}")),
        ("binary", lambda body: b"\xff" in body),
        ("gzip", lambda body: not body.startswith(b"\x1f\x8b")),
    ],
)
def test_garbage(sandbox: SandboxClient, flavour: str, wrong: Callable[[bytes], bool]) -> None:
    """A success has a body of any kind but the one that was asked for, in full length."""
    sandbox.fault("garbage", flavour=flavour)
    with knock(sandbox) as answer:
        body = answer.read()
    assert answer.status == 200
    assert wrong(body)
    assert (answer.headers["content-encoding"] == "gzip") == (flavour == "gzip")
    if flavour == "gzip":
        with pytest.raises(gzip.BadGzipFile):
            gzip.decompress(body)


@pytest.mark.parametrize(
    ("path", "words"),
    [(ACCOUNT, "API Rate limit exceeded."), ("/api/v3/user", "secondary rate limit")],
)
@pytest.mark.parametrize("seconds", [None, 7])
def test_too_many(sandbox: SandboxClient, path: str, words: str, seconds: int | None) -> None:
    """A 429 speaks as the service does, and says how long to wait only if it was told to."""
    sandbox.fault("429", retry_after=seconds)
    answer = knock(sandbox, path)
    assert answer.status == 429
    assert answer.headers["retry-after"] == (None if seconds is None else str(seconds))
    assert words in read(answer)["message"]


@pytest.mark.parametrize("commit", [False, True], ids=["before", "after"])
def test_dropped(sandbox: SandboxClient, *, commit: bool) -> None:
    """The connection ends without an answer, before the effect or after it."""
    sandbox.fault("drop", method="POST", commit=commit)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError, ssl.SSLError)):
        knock(sandbox, "/v2/droplets", "POST", **ORDER)
    assert len(sandbox.inventory().droplets) == commit


def test_black_hole_is_noted_when_it_strikes(sandbox: SandboxClient) -> None:
    """A request that nobody will answer is in the journal while its client still waits."""
    sandbox.fault("black_hole")
    waiting = connect(sandbox)
    while not (entries := sandbox.journal("cloud")):
        time.sleep(0.01)
    waiting.close()
    assert [(entry["fault"], entry["status"]) for entry in entries] == [("black_hole", 0)]
    knock(sandbox).close()
    assert [entry["fault"] for entry in sandbox.journal("cloud")] == ["black_hole", ""]


@pytest.mark.parametrize(
    "wrong", [{"colour": "red"}, {"flavour": "vanilla"}, {"kind": "truncate"}]
)
def test_misspelt(sandbox: SandboxClient, wrong: dict[str, str]) -> None:
    """A fault with a field or a word that does not exist is refused."""
    with pytest.raises(SandboxError, match="refused"):
        sandbox.control("POST", "/faults", {"kind": "garbage", **wrong})
    assert sandbox.pending_faults() == []
