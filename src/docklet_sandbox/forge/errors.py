"""The forge's refusals, in GitHub's words and status codes.

Texts are GitHub's own, since clients tell refusals apart by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from docklet_sandbox.forge.tokens import Token, TokenKind

DOCUMENTATION = "https://docs.github.com/rest"
_SUBJECT = {
    TokenKind.APP: "integration",
    TokenKind.FINE: "personal access token",
}


class GitHubError(Exception):
    """An answer other than success, raised where it is found out."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        about: str = DOCUMENTATION,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.about = about

    def response(self) -> web.Response:
        """Return the answer as GitHub shapes it."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = self.errors
        body |= {"documentation_url": self.about, "status": str(self.status)}
        return web.json_response(body, status=self.status, headers=self.headers)


def not_found() -> GitHubError:
    """Return the answer for what does not exist, or must not be known to exist."""
    return GitHubError(404, "Not Found")


def bad_credentials() -> GitHubError:
    """Return the answer to a token that nobody was given."""
    return GitHubError(401, "Bad credentials")


def authentication_required() -> GitHubError:
    """Return the answer to a request that needs a token and came without."""
    return GitHubError(401, "Requires authentication")


def inaccessible(token: Token) -> GitHubError:
    """Return the answer to a token that lacks a grant; a classic one is not told that it does."""
    if token.kind is TokenKind.CLASSIC:
        return not_found()
    return GitHubError(403, f"Resource not accessible by {_SUBJECT[token.kind]}")


def archived() -> GitHubError:
    """Return the answer to a write in an archived repository."""
    return GitHubError(403, "Repository was archived so is read-only.")


def no_commit(sha: str) -> GitHubError:
    """Return the answer for a commit that the repository does not have."""
    return GitHubError(422, f"No commit found for SHA: {sha}")


def not_supplied(field: str) -> GitHubError:
    """Return the answer to a body that lacks a required field."""
    return GitHubError(422, f'Invalid request.\n\n"{field}" wasn\'t supplied.')


def invalid(resource: str, field: str, *, code: str = "", message: str = "") -> GitHubError:
    """Return the answer to a field whose value GitHub does not take."""
    problem = {"resource": resource, "code": code or ("custom" if message else "invalid")}
    if field:
        problem["field"] = field
    if message:
        problem["message"] = message
    return GitHubError(422, "Validation Failed", errors=[problem])
