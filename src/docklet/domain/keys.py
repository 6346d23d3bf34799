"""The two SSH key pairs that are made for one run and never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docklet.domain.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKeys:
    """What the droplet is known by, and what we are known by to it."""

    host_private: Secret
    """The droplet's host key, OpenSSH PEM; cloud-init installs it before sshd starts."""
    host_public: str
    """One line, `ssh-ed25519 ...`; the only host key that we ever speak to."""
    client_private: Secret
    """Our key, OpenSSH PEM."""
    client_public: str
    """One line for `authorized_keys`."""
