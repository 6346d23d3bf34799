"""The README says what action.yml and the examples say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from docklet.domain.outcome import Reason, exit_code_of, status_of
from tools import tables

ROOT = Path(__file__).parents[2]
HEADING = re.compile(r"^### `(.+)`$", re.MULTILINE)
ENDING = re.compile(r"^\| (\d+)(?:-(\d+))? \| `([a-z]+)` \|", re.MULTILINE)


def test_tables_are_current() -> None:
    """`make docs` has been run since action.yml changed."""
    readme = (ROOT / "README.md").read_text()
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert tables.render(readme, action) == readme


@pytest.mark.parametrize("name", ["dispatch", "push", "docklet-bot"])
def test_workflows_are_the_linted_examples(name: str) -> None:
    """A workflow that people copy from the README is one that the linters have seen."""
    example = (ROOT / f".github/examples/{name}.yml").read_text()
    assert f"```yaml\n{example}```\n" in (ROOT / "README.md").read_text()


def test_files_that_are_linked_exist() -> None:
    """No relative link leads nowhere."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / "README.md").read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_table_without_its_markers_is_refused() -> None:
    """A README that lost its markers is an error and not a README without tables."""
    with pytest.raises(ValueError, match="lost its markers"):
        tables.render("# docklet\n", {"inputs": {}, "outputs": {}})


def test_exit_codes_are_those_of_the_code() -> None:
    """Every reason ends with a code that the README's table gives to its status."""
    table = {
        code: status
        for first, last, status in ENDING.findall((ROOT / "README.md").read_text())
        for code in range(int(first), int(last or first) + 1)
    }
    assert {r: table.get(exit_code_of(r)) for r in Reason} == {r: status_of(r) for r in Reason}


@pytest.mark.parametrize("message", HEADING.findall((ROOT / "README.md").read_text()))
def test_troubleshooting_quotes_real_messages(message: str) -> None:
    """A heading is a message as docklet prints it, with an ellipsis for what varies."""
    said = "\0".join(
        node.value
        for path in (ROOT / "src/docklet").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    assert [part for part in message.split("…") if part.strip() not in said] == []
