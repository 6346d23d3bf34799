"""A droplet that the user named is used only if it will be there until the end, and is known."""

from __future__ import annotations

import pytest

from docklet.domain.adoption import HostKey
from docklet.domain.errors import InvalidInputs
from docklet.domain.identity import kept_tag
from docklet.pipeline.existing import existing
from tests.builders import make_droplet, make_identity, make_spec

NOW = 1_800_000_000.0
OURS = make_identity(deadline=int(NOW) + 3600)
KEPT = (OURS.tag, kept_tag(OURS.key, int(NOW) + 600))
HOST, OTHER = HostKey(raw=b"h" * 32), HostKey(raw=b"o" * 32)


def test_kept() -> None:
    """A kept droplet is found by id and by name, with the end that was announced."""
    droplet = make_droplet(droplet_id=77, name=OURS.name, tags=KEPT, status="active")
    for name in ("77", OURS.name):
        found = existing(make_spec(droplet=name), (droplet,), NOW)
        assert found is not None
        assert (found.droplet_id, found.known_by, found.until) == (77, OURS.key, int(NOW) + 600)
    assert existing(make_spec(), (droplet,), NOW) is None


def test_adopted() -> None:
    """An adopted droplet is known by the host key of its tag, and has no end."""
    droplet = make_droplet(droplet_id=77, name="web-1", tags=("web", HOST.tag))
    for name in ("77", "web-1"):
        found = existing(make_spec(droplet=name), (droplet,), NOW)
        assert found is not None
        assert (found.droplet_id, found.address) == (77, droplet.address)
        assert (found.known_by, found.until) == (HOST, None)


def test_ours_is_known_by_its_run() -> None:
    """A tag with a host key does not change how a droplet of docklet's is known."""
    droplet = make_droplet(droplet_id=77, name=OURS.name, tags=(*KEPT, OTHER.tag))
    found = existing(make_spec(droplet="77"), (droplet,), NOW)
    assert found is not None
    assert found.known_by == OURS.key


def test_id_goes_before_name() -> None:
    """A droplet that is called like another's id is not taken for that one."""
    one = make_droplet(droplet_id=77, name="web-1", tags=(HOST.tag,))
    other = make_droplet(droplet_id=78, name="77", tags=(OTHER.tag,))
    found = existing(make_spec(droplet="77"), (other, one), NOW)
    assert found is not None
    assert found.droplet_id == 77


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"droplet_id": 78}, "no droplet with this id"),
        ({"tags": ("web",)}, "did not make this droplet.*Run `docklet adopt 77` once"),
        ({"tags": (OURS.tag,)}, "belongs to a run"),
        ({"tags": (OURS.tag, kept_tag(OURS.key, int(NOW) + 60))}, "is over"),
        ({"status": "off"}, "`off`, not `active`"),
        ({"address": ""}, "no public IPv4"),
        ({"tags": (HOST.tag,), "status": "off"}, "`off`, not `active`"),
        ({"tags": (HOST.tag,), "address": ""}, "no public IPv4"),
        ({"tags": (HOST.tag, OTHER.tag)}, "has 2 tags.*`docklet adopt 77` leaves it with the"),
        ({"tags": (HOST.tag[:-1],)}, "did not make this droplet"),
    ],
)
def test_unfit(facts: dict[str, object], words: str) -> None:
    """Every other droplet is refused with the reason."""
    usual = {"droplet_id": 77, "name": OURS.name, "tags": KEPT, "status": "active"}
    with pytest.raises(InvalidInputs, match=words):
        existing(make_spec(droplet="77"), (make_droplet(**usual | facts),), NOW)


def test_twins() -> None:
    """A name that two droplets have means neither; their ids are told."""
    twins = tuple(make_droplet(droplet_id=n, name="web-1", tags=(HOST.tag,)) for n in (77, 78))
    with pytest.raises(InvalidInputs, match=r"2 droplets have this name\..*77, 78"):
        existing(make_spec(droplet="web-1"), twins, NOW)
