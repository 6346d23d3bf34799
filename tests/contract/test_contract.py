"""The contract at the edge, with a small description: what is condemned, and what is not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from docklet_sandbox.contract.contract import Contract
from docklet_sandbox.contract.description import Description
from docklet_sandbox.contract.places import FILES, VARIABLE, find_folder, missing
from docklet_sandbox.contract.scope import Scope
from docklet_sandbox.edge import edge
from docklet_sandbox.faults import Fault, FaultKind, Faults
from docklet_sandbox.journal import Journal

_PET = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 5}},
    "required": ["name"],
}
_BODY = {"content": {"application/json": {"schema": _PET}}}
_DOCUMENT: dict[str, Any] = {
    "paths": {
        "/pets/{pet_id}": {
            "parameters": [
                {
                    "name": "pet_id",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "integer", "minimum": 1},
                }
            ],
            "put": {
                "parameters": [
                    {"name": "loud", "in": "query", "schema": {"type": "boolean"}},
                    {
                        "name": "label",
                        "in": "query",
                        "schema": {"type": "array", "items": {"type": "integer"}},
                    },
                    {
                        "name": "X-Sure",
                        "in": "header",
                        "required": True,
                        "schema": {"type": "boolean"},
                    },
                ],
                "requestBody": {**_BODY, "required": True},
                "responses": {
                    "200": {**_BODY, "headers": {"x-left": {"schema": {"type": "integer"}}}},
                    "204": {},
                    "422": {},
                },
            },
        }
    },
}


@dataclass(slots=True, kw_only=True, repr=False)
class _Zoo:
    """A service that answers whatever a test likes."""

    journal: Journal
    faults: Faults
    client: TestClient[web.Request, web.Application] | None = None
    status: int = 200
    body: Any = field(default_factory=lambda: {"name": "Rex"})
    headers: dict[str, str] = field(default_factory=lambda: {"x-left": "4"})

    async def answer(self, _: web.Request) -> web.Response:
        """Answer as it is set; 404 is raised, as aiohttp does for what it refuses itself."""
        if self.status == web.HTTPNotFound.status_code:
            raise web.HTTPNotFound
        text = None if self.body is None else json.dumps(self.body)
        kind = "application/json" if text else None
        return web.Response(status=self.status, text=text, content_type=kind, headers=self.headers)

    async def put(
        self, path: str = "/pets/7", body: object = None, **headers: str
    ) -> tuple[int, str]:
        """Send a request, by default a correct one, and return status and violation."""
        assert self.client is not None
        sent = {"name": "Rex"} if body is None else body
        said = {"X-Sure": "true"} | headers
        async with self.client.put(path, json=sent, headers=said) as answer:
            return answer.status, " ".join(self.journal.violations())


@pytest.fixture
async def zoo() -> AsyncIterator[_Zoo]:
    """Return the service under its contract."""
    made = _Zoo(journal=Journal(), faults=Faults())
    scope = Scope(undescribed=frozenset({("PUT", "/raw")}), optional_headers=frozenset({"link"}))
    description = Description(service="zoo", document=_DOCUMENT)
    contract = Contract(description=description, scope=scope)
    guard = edge(
        "zoo",
        journal=made.journal,
        faults=made.faults,
        delay=lambda: 0.0,
        contract=contract,
    )
    app = web.Application(middlewares=[guard])
    for path in ("/pets/{pet_id}", "/raw", "/secret"):
        app.router.add_put(path, made.answer)
    async with TestClient(TestServer(app)) as made.client:
        yield made


@pytest.mark.parametrize(
    "path",
    [
        *("/pets/7", "/pets/7?loud=true", "/pets/7?loud=false&label=1"),
        "/pets/7?label=1&label=2",
    ],
)
async def test_what_is_described_passes(zoo: _Zoo, path: str) -> None:
    """Parameters come as text and mean what their schema says."""
    assert await zoo.put(path) == (200, "")


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/pets/rex", None, "'pet_id'"),
        ("/pets/7?colour=red", None, "'colour' does not exist; there are loud, label"),
        ("/pets/7?loud=7", None, "'loud'"),
        ("/pets/7?loud=true&loud=true", None, "more than once"),
        ("/pets/7?label=1&label=x", None, "'label'[1]"),
        ("/pets/7", {}, '"name" is a required property'),
        ("/pets/7", {"name": "Rex", "age": 3}, "'age' was unexpected"),
        ("/pets/7", {"name": 3}, "body.name"),
        ("/pets/7", [], 'is not of type "object"'),
        ("/secret", None, "not in the description"),
    ],
)
async def test_what_is_not_described_is_condemned(
    zoo: _Zoo, path: str, body: object, told: str
) -> None:
    """Shape, parameters and routes: the handler is not even asked."""
    zoo.status = 204
    status, violation = await zoo.put(path, body)
    assert status == 500
    assert told in violation


async def test_a_header_may_be_needed(zoo: _Zoo) -> None:
    """A described header has its type; all others are nobody's business."""
    status, violation = await zoo.put(**{"X-Sure": "maybe", "X-Other": "x"})
    assert (status, "'X-Sure'" in violation, "X-Other" in violation) == (500, True, False)


@pytest.mark.parametrize("body", ["", "{", "\x00"])
async def test_a_body_is_json(zoo: _Zoo, body: str) -> None:
    """Neither nothing nor anything else is."""
    assert zoo.client is not None
    sent = {"X-Sure": "true", "Content-Type": "application/json"}
    async with zoo.client.put("/pets/7", data=body, headers=sent) as answer:
        assert answer.status == 500


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"body": {}}, '"name" is a required property'),
        ({"body": {"name": "Rex", "age": 3}}, "'age' was unexpected"),
        ({"body": {"name": None}}, "body.name"),
        ({"body": {"name": "Rexington"}}, "longer than 5"),
        ({"body": None}, "the body is missing"),
        ({"status": 201}, "201 is not documented"),
        ({"status": 418}, "418 is not documented"),
        ({"status": 404}, "404 is not documented"),
        ({"status": 422}, "there is no body at all"),
        ({"headers": {}}, "header x-left is missing"),
        ({"headers": {"x-left": "few"}}, "header x-left"),
    ],
)
async def test_a_wrong_answer_is_our_own_bug(
    zoo: _Zoo, changes: dict[str, Any], told: str
) -> None:
    """It never leaves; the test that met it fails."""
    for name, value in changes.items():
        setattr(zoo, name, value)
    status, violation = await zoo.put()
    assert status == 500
    assert told in violation


async def test_a_wrong_value_is_for_the_service_to_refuse(zoo: _Zoo) -> None:
    """A refusal is right; a service that takes the value is too kind, and condemned for it."""
    zoo.status, zoo.body = 422, None
    assert await zoo.put(body={"name": "Rexington"}) == (422, "")
    zoo.status, zoo.body = 204, None
    status, violation = await zoo.put(body={"name": "Rexington"})
    assert status == 500
    assert "too kind" in violation
    assert "body.name" in violation


async def test_what_is_listed_is_exempt(zoo: _Zoo) -> None:
    """A route that is known to have no description may say anything."""
    zoo.body = ["anything"]
    assert await zoo.put("/raw?colour=red", ["as well"]) == (200, "")


async def test_faults_may_answer_anything(zoo: _Zoo) -> None:
    """What a fault answers is not held against the description."""
    zoo.faults.add(Fault(kind=FaultKind.ANSWER, status=418, body={"tea": True}))
    assert await zoo.put() == (418, "")


async def test_faults_excuse_no_request(zoo: _Zoo) -> None:
    """A wrong request is condemned although a fault waits for it."""
    zoo.faults.add(Fault(kind=FaultKind.ANSWER, status=503))
    status, violation = await zoo.put(body={})
    assert (status, bool(violation)) == (500, True)


def test_descriptions_are_found_where_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option wins over the environment; a folder that was named has to hold something."""
    named, other = tmp_path / "named", tmp_path / "other"
    for folder in (named, other):
        folder.mkdir()
        (folder / FILES["forge"]).write_text("{}", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(named))
    assert find_folder() == named
    assert find_folder(other) == other
    with pytest.raises(ValueError, match="holds none of"):
        find_folder(tmp_path)
    [sentence] = missing(named)
    assert "The cloud is NOT checked" in sentence
    assert len(missing(None)) == 2
    assert Contract.of("cloud", named) is None
