"""The run's keys: always the same, and like nobody else's."""

from __future__ import annotations

import asyncssh

from docklet.adapters.ssh.keys import SshAccess
from docklet.domain.adoption import HostKey
from docklet.domain.identity import RunKey
from docklet.domain.secret import Secret

RUN = RunKey("0123456789abcdef0123")
ACCESS = SshAccess(token=Secret("dop_v1_canary"))
HOST = HostKey(raw=bytes(32))


def test_known_keys() -> None:
    """A later version still derives the same keys, or it could not reach running droplets."""
    keys = ACCESS.keys(RUN)
    assert keys.host_public == (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICPLo9VBhIU4WrcLXulOGJ/+m8dcFj8ctNkyhTyVTlLk"
    )
    assert keys.client_public == (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBKzYlyNzPw0AgMKbNdnnTg54PYQVnCDNAcohaIjScSz"
    )


def test_known_key_of_an_adopted_droplet() -> None:
    """A later version still derives the key that is in the droplet's `authorized_keys`."""
    assert ACCESS.client_key(4711) == (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1Blsg8c7HOM6qxERNz4lrqwThgnOgIUZJHFFm2zAno"
    )
    assert ACCESS.adopted_keys(4711, HOST).client_public == ACCESS.client_key(4711)
    assert ACCESS.adopted_keys(4711, HOST).host_public == HOST.line


def test_private_keys_fit_the_public_ones() -> None:
    """All private keys are readable by SSH and belong to their public keys."""
    keys, adopted = ACCESS.keys(RUN), ACCESS.adopted_keys(4711, HOST)
    pairs = (
        (keys.host_private, keys.host_public),
        (keys.client_private, keys.client_public),
        (adopted.client_private, adopted.client_public),
    )
    for private, public in pairs:
        key = asyncssh.import_private_key(private.reveal())
        assert key.convert_to_public() == asyncssh.import_public_key(public)


def test_all_keys_differ() -> None:
    """Another role, run, droplet or token gives another key."""
    other = SshAccess(token=Secret("dop_v1_other"))
    every = [ACCESS.keys(RUN), ACCESS.keys(RunKey("f" * 20)), other.keys(RUN)]
    runs = {public for keys in every for public in (keys.host_public, keys.client_public)}
    droplets = {access.client_key(number) for access in (ACCESS, other) for number in (1, 2)}
    assert len(runs | droplets) == 10


def test_droplet_that_is_called_like_a_run() -> None:
    """An id and a run's key that are the same digits give different keys."""
    digits = "12345678901234567890"
    assert ACCESS.client_key(int(digits)) != ACCESS.keys(RunKey(digits)).client_public


def test_private_keys_do_not_show() -> None:
    """Printing a run's keys shows no private key."""
    for keys in (ACCESS.keys(RUN), ACCESS.adopted_keys(4711, HOST)):
        assert "PRIVATE" not in repr(keys)
