"""The action's inputs: their names and defaults, and how their text becomes a `RunSpec`.

Every problem is collected, so that a user mends all of them at once and before anything costs
money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from docklet.domain import fields, values
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.secret import Secret
from docklet.domain.spec import RunSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of the action, the command line and the bot."""

    name: str
    """Kebab-case name."""
    default: str = ""
    """Text that stands in when the user gives none."""
    required: bool = False
    """Whether there is no sensible default."""


INPUTS: Final[tuple[Input, ...]] = (
    Input(name="script", required=True),
    Input(name="path", default="."),
    Input(name="image"),
    Input(name="registry-username"),
    Input(name="registry-password"),
    Input(name="size", default="s-2vcpu-4gb"),
    Input(name="region", default="nyc3"),
    Input(name="args"),
    Input(name="interpreter"),
    Input(name="env"),
    Input(name="ref"),
    Input(name="fetch-depth", default="1"),
    Input(name="submodules", default="false"),
    Input(name="lfs", default="false"),
    Input(name="push", default="branch"),
    Input(name="branch"),
    Input(name="paths", default="."),
    Input(name="commit-message"),
    Input(name="timeout", default="5h"),
    Input(name="max-cost"),
    Input(name="keep", default="never"),
    Input(name="keep-for", default="1h"),
    Input(name="droplet"),
    Input(name="droplet-image", default="auto"),
    Input(name="private-network", default="false"),
    Input(name="ssh-keys", default="github:ACTOR"),
    Input(name="comment", default="commit"),
    Input(name="github-token", default="${{ github.token }}"),
    Input(name="digitalocean-token", required=True),
)
"""Every input, in the order of the documentation."""

LISTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("args", "env", "paths", "ssh-keys"), "\n"),
    "region": ",",
}
"""Inputs that hold several values, and what stands between these."""
_TOKENS: Final = {"github-token", "digitalocean-token"}


class Reader:
    """Take values out of raw text and remember what was wrong."""

    def __init__(self, raw: Mapping[str, str]) -> None:
        """Read from `raw`; blank text counts as absent."""
        self._raw = {name: text.strip() for name, text in raw.items() if text.strip()}
        self.problems: list[Problem] = []

    def text(self, name: str) -> str:
        """Return the text of an input, or its default."""
        known = next(item for item in INPUTS if item.name == name)
        return self._raw.get(name, known.default)

    def read(self, name: str, parse: Callable[[str], T], fallback: T) -> T:
        """Parse an input; on a problem note it and go on with `fallback`."""
        text = self.text(name)
        if not text:
            return fallback
        try:
            return parse(text)
        except ValueError as error:
            self.wrong(name, str(error))
            return fallback

    def wrong(self, name: str, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(name=name, message=message))

    def check_names(self) -> None:
        """Note required inputs that are missing and names that nobody knows."""
        known = [item.name for item in INPUTS]
        for name in sorted(self._raw.keys() - set(known)):
            self.wrong(name, f"There is no such input.{values.suggestion(name, known)}")
        for item in INPUTS:
            if item.required and item.name not in self._raw:
                self.wrong(item.name, _MISSING[item.name])


_MISSING: Final = {
    "script": "No script was given. Name the file to run, relative to `path`.",
    "digitalocean-token": (
        "No DigitalOcean token was given. The secret is probably not defined here, or the event"
        " comes from a fork, which gets no secrets. Create a token and store it as a secret; on"
        " the command line, put it into DIGITALOCEAN_TOKEN."
    ),
}


def parse(raw: Mapping[str, str], *, actor: str = "", needs_cloud: bool = True) -> RunSpec:
    """Turn the text of all inputs into a `RunSpec`.

    `actor` stands in for `ACTOR` in `github:ACTOR`. Without `needs_cloud` (a local run) the
    DigitalOcean token may be missing. Raises `InvalidInputs` with every problem.
    """
    reader = Reader(raw if needs_cloud else {"digitalocean-token": "-", **raw})
    reader.check_names()
    found = {
        **fields.job(reader),
        **fields.machine(reader, actor),
        **fields.git(reader),
        **fields.limits(reader),
    }
    fields.check_together(reader, found)
    if reader.problems:
        order = [item.name for item in INPUTS]
        raise InvalidInputs(
            tuple(sorted(reader.problems, key=lambda problem: _place(problem.name, order)))
        )
    return RunSpec(**found)


def _place(name: str, order: list[str]) -> int:
    """Return where an input stands in the documentation; unknown ones come first."""
    return order.index(name) if name in order else -1


def secrets_of(raw: Mapping[str, str]) -> tuple[Secret, ...]:
    """Return every secret among the inputs, for masking before anything is printed."""
    named = [raw.get(name, "").strip() for name in (*sorted(_TOKENS), "registry-password")]
    variables = [line.partition("=")[2] for line in values.lines(raw.get("env", ""))]
    return tuple(Secret(text) for text in (*named, *variables) if text)
