"""A strict reading of YAML that keeps line numbers.

PyYAML's own loaders follow aliases, let the last of two equal keys win, guess types, and recurse
as deep as a file likes. This reads its stream of events instead, as few of them as it needs.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, TypeGuard

import yaml

from docklet.domain import values
from docklet.domain.document import Node, Scalar, Sequence, Table
from docklet.domain.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST: Final = 64 * 1024
"""Bytes of a file."""
DEEPEST: Final = 6
"""Tables and lists inside each other."""
MOST_VALUES: Final = 3000
"""Scalars, lists and tables of a file."""
_UNSEEN: Final = {"Cc", "Cs"}


def read(content: bytes) -> tuple[Node | None, tuple[Problem, ...]]:
    """Return as much of a file's tree as can be read, and everything that was wrong.

    There is no tree of an empty file, nor of one that breaks off; nothing is ever raised.
    """
    if len(content) > LARGEST:
        return None, (_problem(1, f"The file has {len(content)} bytes; {LARGEST} are read."),)
    try:
        return _parse(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, (_problem(line, "The file is not UTF-8. Save it as such."),)


def _problem(line: int, message: str) -> Problem:
    """Say what is wrong with the file itself."""
    return Problem(name="YAML", message=message, line=line)


def _parse(text: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """Return the tree of a text, and what was wrong."""
    reading = _Reading(text)
    tree = None
    try:
        tree = reading.document()
    except _TooMuch:
        pass
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        reading.wrong(line, "It has a character that YAML does not allow.")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else reading.line
        what = values.shown(error.problem or error.context or "no more is known")
        reading.wrong(line, f"YAML can't be read here: {what}.")
    except (ValueError, OverflowError):
        # An escape or a version beyond all bounds: PyYAML turns them into numbers unasked.
        reading.wrong(reading.line, "YAML can't be read after this line: a number is too large.")
    return tree, tuple(reading.problems)


class _TooMuch(Exception):
    """The file is larger or deeper than any configuration; the rest is not read."""


class _Reading:
    """One reading of a file: where it is, and what was wrong so far."""

    def __init__(self, text: str) -> None:
        """Begin to read `text`."""
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._left = MOST_VALUES
        self.line = 1
        self.problems: list[Problem] = []

    def wrong(self, line: int, message: str) -> None:
        """Note a problem."""
        self.problems.append(_problem(line, message))

    def document(self) -> Node | None:
        """Read the file's only document."""
        tree = None
        documents = 0
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.wrong(self.line, "A second document begins here; only one is read.")
                    raise _TooMuch
                tree = self._node(self._next(), 0)
        return tree

    def _next(self) -> yaml.Event:
        """Take the next event."""
        event = next(self._events)
        if event.start_mark:
            self.line = event.start_mark.line + 1
        return event

    def _node(self, event: yaml.Event, depth: int) -> Node:
        """Read the value that `event` begins."""
        line = self.line
        self._left -= 1
        if self._left < 0:
            self.wrong(line, f"The file has more than {MOST_VALUES} values.")
            raise _TooMuch
        if isinstance(event, yaml.AliasEvent):
            self.wrong(line, "An alias (`*name`) is not followed. Write the value again.")
            return Scalar(text="", line=line)
        self._check_plain(event, line)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line)
        if depth >= DEEPEST:
            self.wrong(line, f"Lists and tables are more than {DEEPEST} deep here.")
            raise _TooMuch
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(items=tuple(self._items(depth)), line=line)
        return Table(entries=tuple(self._entries(depth)), line=line)

    def _check_plain(self, event: yaml.Event, line: int) -> None:
        """Note the two ways in which a value can be more than it looks like."""
        if getattr(event, "anchor", None) is not None:
            self.wrong(line, "An anchor (`&name`) has no use here, since no alias is followed.")
        if getattr(event, "tag", None) is not None:
            self.wrong(line, "A tag (`!name`) has no use here: every value is text.")

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Scalar:
        """Read text."""
        text: str = event.value
        if any(unicodedata.category(char) in _UNSEEN for char in text if char not in "\n\t"):
            self.wrong(line, "The value has a control character.")
        return Scalar(text=text, line=line)

    def _items(self, depth: int) -> Iterator[Node]:
        """Read a list to its end."""
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        """Read a table to its end."""
        seen: dict[str, int] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if self._is_name(key, seen):
                yield key, value

    def _is_name(self, key: Node, seen: dict[str, int]) -> TypeGuard[Scalar]:
        """Tell whether a key is a name that the table has not had yet; note it when it is not."""
        if not isinstance(key, Scalar):
            self.wrong(key.line, "A list or a table can't be a name.")
            return False
        if key.text == "<<":
            self.wrong(key.line, "A merge (`<<`) is not followed. Use `defaults` instead.")
            return False
        if key.text in seen:
            name = values.shown(key.text)
            self.wrong(key.line, f"`{name}` is given twice, first on line {seen[key.text]}.")
            return False
        seen[key.text] = key.line
        return True
