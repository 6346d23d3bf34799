"""Every exception of PyGithub and requests is judged, and said in sentences."""

from __future__ import annotations

import inspect
import sys

import pytest
import requests
from github import BadAttributeException, GithubException, RateLimitExceededException

from docklet.adapters.github.errors import Fate, explained, failures, fate_of, pause_of
from docklet.adapters.github.sentences import Purpose
from docklet.domain.errors import ForgeGone
from docklet.domain.outcome import Reason

DO = Purpose(action="do something", permission="contents: write")


def _made(kind: type[Exception]) -> Exception:
    """Return an exception of this class."""
    if issubclass(kind, RateLimitExceededException):
        return kind(403, {"message": "API rate limit exceeded"}, {})
    if issubclass(kind, GithubException):
        return kind(418, {"message": "no"}, {})
    if kind is BadAttributeException:
        return kind(1, [], None)
    if issubclass(kind, requests.exceptions.JSONDecodeError):
        return kind("no", "", 0)
    return kind("no")


def _classes(module: object, root: type[Exception]) -> list[type[Exception]]:
    found = inspect.getmembers(module, inspect.isclass)
    return [kind for _, kind in found if issubclass(kind, root)]


@pytest.mark.parametrize(
    "kind",
    [
        *_classes(sys.modules["github.GithubException"], Exception),
        *_classes(requests.exceptions, requests.RequestException),
    ],
)
def test_every_exception_is_translated(kind: type[Exception]) -> None:
    """Whatever the libraries can raise is caught, judged and said in a sentence."""
    error = _made(kind)
    assert isinstance(error, failures())
    assert fate_of(error, 0.0) in Fate
    said = explained(error, DO)
    assert "do something" in said.message
    assert said.message.endswith(".")


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (GithubException(500, None, {}), Fate.UNKNOWN),
        (GithubException(408, None, {}), Fate.UNKNOWN),
        (GithubException(422, {"message": "Validation Failed"}, {}), Fate.REFUSED),
        (GithubException(429, None, {}), Fate.NOT_NOW),
        (GithubException(403, None, {"retry-after": "5"}), Fate.NOT_NOW),
        (GithubException(403, None, {"retry-after": "5000"}), Fate.REFUSED),
        (GithubException(403, {"message": "Resource not accessible"}, {}), Fate.REFUSED),
        (requests.ConnectionError(), Fate.UNKNOWN),
        (requests.ReadTimeout(), Fate.UNKNOWN),
        (requests.ConnectTimeout(), Fate.NOT_NOW),
        (requests.exceptions.SSLError(), Fate.REFUSED),
        (requests.exceptions.InvalidURL(), Fate.REFUSED),
        (requests.exceptions.ChunkedEncodingError(), Fate.UNKNOWN),
        (OSError("no CA bundle"), Fate.REFUSED),
        (RuntimeError("redirected"), Fate.REFUSED),
        (ValueError("not JSON"), Fate.UNKNOWN),
        (TypeError("no comment"), Fate.UNKNOWN),
        (AssertionError("another host"), Fate.UNKNOWN),
    ],
)
def test_fates(error: Exception, fate: Fate) -> None:
    """What may have taken effect is told from what was refused and from what was not heard."""
    assert fate_of(error, 0.0) is fate


def test_pause() -> None:
    """The wait that GitHub asks for is read from what it sends."""
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}
    assert pause_of(GithubException(429, None, reset), 1000.0) == 30
    assert pause_of(GithubException(429, None, {"retry-after": "7"}), 0.0) == 7
    assert pause_of(GithubException(429, None, {"retry-after": "soon"}), 0.0) == 0
    assert pause_of(GithubException(429, None, {}), 0.0) == 60
    assert pause_of(GithubException(500, None, {"retry-after": "7"}), 0.0) == 0


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (401, "set `github-token`", Reason.FORGE_DENIED),
        (403, "`contents: write`", Reason.FORGE_DENIED),
        (404, "does not exist", Reason.FORGE_DENIED),
        (422, "No commit found for SHA: 1", Reason.FORGE_DENIED),
        (429, "limit for requests", Reason.FORGE_FAILED),
        (502, "may be down", Reason.FORGE_FAILED),
    ],
)
def test_sentences(status: int, words: str, reason: Reason) -> None:
    """Each refusal says what to do; what is gone can be told from what was refused."""
    said = explained(GithubException(status, {"message": "No commit found for SHA: 1"}, {}), DO)
    assert words in said.message
    assert said.reason is reason
    assert isinstance(said, ForgeGone) is (status in {404, 422})


@pytest.mark.parametrize(
    ("accepted", "line"),
    [
        ("", "`contents: write`"),
        ("statuses=write", "`statuses: write`"),
        ("issues=write; pull_requests=write", "`issues: write` or `pull-requests: write`"),
        ("contents=write,workflows=write", "`contents: write` and `workflows: write`"),
        ("?", "`contents: write`"),
    ],
)
def test_missing_permission_is_the_line_to_add(accepted: str, line: str) -> None:
    """What GitHub says that it accepts is said as a workflow's `permissions:` has it."""
    headers = {"x-accepted-github-permissions": accepted} if accepted else {}
    data = {"message": "Resource not accessible by integration"}
    said = explained(GithubException(403, data, headers), DO).message
    assert f"Add {line} to `permissions:` in the workflow" in said


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("Unable to create comment because issue is locked.", "conversation"),
        ("Repository was archived so is read-only.", "archived"),
        (
            "GitHub Actions is not permitted to create or approve pull requests.",
            "Settings, Actions, General",
        ),
    ],
)
def test_refusal_that_no_permission_mends(message: str, advice: str) -> None:
    """Nobody is sent to the workflow's permissions for what lies elsewhere."""
    said = explained(GithubException(403, {"message": message}, {}), DO)
    assert "permissions:" not in said.message
    assert advice in said.message
    assert said.reason is Reason.FORGE_DENIED


def test_details_are_said() -> None:
    """GitHub's details are shown in one short printable line."""
    data = {
        "message": "Validation\nFailed",
        "errors": [{"message": "No commits"}, "odd\x1b", {"code": 1}],
    }
    message = explained(GithubException(422, data, {}), DO).message
    assert "422: Validation Failed; No commits; odd; {'code': 1}" in message
    assert len(explained(GithubException(422, {"message": "x" * 9999}, {}), DO).message) < 500
