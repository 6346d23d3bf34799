"""What happens on a light droplet, written down in advance: the container and its verbs.

Times are seconds since the container's start, so that any clock can play it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTES = "base64"


class Time(Protocol):
    """What a script is played in."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A failure that the agent explains."""

    kind: str
    """One of the agent's own words, such as `pull-denied`."""
    message: str = "It was meant to fail."


@dataclass(slots=True, kw_only=True)
class Script:
    """A container that always does the same; the default writes a line and a file."""

    output: list[tuple[float, bytes]] = field(default_factory=lambda: [(0.0, b"Hello\n")])
    """What it writes, each piece so many seconds after its start."""
    lasts: float = 1.0
    """Seconds until it ends by itself."""
    ending: dict[str, object] = field(default_factory=lambda: {"kind": "exited", "exit_code": 0})
    """How it ends then: kind, exit code and, if it is not the usual one, a message."""
    files: dict[str, bytes] = field(default_factory=lambda: {"result.txt": b"42\n"})
    """What it leaves behind, by path in the repository."""
    deleted: list[str] = field(default_factory=list)
    """Paths of the repository that it removes."""
    results: bytes = b""
    """The archive that collecting streams, if it is not the one of `files` and `deleted`."""
    stubborn: bool = False
    """Whether it goes on when it is asked to stop, until it is killed."""
    unlimited: bool = False
    """Whether its supervisor forgets to keep the time limit."""
    abandoned: bool = False
    """Whether its supervisor dies, at the end, without saying how it ended."""
    digest: str = "sha256:" + "d" * 64
    """Of the image that is pulled."""
    takes: dict[str, float] = field(default_factory=dict)
    """Seconds that a verb takes."""
    failures: dict[str, list[Failing]] = field(default_factory=dict)
    """How the next calls of a verb fail, in their order."""
    lost: dict[str, list[bool]] = field(default_factory=dict)
    """How the next calls of a verb lose their connection: after they took effect, or before."""

    @property
    def log(self) -> bytes:
        """All that it writes if nobody ends it."""
        return b"".join(data for _, data in self.output)


def parse_script(raw: Mapping[str, Any]) -> Script:
    """Read a script from JSON, in which bytes are text or `{"base64": …}`.

    Raises TypeError for an unknown field and ValueError for one that can't be read.
    """
    known = {one.name for one in fields(Script)}
    if unknown := sorted(raw.keys() - known):
        message = f"A script has no {unknown[0]!r}; it has {', '.join(sorted(known))}."
        raise TypeError(message)
    return Script(**{name: _read(name, value) for name, value in raw.items()})


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    match name:
        case "output":
            return [(float(second), _bytes(data)) for second, data in value]
        case "files":
            return {path: _bytes(content) for path, content in value.items()}
        case "results":
            return _bytes(value)
        case "failures":
            return {verb: [Failing(**one) for one in ones] for verb, ones in value.items()}
        case _:
            return value


def _bytes(value: str | Mapping[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value[_BYTES])
