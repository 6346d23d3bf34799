"""Turn a script's output into text that is safe to show, and build a fence that it can't close.

Whatever a script writes is hostile: it may hold broken UTF-8, terminal sequences, letters that
reorder or hide others, and Markdown that would like to be read.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SEQUENCES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colour, movement
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS
    r"|\x1b[ -/]*[0-~]?"  # everything shorter
)
"""Terminal sequences. One without an end takes its line along, never the lines below."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HIDDEN: Final = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff]"
    r"|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d"
    r"|\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])"
)
"""What can't be seen, or turns the order of what can; a joiner between two emoji is neither."""
_JOINER: Final = "\u200d"
_MODIFIERS: Final = range(0x1F3FB, 0x1F400)
"""Skin tones, which belong to the emoji before them."""
_FLAGS: Final = range(0x1F1E6, 0x1F200)
"""Regional indicators: two make a flag."""


def readable(data: bytes) -> str:
    """Decode output for people: no control characters but newline and tab, nothing hidden.

    A line that was written over, as progress bars do, shows what was written last.
    """
    text = _SEQUENCES.sub("", data.decode("utf-8", "replace"))
    lines = (_overwritten(line) for line in text.split("\n"))
    return visible(_CONTROLS.sub("", "\n".join(lines)))


def visible(text: str) -> str:
    """Show characters that are hidden, or that reorder others, as `<U+202E>`."""
    return _HIDDEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def last(text: str, *, lines: int, characters: int) -> str:
    """Return the end of `text`: so many lines and characters at most, no character torn apart."""
    end = "\n".join(text.rstrip("\n").split("\n")[-lines:])
    start = max(0, len(end) - characters)
    while start < len(end) and not _begins_character(end, start):
        start += 1
    return end[start:]


def first(text: str, characters: int) -> str:
    """Return the beginning of `text`, with an ellipsis if it goes on; nothing torn apart."""
    if len(text) <= characters:
        return text
    end = characters - 1
    while end > 0 and not _begins_character(text, end):
        end -= 1
    return f"{text[:end]}…"


def fenced(text: str) -> str:
    """Return `text` as a Markdown code block, in a fence longer than any backticks in it."""
    fence = "`" * max(3, longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def diagram(text: str) -> str:
    """Return a diagram in Mermaid's language, all of it words and numbers of ours."""
    return f"```mermaid\n{text}\n```"


def longest_run(text: str) -> int:
    """Return the length of the longest run of backticks in `text`."""
    return max(map(len, re.findall("`+", text)), default=0)


def _overwritten(line: str) -> str:
    """Return what a terminal shows of a line with carriage returns, more or less."""
    written = [part for part in line.split("\r") if part]
    return written[-1] if written else ""


def _begins_character(text: str, index: int) -> bool:
    """Tell whether the character at `index` begins what a reader sees as one character."""
    char = text[index]
    if unicodedata.category(char).startswith("M") or char == _JOINER or ord(char) in _MODIFIERS:
        return False
    if index and text[index - 1] == _JOINER:
        return False
    return ord(char) not in _FLAGS or _flags_before(text, index) % 2 == 0


def _flags_before(text: str, index: int) -> int:
    """Count the regional indicators right before `index`."""
    start = index
    while start and ord(text[start - 1]) in _FLAGS:
        start -= 1
    return index - start
