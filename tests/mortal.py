"""A process that can be killed at every call to the world, before or after it takes effect.

From then on nothing that it does reaches anybody, as after `kill -9`: what its `finally` clauses
attempt is not sent, either.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from docklet.pipeline.world import Record, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from docklet.ports import Git, Observer


class Killed(BaseException):
    """The process is dead."""


class Life:
    """Counts the calls of a process, and ends it at one of them."""

    def __init__(self, ends_at: int = 0) -> None:
        self.steps: list[str] = []
        """The moments so far: port and method, `<` before and `>` after its effect."""
        self._ends_at = ends_at
        self.is_over = False

    def step(self, moment: str) -> None:
        """Live through a moment, or die at it."""
        if self.is_over:
            raise Killed
        self.steps.append(moment)
        if len(self.steps) == self._ends_at:
            self.is_over = True
            raise Killed


class Mortal:
    """A port as a mortal process sees it."""

    def __init__(self, real: object, name: str, life: Life) -> None:
        self._real, self._name, self._life = real, name, life

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """Return a method, with the moments before and after it."""
        value = getattr(self._real, name)
        moment = f"{self._name}.{name}"
        if inspect.isasyncgenfunction(value):
            return lambda *args, **named: self._stream(_verb(*args), value(*args, **named))
        if inspect.iscoroutinefunction(value):
            return lambda *args, **named: self._call(moment, value, *args, **named)
        if name == "shell":
            return lambda *args: Mortal(value(*args), "shell", self._life)
        return value

    async def _call(
        self,
        moment: str,
        method: Callable[..., Any],
        *args: Any,  # noqa: ANN401
        **named: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401 - whatever the method returns
        moment = _verb(*args) if self._name == "shell" and args else moment
        self._life.step(f"{moment}<")
        result = await method(*args, **named)
        self._life.step(f"{moment}>")
        return result

    async def _stream(self, moment: str, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self._life.step(f"{moment}<")
        async for piece in pieces:
            yield piece
            self._life.step(f"{moment}|")
        self._life.step(f"{moment}>")


def _verb(argv: Sequence[str]) -> str:
    """Return which of the agent's verbs a command line is."""
    return "shell.install" if argv[1] == "-c" else f"shell.{argv[-1]}"


def mortal_world(world: World, life: Life, *observers: Observer) -> World:
    """Return the world as a mortal process sees it."""

    async def open_git() -> Git:
        made: Any = Mortal(await world.open_git(), "git", life)
        return made  # type: ignore[no-any-return]

    ports: dict[str, Any] = {
        name: Mortal(getattr(world, name), name, life) for name in ("cloud", "access", "forge")
    }
    return World(
        clock=world.clock,
        record=Record(),
        observers=observers,
        open_git=open_git,
        host=world.host,
        agent_code=world.agent_code,
        directory=world.directory,
        server_url=world.server_url,
        forge_token=world.forge_token,
        **ports,
    )
