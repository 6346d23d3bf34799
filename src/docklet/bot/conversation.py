"""The bot's side of a conversation: one reaction at a time, and words only where they are needed.

Reporting never decides the fate of the work: what can't be said is told to the job's log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from docklet.domain.errors import DockletError
from docklet.domain.place import Place
from docklet.ports.talk import Reaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from docklet.domain.payload import CommentEvent
    from docklet.ports import Forge
    from docklet.ports.talk import Talk

T = TypeVar("T")


def marker(comment: int) -> str:
    """Return the hidden first line of the answer to a comment."""
    return f"<!-- docklet:answer:{comment} -->"


class Conversation:
    """What is said to one comment."""

    def __init__(
        self, event: CommentEvent, talk: Talk, forge: Forge, *, notice: Callable[[str], None]
    ) -> None:
        self._event = event
        self._talk = talk
        self._forge = forge
        self._notice = notice
        self._now: tuple[int, Reaction] | None = None
        """The reaction that is there, and its id."""

    async def seen(self) -> None:
        """Show that the comment was read."""
        await self._react(Reaction.SEEN)

    async def done(self, words: str = "") -> None:
        """Show that what it asks for is done, or on its way."""
        await self._react(Reaction.DONE)
        await self._reply(words)

    async def refused(self, words: str) -> None:
        """Show that nothing comes of it, and say why."""
        self._notice(words)
        await self._react(Reaction.REFUSED)
        await self._reply(words)

    async def _react(self, reaction: Reaction) -> None:
        """Put a reaction in the place of the one before."""
        before, comment = self._now, self._event.comment
        number = await self._tried(self._talk.react(comment, reaction))
        if number is None:
            return
        self._now = (number, reaction)
        if before is not None and before[1] is not reaction:
            await self._tried(self._talk.take_back(comment, before[0]))

    async def _reply(self, words: str) -> None:
        """Answer with a comment, once; nothing to say is said by nothing."""
        if not words:
            return
        place, mark = Place(issue=self._event.issue), marker(self._event.comment)
        body = f"{mark}\n{words}\n"
        await self._tried(self._forge.create_comment(place, body, marker=mark))

    async def _tried(self, work: Awaitable[T]) -> T | None:
        """Do something that may fail."""
        try:
            return await work
        except DockletError as error:
            self._notice(f"The comment could not be answered: {error.message}")
            return None
