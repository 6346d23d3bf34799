"""How a droplet that somebody else made says by which host key docklet knows it: one tag.

The cloud's API is a channel that is trusted anyway. Tags are matched in either case, since the
first spelling that an account ever saw is the one that stays (DigitalOcean's API description).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAG: Final = re.compile(r"docklet:host-key:(?P<digits>[0-9a-f]{64})", re.IGNORECASE)
_KIND: Final = "ssh-ed25519"
_HEAD: Final = b"\x00\x00\x00\x0b" + _KIND.encode() + b"\x00\x00\x00\x20"
"""What precedes the 32 bytes of a key on the wire (RFC 8709)."""
_SIZE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """A machine's Ed25519 host key, the public half."""

    raw: bytes
    """32 bytes."""

    @property
    def tag(self) -> str:
        """The tag of the droplet that has it."""
        return f"docklet:host-key:{self.raw.hex()}"

    @property
    def line(self) -> str:
        """The key as OpenSSH writes it, without a comment."""
        return f"{_KIND} {base64.b64encode(self._blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """What `ssh-keygen -l` prints for it."""
        digest = base64.b64encode(hashlib.sha256(self._blob).digest())
        return f"SHA256:{digest.decode().rstrip('=')}"

    @property
    def _blob(self) -> bytes:
        """The key on the wire."""
        return _HEAD + self.raw


def host_key_of(line: str) -> HostKey:
    """Read a public key as OpenSSH writes it; raise `ValueError` unless it is an Ed25519 key."""
    kind, _, rest = line.strip().partition(" ")
    text = rest.split()[0] if rest.split() else ""
    try:
        blob = base64.b64decode(text, validate=True)
    except ValueError:
        blob = b""
    raw = blob.removeprefix(_HEAD)
    if kind != _KIND or len(raw) != _SIZE or blob != _HEAD + raw:
        message = "This is no Ed25519 key."
        raise ValueError(message)
    return HostKey(raw=raw)


def host_keys(tags: Iterable[str]) -> dict[str, HostKey]:
    """Return the host keys that a droplet's tags name, by tag."""
    found = ((tag, _TAG.fullmatch(tag)) for tag in tags)
    return {tag: HostKey(raw=bytes.fromhex(named["digits"])) for tag, named in found if named}
