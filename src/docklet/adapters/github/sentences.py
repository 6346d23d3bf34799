"""What a user reads when GitHub refuses something: what happened, the likely cause, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from github import GithubException

_LONGEST_TEXT: Final = 300
_GRANTS: Final = re.compile(r"(?:[a-z_]+=[a-z]+(?:; ?|, ?|$))+")
"""A header such as `issues=write; pull_requests=write`: each part between semicolons is enough."""
_ELSEWHERE: Final = {
    "locked": "The conversation is locked: unlock it, or use `comment: none`.",
    "archived": "The repository is archived, so nothing in it can change.",
    "is not permitted to": (
        "Allow it in the repository's Settings, Actions, General, under Workflow permissions, or"
        " give `github-token` another token."
    ),
}
"""Words in refusals that no permission mends, with what does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a request is for, in the words of its error messages."""

    action: str
    """Completes `to ...`."""
    permission: str
    """What the token needs for it, as a workflow's `permissions:` says it."""


def unknown_token(said: str, purpose: Purpose) -> str:
    """Say that the token is none."""
    return (
        f"GitHub did not accept the token when asked to {purpose.action} ({said}). It may be"
        " wrong, expired or revoked: set `github-token` (or GITHUB_TOKEN) anew."
    )


def refused(said: str, purpose: Purpose, advice: str) -> str:
    """Say that GitHub would not have it, and what to do about it."""
    return f"GitHub refused to {purpose.action} ({said}). {advice}"


def advice_on(said: str) -> str:
    """Return what to do about a refusal that no permission mends; empty for all others."""
    return next((advice for word, advice in _ELSEWHERE.items() if word in said), "")


def grant(purpose: Purpose, accepted: str) -> str:
    """Return the line to add, as GitHub says it itself or as we know it."""
    line = _lines(accepted) or f"`{purpose.permission}`"
    return (
        f"The token lacks a permission. Add {line} to `permissions:` in the workflow, or grant it"
        " to the personal token."
    )


def gone(said: str, purpose: Purpose) -> str:
    """Say that something is not there, as far as the token sees."""
    return (
        f"GitHub found nothing when asked to {purpose.action} ({said}). It does not exist"
        f" (any more), or the token may not see it and needs `{purpose.permission}`."
    )


def down(said: str, purpose: Purpose) -> str:
    """Say that GitHub failed again and again."""
    return (
        f"GitHub went on failing when asked to {purpose.action} ({said})."
        " It may be down: see its status page, and try again later."
    )


def undone(said: str, purpose: Purpose) -> str:
    """Say that GitHub understood and would not."""
    likely = "What was asked for is gone, or not allowed in this repository."
    return f"GitHub would not {purpose.action} ({said}). {likely}"


def said_by(error: GithubException) -> str:
    """Return GitHub's own words, with the details that it puts beside them."""
    data: Any = error.data if isinstance(error.data, dict) else {}
    details = data.get("errors")
    texts = [data.get("message"), *(details if isinstance(details, list) else [])]
    words = [
        str(text.get("message") or text) if isinstance(text, dict) else text for text in texts
    ]
    said = "; ".join(" ".join(str(word).split()) for word in words if word) or "no explanation"
    return "".join(char for char in said if char.isprintable())[:_LONGEST_TEXT]


def accepted_by(error: GithubException) -> str:
    """Return the permissions that GitHub says it accepts; empty where it does not say."""
    return (error.headers or {}).get("x-accepted-github-permissions") or ""


def _lines(accepted: str) -> str:
    """Write accepted permissions as a workflow's `permissions:` has them."""
    if not _GRANTS.fullmatch(accepted):
        return ""
    choices = (choice.split(",") for choice in accepted.split(";"))
    return " or ".join(" and ".join(_line(grant) for grant in one) for one in choices)


def _line(grant: str) -> str:
    name, _, level = grant.strip().partition("=")
    return f"`{name.replace('_', '-')}: {level}`"
