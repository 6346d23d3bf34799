"""The action's image: small, the same from the same sources, and with nothing to build with."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tools.action_image import LIMIT, build, megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AGAIN = "docklet-action:again"
BUILDERS = ("cc", "gcc", "g++", "clang", "ld", "as", "make", "cmake", "rustc", "cargo", "go")
CONTENT = (
    "cd /opt/docklet; find . | LC_ALL=C sort | while read -r path; do"
    ' stat --format "%n %a %F" "$path";'
    ' if [ -L "$path" ]; then readlink "$path";'
    ' elif [ -f "$path" ]; then sha256sum "$path"; fi; done'
)


def inside(image: str, *command: str) -> str:
    """Run a command in an image, without a network, and return what it prints."""
    start = ["docker", "run", "--rm", "--network=none", f"--entrypoint={command[0]}", image]
    done = subprocess.run([*start, *command[1:]], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def again(action_image: str) -> Iterator[str]:
    """Build the image once more, with nothing of the first build."""
    assert action_image
    build(AGAIN, "--no-cache")
    yield AGAIN
    subprocess.run(["docker", "rmi", AGAIN], check=True, capture_output=True)


def test_image_is_small(action_image: str, record_property: Callable[[str, object], None]) -> None:
    """A runner that has never seen the image does not wait long for it."""
    size = megabytes(action_image)
    record_property("megabytes", size)
    assert 10 < size <= LIMIT


def test_the_same_sources_make_the_same_image(action_image: str, again: str) -> None:
    """Whoever builds a release again gets what was released, to the byte."""
    first, second = (inside(image, "sh", "-c", CONTENT) for image in (action_image, again))
    assert "docklet/ports/cloud.py" in first
    assert [line for line in first.splitlines() if line not in second.splitlines()] == []
    assert first == second


def test_nothing_to_build_with(action_image: str) -> None:
    """Whatever gets into the image finds no compiler there."""
    look = f'for name in sh {" ".join(BUILDERS)}; do command -v "$name" || true; done'
    found = inside(action_image, "sh", "-c", look).split()
    assert [name.rpartition("/")[2] for name in found] == ["sh"]


def test_nothing_is_installed_at_start(action_image: str) -> None:
    """The image starts without a network, straight into Python, and says what is missing."""
    start = ["docker", "run", "--rm", "--network=none", action_image]
    done = subprocess.run(start, check=False, capture_output=True, text=True)
    assert done.returncode == 21, done.stdout + done.stderr
    assert "nothing was started" in done.stdout
    entry = ["docker", "inspect", "--format={{json .Config.Entrypoint}}", action_image]
    told = subprocess.run(entry, check=True, capture_output=True, text=True).stdout.strip()
    assert told == '["/opt/docklet/bin/docklet-action"]'
    script = inside(action_image, "cat", "/opt/docklet/bin/docklet-action")
    assert script.startswith("#!/opt/docklet/bin/python -Iu\n")
