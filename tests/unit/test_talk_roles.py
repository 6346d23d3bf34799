"""What somebody is in a repository, as GitHub's answers tell it."""

from __future__ import annotations

from typing import Any

import pytest

from docklet.adapters.github.talk_calls import role_of
from docklet.domain.policy import Role

NOTHING = dict.fromkeys(("pull", "triage", "push", "maintain", "admin"), False)


def answer(name: str, coarse: str = "none", **grants: bool) -> dict[str, Any]:
    """Return an answer about somebody with these grants; without any, none are told."""
    told = {"permissions": NOTHING | grants} if grants else {}
    return {"role_name": name, "permission": coarse, "user": {"id": 7, **told}}


@pytest.mark.parametrize(
    ("raw", "role"),
    [
        *((answer(role.value), role) for role in Role),
        (answer("deployer", "write", pull=True, triage=True, push=True), Role.WRITE),
        (answer("auditor", "read", pull=True), Role.READ),
        (answer("helper", "read", pull=True, triage=True), Role.TRIAGE),
        (answer("owner", "admin", pull=True, admin=True), Role.ADMIN),
        (answer("ghost", "write", pull=False), Role.NONE),
        (answer("deployer", "write"), Role.WRITE),
        (answer("deployer", "something new"), Role.NONE),
    ],
)
def test_roles(raw: dict[str, Any], role: Role) -> None:
    """A custom role counts as what it grants, and one that says nothing as nothing."""
    assert role_of(raw) is role


@pytest.mark.parametrize("raw", [{}, {"role_name": None}, {"role_name": "x", "permission": 1}])
def test_what_is_no_answer(raw: dict[str, Any]) -> None:
    """An answer without a role is none, not somebody without rights."""
    with pytest.raises((KeyError, TypeError)):
        role_of(raw)
