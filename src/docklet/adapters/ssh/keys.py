"""The way into droplets: key pairs that derive from the cloud token.

For a run's own droplet from the run's key too, for an adopted one from its id. Whoever has the
token can take up a run, and nothing has to be stored. What derives gives nothing of the token
away (HKDF, RFC 5869).
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docklet.adapters.ssh.shell import PORT, SshShell
from docklet.domain.keys import LoginKeys, RunKeys
from docklet.domain.secret import Secret

if TYPE_CHECKING:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from docklet.domain.adoption import HostKey
    from docklet.domain.identity import RunKey

_SEED: Final = 32
"""Bytes of an Ed25519 private key, and of the keys that seal and hide."""
_RUN_HOST: Final = "docklet ssh host key"
_RUN_CLIENT: Final = "docklet ssh client key"
_ADOPTED_CLIENT: Final = "docklet ssh client key for an adopted droplet"
_SEAL: Final = "docklet seal of a run's record"
_HIDE: Final = "docklet cipher of a run's variables"
"""What keys are for (HKDF's `info`): those of different purposes have nothing in common."""


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
        host_private, host_public = _texts(self._derive(run, _RUN_HOST))
        client_private, client_public = _texts(self._derive(run, _RUN_CLIENT))
        return RunKeys(
            host_private=host_private,
            host_public=host_public,
            client_private=client_private,
            client_public=client_public,
        )

    def client_key(self, droplet_id: int) -> str:
        """Derive our public key for an adopted droplet."""
        return _texts(self._derive(str(droplet_id), _ADOPTED_CLIENT))[1]

    def adopted_keys(self, droplet_id: int, host: HostKey) -> LoginKeys:
        """Derive our key for an adopted droplet, which is known by `host`."""
        private, public = _texts(self._derive(str(droplet_id), _ADOPTED_CLIENT))
        return LoginKeys(host_public=host.line, client_private=private, client_public=public)

    def shell(self, address: str, keys: LoginKeys) -> SshShell:
        """Return a shell on the machine at `address`, which connects when it is first used."""
        return SshShell(address, keys, port=self.port)

    def seal(self, run: RunKey, text: str) -> str:
        """Return what shows that `text` is about `run` and by somebody with the cloud token."""
        return hmac.new(self._secret(run, _SEAL), text.encode(), "sha256").hexdigest()

    def hide(self, run: RunKey, text: str) -> str:
        """Encrypt a text about `run`, for whoever has the cloud token."""
        return self._cipher(run).encrypt(text.encode("utf-8", "surrogatepass")).decode()

    def unhide(self, run: RunKey, text: str) -> str:
        """Decrypt what `hide` made and `seal` vouches for."""
        return self._cipher(run).decrypt(text).decode("utf-8", "surrogatepass")

    def _cipher(self, run: RunKey) -> Fernet:
        """Return the cipher for what only a run's later processes may read."""
        from cryptography.fernet import Fernet

        return Fernet(base64.urlsafe_b64encode(self._secret(run, _HIDE)))

    def _derive(self, whose: str, purpose: str) -> Ed25519PrivateKey:
        """Return the private key for one purpose of one run or droplet."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._secret(whose, purpose))

    def _secret(self, whose: str, purpose: str) -> bytes:
        """Return the secret for one purpose of one run or droplet."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        hkdf = HKDF(SHA256(), _SEED, salt=whose.encode(), info=purpose.encode())
        return hkdf.derive(self.token.reveal().encode())


def _texts(key: Ed25519PrivateKey) -> tuple[Secret, str]:
    """Return a key pair as OpenSSH writes it."""
    from cryptography.hazmat.primitives import serialization as form

    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
    return Secret(private.decode()), public.decode()
