"""How a droplet says whose it is: its name and one tag, both in the create call.

Any process with the cloud token can find, take up or delete a run from these alone. Droplet names
match `[A-Za-z0-9.-]`, tags `[A-Za-z0-9_:-]` and 255 characters (DigitalOcean's API description).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from collections.abc import Iterable

RunKey = NewType("RunKey", str)
"""20 lower-case hex digits, random for every run."""

_NAME: Final = re.compile(r"docklet-(?P<slot>[0-9a-f]{8})-(?P<key>[0-9a-f]{20})")
_TAG: Final = re.compile(
    r"docklet:(?P<key>[0-9a-f]{20}):(?P<deadline>\d{1,12}):(?P<owner>[^:]+):(?P<name>[^:]+)"
)
_KEPT: Final = re.compile(r"docklet:kept:(?P<key>[0-9a-f]{20}):(?P<until>\d{1,12})")
_PLAIN: Final = re.compile(r"[A-Za-z0-9-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose droplet this is and until when."""

    key: RunKey
    """The run it belongs to."""
    slot: str
    """8 hex digits that stand for the job that rents it."""
    repository: str
    """`owner/name`."""
    deadline: int
    """Epoch second after which anybody may delete it."""
    kept_until: int | None = None
    """Epoch second until which it is kept on purpose; None while it is not."""

    @property
    def name(self) -> str:
        """The droplet's name."""
        return f"docklet-{self.slot}-{self.key}"

    @property
    def tag(self) -> str:
        """The tag that says so; the droplet is created with one, and more time adds another."""
        owner, _, name = self.repository.partition("/")
        return f"docklet:{self.key}:{self.deadline}:{_encode(owner)}:{_encode(name)}"

    @property
    def expires(self) -> int:
        """Epoch second after which the droplet must be gone."""
        return self.deadline if self.kept_until is None else self.kept_until


def kept_tag(key: RunKey, until: int) -> str:
    """Return the tag that says that a droplet is kept until epoch second `until`."""
    return f"docklet:kept:{key}:{until}"


def identity_of(name: str, tags: Iterable[str]) -> Identity | None:
    """Read a droplet's identity; None unless its name *and* its tag say that it is ours.

    Of several tags that say an end the latest counts: who gives a run more time adds one.
    """
    named = _NAME.fullmatch(name)
    if named is None:
        return None
    tags = tuple(tags)
    ours = [
        found for tag in tags if (found := _TAG.fullmatch(tag)) and found["key"] == named["key"]
    ]
    if not ours:
        return None
    latest = max(ours, key=lambda found: int(found["deadline"]))
    kept = [int(found["until"]) for tag in tags if (found := _KEPT.fullmatch(tag))]
    return Identity(
        key=RunKey(named["key"]),
        slot=named["slot"],
        repository=f"{_decode(latest['owner'])}/{_decode(latest['name'])}",
        deadline=int(latest["deadline"]),
        kept_until=max(kept, default=None),
    )


def is_our_tag(tag: str) -> bool:
    """Tell whether `tag` is one that docklet makes."""
    return bool(_TAG.fullmatch(tag) or _KEPT.fullmatch(tag))


def tag_of(tag: str) -> tuple[RunKey, int] | None:
    """Return the run that a tag of ours is about, and the epoch second after which it is over."""
    found, kept = _TAG.fullmatch(tag), _KEPT.fullmatch(tag)
    if found:
        return RunKey(found["key"]), int(found["deadline"])
    return (RunKey(kept["key"]), int(kept["until"])) if kept else None


def tags_about(run: RunKey, tags: Iterable[str]) -> frozenset[str]:
    """Return those of `tags` that are about a run."""
    named = {tag: tag_of(tag) for tag in tags}
    return frozenset(tag for tag, found in named.items() if found and found[0] == run)


def slot_of(*parts: str) -> str:
    """Return 8 hex digits for the job described by `parts`.

    The post step of a lost job has no state; the slot lets it tell its own droplets by name.
    """
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def _encode(text: str) -> str:
    """Write `text` in the tag alphabet: other characters become `_` and two hex digits a byte."""
    return "".join(
        char if _PLAIN.fullmatch(char) else "".join(f"_{byte:02x}" for byte in char.encode())
        for char in text
    )


def _decode(text: str) -> str:
    """Undo `_encode`."""
    raw = re.sub(r"_([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), text)
    return raw.encode("latin-1", "replace").decode("utf-8", "replace")
