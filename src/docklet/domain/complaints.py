"""Take values out of a tree and remember what was wrong, and on which line."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from docklet.domain import values
from docklet.domain.document import Scalar, Sequence, Table
from docklet.domain.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from docklet.domain.document import Node

T = TypeVar("T")


class Complaints:
    """What was wrong so far; reading goes on behind a problem, so that all of them are found."""

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self._problems: dict[Problem, None] = {}

    def add(self, line: int, name: str, message: str) -> None:
        """Note a problem; the same one twice is one."""
        self._problems[Problem(name=name, message=message, line=line)] = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, in the order in which they were found."""
        return tuple(self._problems)

    def table(
        self, place: str, node: Node, names: Collection[str] = ()
    ) -> dict[str, tuple[int, Node]]:
        """Return the line and value of each name in a table; only `names`, if there are any."""
        if not isinstance(node, Table):
            if not (isinstance(node, Scalar) and not node.text):
                self.add(node.line, place, "It must be a table: `name: value`, one a line.")
            return {}
        found = {key.text: (key.line, value) for key, value in node.entries}
        for name in [name for name in found if names and name not in names]:
            line, _ = found.pop(name)
            known = values.suggestion(name, names) or f" There are: {', '.join(names)}."
            self.add(line, place, f"There is no `{values.shown(name)}` here.{known}")
        return found

    def texts(self, place: str, node: Node) -> tuple[Scalar, ...]:
        """Return the values of a list of texts."""
        if isinstance(node, Sequence):
            for item in node.items:
                if not isinstance(item, Scalar):
                    self.add(item.line, place, "It must be a list of plain values.")
            return tuple(item for item in node.items if isinstance(item, Scalar))
        self.add(node.line, place, "It must be a list: `[one, two]`, or `- one` a line.")
        return ()

    def read(self, place: str, node: Node, parse: Callable[[str], T], fallback: T) -> T:
        """Parse a text; on a problem note it and go on with `fallback`."""
        if not isinstance(node, Scalar):
            self.add(node.line, place, "It must be one plain value.")
            return fallback
        try:
            if not node.text.strip():
                message = "It has no value. Give one, or leave the line out."
                raise ValueError(message)  # noqa: TRY301 - told like all others
            return parse(node.text.strip())
        except ValueError as error:
            self.add(node.line, place, str(error))
            return fallback

    def read_all(self, place: str, node: Node, parse: Callable[[str], T]) -> tuple[T, ...]:
        """Parse each text of a list; note those that are wrong and leave them out."""
        found = (self.read(place, item, parse, None) for item in self.texts(place, node))
        return tuple(value for value in found if value is not None)
