"""Which droplet a word on the command line means."""

from __future__ import annotations

import pytest

from docklet.domain.errors import InvalidInputs, Unreachable
from docklet.domain.identity import RunKey
from docklet.entrypoints.runs import NO_TOKEN, Rented, chosen, cloud_settings, ours, rented
from tests.builders import START, make_droplet
from tests.fakes import FakeClock, FakeCloud

ONE = RunKey("12345" * 4)
OTHER = RunKey("12346" * 4)
PAIR = ours((make_droplet(key=ONE, droplet_id=100100), make_droplet(key=OTHER, droplet_id=100200)))


@pytest.mark.parametrize(
    "word",
    [
        ONE,
        ONE[:10],
        "12345",
        "123451",
        "100100",
        "docklet-cafe0123-" + ONE,
        "DOCKLET-CAFE0123-" + ONE,
    ],
)
def test_chosen(word: str) -> None:
    """A key, enough of its first digits, an id or a name mean one droplet."""
    assert chosen(word, PAIR, START).identity.key == ONE


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("1234", "means 2 droplets"),
        ("123", "too short"),
        ("99999", "No droplet of docklet's goes by `99999`"),
        ("docklet-cafe0123", "No droplet of docklet's goes by"),
        ("1001", "No droplet of docklet's goes by"),
        ("\x1b[31m" + ONE, r"goes by `\?\[31m"),
    ],
)
def test_not_chosen(word: str, sentence: str) -> None:
    """A word that means none or several is refused, and the candidates are named."""
    with pytest.raises(InvalidInputs, match=sentence) as caught:
        chosen(word, PAIR, START)
    assert ONE[:10] in caught.value.message
    assert OTHER[:10] in caught.value.message


def test_only_those_that_are_meant_are_named() -> None:
    """An ambiguous word's candidates are the droplets that it may mean."""
    third = ours((make_droplet(key=RunKey("f" * 20)),))
    with pytest.raises(InvalidInputs) as caught:
        chosen("1234", (*PAIR, *third), START)
    assert "ffff" not in caught.value.message


def test_two_droplets_of_one_run() -> None:
    """A run with two droplets has to be named by a droplet's id."""
    twins = ours((make_droplet(key=ONE, droplet_id=7), make_droplet(key=ONE, droplet_id=8)))
    with pytest.raises(InvalidInputs, match="means 2 droplets"):
        chosen(ONE, twins, START)
    assert chosen("8", twins, START).droplet.droplet_id == 8


def test_none_at_all() -> None:
    """Without droplets the message says so."""
    with pytest.raises(InvalidInputs, match="docklet has no droplets"):
        chosen("12345", (), START)


async def test_rented() -> None:
    """Our droplets are those whose name and tag say so, GPU droplets too, oldest first."""
    cloud = FakeCloud(FakeClock())
    cloud.add(make_droplet(droplet_id=3, key=ONE, created=START - 10))
    cloud.add(make_droplet(droplet_id=2, key=OTHER, size="gpu-h100x1-80gb", created=START - 20))
    cloud.add(make_droplet(droplet_id=4, name="web-1"))
    cloud.add(make_droplet(droplet_id=5, tags=("docklet",)))
    assert [one.droplet.droplet_id for one in await rented(cloud)] == [2, 3]


def test_address() -> None:
    """A droplet without an address can't be reached yet."""
    (fine,) = ours((make_droplet(),))
    (early,) = ours((make_droplet(address=""),))
    assert fine.address == "203.0.113.7"
    with pytest.raises(Unreachable, match="no address yet"):
        _ = early.address


def test_no_token() -> None:
    """Without a token the cloud is not asked, and the variable's name is told."""
    with pytest.raises(InvalidInputs) as caught:
        cloud_settings({"DIGITALOCEAN_TOKEN": ""})
    assert caught.value.problems == (NO_TOKEN,)
    assert NO_TOKEN.name == "DIGITALOCEAN_TOKEN"


def test_goes_by_is_about_beginnings() -> None:
    """Digits from the middle of a key mean nothing."""
    (one,) = ours((make_droplet(key=RunKey("0123456789abcdef0123")),))
    assert isinstance(one, Rented)
    assert not one.goes_by("6789")
