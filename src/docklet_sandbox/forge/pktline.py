"""Git's packet lines, as far as the forge has to look into a push.

It reads the commands at the start of a push and rewrites the reasons in the report at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

FLUSH = b"0000"
_HEADER = 4
_MAX_DATA = 65515
"""What fits into one packet of side-band-64k."""
_REPORT_BAND = 1


class Command(NamedTuple):
    """One ref that a push wants to move."""

    old: str
    new: str
    ref: str


def packets(data: bytes) -> Iterator[bytes | None]:
    """Split into packets; a flush packet is None, an incomplete one at the end is left out."""
    position = 0
    while position + _HEADER <= len(data):
        length = int(data[position : position + _HEADER], 16)
        if length < _HEADER:
            yield None
            position += _HEADER
            continue
        if position + length > len(data):
            return
        yield data[position + _HEADER : position + length]
        position += length


def packet(payload: bytes) -> bytes:
    """Write one packet."""
    return b"%04x%b" % (len(payload) + _HEADER, payload)


def commands(data: bytes) -> list[Command] | None:
    """Read the commands at the start of a push, or None when more data is needed."""
    found: list[Command] = []
    for line in packets(data):
        if line is None:
            return found
        words = line.split(b"\0")[0].decode(errors="replace").strip().split(" ", 2)
        if len(words) == len(Command._fields):
            found.append(Command(*words))
    return None


def with_reasons(answer: bytes, reasons: Mapping[str, str]) -> bytes:
    """Put our reasons behind the declined refs of a push's answer, where git wrote its own."""
    if not reasons or not answer:
        return answer
    bands = list(packets(answer))
    report = b"".join(b[1:] for b in bands if b and b[0] == _REPORT_BAND)
    told = b"".join(packet(b) for b in bands if b and b[0] != _REPORT_BAND)
    lines = [FLUSH if p is None else packet(_reasoned(p, reasons)) for p in packets(report)]
    return told + _banded(b"".join(lines)) + FLUSH


def _reasoned(line: bytes, reasons: Mapping[str, str]) -> bytes:
    word, _, rest = line.partition(b" ")
    ref = rest.split(b" ", 1)[0].decode(errors="replace").strip()
    if word != b"ng" or ref not in reasons:
        return line
    return f"ng {ref} {reasons[ref]}\n".encode()


def _banded(report: bytes) -> bytes:
    chunks = (report[i : i + _MAX_DATA] for i in range(0, len(report), _MAX_DATA))
    return b"".join(packet(bytes([_REPORT_BAND]) + chunk) for chunk in chunks)
