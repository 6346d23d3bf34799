"""The table of what becomes of a droplet that its run may have left behind."""

from __future__ import annotations

from typing import Any

import pytest

from docklet.domain.record import RunRecord
from docklet.domain.triage import ABANDONED, Action, Case, Look, Workflow, decide
from tests.builders import START, make_identity, make_plan

STALE = 120.0
RECORD = RunRecord(plan=make_plan(), started=START)
LEAVE, DELETE, TAKE_UP, WAKE = Action.LEAVE, Action.DELETE, Action.TAKE_UP, Action.WAKE
PAST, LATER = int(START) - 1, int(START) + 600


def case(**fields: Any) -> Case:  # noqa: ANN401 - fields of several types
    """Return a run whose process is gone and whose script has ended, but for `fields`."""
    seen = {"lease": STALE, "started": True, "ended": True}
    look = {name: fields.pop(name) for name in tuple(fields) if name in seen}
    who = {name: fields.pop(name) for name in ("deadline", "kept_until") if name in fields}
    known: dict[str, Any] = {
        "identity": make_identity(**who),
        "status": "active",
        "age": 10_000.0,
        "now": START,
        "ours": True,
        "look": Look(**{"record": {}, **seen, **look}),
        "record": RECORD,
        "stale_after": STALE,
    }
    return Case(**{**known, **fields})


TABLE = [
    ({}, TAKE_UP),
    ({"lease": STALE - 1}, LEAVE),
    ({"lease": 0.0, "workflow": Workflow.OVER}, LEAVE),
    ({"workflow": Workflow.GOING}, LEAVE),
    ({"workflow": Workflow.GOING, "lease": 10**9}, LEAVE),
    ({"workflow": Workflow.CANCELLED}, TAKE_UP),
    ({"workflow": Workflow.OVER}, TAKE_UP),
    ({"ended": False}, LEAVE),
    ({"ended": False, "workflow": Workflow.OVER}, LEAVE),
    ({"ended": False, "workflow": Workflow.CANCELLED}, DELETE),
    ({"ended": False, "workflow": Workflow.CANCELLED, "lease": 1.0}, LEAVE),
    ({"record": None}, LEAVE),
    ({"ours": False}, LEAVE),
    ({"look": None}, LEAVE),
    ({"look": None, "status": "off"}, WAKE),
    ({"look": None, "status": "off", "age": STALE * ABANDONED - 1}, LEAVE),
    ({"look": None, "status": "off", "ours": False}, LEAVE),
    ({"look": None, "status": "off", "kept_until": LATER}, LEAVE),
    ({"look": None, "status": "off", "deadline": PAST}, DELETE),
    ({"look": None, "status": "archive"}, LEAVE),
    ({"started": False, "ended": False}, LEAVE),
    ({"started": False, "ended": False, "lease": STALE * ABANDONED}, DELETE),
    ({"started": False, "ended": False, "workflow": Workflow.OVER}, DELETE),
    ({"started": False, "ended": False, "workflow": Workflow.CANCELLED}, DELETE),
    ({"started": False, "ended": False, "lease": None, "age": STALE * ABANDONED}, DELETE),
    ({"started": False, "ended": False, "lease": None, "age": STALE * ABANDONED - 1}, LEAVE),
    ({"started": False, "ended": False, "lease": None, "age": 1.0, "record": None}, LEAVE),
    ({"started": False, "ended": False, "lease": None, "record": None}, DELETE),
    ({"kept_until": LATER}, LEAVE),
    ({"kept_until": LATER, "deadline": PAST}, LEAVE),
    ({"kept_until": PAST}, DELETE),
    ({"deadline": PAST}, TAKE_UP),
    ({"deadline": PAST, "ended": False}, DELETE),
    ({"deadline": PAST, "lease": 0.0, "ended": False}, DELETE),
    ({"deadline": PAST, "look": None}, DELETE),
    ({"deadline": PAST, "look": None, "ours": False}, DELETE),
    ({"deadline": PAST, "record": None}, DELETE),
    ({"deadline": PAST, "workflow": Workflow.GOING, "ended": False}, DELETE),
]


@pytest.mark.parametrize(("fields", "action"), TABLE, ids=str)
def test_decision(fields: dict[str, Any], action: Action) -> None:
    """Each case has one decision, and a reason that ends a sentence."""
    decision = decide(case(**fields))
    assert decision.action is action
    assert decision.why[0].islower()
    assert not decision.why.endswith(".")
