"""How droplets, plans and findings are shown."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from docklet.domain.identity import RunKey
from docklet.domain.outcome import LeftOut
from docklet.domain.plan import Existing
from docklet.domain.spec import Keep, Push
from docklet.domain.state import State, state_of
from docklet.entrypoints.runs import ours
from docklet.render.findings import Finding, Verdict, findings_text
from docklet.render.listing import Listed, as_json, line, listing
from docklet.render.preview import plan_text, would_commit
from docklet.render.table import table
from tests.builders import KEY, SHA, START, make_droplet, make_identity, make_plan, make_published

NOW = START + 7200
KEPT = int(NOW) + 600
KEPT_WORDS = "kept until 2023-11-15T00:23:20Z"


def listed(**overrides: Any) -> Listed:  # noqa: ANN401 - fields of several types
    """Return a droplet as it is two hours after its creation."""
    (one,) = ours((make_droplet(**overrides),))
    return one.listed(NOW)


@pytest.mark.parametrize(
    ("status", "kept_until", "deadline", "state"),
    [
        ("new", None, NOW + 9, State.STARTING),
        ("active", None, NOW + 9, State.RUNNING),
        ("off", None, NOW + 9, State.OFF),
        ("archive", None, NOW + 9, State.OFF),
        ("active", KEPT, NOW + 9, State.KEPT),
        ("active", KEPT, NOW - 9, State.KEPT),
        ("off", KEPT, NOW + 9, State.KEPT),
        ("active", NOW - 9, NOW + 9, State.EXPIRED),
        ("off", None, NOW - 9, State.EXPIRED),
        ("active", None, NOW - 9, State.EXPIRED),
    ],
)
def test_state(status: str, kept_until: int | None, deadline: float, state: State) -> None:
    """Time decides first, then the tag of a kept droplet, then the cloud's word."""
    identity = make_identity(kept_until=kept_until, deadline=int(deadline))
    assert state_of(status, identity, NOW) is state


def test_what_a_run_would_miss() -> None:
    """Only kept and expired droplets can go without a loss."""
    assert {state for state in State if not state.in_use} == {State.KEPT, State.EXPIRED}


def test_listing() -> None:
    """A line for each droplet, and what they cost together."""
    other = listed(key=RunKey("f" * 20), kept_until=KEPT, repository="octo/a", region="ams3")
    text = listing((listed(), other))
    head, one, two, nothing, total = text.splitlines()
    assert [re.split(" {2,}", row) for row in (head, one, two)] == [
        ["RUN", "REPOSITORY", "AGE", "STATE", "SIZE", "REGION", "COST"],
        [KEY[:10], "octo/template", "2h 00m 00s", "running", "s-2vcpu-4gb", "nyc3", "$0.08"],
        ["f" * 10, "octo/a", "2h 00m 00s", KEPT_WORDS, "s-2vcpu-4gb", "ams3", "$0.08"],
    ]
    assert head.index("REGION") == one.index("nyc3") == two.index("ams3")
    assert (nothing, total) == ("", "2 droplets: $0.15 so far, and $0.07142 an hour.")


def test_listing_names_the_remedy() -> None:
    """Where a droplet is expired, the command that deletes it is named."""
    assert listing((listed(deadline=int(START)),)).endswith(
        "1 droplet: $0.08 so far, and $0.03571 an hour.\n"
        "`docklet reap` deletes those that are expired."
    )


def test_empty_listing() -> None:
    """No droplets are a sentence for people and an empty array for programs."""
    assert listing(()) == "docklet has no droplets."
    assert json.loads(as_json(())) == []


def test_json() -> None:
    """Programs get the whole key, times in ISO 8601 and money as numbers."""
    (one,) = json.loads(as_json((listed(),)))
    assert one == {
        "run": KEY,
        "repository": "octo/template",
        "droplet-id": 4711,
        "name": f"docklet-cafe0123-{KEY}",
        "state": "running",
        "status": "active",
        "size": "s-2vcpu-4gb",
        "region": "nyc3",
        "address": "203.0.113.7",
        "created": "2023-11-14T22:13:20Z",
        "expires": "2023-11-15T03:46:40Z",
        "age-seconds": 7200,
        "price-hourly-usd": 0.03571,
        "cost-usd": 0.0715,
    }


def test_foreign_names_stay_on_their_line() -> None:
    """A tag that somebody made up can't speak to the terminal."""
    one = listed(tags=(f"docklet:{KEY}:1700020000:octo:_1b_5b2J_0aRUN",))
    assert one.repository == "octo/<U+001B>[2J<U+000A>RUN"
    for text in (listing((one,)), line(one)):
        assert one.repository in text
        assert "\x1b" not in text


def test_line() -> None:
    """One line tells a droplet from all others."""
    assert line(listed()) == (
        "0123456789 of octo/template: droplet 4711 (s-2vcpu-4gb in nyc3), running, $0.08 so far"
    )


def test_table() -> None:
    """Columns are as wide as their widest cell, and nothing trails."""
    assert table([("a", "bbb", "c"), ("aaaa", "b", "")]) == "a     bbb  c\naaaa  b"


def test_plan() -> None:
    """A plan names everything that a run decides."""
    text = plan_text(make_plan(regions=("nyc3", "ams3"), install_docker=True))
    assert dict(re.split(" {2,}", row, maxsplit=1) for row in text.splitlines()) == {
        "Repository": "octo/template",
        "Commit": SHA,
        "Branch": "main",
        "Script": "Rscript ./knit.R",
        "Directory": "inst/examples",
        "Image": "rocker/verse",
        "Size": "s-2vcpu-4gb: 2 vCPUs, 4.0 GiB of memory, 80 GB of disk",
        "Price": "$0.03571 an hour",
        "Region": "nyc3, else ams3",
        "Boot image": "docker-20-04, with Docker installed at first",
        "Time limit": "5h 00m 00s",
        "Cost": "at most $0.18, if the script takes all its time",
        "Results": "branch main, else docklet/results-0123456789",
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"push": Push.NONE}, "not pushed"),
        ({"push": Push.PULL_REQUEST}, "a pull request to main from docklet/results-0123456789"),
        ({"keep": Keep.ALWAYS}, "; the droplet is kept for another 1h 00m 00s"),
        ({"keep": Keep.ON_FAILURE}, "; if it fails, the droplet is kept"),
        ({"ref": "v1"}, "main, but v1 is checked out"),
        (
            {
                "existing": Existing(
                    droplet_id=7, address="203.0.113.9", known_by=KEY, until=2_000_000_000
                )
            },
            "the existing droplet 7, at 203.0.113.9",
        ),
    ],
)
def test_plan_in_other_cases(changes: dict[str, Any], words: str) -> None:
    """A plan says what is not as usual."""
    assert words in plan_text(make_plan(**changes))


def test_would_commit() -> None:
    """Paths are listed one a line, whatever their names are."""
    published = make_published(
        changed=("a.md", "b\nc.md"), left_out=(LeftOut(path="big.bin", reason="it is too big"),)
    )
    assert would_commit(published).splitlines()[1:] == [
        "  a.md",
        "  b<U+000A>c.md",
        "This would be left out:",
        "  big.bin: it is too big",
    ]


def test_would_commit_nothing() -> None:
    """A script that changes nothing is told so."""
    assert would_commit(make_published(changed=())) == "Nothing would be committed."


def test_findings() -> None:
    """A finding is one line, even where its message has several."""
    found = Finding(subject="git", verdict=Verdict.MISSING, text="It is\nmissing.")
    assert findings_text((found,)) == "missing  git  It is missing."
