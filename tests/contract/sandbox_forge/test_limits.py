"""GitHub's rate limits: how many requests an hour, and how fast."""

from __future__ import annotations

import pytest

from docklet_sandbox.forge.limits import Allowances, Meter
from docklet_sandbox.forge.store import WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, Stand

_BASE = f"/repos/{REPO}"
_COMMENTS = f"{_BASE}/commits/main/comments"
_TALK = {"body": "hello"}


def test_limits_are_those_of_github() -> None:
    """Nothing is more generous than GitHub is."""
    assert Allowances() == Allowances(
        app=1000,
        person=5000,
        anonymous=60,
        writes_per_minute=80,
        writes_per_hour=500,
        points_per_minute=900,
        concurrent=100,
        status=403,
    )


@pytest.mark.parametrize("status", [403, 429])
def test_primary_limit(stand: Stand, status: int) -> None:
    """Once the hour's requests are spent all are refused until it ends, and headers say when."""
    stand.clock.stop()
    stand.client.call("limits", person=2, status=status)
    answers = [stand.ask("GET", _BASE) for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, status]
    assert [a.headers["x-ratelimit-remaining"] for a in answers] == ["1", "0", "0"]
    assert [a.headers["x-ratelimit-used"] for a in answers] == ["1", "2", "2"]
    refused = answers[-1]
    assert refused.json["message"] == "API rate limit exceeded for user mona."
    assert "rate-limits" in refused.json["documentation_url"]
    assert "retry-after" not in refused.headers
    reset = int(refused.headers["x-ratelimit-reset"])
    assert reset == int(stand.clock() + 3600)
    stand.clock.ahead = 3600
    assert stand.ask("GET", _BASE).headers["x-ratelimit-remaining"] == "1"


def test_workflows_of_a_repository_share_their_requests(stand: Stand) -> None:
    """Another run's token does not begin anew; another repository's does."""
    stand.client.call("limits", app=2)
    stand.client.create("mona/other", {"a": "b"})
    for number in range(2):
        stand.client.token(f"ghs_{number}", "github-actions[bot]", {}, repositories=[REPO])
    first, second = (stand.ask("GET", _BASE, token=f"ghs_{n}") for n in range(2))
    assert (first.headers["x-ratelimit-remaining"], second.status) == ("1", 200)
    spent = stand.ask("GET", _BASE, token="ghs_0")
    assert spent.json["message"] == "API rate limit exceeded for installation."
    assert stand.ask("GET", "/repos/mona/other", token=WORKFLOW_TOKEN).status == 200


def test_tokens_of_a_person_share_their_requests(stand: Stand) -> None:
    """A second personal token brings no further requests."""
    stand.client.call("limits", person=1)
    stand.client.token("pat_two", "mona", {}, kind="fine")
    assert stand.ask("GET", _BASE).status == 200
    assert stand.ask("GET", _BASE, token="pat_two").status == 403


def test_asking_for_the_limit_is_free(stand: Stand) -> None:
    """`/rate_limit` costs nothing and says the same as the headers."""
    stand.client.call("limits", person=1)
    stand.ask("GET", "/rate_limit")
    answer = stand.ask("GET", "/rate_limit")
    assert answer.json["rate"]["remaining"] == 1
    assert answer.json["rate"]["limit"] == int(answer.headers["x-ratelimit-limit"])


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(("limit", "window"), [("minute", 60), ("hour", 3600)])
def test_content_is_created_slowly(stand: Stand, limit: str, window: int, status: int) -> None:
    """Writes beyond the limit are refused for as long as the answer says; reads are not."""
    stand.clock.stop()
    stand.client.call("limits", **{f"writes_per_{limit}": 2, "status": status})
    assert [stand.ask("POST", _COMMENTS, _TALK).status for _ in range(2)] == [201, 201]
    stand.clock.ahead = 10
    refused = stand.ask("POST", _COMMENTS, _TALK)
    assert refused.status == status
    assert int(refused.headers["retry-after"]) == window - 10
    assert refused.json["message"].startswith("You have exceeded a secondary rate limit")
    assert refused.json["documentation_url"].endswith("#about-secondary-rate-limits")
    assert refused.headers["x-ratelimit-remaining"] != "0"
    assert stand.ask("GET", _BASE).status == 200
    stand.clock.ahead = window - 1
    assert stand.ask("POST", _COMMENTS, _TALK).status == status
    stand.clock.ahead = window
    assert stand.ask("POST", _COMMENTS, _TALK).status == 201
    assert len(stand.client.comments(REPO)) == 3


def test_edits_create_content_too(stand: Stand) -> None:
    """A comment that is edited again and again is slowed down like many comments."""
    number = stand.ask("POST", _COMMENTS, _TALK).json["id"]
    stand.client.call("limits", writes_per_minute=2)
    edits = [stand.ask("PATCH", f"{_BASE}/comments/{number}", _TALK).status for _ in range(2)]
    assert edits == [200, 403]


def test_points_are_counted(stand: Stand) -> None:
    """A write costs five points of a minute's, a read one."""
    stand.clock.stop()
    stand.client.call("limits", points_per_minute=7)
    assert stand.ask("POST", _COMMENTS, _TALK).status == 201
    assert [stand.ask("GET", _BASE).status for _ in range(3)] == [200, 200, 403]
    stand.clock.ahead = 60
    assert stand.ask("GET", _BASE).status == 200


def test_requests_at_the_same_time_are_few(stand: Stand) -> None:
    """One request too many at a time is refused, and the next one after them is not."""
    stand.client.call("limits", concurrent=1)
    meter: Meter = stand.forge.meter
    with meter.admit(stand.forge.tokens[WORKFLOW_TOKEN], REPO, write=False):
        refused = stand.ask("GET", _BASE, token=WORKFLOW_TOKEN)
        assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    assert stand.ask("GET", _BASE, token=WORKFLOW_TOKEN).status == 200
