"""What can go wrong on purpose.

Kinds, by verb:
    any         request
    checkout    clone-auth clone-not-found clone-sha-missing clone-network clone-failed
                git-missing lfs-missing already-started disk-full
    unpack      unpack-failed already-started
    pull        pull-denied pull-not-found pull-failed docker-missing disk-full
    start       docker-missing image-missing image-cannot-run workdir-missing not-prepared
                firewall-failed start-failed
    clean       clean-failed
"""

from __future__ import annotations


class Failure(Exception):
    """A failure that the agent explains: a kind for programs, whole sentences for people."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
