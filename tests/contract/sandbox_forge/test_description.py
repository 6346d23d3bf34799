"""The forge's answers against GitHub's own description of its API."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from docklet_sandbox.forge.store import API
from tests.contract.sandbox_forge.conftest import REPO, Stand

_FOLDER = Path(os.environ.get("DOCKLET_SPECS", Path(__file__).parents[4] / "shared/specs"))
_FILE = _FOLDER / "github.json"
_LATER = "runs/{run_id}/attempts"
"""Routes of GitHub's that the description in use leaves out."""


@pytest.fixture(scope="module")
def description() -> Mapping[str, Any]:
    """Return the description as JSON schema understands it."""
    if not _FILE.exists():
        pytest.skip(f"GitHub's description is not at {_FILE}; set DOCKLET_SPECS to its folder.")
    found: Mapping[str, Any] = _nullable(json.loads(_FILE.read_text(encoding="utf-8")))
    return found


def test_every_answer_is_as_described(stand: Stand, description: Mapping[str, Any]) -> None:
    """Each route answers with the fields, types and formats that GitHub promises."""
    for method, path, body in _conversation(stand):
        answer = stand.ask(method, path, body)
        assert answer.status < 300, (method, path, answer.body)
        route = stand.journal.entries()[-1]["route"].removeprefix(API)
        responses = _resolved(description["paths"][route][method.lower()], description)[
            "responses"
        ]
        described = _resolved(responses[str(answer.status)], description)
        if "content" in described:
            schema = described["content"]["application/json"]["schema"]
            problems = list(_validator(schema, description).iter_errors(answer.json))
            assert not problems, (method, route, [_said(p) for p in problems])


def test_every_route_is_described(stand: Stand, description: Mapping[str, Any]) -> None:
    """Routes have GitHub's names, so that one middleware can look them up."""
    unknown = {
        path
        for path in _served(stand)
        if path not in description["paths"] and not path.endswith(("/keys", "/statuses/{ref}"))
    }
    assert {p for p in unknown if _LATER not in p} == set()


def _conversation(stand: Stand) -> Iterator[tuple[str, str, Any]]:
    """Yield requests that touch every route; what they need is made as they come."""
    base = f"/repos/{REPO}"
    sha = stand.client.head(REPO)
    stand.client.commit(REPO, {"plot.svg": "<svg/>"}, "results")
    number = stand.client.call("issue", repo=REPO, title="An issue", body="Text")
    stand.client.call("run", repo=REPO, id=7, head_sha=sha)
    yield "GET", "/user", None
    yield "GET", "/users/mona", None
    yield "GET", "/rate_limit", None
    yield "GET", base, None
    yield "GET", f"{base}/branches", None
    yield "GET", f"{base}/branches/main", None
    yield "GET", f"{base}/git/ref/heads/main", None
    yield "GET", f"{base}/git/matching-refs/heads/", None
    yield "GET", f"{base}/commits/{sha}", None
    yield "GET", f"{base}/contents/README.md", None
    yield "GET", f"{base}/contents/inst", None
    yield "GET", f"{base}/collaborators/mona/permission", None
    yield "GET", f"{base}/actions/runs/7", None
    yield "POST", f"{base}/statuses/{sha}", {"state": "success", "context": "docklet"}
    yield "GET", f"{base}/commits/{sha}/status", None
    yield "GET", f"{base}/commits/main/statuses", None
    yield "GET", f"{base}/issues/{number}", None
    yield from _talk(stand, f"{base}/issues/{number}/comments", f"{base}/issues/comments")
    yield from _talk(stand, f"{base}/commits/{sha}/comments", f"{base}/comments")
    yield "GET", f"{base}/comments", None
    pull = {"head": "results", "base": "main", "title": "Results", "body": "Text"}
    yield "POST", f"{base}/pulls", pull
    yield "GET", f"{base}/pulls", None
    yield "GET", f"{base}/pulls/2", None
    yield "GET", f"{base}/issues/2", None
    yield "GET", f"{base}/commits/results/pulls", None
    yield "PATCH", f"{base}/pulls/2", {"state": "closed"}
    yield "PUT", f"{base}/issues/{number}/lock", None
    yield "DELETE", f"{base}/issues/{number}/lock", None
    yield "DELETE", f"{base}/git/refs/heads/results", None


def _talk(stand: Stand, place: str, comments: str) -> Iterator[tuple[str, str, Any]]:
    """Yield the life of a comment."""
    yield "POST", place, {"body": "hello"}
    yield "GET", place, None
    one = f"{comments}/{stand.client.comments(REPO)[-1]['id']}"
    yield "PATCH", one, {"body": "hello again"}
    yield "POST", f"{one}/reactions", {"content": "eyes"}
    yield "GET", f"{one}/reactions", None
    reaction = stand.client.comments(REPO)[-1]["reactions"][0]["id"]
    yield "DELETE", f"{one}/reactions/{reaction}", None
    yield "GET", one, None
    yield "DELETE", one, None
    yield "POST", place, {"body": "one that stays"}


def _served(stand: Stand) -> set[str]:
    """Return the REST routes that the forge has."""
    paths = {resource.canonical for resource in stand.app.router.resources()}
    return {p.removeprefix(API) for p in paths if p.startswith(API)}


def _validator(schema: Any, description: Mapping[str, Any]) -> jsonschema.Draft4Validator:  # noqa: ANN401
    whole = {**schema, "components": description["components"]}
    return jsonschema.Draft4Validator(whole, format_checker=jsonschema.FormatChecker())


def _resolved(part: Any, description: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Follow references until there is something."""
    while "$ref" in part:
        target = description
        for word in part["$ref"].removeprefix("#/").split("/"):
            target = target[word.replace("~1", "/")]
        part = target
    return part


def _nullable(part: Any) -> Any:  # noqa: ANN401
    """Write OpenAPI's `nullable` as JSON schema has it."""
    if isinstance(part, list):
        return [_nullable(item) for item in part]
    if not isinstance(part, dict):
        return part
    plain = {key: _nullable(value) for key, value in part.items()}
    if plain.pop("nullable", False) is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def _said(problem: jsonschema.ValidationError) -> str:
    inner = [f"{list(c.absolute_path)}: {c.message[:200]}" for c in problem.context or []]
    return f"{list(problem.absolute_path)}: {problem.message[:200]} {inner}"
