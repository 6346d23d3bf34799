"""Cut a stream of bytes, which comes in pieces cut anywhere, into lines that fit a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.render.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 32 * 1024
"""Bytes of a line; a longer one is printed as several."""
_TOP_BITS: Final = 0xC0
_CONTINUES: Final = 0x80
"""The top two bits of a UTF-8 byte that belongs to the character before it."""


class Lines:
    """Take bytes, give whole lines, without newlines and without secrets.

    A line that was written over with carriage returns, as progress bars do, is given as it
    looked last: a lone carriage return ends a line for some readers.
    """

    def __init__(self, mask: Mask | None = None, *, longest: int = LONGEST) -> None:
        self._mask = mask or Mask()
        self._longest = longest
        self._rest = b""

    def feed(self, data: bytes) -> tuple[bytes, ...]:
        """Return the lines that `data` completes."""
        whole, newline, self._rest = (self._rest + data).rpartition(b"\n")
        lines = self._whole(whole + newline) if newline else []
        return (*lines, *self._overlong())

    def end(self) -> tuple[bytes, ...]:
        """Return what is left when nothing more comes."""
        rest, self._rest = self._tidy(self._rest), b""
        return tuple(self._pieces(rest)) if rest else ()

    def _whole(self, block: bytes) -> list[bytes]:
        """Return the lines of a block that ends with a newline; most need no look of their own."""
        block = block.replace(b"\r\n", b"\n")[:-1]
        if b"\r" in block:
            block = b"\n".join(map(_overwritten, block.split(b"\n")))
        lines = self._mask.data(block).split(b"\n")
        if max(map(len, lines)) <= self._longest:
            return lines
        return [piece for line in lines for piece in self._pieces(line)]

    def _overlong(self) -> tuple[bytes, ...]:
        """Return the beginning of a line that can't be waited for any longer.

        As many bytes stay behind as a secret may have, since its other half may be on the way.
        """
        if len(self._rest) <= self._longest + self._mask.longest:
            return ()
        line = self._tidy(self._rest)
        cut = _boundary(line, max(0, len(line) - self._mask.longest))
        self._rest = line[cut:]
        return tuple(self._pieces(line[:cut])) if cut else ()

    def _tidy(self, line: bytes) -> bytes:
        """Return `line` as it looked last, without secrets."""
        return self._mask.data(_overwritten(line))

    def _pieces(self, line: bytes) -> Iterator[bytes]:
        """Yield `line` in pieces that are short enough; no character is torn apart."""
        while len(line) > self._longest:
            cut = _boundary(line, self._longest)
            yield line[:cut]
            line = line[cut:]
        yield line


def _overwritten(line: bytes) -> bytes:
    """Return what was written last between carriage returns."""
    return line.rstrip(b"\r").rpartition(b"\r")[2]


def _boundary(line: bytes, cut: int) -> int:
    """Return the last place at or before `cut` where a character begins, if there is one near."""
    for place in range(cut, max(cut - 4, 0), -1):
        if place == len(line) or line[place] & _TOP_BITS != _CONTINUES:
            return place
    return cut
