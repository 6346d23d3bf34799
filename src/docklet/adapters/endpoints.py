"""The requests that docklet may make of a service, and no others.

A token opens far more than docklet needs. A list of its own keeps a defect, or a library's idea
of what would be useful, from using the rest; and it is the one source for what a token must be
allowed to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit


class UnlistedRequest(RuntimeError):
    """A request that is on no list: a defect of ours, and never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One request that docklet makes."""

    method: str
    path: str
    """Below the service's address; `{}` stands for one segment, `{+}` for one or more."""
    needs: tuple[str, ...]
    """What the token must be allowed to do, in the service's own words."""


@dataclass(frozen=True)
class Endpoints:
    """All requests that docklet makes of one service."""

    listed: tuple[Endpoint, ...]

    def check(self, method: str, url: str, base: str) -> None:
        """Raise `UnlistedRequest` unless a request to the service at `base` is listed."""
        path = urlsplit(url).path
        root = urlsplit(base).path.rstrip("/")
        inside = path.removeprefix(root) if path.startswith(f"{root}/") else path
        if not any(verb == method and form.fullmatch(inside) for verb, form in self._forms):
            message = f"docklet makes no such request: {method} {inside}"
            raise UnlistedRequest(message)

    @property
    def needs(self) -> frozenset[str]:
        """All that a token must be allowed to do."""
        return frozenset(need for endpoint in self.listed for need in endpoint.needs)

    @cached_property
    def _forms(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """The list in the form in which it is compared."""
        return tuple((one.method, _form(one.path)) for one in self.listed)


def _form(path: str) -> re.Pattern[str]:
    """Return what the paths of an endpoint look like."""
    parts = {"{}": "[^/]+", "{+}": ".+"}
    split = re.split(r"(\{\+?\})", path)
    return re.compile("".join(parts.get(part, re.escape(part)) for part in split))
