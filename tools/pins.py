"""Put digests where the repository has tags: the base of the image, the image of the action.

A digest is what a registry says at that moment; the workflows `base` and `release` ask it.
Standard library only, since those workflows install nothing.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parent.parent
_BASE: Final = re.compile(
    r"^(ARG BASE=)(?P<tag>[a-z0-9./:-]+)(?:@sha256:[0-9a-f]{64})?$", re.MULTILINE
)
_IMAGE: Final = re.compile(r"^(  image: ).+$", re.MULTILINE)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_REFERENCE: Final = re.compile(r"[a-z0-9.-]+(?:/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")


def unpinned(dockerfile: str) -> str:
    """Return the tag of the base image, without its digest."""
    return _one(_BASE, dockerfile, "Dockerfile", "ARG BASE=")["tag"]


def pin_base(dockerfile: str, digest: str) -> str:
    """Return a Dockerfile whose base is known by `digest`."""
    if not _DIGEST.fullmatch(digest):
        message = f"{digest!r} is no digest; expected sha256: and 64 hex digits."
        raise ValueError(message)
    _one(_BASE, dockerfile, "Dockerfile", "ARG BASE=")
    return _BASE.sub(lambda found: f"{found[1]}{found['tag']}@{digest}", dockerfile)


def pin_action(action: str, reference: str) -> str:
    """Return an action.yml that runs the published image `reference`, known by its digest."""
    if not _REFERENCE.fullmatch(reference):
        message = f"{reference!r} is no image with a digest, such as host/name@sha256:..."
        raise ValueError(message)
    _one(_IMAGE, action, "action.yml", "image:")
    return _IMAGE.sub(lambda found: f"{found[1]}docker://{reference}", action)


def _one(pattern: re.Pattern[str], text: str, file: str, line: str) -> re.Match[str]:
    """Return the one place in a file that has a pin; raise when there are none or several."""
    found = list(pattern.finditer(text))
    if len(found) != 1:
        message = f"{file} has {len(found)} lines `{line}` that could be pinned, and not one."
        raise ValueError(message)
    return found[0]


_FILES: Final[dict[str, tuple[str, Callable[[str, str], str]]]] = {
    "base": ("Dockerfile", pin_base),
    "action": ("action.yml", pin_action),
}


def main(arguments: list[str]) -> int:
    """Pin `base DIGEST` or `action REFERENCE`, or print the base's tag for no arguments."""
    if not arguments:
        sys.stdout.write(unpinned((ROOT / "Dockerfile").read_text(encoding="utf-8")) + "\n")
        return 0
    what, value = arguments
    file, pin = _FILES[what]
    path = ROOT / file
    path.write_text(pin(path.read_text(encoding="utf-8"), value), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
