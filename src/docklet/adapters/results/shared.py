"""Copy a results archive without the members that hold a secret: for a place that others read."""

from __future__ import annotations

import io
import json
import tarfile
from typing import IO, TYPE_CHECKING, Any, Final

from docklet.adapters.results.manifest import LARGEST_PART, MANIFEST
from docklet.adapters.results.tar import FILE, LINK, Flaw, Member, members, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docklet.domain.leak import Search

_LISTS: Final = ("changed", "deleted", "left_out")
_KNOWN: Final = (*_LISTS, "ignored", "ignore_evaluated")
_UNREAD: Final = b"unread/"


def share(archive: Path, target: Path, search: Search) -> int:
    """Copy `archive` to `target` and return how many members hold a secret and stay behind.

    Raises `AgentError` for what is no results archive.
    """
    with archive.open("rb") as stream:
        unfit = frozenset(_caught(stream, search))
    with (
        archive.open("rb") as stream,
        tarfile.open(target, "w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar,
    ):
        for member in members(stream):
            if member.name == MANIFEST:
                text = _announced(member, unfit, search)
                tar.addfile(_header(member, len(text)), io.BytesIO(text))
            elif _path(member.name) not in unfit and member.kind in {FILE, LINK}:
                tar.addfile(_header(member, member.size), stream)
    return len(unfit)


def _caught(stream: IO[bytes], search: Search) -> Iterator[bytes]:
    """Yield the paths of members that hold a secret, or have one in their name."""
    for member in members(stream):
        told = search.found([member.name]) or search.found([member.target])
        if member.name != MANIFEST and (told or search.found(member.content)):
            yield _path(member.name)


def _announced(member: Member, unfit: frozenset[bytes], search: Search) -> bytes:
    """Return a part of the manifest without what is not copied."""
    if member.size > LARGEST_PART:
        raise unreadable(Flaw.UNCLEAR)
    try:
        fields: dict[str, Any] = json.loads(b"".join(member.content))
        for name in _LISTS:
            fields[name] = [one for one in fields[name] if _is_fit(one, unfit, search)]
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise unreadable(Flaw.UNCLEAR) from error
    return json.dumps({name: fields[name] for name in _KNOWN if name in fields}).encode()


def _is_fit(entry: Any, unfit: frozenset[bytes], search: Search) -> bool:  # noqa: ANN401 - JSON
    """Tell whether an entry of the manifest may be seen, and what it is about is copied."""
    path = entry if isinstance(entry, str) else entry["path"]
    told = f"{path} {'' if entry is path else entry.get('reason', '')}"
    raw = told.encode("utf-8", "surrogateescape")
    return path.encode("utf-8", "surrogateescape") not in unfit and not search.found([raw])


def _path(name: bytes) -> bytes:
    """Return the result that a member is, or says something about."""
    return name.removeprefix(_UNREAD).partition(b"/")[2]


def _header(member: Member, size: int) -> tarfile.TarInfo:
    """Return the header of a copied member."""
    info = tarfile.TarInfo(member.name.decode("utf-8", "surrogateescape"))
    info.mode = 0o755 if member.executable else 0o644
    if member.kind == LINK:
        info.type, info.linkname = (
            tarfile.SYMTYPE,
            member.target.decode("utf-8", "surrogateescape"),
        )
    else:
        info.size = size
    return info
