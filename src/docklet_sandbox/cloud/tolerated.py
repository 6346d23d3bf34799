"""What widely used clients send although the description has no room for it, and the API takes it.

apache-libcloud puts `per_page` on every request; python-digitalocean does so on every GET, ends
the paths of collections with a slash and sends an empty object with a DELETE.
"""

from __future__ import annotations

QUERY = frozenset({"per_page"})
"""Parameters that may stand in any query, where they mean nothing unless they are described."""


def spellings(path: str) -> tuple[str, str]:
    """Return the ways to write a route's path."""
    return path, f"{path}/"


def canonical(path: str) -> str:
    """Return the way in which the description writes a route's path."""
    return path.rstrip("/") or "/"
