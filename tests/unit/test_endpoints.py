"""Requests that docklet has not listed are never sent, whoever makes them."""

from __future__ import annotations

import pytest

from docklet.adapters.endpoints import Endpoint, Endpoints, UnlistedRequest

BASE = "https://cloud.example"
LIST = Endpoints(
    (
        Endpoint(method="GET", path="/v2/things/{}", needs=("thing:read",)),
        Endpoint(method="PUT", path="/files/{+}", needs=("thing:read", "file:write")),
    )
)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", f"{BASE}/v2/things/1"),
        ("GET", f"{BASE}/v2/things/a.b?page=2"),
        ("GET", "/v2/things/1"),
        ("PUT", f"{BASE}/files/a/b/c"),
    ],
)
def test_what_is_listed_may_be_sent(method: str, url: str) -> None:
    """A query and a whole address make no difference."""
    LIST.check(method, url, BASE)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("DELETE", f"{BASE}/v2/things/1"),
        ("GET", f"{BASE}/v2/things"),
        ("GET", f"{BASE}/v2/things/"),
        ("GET", f"{BASE}/v2/things/1/parts"),
        ("GET", f"{BASE}/other/v2/things/1"),
        ("PUT", f"{BASE}/files/"),
        ("GET", f"{BASE}/"),
    ],
)
def test_everything_else_is_refused(method: str, url: str) -> None:
    """Another method, a longer path or a shorter one is another request."""
    with pytest.raises(UnlistedRequest, match=f"no such request: {method} "):
        LIST.check(method, url, BASE)


def test_an_address_with_a_path_is_left_out() -> None:
    """A service may lie below a path, as GitHub does on a server of one's own."""
    LIST.check("GET", "https://host.example/api/v3/v2/things/1", "https://host.example/api/v3/")
    with pytest.raises(UnlistedRequest):
        LIST.check("GET", "https://host.example/api/v2/things/1", "https://host.example/api/v3")


def test_needs_are_told_once() -> None:
    """What a token must be allowed to do is the sum of all requests."""
    assert LIST.needs == {"thing:read", "file:write"}
