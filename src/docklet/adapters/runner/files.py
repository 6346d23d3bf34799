"""What the runner and the checkout say: inputs, event, and where one stands."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docklet.domain.inputs import INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

_REMOTE: Final = re.compile(
    r"(?:.*://(?:[^@/]*@)?|[^@/]*@)(?P<host>[^:/]+(?::\d+)?)[:/](?P<path>.+)"
)


def action_inputs(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the action's inputs: the runner upper-cases their names and keeps the dashes."""
    names = {f"INPUT_{item.name.upper()}": item.name for item in INPUTS}
    return {name: environ[key] for key, name in names.items() if environ.get(key)}


def event_payload(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the event's payload; empty when there is none that can be read."""
    path = environ.get("GITHUB_EVENT_PATH")
    try:
        event = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The repository that the user stands in."""

    repository: str
    """`owner/name`, or empty."""
    sha: str
    branch: str
    author: str
    """`Name <mail>` as git would sign, or empty."""


def checkout(directory: Path, server_url: str) -> Checkout | None:
    """Describe the git checkout around `directory`; None when there is none."""
    sha = _git(directory, "rev-parse", "--verify", "HEAD")
    if not sha:
        return None
    name, mail = _git(directory, "config", "user.name"), _git(directory, "config", "user.email")
    return Checkout(
        repository=repository_of(_git(directory, "remote", "get-url", "origin"), server_url),
        sha=sha,
        branch=_git(directory, "symbolic-ref", "--quiet", "--short", "HEAD"),
        author=f"{name} <{mail}>" if name and mail else "",
    )


def repository_of(remote: str, server_url: str) -> str:
    """Return `owner/name` for a remote's URL on the forge; empty for any other."""
    found = _REMOTE.fullmatch(remote)
    host = server_url.partition("://")[2].strip("/")
    if found is None or found["host"] not in {host, host.partition(":")[0]}:
        return ""
    path = found["path"].strip("/").removesuffix(".git")
    return path if path.count("/") == 1 else ""


def _git(directory: Path, *args: str) -> str:
    """Return what a git command prints; empty when it fails."""
    done = subprocess.run(
        ["git", "-C", str(directory), *args],
        capture_output=True,
        check=False,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
