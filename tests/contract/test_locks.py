"""Locked dependencies are known by hash and come from wherever the machine says."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("action", "dev")
PINNED = re.compile(
    r"^([a-z0-9-]+)==\S+.*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+", re.MULTILINE
)


def _lock(name: str) -> str:
    """Return the text of a lock file."""
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def _project() -> dict[str, Any]:
    """Return the content of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _names(requirements: list[str]) -> set[str]:
    """Return the normalised names in a list of requirements."""
    return {re.split(r"[<>=!~ \[]", wanted)[0].lower() for wanted in requirements}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_is_pins_and_hashes_only(name: str) -> None:
    """A lock file has nothing but exact versions with hashes: no address, no comment."""
    assert PINNED.sub("", _lock(name)) == ""


def test_action_lock_has_what_the_action_needs() -> None:
    """The image gets the core dependencies and none of the command line's or the sandbox's."""
    locked = set(PINNED.findall(_lock("action")))
    project = _project()["project"]
    assert _names(project["dependencies"]) <= locked
    extras = [wanted for group in project["optional-dependencies"].values() for wanted in group]
    assert not _names(extras) & locked


def test_dev_lock_has_everything() -> None:
    """One install serves every target of the Makefile."""
    locked = set(PINNED.findall(_lock("dev")))
    project = _project()
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for group in project["project"]["optional-dependencies"].values():
        wanted += group
    assert _names(wanted) <= locked


def test_locks_agree() -> None:
    """What is tested is what is shipped: no package has two versions."""
    pins = [line.split()[0] for line in _lock("action").splitlines() if "==" in line]
    assert [pin for pin in pins if pin not in _lock("dev").split()] == []


@pytest.mark.parametrize("folder", [".github/lint", "tests/payloads"])
def test_node_lock_names_no_host(folder: str) -> None:
    """Node packages are known by hash too."""
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    packages.pop("")
    assert all("integrity" in package for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
