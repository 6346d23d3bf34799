"""How long texts may be, and in which words GitHub refuses longer ones.

Comments on issues are told so otherwise than all else; characters are counted, not bytes.
"""

from __future__ import annotations

from docklet_sandbox.forge import errors

MAX_TEXT = 65_536
MAX_TITLE = 256
_TALK = "IssueComment"


def checked_comment(resource: str, text: str) -> str:
    """Return a comment's text; raise GitHubError for one that is blank or too long."""
    field, code = ("data", "unprocessable") if resource == _TALK else ("body", "")
    word = "Body" if resource == _TALK else "body"
    if not text.strip():
        raise errors.invalid(resource, field, code=code, message="Body cannot be blank")
    return _short(resource, field, text, MAX_TEXT, code=code, word=word)


def checked_text(resource: str, text: str | None) -> str | None:
    """Return the text of an issue or a pull request; raise GitHubError for one too long."""
    return text and _short(resource, "body", text, MAX_TEXT)


def checked_title(resource: str, text: str | None) -> str:
    """Return a title; raise GitHubError for one that is missing or too long."""
    if not text or not text.strip():
        raise errors.invalid(resource, "title", code="missing_field")
    return _short(resource, "title", text, MAX_TITLE)


def checked_field(resource: str, field: str, text: str | None, most: int) -> str | None:
    """Return a field's text; raise GitHubError for one too long."""
    return text and _short(resource, field, text, most)


def _short(
    resource: str, field: str, text: str, most: int, *, code: str = "", word: str = ""
) -> str:
    if len(text) > most:
        message = f"{word or field} is too long (maximum is {most} characters)"
        raise errors.invalid(resource, field, code=code, message=message)
    return text
