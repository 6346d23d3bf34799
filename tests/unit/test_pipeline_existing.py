"""A droplet that the user named is used only if it will be there until the end."""

from __future__ import annotations

import pytest

from docklet.domain.errors import InvalidInputs
from docklet.domain.identity import kept_tag
from docklet.pipeline.existing import existing
from tests.builders import make_droplet, make_identity, make_spec

NOW = 1_800_000_000.0
OURS = make_identity(deadline=int(NOW) + 3600)
KEPT = (OURS.tag, kept_tag(OURS.key, int(NOW) + 600))


def test_kept() -> None:
    """A kept droplet is found by id and by name, with the end that was announced."""
    droplet = make_droplet(droplet_id=77, name=OURS.name, tags=KEPT, status="active")
    for name in ("77", OURS.name):
        found = existing(make_spec(droplet=name), (droplet,), NOW)
        assert found is not None
        assert (found.droplet_id, found.owner, found.until) == (77, OURS.key, int(NOW) + 600)
    assert existing(make_spec(), (droplet,), NOW) is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"droplet_id": 78}, "no droplet with this id"),
        ({"tags": ("web",)}, "did not make this droplet"),
        ({"tags": (OURS.tag,)}, "belongs to a run"),
        ({"tags": (OURS.tag, kept_tag(OURS.key, int(NOW) + 60))}, "is over"),
        ({"status": "off"}, "`off`, not `active`"),
    ],
)
def test_unfit(facts: dict[str, object], words: str) -> None:
    """Every other droplet is refused with the reason."""
    usual = {"droplet_id": 77, "name": OURS.name, "tags": KEPT, "status": "active"}
    with pytest.raises(InvalidInputs, match=words):
        existing(make_spec(droplet="77"), (make_droplet(**usual | facts),), NOW)
