"""Whether a token may push to a repository, asked as `git push` begins; nothing is changed.

The API's own answer is about whom the token belongs to, not about what the token was granted,
and for an App's token it says no to everything.
"""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from docklet.adapters.git.config import USER
from docklet.adapters.threads import in_daemon_thread
from docklet.domain.errors import ForgeError

if TYPE_CHECKING:
    from docklet.domain.secret import Secret

_TIMEOUT: Final = 20
"""Seconds for a connection, and for each silence on it."""
_REFUSALS: Final = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
_UNSAID: Final = (
    "The forge did not say whether the token may push ({cause}). If it stays like this, check"
    " GITHUB_SERVER_URL and the repository's name."
)


class _Staying(urllib.request.HTTPRedirectHandler):
    """Follow nobody: the token is for this address alone."""

    def redirect_request(self, *_arguments: object) -> None:
        """Let the redirection be an error."""


async def may_push(url: str, token: Secret) -> bool:
    """Tell whether the repository at `url` takes pushes from `token`; raise `ForgeError`."""
    return await in_daemon_thread(lambda: _may_push(url, token))


def _may_push(url: str, token: Secret) -> bool:
    """Ask for the refs that a push would change."""
    basic = base64.b64encode(f"{USER}:{token.reveal()}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the address is where git pushes to
        f"{url}/info/refs?service=git-receive-pack", headers={"Authorization": f"Basic {basic}"}
    )
    try:
        with urllib.request.build_opener(_Staying).open(request, timeout=_TIMEOUT) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        with error:
            if error.code in _REFUSALS:
                return False
        raise ForgeError(_UNSAID.format(cause=f"status {error.code}")) from error
    except OSError as error:
        raise ForgeError(_UNSAID.format(cause=str(error) or type(error).__name__)) from error
    return True
