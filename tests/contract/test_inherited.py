"""What the action's processes hand down to programs that libraries start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PLAY = """
import subprocess
from docklet.entrypoints import {module} as module

async def play(environ):
    print("given", environ.get("INPUT_GITHUB-TOKEN"))
    print(subprocess.run(["env"], capture_output=True, text=True).stdout)
    return 0

module.{name} = play
module.main()
"""


@pytest.mark.parametrize(("module", "name"), [("action", "act"), ("cleanup", "clean_up")])
def test_children_inherit_no_secret(module: str, name: str) -> None:
    """Both steps know the inputs, and no program that they start does."""
    secrets = {"INPUT_GITHUB-TOKEN": "canary", "ACTIONS_RUNTIME_TOKEN": "canary"}
    done = subprocess.run(
        [sys.executable, "-c", PLAY.format(module=module, name=name)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HARMLESS": "yes", **secrets},
    )
    first, _, handed_down = done.stdout.partition("\n")
    assert (first, done.returncode) == ("given canary", 0), done.stderr
    assert "HARMLESS=yes" in handed_down
    assert "canary" not in handed_down
