"""A secret is found wherever it was left, however it is written, and nowhere else."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest

from docklet_sandbox.audit import find_leaks
from docklet_sandbox.leaks import Canary, Leak, Search
from docklet_sandbox.state import SandboxError
from tests.contract.sandbox_report.plants import (
    REPO,
    ask,
    hatch,
    in_body,
    in_comment,
    in_commit,
    in_git_configuration,
    in_header,
    in_issue,
    in_query,
    in_server_log,
    in_settings,
    in_status,
    in_tag,
    in_user_data,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from docklet_sandbox.client import SandboxClient

ANYTHING = (
    *(in_query, in_comment, in_status, in_issue, in_commit),
    *(in_git_configuration, in_server_log, in_settings),
)


@pytest.mark.parametrize("plant", ANYTHING, ids=lambda plant: plant.__name__)
def test_a_canary_is_found(
    sandbox: SandboxClient, plant: Callable[[SandboxClient, str], str]
) -> None:
    """Wherever a secret was left, the report names the place; before, it finds nothing."""
    canary = hatch()
    assert find_leaks(sandbox, [canary]) == set()
    place = plant(sandbox, canary.value)
    assert place in " ".join(leak.place for leak in find_leaks(sandbox, [canary]))


@pytest.mark.parametrize("plant", [in_user_data, in_header, in_body, in_tag])
def test_a_plain_canary_is_found(
    sandbox: SandboxClient, plant: Callable[[SandboxClient, str], str]
) -> None:
    """So it is where only plain letters may stand."""
    canary = Canary(name="plain", value=secrets.token_hex(20))
    assert find_leaks(sandbox, [canary]) == set()
    place = plant(sandbox, canary.value)
    assert place in " ".join(leak.place for leak in find_leaks(sandbox, [canary]))


def test_tokens_in_their_place_are_no_leak(sandbox: SandboxClient) -> None:
    """The token that authorises a request is kept nowhere, however its header is spelled."""
    ask(sandbox, "GET", "/v2/account")
    place = urlsplit(sandbox.addresses.forge_api)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    lower = {"authorization": f"Bearer {sandbox.addresses.forge_token}", "user-agent": "lower"}
    connection.request("GET", f"{place.path}/repos/{REPO}", headers=lower)
    assert connection.getresponse().status == 200
    connection.close()
    assert sandbox.journal()[-1]["client"] == "lower"
    tokens = [sandbox.addresses.cloud_token, sandbox.addresses.forge_token]
    canaries = [Canary(name="token", value=token) for token in tokens]
    assert find_leaks(sandbox, canaries) == set()


def test_what_a_reset_forgets_is_still_searched(sandbox: SandboxClient) -> None:
    """The journal's file and git's objects outlive a reset, and so do leaks in them."""
    canary = Canary(name="old", value=secrets.token_hex(20))
    in_user_data(sandbox, canary.value)
    in_commit(sandbox, canary.value)
    sandbox.reset()
    places = {leak.place.split()[0] for leak in find_leaks(sandbox, [canary])}
    assert places == {"journal:", "git"}


@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_every_spelling_is_found(before: str) -> None:
    """A secret is found as it is, in base64 at any offset, in URLs, in JSON and in hex."""
    canary = hatch()
    search = Search.of([canary])
    raw = (before + canary.value).encode()
    wrapped = base64.encodebytes(b"some more " * 3 + raw)
    texts = {
        "plain": raw,
        "URL": quote(raw, safe="").encode(),
        "JSON": json.dumps(canary.value).encode(),
        "hex": raw.hex().encode(),
        "base64": base64.b64encode(raw),
    }
    for spelling, text in texts.items():
        found = search.in_texts([("here", b"<" + text + b">")])
        assert Leak(canary="bird", spelling=spelling, place="here") in found
    assert {leak.spelling for leak in search.in_texts([("here", wrapped)])} == {"base64"}
    assert search.in_texts([("here", b"nothing"), ("there", b"")]) == set()


def test_places_are_told_apart() -> None:
    """Of many texts, with lines and empty ones among them, the one with the secret is named."""
    canary = Canary(name="one", value=secrets.token_hex(20))
    texts = [("a", b"1\n2\n"), ("b", b""), ("c", f"3\n{canary.value}\n".encode()), ("d", b"\n")]
    assert {leak.place for leak in Search.of([canary]).in_texts(texts)} == {"c"}


def test_short_canaries_are_refused() -> None:
    """A secret that chance would find is none that can be looked for."""
    with pytest.raises(SandboxError, match="fewer than 8"):
        Canary(name="short", value="1234567")
