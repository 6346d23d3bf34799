"""SSH keys that derive and are never stored: what a connection is made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docklet.domain.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginKeys:
    """What one machine is known by, and what we are known by to it."""

    host_public: str
    """One line, `ssh-ed25519 ...`; the only host key that we ever speak to."""
    client_private: Secret
    """Our key, OpenSSH PEM."""
    client_public: str
    """One line for `authorized_keys`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKeys(LoginKeys):
    """The two key pairs that are made for one run."""

    host_private: Secret
    """The droplet's host key, OpenSSH PEM; cloud-init installs it before sshd starts."""
