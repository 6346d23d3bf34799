"""What is shipped to the droplet needs nothing but a Python there."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

AGENT = Path(__file__).parents[2] / "src/docklet/droplet"


def _imports(path: Path) -> set[str]:
    """Return the absolute names that a module imports, relative ones left out."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=aliases):
                names.update(alias.name for alias in aliases)
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module)
            case _:
                pass
    return names


@pytest.mark.parametrize("path", sorted(AGENT.rglob("*.py")), ids=lambda path: path.name)
def test_imports_are_of_the_standard_library(path: Path) -> None:
    """A module of the agent imports the standard library and its own package only."""
    foreign = {
        name
        for name in _imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith("docklet.droplet")
    }
    assert foreign == set()
