"""A droplet says whose it is by its name and its tag, and both must agree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docklet.domain.identity import identity_of, is_our_tag, kept_tag, slot_of, tags_about
from tests.builders import KEY, make_identity


@given(
    owner=st.from_regex(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}", fullmatch=True),
    name=st.from_regex(r"[A-Za-z0-9._-]{1,60}", fullmatch=True),
)
def test_name_and_tag_round_trip(owner: str, name: str) -> None:
    """What the cloud stores reads back as it was, within the cloud's alphabet."""
    identity = make_identity(repository=f"{owner}/{name}")
    assert identity_of(identity.name, [identity.tag]) == identity
    assert len(identity.tag) <= 255
    assert set(identity.tag) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:"
    )


def test_kept_tag_moves_the_end() -> None:
    """A kept droplet expires when its announced time is over."""
    identity = make_identity()
    kept = identity_of(identity.name, [identity.tag, kept_tag(KEY, 99)])
    assert kept == replace(identity, kept_until=99)
    assert kept is not None
    assert kept.expires == 99
    assert is_our_tag(kept_tag(KEY, 99))


@pytest.mark.parametrize("turn", [1, -1])
def test_latest_deadline_counts(turn: int) -> None:
    """A droplet that was given more time has it, in whatever order its tags come."""
    identity, other = make_identity(deadline=50), make_identity(key="f" * 20, deadline=999)
    tags = [identity.tag, replace(identity, deadline=60).tag, other.tag][::turn]
    assert identity_of(identity.name, tags) == replace(identity, deadline=60)
    assert identity_of(other.name, tags) == other
    about = {identity.tag, replace(identity, deadline=60).tag, kept_tag(KEY, 99)}
    assert tags_about(KEY, [*tags, kept_tag(KEY, 99), "web", "docklet"]) == about


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("docklet-cafe0123-0123456789abcdef0123", []),
        ("web-1", ["docklet:0123456789abcdef0123:1:o:n"]),
        ("docklet-cafe0123-0123456789abcdef0123", ["docklet:99999999999999999999:1:o:n"]),
        ("docklet-cafe0123-0123456789abcdef0123x", ["docklet:0123456789abcdef0123:1:o:n"]),
        ("docklet-cafe0123-0123456789abcdef0123", ["xdocklet:0123456789abcdef0123:1:o:n"]),
    ],
)
def test_somebody_elses(name: str, tags: list[str]) -> None:
    """Name and tag must both be ours and speak of one run."""
    assert identity_of(name, tags) is None


def test_slots_differ() -> None:
    """Jobs with different parts have different slots."""
    assert slot_of("a", "b") != slot_of("ab", "")
