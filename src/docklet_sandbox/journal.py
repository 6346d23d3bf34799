"""What was asked of the sandbox: every request with its answer, and every violation.

Entries keep the request's text, so that a test can scan them for secrets; they never keep the
Authorization header, which is where a token belongs.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO

from docklet_sandbox.virtual_time import now

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FIRST_REFUSAL = 400


class Violation(Exception):
    """A request that no correct client sends; answered with 500 and recorded."""


class Verdict(StrEnum):
    """The kinds of ending that a request can come to."""

    SERVED = "served"
    REFUSED = "refused"
    """With an error that the real service has as well."""
    FAULT = "fault"
    """It was struck by a fault."""
    VIOLATION = "violation"
    """No correct client sends it, or the sandbox itself answered wrongly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and what became of it."""

    time: float
    """When it arrived, in seconds since the epoch."""
    seconds: float
    """How long it took until the answer was ready."""
    service: str
    """`cloud` or `forge`."""
    method: str
    path: str
    """Decoded, without the query."""
    route: str
    """The route's pattern, such as `/v2/droplets/{droplet_id}`; empty when there is none."""
    query: str
    """As sent, without the question mark."""
    status: int
    """Of the answer; 0 when the connection was dropped or never answered."""
    request_bytes: int
    response_bytes: int
    request_body: str = ""
    """The text sent; empty for binary bodies (git packs)."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """As sent, without Authorization."""
    client: str = ""
    """The User-Agent header."""
    fault: str = ""
    """The kind of fault that struck, if one did."""
    violation: str = ""
    """What was wrong with the request, if it was one that no correct client sends."""

    @property
    def verdict(self) -> Verdict:
        """What the sandbox thinks of the request, in a word."""
        if self.violation:
            return Verdict.VIOLATION
        if self.fault:
            return Verdict.FAULT
        return Verdict.REFUSED if self.status >= _FIRST_REFUSAL else Verdict.SERVED

    def as_json(self) -> dict[str, Any]:
        """Return the entry as a plain mapping, with its verdict."""
        return {**asdict(self), "verdict": self.verdict}


class Journal:
    """The list of all requests, mirrored line by line into a file."""

    def __init__(self, file: Path | None = None) -> None:
        """Keep entries in memory and, when a file is given, write them there as JSON lines."""
        self._entries: list[Entry] = []
        self._mirror: TextIO | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._mirror = file.open("w", buffering=1, encoding="utf-8")

    def record(self, entry: Entry) -> None:
        """Add a request that has been dealt with."""
        self._entries.append(entry)
        if self._mirror is not None:
            self._mirror.write(json.dumps(entry.as_json()) + "\n")

    def violate(self, service: str, place: str, reason: str) -> None:
        """Add a violation that is not tied to one HTTP exchange."""
        self.record(
            Entry(
                time=now(),
                seconds=0.0,
                service=service,
                method="",
                path=place,
                route="",
                query="",
                status=0,
                request_bytes=0,
                response_bytes=0,
                violation=reason,
            )
        )

    def entries(self, service: str | None = None) -> list[dict[str, Any]]:
        """Return all entries, or those of one service, oldest first, as plain mappings."""
        return [e.as_json() for e in self._entries if service in {None, e.service}]

    def violations(self) -> list[str]:
        """Return one sentence for each violation so far."""
        return [
            f"{e.service}: {e.method} {e.path}: {e.violation}"
            for e in self._entries
            if e.violation
        ]

    def clear(self) -> None:
        """Forget everything in memory; the file keeps it."""
        self._entries.clear()

    def close(self) -> None:
        """Close the mirror file."""
        if self._mirror is not None:
            self._mirror.close()
            self._mirror = None
