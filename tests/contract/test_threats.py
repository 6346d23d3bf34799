"""THREATS.md names tests that exist: a control without one is a wish."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
THREATS = (TESTS.parent / ".github/THREATS.md").read_text(encoding="utf-8")
NAME = re.compile(r"`((?:unit|contract|acceptance)/\w+)::(test_\w+)`")


def names_in(module: str) -> set[str]:
    """Return the names of a module's tests; none when there is no such module."""
    path = TESTS / f"{module}.py"
    tree = ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_test_that_is_named_exists() -> None:
    """A test that was renamed or deleted takes its control along."""
    named = NAME.findall(THREATS)
    assert [f"{module}::{name}" for module, name in named if name not in names_in(module)] == []


def test_every_control_names_a_test() -> None:
    """A row of the table without a test is refused."""
    _, _, table = THREATS.partition("## Controls")
    rows = [line for line in table.splitlines() if re.match(r"\| (P\d|all)", line)]
    assert len(rows) > 20
    assert [row for row in rows if not NAME.search(row)] == []
