"""Digests take the place of tags, in one line each and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.pins import pin_action, pin_base, unpinned

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
ACTION = (ROOT / "action.yml").read_text()
DIGEST = f"sha256:{'0a' * 32}"
OTHER = f"sha256:{'b1' * 32}"
PUBLISHED = f"registry.example/docklet/docklet@{DIGEST}"


def changed(before: str, after: str) -> list[str]:
    """Return the lines of `after` that `before` has otherwise."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [new for old, new in pairs if old != new]


def test_base_is_pinned_in_one_line() -> None:
    """The tag stays, for people; the digest goes behind it, for Docker."""
    tag = unpinned(DOCKERFILE)
    assert changed(DOCKERFILE, pin_base(DOCKERFILE, DIGEST)) == [f"ARG BASE={tag}@{DIGEST}"]


def test_a_newer_digest_replaces_the_old_one() -> None:
    """Pinning again leaves one digest, and the tag can be told from either."""
    pinned = pin_base(pin_base(DOCKERFILE, DIGEST), OTHER)
    assert pinned == pin_base(DOCKERFILE, OTHER)
    assert unpinned(pinned) == unpinned(DOCKERFILE)


def test_every_stage_stands_on_the_base() -> None:
    """No stage names an image that a digest would not reach."""
    stages = [line for line in DOCKERFILE.splitlines() if line.startswith("FROM ")]
    assert {line.split()[1] for line in stages} == {"${BASE}"}


def test_release_runs_the_published_image() -> None:
    """A released action.yml differs in the image alone."""
    assert changed(ACTION, pin_action(ACTION, PUBLISHED)) == [f"  image: docker://{PUBLISHED}"]


@pytest.mark.parametrize("digest", ["", "sha256:", f"sha256:{'0a' * 31}", f"{DIGEST}\n", "latest"])
def test_what_is_no_digest_is_refused(digest: str) -> None:
    """A registry that answers something else changes no file."""
    with pytest.raises(ValueError, match="is no digest"):
        pin_base(DOCKERFILE, digest)
    with pytest.raises(ValueError, match="is no image with a digest"):
        pin_action(ACTION, f"registry.example/docklet@{digest}")


@pytest.mark.parametrize("text", ["", "FROM scratch\n", f"{DOCKERFILE}\nARG BASE=other:1\n"])
def test_a_file_without_its_one_place_is_refused(text: str) -> None:
    """A Dockerfile of another make is an error, and not one that stays unpinned silently."""
    with pytest.raises(ValueError, match="could be pinned"):
        pin_base(text, DIGEST)
