"""What an image is made from decides whether it is made anew."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from docklet_sandbox.recipes import BASE, DROPLET, SHELF, UPON_BASE

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_folder_is_made_and_every_recipe_has_a_folder() -> None:
    """No image is forgotten."""
    folders = {path.name for path in BASE.folder.parent.iterdir() if path.is_dir()}
    assert folders == {recipe.name for recipe in (BASE, *UPON_BASE)}


def test_everything_on_the_shelf_is_made() -> None:
    """The registry is filled only with images that the build makes."""
    assert set(SHELF.values()) <= set(UPON_BASE)


def test_the_same_content_has_the_same_digest() -> None:
    """Nothing but content counts, and no two images are taken for each other."""
    recipes = (BASE, *UPON_BASE)
    digests = [recipe.digest() for recipe in recipes]
    assert digests == [recipe.digest() for recipe in recipes]
    assert len(set(digests)) == len(recipes)


def test_other_authorities_make_everything_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The machine's list of authorities is part of the base, and the base of all others."""
    before = [recipe.digest() for recipe in (BASE, *UPON_BASE)]
    bundle = tmp_path / "authorities"
    bundle.write_text("another authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    after = [recipe.digest() for recipe in (BASE, *UPON_BASE)]
    assert [old for old, new in zip(before, after, strict=True) if old == new] == []


def test_scripts_stay_executable_on_the_way_into_an_image() -> None:
    """The builder gets every file of the folder, and scripts can be run."""
    with tarfile.open(fileobj=io.BytesIO(DROPLET.context())) as archive:
        modes = {member.name: member.mode for member in archive}
    assert set(modes) == set(DROPLET.files())
    assert {name for name, mode in modes.items() if mode == 0o755} == {"boot"}
