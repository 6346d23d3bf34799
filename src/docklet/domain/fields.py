"""How groups of inputs become the fields of a `RunSpec`."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, Final

from docklet.domain import values
from docklet.domain.script import command_line, language_of
from docklet.domain.secret import Secret
from docklet.domain.spec import CommentOn, Keep, Push, RegistryLogin, Submodules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.domain.inputs import Reader

LONGEST_TIMEOUT: Final = 5 * 3600 + 30 * 60
"""Seconds: a hosted job ends after six hours and its token with it."""
LONGEST_KEEP: Final = 24 * 3600
"""Seconds that a kept droplet may live on."""
_NO_VARIABLES: Final[dict[str, Secret]] = {}
_NO_LINES: Final[tuple[str, ...]] = ()
_DEFAULT_REGIONS: Final[tuple[str, ...]] = ("nyc3",)
_DEFAULT_PATHS: Final[tuple[str, ...]] = (".",)
_SHORTEST_KEEP: Final = 60
_SSH_KEY: Final = re.compile(
    r"github:[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})"
    r"|(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com)"
    r" [A-Za-z0-9+/=]+(?: [^\n]*)?"
)


def job(reader: Reader) -> dict[str, Any]:
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


def machine(reader: Reader, actor: str) -> dict[str, Any]:
    """Read what the job runs on."""
    return {
        "size": reader.read("size", values.slug, "s-2vcpu-4gb"),
        "regions": reader.read("region", _regions, _DEFAULT_REGIONS),
        "droplet": reader.read("droplet", _plain, ""),
        "droplet_image": reader.read("droplet-image", _plain, "auto"),
        "private_network": reader.read("private-network", values.flag, fallback=False),
        "keep": reader.read("keep", lambda text: values.choice(text, Keep), Keep.NEVER),
        "keep_for": reader.read("keep-for", values.duration, 3600),
        "ssh_keys": reader.read("ssh-keys", lambda text: _ssh_keys(text, actor), _NO_LINES),
    }


def git(reader: Reader) -> dict[str, Any]:
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


def limits(reader: Reader) -> dict[str, Any]:
    """Read what bounds the run."""
    return {
        "timeout": reader.read("timeout", values.duration, 5 * 3600),
        "max_cost": reader.read("max-cost", values.money, None),
    }


def check_together(reader: Reader, found: Mapping[str, Any]) -> None:
    """Note values that are fine alone and wrong in range or in company."""
    if not 1 <= found["timeout"] <= LONGEST_TIMEOUT:
        reader.wrong(
            "timeout",
            "It must be between 1s and 5h30m: a hosted job ends after six hours, and its token"
            " with it.",
        )
    if not _SHORTEST_KEEP <= found["keep_for"] <= LONGEST_KEEP:
        reader.wrong("keep-for", "It must be between 1m and 24h; a kept droplet costs money.")
    if found["droplet"] and found["keep"] is not Keep.NEVER:
        reader.wrong("keep", "It has no meaning with `droplet`, which is never deleted anyway.")


def _registry(reader: Reader) -> RegistryLogin | None:
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
    regions = tuple(values.slug(part.strip()) for part in text.split(",") if part.strip())
    if not regions:
        message = "It names no region."
        raise ValueError(message)
    return regions


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
