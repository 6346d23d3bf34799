"""Read a tar file that an attacker may have made, in one pass and bounded memory.

The standard library's reader trusts what it reads: sizes that make it seek for ever, sparse maps
and extended headers as large as the memory. Results need little of the format, so this takes
just that (POSIX pax, as `tarfile` writes it) and raises `AgentError` for anything else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Final

from docklet.domain.errors import AgentError
from docklet.domain.outcome import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BLOCK: Final = 512
_CHUNK: Final = 1024**2
_EXTENSION: Final = b"x"
_LARGEST_EXTENSION: Final = 128 * 1024
"""Bytes; room for a path as deep as the agent goes and a link's target as long as Linux has."""
FILE: Final = b"0"
LINK: Final = b"2"


class Flaw(StrEnum):
    """What makes a file no results archive, as the end of a sentence."""

    LOST = "can't be read"
    CUT = "ends too early"
    DAMAGED = "is damaged"
    STRANGE = "has a header that no honest archive has"
    STRANGER = "has a member that nobody knows"
    UNANNOUNCED = "does not begin with a manifest"
    UNCLEAR = "has a manifest that can't be understood"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of the archive."""

    name: bytes
    kind: bytes
    """`FILE`, `LINK`, or another letter of the format."""
    executable: bool
    target: bytes
    """What a link points to."""
    size: int
    content: Iterator[bytes]
    """Its bytes in chunks; to be read in one go, before another member's."""


def members(stream: IO[bytes]) -> Iterator[Member]:
    """Yield the members of a seekable stream up to the archive's end mark."""
    end = os.fstat(stream.fileno()).st_size
    extension: Mapping[bytes, bytes] = {}
    while any(header := _read(stream, _BLOCK)):
        _check(header)
        kind = header[156:157].replace(b"\0", FILE)
        size = _number(extension.get(b"size", b""), 10) or _number(header[124:136], 8)
        following = stream.tell() + -(-size // _BLOCK) * _BLOCK
        if following > end:
            raise unreadable(Flaw.CUT)
        if kind == _EXTENSION:
            if extension or size > _LARGEST_EXTENSION:
                raise unreadable(Flaw.STRANGE)
            extension = dict(_records(_read(stream, size)))
        else:
            yield _member(stream, header, kind, size, extension)
            extension = {}
        stream.seek(following)


def unreadable(flaw: Flaw) -> AgentError:
    """Return the error for an archive that can't be used."""
    message = (
        f"The archive of the results {flaw}. The script or a full disk may have disturbed the"
        " machine while it packed them. Nothing was committed; the archive is kept as it came."
    )
    return AgentError(message, kind="archive", reason=Reason.NOT_COLLECTED)


def _member(
    stream: IO[bytes], header: bytes, kind: bytes, size: int, extension: Mapping[bytes, bytes]
) -> Member:
    """Put a member together; what an extended header says wins."""
    prefix, name = _text(header[345:500]), _text(header[:100])
    return Member(
        name=extension.get(b"path") or (prefix + b"/" + name if prefix else name),
        kind=kind,
        executable=bool(_number(header[100:108], 8) & 0o100),
        target=extension.get(b"linkpath") or _text(header[157:257]),
        size=size,
        content=_content(stream, stream.tell(), size),
    )


def _content(stream: IO[bytes], start: int, left: int) -> Iterator[bytes]:
    """Yield `left` bytes from `start` on: whoever asks may have looked at the next header."""
    stream.seek(start)
    while left:
        chunk = _read(stream, min(left, _CHUNK))
        left -= len(chunk)
        yield chunk


def _read(stream: IO[bytes], size: int) -> bytes:
    """Read exactly `size` bytes."""
    data = stream.read(size)
    if len(data) != size:
        raise unreadable(Flaw.CUT)
    return data


def _check(header: bytes) -> None:
    """Compare a header's checksum, which counts its own eight bytes as spaces."""
    if _number(header[148:156], 8) != sum(header[:148]) + sum(header[156:]) + 8 * ord(" "):
        raise unreadable(Flaw.DAMAGED)


def _number(field: bytes, base: int) -> int:
    """Read a number; an empty field is 0."""
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit() or len(digits) > 20:  # noqa: PLR2004 - 64 bits
        raise unreadable(Flaw.DAMAGED)
    try:
        return int(digits, base)
    except ValueError as error:
        raise unreadable(Flaw.DAMAGED) from error


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Read the records of an extended header: `LENGTH KEY=VALUE` and a line feed each."""
    while data:
        length = _number(data[:8].partition(b" ")[0], 10)
        record, data = data[:length], data[length:]
        key, sign, value = record.partition(b" ")[2].partition(b"=")
        if len(record) != length or not sign or not value.endswith(b"\n"):
            raise unreadable(Flaw.DAMAGED)
        yield key, value[:-1]


def _text(field: bytes) -> bytes:
    """Return a field up to its first NUL."""
    return field.partition(b"\0")[0]
