"""The repository's token on its way to git, and nowhere else.

It lives in an anonymous in-memory file that git's children inherit by descriptor. git is told
to ask a helper for one host only; the helper's text names the descriptor, never the token, so
neither arguments nor environment nor disk hold it. Without memfd (macOS) a file that only we
can read stands in, and is removed afterwards.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from docklet.droplet.failure import Failure

USER = "x-access-token"


@dataclass(frozen=True)
class Credential:
    """How git gets at a token."""

    options: tuple[str, ...]
    """Configuration for `git -c`."""
    descriptors: tuple[int, ...] = ()
    """To be inherited by git."""


@contextmanager
def offered(token: str, origin: str) -> Iterator[Credential]:
    """Offer a token to git for `origin` (scheme and host), for as long as the context lasts."""
    if not token:
        yield Credential(())
        return
    if any(character in token for character in "\r\n\0"):
        raise Failure("request", "The token has a line break in it; it was copied wrongly.")
    secret = f"username={USER}\npassword={token}\n".encode()
    with _in_memory(secret) if hasattr(os, "memfd_create") else _in_file(secret) as (path, held):
        helper = f'!f() {{ test "$1" = get && cat {shlex.quote(path)}; }}; f'
        yield Credential((f"credential.{origin}.helper={helper}",), held)


@contextmanager
def _in_memory(secret: bytes) -> Iterator[tuple[str, tuple[int, ...]]]:
    descriptor = os.memfd_create("docklet")
    try:
        os.write(descriptor, secret)
        # Opened anew by every reader, so that each begins at the first byte.
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


@contextmanager
def _in_file(secret: bytes) -> Iterator[tuple[str, tuple[int, ...]]]:
    descriptor, path = tempfile.mkstemp()
    try:
        os.write(descriptor, secret)
        os.close(descriptor)
        yield path, ()
    finally:
        os.unlink(path)
