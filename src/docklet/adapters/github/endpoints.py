"""Every request that docklet makes of GitHub, with the permission that its documentation names.

Permissions are in the words of a workflow's `permissions:`. Everything that a token may read of a
public repository needs none; these are what a private one takes.
"""

from __future__ import annotations

from typing import Final

from docklet.adapters.endpoints import Endpoint, Endpoints


def _about(method: str, path: str, *needs: str) -> Endpoint:
    """Return a request about the repository."""
    return Endpoint(method=method, path=f"/repos/{{}}/{{}}{path}", needs=needs)


def _elsewhere(method: str, path: str, *needs: str) -> Endpoint:
    """Return a request about somebody."""
    return Endpoint(method=method, path=path, needs=needs)


RUN: Final = (
    _about("GET", "", "metadata: read"),
    _about("GET", "/commits/{+}", "contents: read"),
    _about("POST", "/commits/{}/comments", "contents: write"),
    _about("GET", "/comments", "contents: read"),
    _about("GET", "/comments/{}", "contents: read"),
    _about("PATCH", "/comments/{}", "contents: write"),
    _about("POST", "/statuses/{}", "statuses: write"),
    _elsewhere("GET", "/user"),
    _elsewhere("GET", "/users/{}/keys"),
)
"""What every run may need, and whoever finishes one that was lost."""
PULL_REQUESTS: Final = (
    _about("GET", "/pulls", "pull-requests: read"),
    _about("POST", "/pulls", "pull-requests: write"),
    _about("GET", "/issues/comments", "issues: read"),
    _about("PATCH", "/issues/comments/{}", "issues: write"),
    _about("GET", "/issues/{}", "issues: read"),
    _about("GET", "/issues/{}/comments", "issues: read"),
    _about("POST", "/issues/{}/comments", "issues: write"),
)
"""For results and comments in pull requests; of those, `pull-requests` does what `issues` does."""
CHECKS: Final = (_about("POST", "/check-runs", "checks: write"),)
"""For annotations; `GET /commits/{}/check-runs` is among the commits."""
REAP: Final = (_about("GET", "/actions/runs/{}", "actions: read"),)
"""For `docklet reap`."""
COMMANDS: Final = (
    _about("GET", "/activity", "contents: read"),
    _about("GET", "/collaborators/{}/permission", "metadata: read"),
    _about("GET", "/contents/{+}", "contents: read"),
    _about("GET", "/git/ref/{+}", "contents: read"),
    _about("POST", "/git/refs", "contents: write"),
    _about("PATCH", "/git/refs/{+}", "contents: write"),
    _about("POST", "/git/trees", "contents: write"),
    _about("POST", "/git/commits", "contents: write"),
    _about("GET", "/pulls/{}", "pull-requests: read"),
    _about("POST", "/issues/comments/{}/reactions", "issues: write"),
    _about("DELETE", "/issues/comments/{}/reactions/{}", "issues: write"),
    _elsewhere("GET", "/orgs/{}/teams/{}/memberships/{}", "members: read"),
)
"""For commands in comments. `members` is the organisation's, and only for `teams`."""

ENDPOINTS: Final = Endpoints((*RUN, *PULL_REQUESTS, *CHECKS, *REAP, *COMMANDS))
