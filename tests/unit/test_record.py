"""A run's record: everything that another process needs, and nothing that nobody may see."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from docklet.domain.record import VERSION, RunRecord, decode, encode
from docklet.domain.secret import Secret
from docklet.domain.spec import CommentOn, Keep, Push, RegistryLogin, Submodules
from tests.builders import DIGEST, SHA, START, make_plan, make_size, make_spec

SECRET = "canary-5f2c"
FULL = make_spec(
    registry=RegistryLogin(username="robot", password=Secret(SECRET)),
    regions=("nyc3", "fra1"),
    env={"TOKEN": Secret(SECRET), "B": Secret("x")},
    ref="v1",
    fetch_depth=0,
    submodules=Submodules.RECURSIVE,
    lfs=True,
    push=Push.PULL_REQUEST,
    branch="results",
    paths=("a", "b c"),
    commit_message="Subject\n\nBody ü",
    timeout=600,
    max_cost=Decimal("1.50"),
    keep=Keep.ALWAYS,
    keep_for=60,
    droplet_image="my image",
    ssh_keys=("github:octocat",),
    comment=CommentOn.NONE,
)


def made(**fields: object) -> RunRecord:
    """Return a record whose every field has a value of its own."""
    cheaper = (make_size(slug="s-1vcpu-1gb"), make_size(slug="s-1vcpu-2gb"))
    plan = make_plan(
        spec=FULL,
        cheaper=cheaper,
        image=4711,
        install_docker=True,
        branch="results",
        issue=7,
        **fields,
    )
    return RunRecord(plan=plan, started=START, digest=DIGEST, begun=SHA)


def test_record_comes_back() -> None:
    """What was written is what is read, but for the secrets."""
    record = made()
    spec = replace(FULL, registry=None, env=dict.fromkeys(FULL.env, Secret("")))
    assert decode(encode(record)) == replace(record, plan=replace(record.plan, spec=spec))


def test_record_of_a_plain_run() -> None:
    """Defaults come back as defaults."""
    record = RunRecord(plan=make_plan(), started=START)
    assert decode(encode(record)) == record
    assert not record.hides


def test_record_holds_no_secret() -> None:
    """Of the variables only the names are there."""
    text = encode(made())
    assert SECRET not in text
    assert '"TOKEN": ""' in text
    assert decode(text).hides


@pytest.mark.parametrize("change", [{"version": VERSION + 1}, {"plan": None}, {"plan": {}}])
def test_other_records_are_refused(change: dict[str, object]) -> None:
    """A record of another version, or one that lacks something, is no record."""
    with pytest.raises(ValueError, match="record"):
        decode(json.dumps(json.loads(encode(made())) | change))


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"version": 1}'])
def test_nonsense_is_refused(text: str) -> None:
    """What is no record at all is refused in the same way."""
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the parser says
        decode(text)
