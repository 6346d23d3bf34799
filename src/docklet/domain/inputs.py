"""The action's inputs: their names and defaults, and how their text becomes a `RunSpec`.

Every problem is collected, so that a user mends all of them at once and before anything costs
money.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from docklet.domain import values
from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.script import command_line, language_of
from docklet.domain.secret import Secret
from docklet.domain.spec import CommentOn, Keep, Push, RegistryLogin, RunSpec, Submodules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

LONGEST_TIMEOUT: Final = 5 * 3600 + 30 * 60
"""Seconds: a hosted job ends after six hours and its token with it."""
LONGEST_KEEP: Final = 24 * 3600
"""Seconds that a kept droplet may live on."""


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
    Input(name="ssh-keys", default="github:ACTOR"),
    Input(name="comment", default="commit"),
    Input(name="github-token", default="${{ github.token }}"),
    Input(name="digitalocean-token", required=True),
)
"""Every input, in the order of the documentation."""

_SSH_KEY: Final = re.compile(
    r"github:[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})"
    r"|(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com)"
    r" [A-Za-z0-9+/=]+(?: [^\n]*)?"
)
_NO_VARIABLES: Final[dict[str, Secret]] = {}
_NO_LINES: Final[tuple[str, ...]] = ()
_DEFAULT_REGIONS: Final[tuple[str, ...]] = ("nyc3",)
_DEFAULT_PATHS: Final[tuple[str, ...]] = (".",)
_SHORTEST_KEEP: Final = 60
_TOKENS: Final = {"github-token", "digitalocean-token"}


class _Reader:
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
    reader = _Reader(raw if needs_cloud else {"digitalocean-token": "-", **raw})
    reader.check_names()
    fields = _job(reader) | _machine(reader, actor) | _git(reader) | _limits(reader)
    _check_together(reader, fields)
    if reader.problems:
        order = [item.name for item in INPUTS]
        raise InvalidInputs(
            tuple(sorted(reader.problems, key=lambda problem: _place(problem.name, order)))
        )
    return RunSpec(**fields)


def _place(name: str, order: list[str]) -> int:
    """Return where an input stands in the documentation; unknown ones come first."""
    return order.index(name) if name in order else -1


def secrets_of(raw: Mapping[str, str]) -> tuple[Secret, ...]:
    """Return every secret among the inputs, for masking before anything is printed."""
    named = [raw.get(name, "").strip() for name in (*sorted(_TOKENS), "registry-password")]
    variables = [line.partition("=")[2] for line in values.lines(raw.get("env", ""))]
    return tuple(Secret(text) for text in (*named, *variables) if text)


def _job(reader: _Reader) -> dict[str, Any]:
    """Read what runs, and in which image."""
    script = reader.read("script", values.inside, "")
    language = language_of(script)
    interpreter = reader.read("interpreter", _interpreter, "")
    image = reader.read("image", values.image, language.image if language else "")
    if script and not image and not reader.text("image"):
        reader.wrong("image", f"The extension of `{script}` implies no image. Name one.")
    return {
        "script": script,
        "path": reader.read("path", values.inside, "."),
        "image": image,
        "registry": _registry(reader),
        "argv": command_line(
            script, interpreter=interpreter, args=reader.read("args", values.lines, _NO_LINES)
        ),
        "env": reader.read("env", _variables, _NO_VARIABLES),
    }


def _machine(reader: _Reader, actor: str) -> dict[str, Any]:
    """Read what the job runs on."""
    return {
        "size": reader.read("size", values.slug, "s-2vcpu-4gb"),
        "regions": reader.read("region", _regions, _DEFAULT_REGIONS),
        "droplet": reader.read("droplet", _plain, ""),
        "droplet_image": reader.read("droplet-image", _plain, "auto"),
        "keep": reader.read("keep", lambda text: values.choice(text, Keep), Keep.NEVER),
        "keep_for": reader.read("keep-for", values.duration, 3600),
        "ssh_keys": reader.read("ssh-keys", lambda text: _ssh_keys(text, actor), _NO_LINES),
    }


def _git(reader: _Reader) -> dict[str, Any]:
    """Read what is checked out and where results go."""
    return {
        "ref": reader.read("ref", values.branch, ""),
        "fetch_depth": reader.read("fetch-depth", values.count, 1),
        "submodules": reader.read(
            "submodules", lambda text: values.choice(text, Submodules), Submodules.NO
        ),
        "lfs": reader.read("lfs", values.flag, fallback=False),
        "push": reader.read("push", lambda text: values.choice(text, Push), Push.BRANCH),
        "branch": reader.read("branch", values.branch, ""),
        "paths": reader.read("paths", _paths, _DEFAULT_PATHS),
        "commit_message": reader.text("commit-message"),
        "comment": reader.read(
            "comment", lambda text: values.choice(text, CommentOn), CommentOn.COMMIT
        ),
    }


def _limits(reader: _Reader) -> dict[str, Any]:
    """Read what bounds the run."""
    return {
        "timeout": reader.read("timeout", values.duration, 5 * 3600),
        "max_cost": reader.read("max-cost", values.money, None),
    }


def _check_together(reader: _Reader, fields: Mapping[str, Any]) -> None:
    """Note values that are fine alone and wrong in range or in company."""
    if not 1 <= fields["timeout"] <= LONGEST_TIMEOUT:
        reader.wrong(
            "timeout",
            "It must be between 1s and 5h30m: a hosted job ends after six hours, and its token"
            " with it.",
        )
    if not _SHORTEST_KEEP <= fields["keep_for"] <= LONGEST_KEEP:
        reader.wrong("keep-for", "It must be between 1m and 24h; a kept droplet costs money.")
    if fields["droplet"] and fields["keep"] is not Keep.NEVER:
        reader.wrong("keep", "It has no meaning with `droplet`, which is never deleted anyway.")


def _registry(reader: _Reader) -> RegistryLogin | None:
    """Read the registry login: both halves or none."""
    username, password = reader.text("registry-username"), reader.text("registry-password")
    if bool(username) != bool(password):
        missing = "registry-password" if username else "registry-username"
        reader.wrong(missing, "A registry login needs both a user name and a password.")
        return None
    return RegistryLogin(username=username, password=Secret(password)) if username else None


def _interpreter(text: str) -> str:
    """Check that an interpreter can be split as a shell would split it."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not words:
        message = f"`{values.shown(text)}` has a quotation mark that is never closed, or no word."
        raise ValueError(message)
    return text


def _variables(text: str) -> dict[str, Secret]:
    """Read `NAME=value` lines."""
    pairs = [values.variable(line) for line in values.lines(text)]
    return {name: Secret(value) for name, value in pairs}


def _regions(text: str) -> tuple[str, ...]:
    """Read a comma-separated list of region slugs."""
    return tuple(values.slug(part.strip()) for part in text.split(",") if part.strip())


def _paths(text: str) -> tuple[str, ...]:
    """Read one path a line."""
    return tuple(values.inside(line) for line in values.lines(text))


def _ssh_keys(text: str, actor: str) -> tuple[str, ...]:
    """Read public keys and `github:USER`, one a line; `github:ACTOR` is the person who asked."""
    person = "" if actor.endswith("[bot]") else actor
    keys = tuple(
        f"github:{person}" if line == "github:ACTOR" else line
        for line in values.lines(text)
        if person or line != "github:ACTOR"
    )
    for key in keys:
        if not _SSH_KEY.fullmatch(key):
            message = f"`{values.shown(key)}` is neither a public key nor `github:USER`."
            raise ValueError(message)
    return keys


def _plain(text: str) -> str:
    """Read a name without control characters."""
    if not text.isprintable() or text.startswith("-"):
        message = f"`{values.shown(text)}` has control characters or starts with `-`."
        raise ValueError(message)
    return text
