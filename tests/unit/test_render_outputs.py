"""Outputs and commit messages keep what `action.yml` and the trailers promise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from docklet.domain.outcome import Outcome, Published, Reason
from docklet.render.commit import COMMITTER, author_of, commit_message
from docklet.render.outputs import outputs
from tests.builders import (
    DIGEST,
    KEY,
    RESULT_SHA,
    SHA,
    START,
    make_outcome,
    make_plan,
    make_progress,
)

ACTION = Path(__file__).parents[2] / "action.yml"


def test_outputs_are_those_of_the_action() -> None:
    """Every output that `action.yml` promises is there, and no other."""
    found = outputs(make_progress(outcome=make_outcome()))
    assert list(found) == list(yaml.safe_load(ACTION.read_text())["outputs"])


def test_result_is_one_typed_line() -> None:
    """`result` holds everything with JSON's types, on one line, with its schema's version."""
    found = outputs(
        make_progress(outcome=make_outcome()), comment_url="https://a.example/\n", log_path="x.log"
    )
    assert "\n" not in found["result"]
    assert json.loads(found["result"]) == {
        "schema-version": 1,
        "status": "success",
        "reason": "done",
        "exit-code": 0,
        "commit": RESULT_SHA,
        "branch": "main",
        "comment-url": "https://a.example/\n",
        "droplet-id": 4711,
        "duration-seconds": 80.0,
        "cost-usd": 0.01,
        "log": "x.log",
        "archive": "",
        "phases": {
            "create": 1.0,
            "boot": 29.0,
            "clone": 4.0,
            "pull": 20.0,
            "run": 20.0,
            "collect": 2.0,
            "push": 3.0,
            "delete": 3.0,
        },
    }


def test_archive_is_an_output() -> None:
    """Results that the repository has not got can be uploaded by a later step."""
    outcome = make_outcome(published=Published(archive="docklet-0/results.tar"))
    assert outputs(make_progress(outcome=outcome))["archive"] == "docklet-0/results.tar"


def test_absent_outputs_are_empty() -> None:
    """A run that never began has empty texts and JSON nulls."""
    outcome = Outcome(reason=Reason.INVALID_INPUT, message="No.")
    found = outputs(
        make_progress(outcome=outcome, plan=None, droplet_id=None, droplet_created=None)
    )
    assert found["exit-code"] == found["commit"] == found["cost-usd"] == found["droplet-id"] == ""
    assert json.loads(found["result"])["exit-code"] is None


def test_running_run_has_no_outputs() -> None:
    """Outputs before the end would be guesses."""
    with pytest.raises(ValueError, match="no outputs yet"):
        outputs(make_progress())


def test_commit_says_how_it_was_made() -> None:
    """Subject, body and trailers tell script, image, size, duration, cost, source and run."""
    text = commit_message(make_plan(), make_progress(), now=START + 74)
    assert text.split("\n") == [
        "Results of knit.R",
        "",
        "docklet ran knit.R in inst/examples at 1111111111.",
        "",
        f"Docklet-Run: {KEY}",
        f"Docklet-Source: {SHA}",
        "Docklet-Script: inst/examples/knit.R",
        f"Docklet-Image: rocker/verse@{DIGEST}",
        "Docklet-Size: s-2vcpu-4gb in nyc3",
        "Docklet-Duration: 20.0 s",
        "Docklet-Cost: $0.0100 until this commit",
        "Docklet-Workflow-Run: https://github.com/octo/template/actions/runs/42",
        "",
    ]


def test_own_message_is_kept() -> None:
    """The user's message stays as it is, and its trailers and ours are one block."""
    own = "Knit @octocat's report\n\nSigned-off-by: A <a@a.example>"
    text = commit_message(make_plan(commit_message=own), make_progress(), now=START, exit_code=3)
    assert text.startswith(f"{own}\nDocklet-Run: {KEY}\n")
    assert text.endswith("\nDocklet-Exit-Code: 3\n")


def test_script_name_cannot_speak() -> None:
    """A script's name mentions nobody, closes no issue and adds no line."""
    plan = make_plan(script="fixes #1 @octocat\nDocklet-Run: fake.sh", argv=("bash",), path=".")
    lines = commit_message(plan, make_progress(), now=START).split("\n")
    assert lines[0] == "Results of fixes #\u200b1 @\u200boctocat<U+000A>Docklet-Run: fake.sh"
    assert [line for line in lines if line.startswith("Docklet-Run")] == [f"Docklet-Run: {KEY}"]


def test_long_names_are_cut_in_the_subject() -> None:
    """A subject has at most 72 characters."""
    plan = make_plan(script="x" * 200 + ".sh")
    assert len(commit_message(plan, make_progress(), now=START).split("\n")[0]) == 72


@pytest.mark.parametrize(
    ("actor", "author"),
    [
        ("octocat", "octocat <octocat@users.noreply.github.com>"),
        ("dependabot[bot]", "dependabot[bot] <dependabot[bot]@users.noreply.github.com>"),
        ("", COMMITTER),
        ("a b <c>", COMMITTER),
        ("github-actions[bot]", COMMITTER),
    ],
)
def test_author_is_who_asked(actor: str, author: str) -> None:
    """Results belong to the person who asked for them, when that is known."""
    assert author_of(actor) == author
