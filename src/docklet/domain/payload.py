"""What a webhook's payload says about a comment; the payload is foreign and may be anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentEvent:
    """A person has just written a comment on an issue or a pull request."""

    comment: int
    """The comment's id."""
    body: str
    """Its text as it was when it was written; a later edit does not count."""
    created_at: float
    """Epoch second at which it was written, by the forge's clock."""
    author: str
    """Login of the person who wrote it."""
    author_id: int
    """The person's number, which no renaming changes."""
    issue: int
    """Number of the issue or pull request."""
    pull_request: bool
    """Whether it is a pull request."""
    open: bool
    """Whether it is open."""
    locked: bool
    """Whether the conversation is locked."""
    repository: str
    """`owner/name`."""


def at(value: object, *names: str) -> object:
    """Return what is at a path of names in foreign JSON; None where the path ends early."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def comment_event(event: object) -> CommentEvent | None:
    """Read an `issue_comment` payload; None for all that is not a person's new comment.

    Edits, deletions, comments of bots and payloads of other events or shapes are None. A wrong
    type anywhere is None too: what GitHub would not have sent is not acted upon.
    """
    if at(event, "action") != "created" or at(event, "comment", "user", "type") != "User":
        return None
    try:
        return CommentEvent(
            comment=_number(at(event, "comment", "id")),
            body=_text(at(event, "comment", "body")),
            created_at=_moment(at(event, "comment", "created_at")),
            author=_name(at(event, "comment", "user", "login"), _LOGIN),
            author_id=_number(at(event, "comment", "user", "id")),
            issue=_number(at(event, "issue", "number")),
            pull_request=_present(at(event, "issue", "pull_request")),
            open=_name(at(event, "issue", "state"), _STATE) == "open",
            locked=_flag(at(event, "issue", "locked")),
            repository=_name(at(event, "repository", "full_name"), _REPOSITORY),
        )
    except _Unlike:
        return None


_LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_STATE: Final = re.compile(r"open|closed")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}")
_LARGEST: Final = 2**63 - 1


class _Unlike(Exception):
    """A part of the payload is not of the kind that GitHub sends."""


def _number(value: object) -> int:
    """Take a number above 0; the truth values are none, whatever Python says."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST:
        return value
    raise _Unlike


def _text(value: object) -> str:
    """Take a text that can be written down again."""
    if isinstance(value, str) and not _SURROGATE.search(value):
        return value
    raise _Unlike


def _name(value: object, form: re.Pattern[str]) -> str:
    """Take a text of a known form."""
    if isinstance(value, str) and form.fullmatch(value):
        return value
    raise _Unlike


def _flag(value: object) -> bool:
    """Take a truth value."""
    if isinstance(value, bool):
        return value
    raise _Unlike


def _present(value: object) -> bool:
    """Tell whether a part is there, as a table or not at all."""
    if value is None or isinstance(value, dict):
        return value is not None
    raise _Unlike


def _moment(value: object) -> float:
    """Take a moment such as `2026-11-22T21:00:00Z` as epoch seconds."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None and moment.timestamp() > 0:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    raise _Unlike
