"""Each route of the cloud: it answers as described, and takes nothing but what is described."""

from __future__ import annotations

import pytest

from docklet_sandbox.contract.contract import Contract
from tests.contract.sandbox_cloud.conftest import Office
from tests.contract.sandbox_cloud.routes import CALLS, FORBIDDEN, Call

_EACH = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.id)
_WITH_BODY = pytest.mark.parametrize(
    "call", [c for c in CALLS if c.body is not None], ids=lambda call: call.id
)


def test_the_table_has_every_route(office: Office) -> None:
    """No route of the cloud goes unchecked."""
    routes = {
        (route.method, route.resource.canonical.rstrip("/"))
        for route in office.app.router.routes()
        if route.resource is not None
    }
    assert routes == {(c.method, c.route) for c in CALLS} | {FORBIDDEN}


def test_every_route_is_described(cloud_contract: Contract) -> None:
    """What DigitalOcean doesn't have can't be asked for here."""
    described = cloud_contract.description.routes()
    assert {(call.method, call.route) for call in CALLS} <= described


@_EACH
@pytest.mark.usefixtures("cloud_contract")
async def test_the_answer_is_as_described(office: Office, call: Call) -> None:
    """Status, headers, fields, types and formats are the described ones."""
    path = await call.path(office)
    answer = await office.ask(call.method, f"{path}?{call.query}", call.sent(office))
    assert (answer.status, office.violations()) == (call.status, [])
    for name in ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"):
        assert answer.headers[name].isdigit()


@_EACH
@pytest.mark.usefixtures("cloud_contract")
async def test_an_unknown_parameter_is_a_violation(office: Office, call: Call) -> None:
    """A parameter that the description lacks fails the test that sends it."""
    path = await call.path(office)
    answer = await office.ask(call.method, f"{path}?colour=red", call.sent(office))
    assert (answer.status, answer.json["id"]) == (500, "sandbox_violation")
    [violation] = office.violations()
    assert "'colour' does not exist" in violation


@_WITH_BODY
async def test_an_unknown_field_is_a_violation(office: Office, call: Call) -> None:
    """A field that the description lacks does, too."""
    path = await call.path(office)
    body = (call.sent(office) or {}) | {"colour": "red"}
    assert (await office.ask(call.method, path, body)).status == 500
    [violation] = office.violations()
    assert "colour" in violation


@_WITH_BODY
async def test_a_body_of_another_kind_is_a_violation(office: Office, call: Call) -> None:
    """A list, a word and nothing at all are no request."""
    path = await call.path(office)
    for body in ([call.body], "docklet", None):
        assert (await office.ask(call.method, path, body)).status == 500
    assert len(office.violations()) == 3


@pytest.mark.parametrize(
    "call",
    [c for c in CALLS if c.body is None and c.method != "DELETE"],
    ids=lambda call: call.id,
)
@pytest.mark.usefixtures("cloud_contract")
async def test_a_body_where_there_is_none_is_a_violation(office: Office, call: Call) -> None:
    """What only reads takes no body."""
    path = await call.path(office)
    assert (await office.ask(call.method, path, {"name": "docklet"})).status == 500
    [violation] = office.violations()
    assert "takes no body" in violation


@pytest.mark.parametrize(
    "call", [c for c in CALLS if "{" in c.route and "tag_id" not in c.route], ids=lambda c: c.id
)
async def test_what_is_not_there_is_a_404(office: Office, call: Call) -> None:
    """An id that nobody has is answered in the service's own words."""
    nobody = dict.fromkeys(("droplet_id", "action_id", "image_id", "ssh_key_identifier"), 4711)
    path = call.route.format(**nobody, firewall_id="bb4b2611-3d72-467b-8602-280330ecd65c")
    answer = await office.ask(call.method, path, call.body)
    assert (answer.status, answer.json["id"], office.violations()) == (404, "not_found", [])


@_EACH
async def test_a_stranger_is_turned_away(office: Office, call: Call) -> None:
    """Every route asks who comes, and tells a stranger no more than the limits."""
    path = await call.path(office)
    answer = await office.ask(call.method, f"{path}?{call.query}", call.sent(office), token="x")
    assert (answer.status, answer.json["id"]) == (401, "unauthorized")
    assert office.violations() == []


@_EACH
async def test_a_token_needs_the_scope(office: Office, call: Call) -> None:
    """A token that may do nothing is told so by every route."""
    path = await call.path(office)
    office.settings.tokens["narrow"] = []
    body = call.sent(office)
    answer = await office.ask(call.method, f"{path}?{call.query}", body, token="narrow")
    assert (answer.status, answer.json["id"]) == (403, "forbidden")
    assert office.violations() == []
