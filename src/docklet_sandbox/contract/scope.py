"""Which routes of a service its description covers, and which it does not: by listing."""

from __future__ import annotations

from dataclasses import dataclass

from docklet_sandbox.cloud.tolerated import QUERY

_GIT = "/{owner}/{repo}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How a service's routes relate to its description."""

    prefix: str = ""
    """What stands before the description's paths."""
    undescribed: frozenset[tuple[str, str]] = frozenset()
    """Method and route of what is no part of the described API."""
    optional_headers: frozenset[str] = frozenset()
    """Documented headers, in lower case, that only some answers have."""
    tolerated_query: frozenset[str] = frozenset()
    """Parameters that the service lets pass anywhere."""
    tolerates_empty_object: bool = False
    """Whether `{}` may be sent where there is no body."""

    def path(self, route: str) -> str:
        """Return the description's path for a route."""
        return route.removeprefix(self.prefix)

    def exempt(self, method: str, route: str) -> bool:
        """Say whether a route is known to be in no description."""
        return (method, route) in self.undescribed


SCOPES = {
    "cloud": Scope(
        optional_headers=frozenset({"content-type"}),  # what has no body has no type
        tolerated_query=QUERY,
        tolerates_empty_object=True,
    ),
    "forge": Scope(
        prefix="/api/v3",
        undescribed=frozenset(
            {
                # git, large files and raw files have protocols of their own.
                ("GET", f"{_GIT}/info/refs"),
                ("POST", f"{_GIT}/git-upload-pack"),
                ("POST", f"{_GIT}/git-receive-pack"),
                ("POST", f"{_GIT}/info/lfs/objects/batch"),
                ("GET", f"{_GIT}/info/lfs/objects/{{oid}}"),
                ("PUT", f"{_GIT}/info/lfs/objects/{{oid}}"),
                ("POST", f"{_GIT}/info/lfs/objects/{{oid}}/verify"),
                ("GET", f"{_GIT}/raw/{{ref}}/{{path}}"),
                # The extract of GitHub's description leaves these out.
                ("GET", "/api/v3/users/{username}/keys"),
                ("GET", "/api/v3/repos/{owner}/{repo}/activity"),
                ("GET", "/api/v3/orgs/{org}/teams/{team_slug}/memberships/{username}"),
                (
                    "GET",
                    "/api/v3/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
                ),
                # An old address of .../commits/{ref}/statuses that GitHub still serves.
                ("GET", "/api/v3/repos/{owner}/{repo}/statuses/{ref}"),
            }
        ),
        optional_headers=frozenset({"link"}),
    ),
}
"""By the service's name in the journal."""
