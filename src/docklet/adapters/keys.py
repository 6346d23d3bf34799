"""The way into a run's droplet: key pairs that derive from the cloud token and the run's key.

Whoever has the token can take up a run, and nothing has to be stored. What derives gives nothing
of the token away (HKDF, RFC 5869).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.adapters.ssh import PORT, SshShell
from docklet.domain.keys import RunKeys
from docklet.domain.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from docklet.domain.identity import RunKey

_SEED: Final = 32
"""Bytes of an Ed25519 private key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAccess:
    """Derives keys and opens shells with them."""

    token: Secret
    """The cloud token, from which all keys derive."""
    port: int = PORT
    """Where sshd listens."""

    def keys(self, run: RunKey) -> RunKeys:
        """Derive the run's key pairs; the same run gives the same keys in any process.

        The texts of the private keys differ in the check number that their format wants random.
        """
        host_private, host_public = _texts(_derive(self.token, run, "host"))
        client_private, client_public = _texts(_derive(self.token, run, "client"))
        return RunKeys(
            host_private=host_private,
            host_public=host_public,
            client_private=client_private,
            client_public=client_public,
        )

    def shell(self, address: str, keys: RunKeys) -> SshShell:
        """Return a shell on the machine at `address`, which connects when it is first used."""
        return SshShell(address, keys, port=self.port)


def _derive(token: Secret, run: RunKey, role: str) -> Ed25519PrivateKey:
    """Return the private key that `run` uses in `role`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    hkdf = HKDF(SHA256(), _SEED, salt=run.encode(), info=f"docklet ssh {role} key".encode())
    return Ed25519PrivateKey.from_private_bytes(hkdf.derive(token.reveal().encode()))


def _texts(key: Ed25519PrivateKey) -> tuple[Secret, str]:
    """Return a key pair as OpenSSH writes it."""
    from cryptography.hazmat.primitives import serialization as form

    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
    return Secret(private.decode()), public.decode()
