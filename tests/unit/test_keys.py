"""The run's keys: always the same, and like nobody else's."""

from __future__ import annotations

import asyncssh

from docklet.adapters.keys import SshAccess
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret

RUN = RunKey("0123456789abcdef0123")
ACCESS = SshAccess(token=Secret("dop_v1_canary"))


def test_known_keys() -> None:
    """A later version still derives the same keys, or it could not reach running droplets."""
    keys = ACCESS.keys(RUN)
    assert keys.host_public == (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICPLo9VBhIU4WrcLXulOGJ/+m8dcFj8ctNkyhTyVTlLk"
    )
    assert keys.client_public == (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBKzYlyNzPw0AgMKbNdnnTg54PYQVnCDNAcohaIjScSz"
    )


def test_private_keys_fit_the_public_ones() -> None:
    """Both private keys are readable by SSH and belong to their public keys."""
    keys = ACCESS.keys(RUN)
    pairs = ((keys.host_private, keys.host_public), (keys.client_private, keys.client_public))
    for private, public in pairs:
        key = asyncssh.import_private_key(private.reveal())
        assert key.convert_to_public() == asyncssh.import_public_key(public)


def test_all_keys_differ() -> None:
    """Another role, run or token gives another key."""
    other = SshAccess(token=Secret("dop_v1_other"))
    every = [ACCESS.keys(RUN), ACCESS.keys(RunKey("f" * 20)), other.keys(RUN)]
    assert (
        len({public for keys in every for public in (keys.host_public, keys.client_public)}) == 6
    )


def test_private_keys_do_not_show() -> None:
    """Printing a run's keys shows no private key."""
    assert "PRIVATE" not in repr(ACCESS.keys(RUN))
