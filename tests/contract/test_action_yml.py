"""action.yml promises what the code keeps."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from docklet.domain.inputs import INPUTS, Input
from docklet.domain.outcome import Status

ROOT = Path(__file__).parents[2]
LONGEST_DESCRIPTION = 125
"""Characters that the marketplace shows."""


@pytest.fixture(name="action")
def _action() -> dict[str, Any]:
    """Return the content of action.yml."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    return content


def test_inputs_are_those_of_the_code(action: dict[str, Any]) -> None:
    """Every input is known to the parser and the other way round, in the same order."""
    assert list(action["inputs"]) == [known.name for known in INPUTS]


@pytest.mark.parametrize("known", INPUTS, ids=lambda known: known.name)
def test_defaults_are_those_of_the_code(action: dict[str, Any], known: Input) -> None:
    """An input means the same whether the runner or the parser fills its default in."""
    declared = action["inputs"][known.name]
    assert declared.get("default", "") == known.default
    assert declared.get("required", False) is known.required


def test_defaults_are_text(action: dict[str, Any]) -> None:
    """A default that YAML reads as a number or a truth value could reach us respelled."""
    defaults = [declared.get("default", "") for declared in action["inputs"].values()]
    assert all(isinstance(default, str) for default in defaults)


@pytest.mark.parametrize("section", ["inputs", "outputs"])
def test_every_description_is_a_sentence(action: dict[str, Any], section: str) -> None:
    """Descriptions end in a full stop and fit into a table cell."""
    for name, declared in action[section].items():
        assert declared["description"].endswith("."), name
        assert "|" not in declared["description"], name
        assert "\n" not in declared["description"], name


def test_statuses_are_listed(action: dict[str, Any]) -> None:
    """Whoever reads `status` learns from its description what it can be."""
    description = action["outputs"]["status"]["description"]
    assert [status for status in Status if f"`{status}`" not in description] == []


def test_marketplace_shows_the_whole_description(action: dict[str, Any]) -> None:
    """The action's own description is short enough not to be cut."""
    assert len(action["description"]) <= LONGEST_DESCRIPTION


def test_entry_points_are_console_scripts(action: dict[str, Any]) -> None:
    """Main and post run programs that installing docklet puts there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for stage in ("entrypoint", "post-entrypoint"):
        folder, _, program = action["runs"][stage].rpartition("/")
        assert folder == "/opt/docklet/bin"
        assert program in project["scripts"]


def test_script_arguments_are_not_the_containers(action: dict[str, Any]) -> None:
    """The input `args` reaches us as an input only.

    A runner that finds no `runs.args` takes that input for the container's command line, unquoted
    (actions/runner, ContainerActionHandler.cs).
    """
    assert action["runs"]["args"] == []


def test_acceptance_workflow_passes_every_input(action: dict[str, Any]) -> None:
    """A new input can be tried in the acceptance workflow from its first day.

    Under `act` the post step sees explicit inputs only, so none may be left to its default.
    """
    workflow = yaml.safe_load((ROOT / ".github/workflows/acceptance.yml").read_text())
    steps = workflow["jobs"]["run"]["steps"]
    given = next(step["with"] for step in steps if step.get("uses") == "./")
    assert list(given) == list(action["inputs"])
