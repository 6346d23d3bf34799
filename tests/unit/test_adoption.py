"""The tag that says by which host key an adopted droplet is known, and what is said there."""

from __future__ import annotations

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docklet.domain.adoption import HostKey, host_key_of, host_keys
from docklet.domain.identity import identity_of, is_our_tag
from docklet.render.adoption import adopting, answers, comment_of, releasing
from tests.builders import make_identity

KEY = HostKey(raw=bytes(range(32)))
LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


@given(raw=st.binary(min_size=32, max_size=32))
def test_tag_and_line_round_trip(raw: bytes) -> None:
    """What the cloud stores and what OpenSSH writes read back as the key that it was."""
    key = HostKey(raw=raw)
    assert host_keys(["web", key.tag]) == {key.tag: key}
    assert host_key_of(f"{key.line} root@web-1\n") == key
    assert len(key.tag) <= 255
    assert set(key.tag) <= set("abcdefghijklmnopqrstuvwxyz0123456789:-")


def test_as_openssh_writes_it() -> None:
    """The line and the fingerprint are those that OpenSSH's own tools give the key."""
    assert KEY.line == LINE
    theirs = asyncssh.import_public_key(LINE)
    assert KEY.fingerprint == theirs.get_fingerprint()
    assert KEY.tag == "docklet:host-key:" + bytes(range(32)).hex()


def test_first_spelling_stays() -> None:
    """An account that once had the tag in capitals still names the same key, by that tag."""
    assert host_keys([KEY.tag.upper()]) == {KEY.tag.upper(): KEY}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 " + LINE.split()[1][:-4],
        "ssh-ed25519 " + LINE.split()[1] + "AAAA",
        "ssh-ed25519 \xff\xff\xff\xff",
        LINE.replace("ssh-ed25519", "ssh-rsa"),
        LINE.replace("IAAB", "IQAB"),
    ],
)
def test_no_key(line: str) -> None:
    """What is no Ed25519 key is none."""
    with pytest.raises(ValueError, match="no Ed25519 key"):
        host_key_of(line)


@pytest.mark.parametrize(
    "tag",
    [
        "docklet:host-key:" + "0" * 63,
        "docklet:host-key:" + "0" * 65,
        "docklet:host-key:" + "g" * 64,
        "xdocklet:host-key:" + "0" * 64,
        "docklet:hostkey:" + "0" * 64,
        "docklet",
    ],
)
def test_no_tag(tag: str) -> None:
    """A tag of any other form names no key."""
    assert host_keys([tag]) == {}


def test_adopted_is_not_ours() -> None:
    """The tag makes nobody's droplet one of docklet's, whatever the droplet is called."""
    for name in ("web-1", make_identity().name):
        assert identity_of(name, ["web", KEY.tag]) is None
    assert not is_our_tag(KEY.tag)


def test_answers_between_noise() -> None:
    """Whatever a login shell prints comes along and means nothing."""
    said = b"Welcome!\xff\n\ndocklet-adopt: missing docker  root\nx docklet-adopt: host-key no\n"
    assert answers(said + b"docklet-adopt:\n") == {"missing": "docker root"}
    assert answers(b"") == {}


def test_scripts_hold_what_they_are_given() -> None:
    """Nothing in a script is left to be filled in, and both know the line by the same comment."""
    for script in (adopting(LINE, 7), releasing(LINE, 7, "/var/lib/docklet")):
        assert LINE in script
        assert comment_of(7) in script
        assert "$$" not in script
