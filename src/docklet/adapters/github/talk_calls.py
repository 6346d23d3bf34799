"""What we ask of GitHub to be spoken to: blocking calls, as in `calls`.

Much of it PyGithub has no method for, or one that leaves out what matters; then its requester
sends the request.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from docklet.adapters.github.session import Session
from docklet.domain.policy import Arrival, Head, Role, Standing
from docklet.ports.talk import Kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.ports.talk import Reaction

KEPT_REF: Final = "docklet/spend"
"""The ref, below `refs/`, that has what docklet keeps in a repository; no branch, so no run's."""
KEPT_FILE: Final = "spend.json"
_MISSING: Final = 404
_RACED: Final = {409, 422}
"""How GitHub says that a ref is not where it was, or is there already."""
_BY_GRANT: Final = (
    ("admin", Role.ADMIN),
    ("maintain", Role.MAINTAIN),
    ("push", Role.WRITE),
    ("triage", Role.TRIAGE),
    ("pull", Role.READ),
)
_COARSE: Final = {"admin", "write", "read"}
"""GitHub's own words for what a custom role is built on."""


class TalkCalls(Session):
    """One repository on GitHub, and the people who talk there, seen from a thread."""

    def standing(self, login: str) -> Standing:
        """Return whose login this is and their role."""
        raw = self._get(f"/collaborators/{quote(login, safe='')}/permission")
        return Standing(user_id=_number(raw["user"]["id"]), role=role_of(raw))

    def in_team(self, team: str, login: str) -> bool:
        """Tell whether somebody is an active member of a team; 404 says that they are not."""
        owner, _, slug = team.partition("/")
        path = f"/orgs/{quote(owner)}/teams/{quote(slug)}/memberships/{quote(login)}"
        found = self._or_none(f"{self._api_url}{path}")
        return found is not None and found["state"] == "active"

    def pull(self, number: int) -> Head:
        """Return a pull request's head."""
        raw = self._get(f"/pulls/{number}")
        head, home = raw["head"], raw["head"]["repo"]
        return Head(
            sha=_text(head["sha"]),
            branch=_text(head["ref"]),
            fork=home is None or _text(home["full_name"]).lower() != self.name.lower(),
            open=raw["state"] == "open",
            merged=bool(raw["merged"]),
            locked=bool(raw["locked"]),
        )

    def head(self, branch: str) -> str:
        """Return the commit that a branch is at."""
        return _text(self._get(f"/git/ref/heads/{quote(branch)}")["object"]["sha"])

    def arrival(self, branch: str) -> Arrival | None:
        """Return the latest change of a branch that GitHub noted."""
        ref = quote(f"refs/heads/{branch}", safe="")
        noted = self._get(f"/activity?direction=desc&per_page=1&ref={ref}")
        if not isinstance(noted, list):
            message = "The answer is no list."
            raise TypeError(message)
        return Arrival(sha=_text(noted[0]["after"]), at=_time(noted[0])) if noted else None

    def react(self, comment: int, reaction: Reaction) -> int:
        """React to a comment and return the reaction's id."""
        path = f"/issues/comments/{comment}/reactions"
        return _number(self._send("POST", path, {"content": str(reaction)})["id"])

    def take_back(self, comment: int, reaction: int) -> None:
        """Take a reaction back."""
        self._send("DELETE", f"/issues/comments/{comment}/reactions/{reaction}", None)

    def file(self, path: str, ref: str = "") -> str | None:
        """Return a file of a commit, by default of the default branch's head."""
        tail = f"?ref={quote(ref)}" if ref else ""
        found = self._or_none(f"{self.repository.url}/contents/{quote(path)}{tail}")
        if found is None:
            return None
        if found["encoding"] != "base64":
            message = "The file is too large, or none."
            raise ValueError(message)
        return base64.b64decode(_text(found["content"])).decode("utf-8", "strict")

    def kept_at(self) -> str:
        """Return the commit that has what is kept; empty while nothing is."""
        found = self._or_none(f"{self.repository.url}/git/ref/{KEPT_REF}")
        return "" if found is None else _text(found["object"]["sha"])

    def kept(self) -> Kept:
        """Return what is kept."""
        sha = self.kept_at()
        return Kept(text=self.file(KEPT_FILE, sha) or "", version=sha) if sha else Kept()

    def store(self, text: str, parent: str) -> str:
        """Make a commit of a text on top of another, on no ref yet, and return it."""
        entry = {"path": KEPT_FILE, "mode": "100644", "type": "blob", "content": text}
        tree = self._send("POST", "/git/trees", {"tree": [entry]})["sha"]
        said = {"message": "Keep what runs cost\n", "tree": tree}
        parents = {"parents": [parent] if parent else []}
        return _text(self._send("POST", "/git/commits", said | parents)["sha"])

    def publish(self, sha: str, parent: str) -> bool:
        """Let what is kept be a commit, unless it is something else than `parent` by now."""
        from github import GithubException

        try:
            if parent:
                self._send("PATCH", f"/git/refs/{KEPT_REF}", {"sha": sha, "force": False})
            else:
                self._send("POST", "/git/refs", {"ref": f"refs/{KEPT_REF}", "sha": sha})
        except GithubException as error:
            if error.status in _RACED:
                return False
            raise
        return True

    def _get(self, path: str) -> Any:  # noqa: ANN401 - foreign JSON
        """Read something of the repository."""
        return self._ask("GET", self.repository.url + path, None)

    def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:  # noqa: ANN401 - foreign JSON
        """Change something in the repository."""
        return self._ask(method, self.repository.url + path, body)

    def _or_none(self, url: str) -> Any:  # noqa: ANN401 - foreign JSON
        """Read something that may not be there."""
        from github import GithubException

        try:
            return self._ask("GET", url, None)
        except GithubException as error:
            if error.status == _MISSING:
                return None
            raise

    def _ask(self, method: str, url: str, body: Mapping[str, object] | None) -> Any:  # noqa: ANN401 - foreign JSON
        """Send one request."""
        requester = self.client.requester
        _, raw = requester.requestJsonAndCheck(
            method, url, input=None if body is None else dict(body)
        )
        return raw


def role_of(raw: Mapping[str, Any]) -> Role:
    """Return the role in an answer; a custom one counts as what it grants, and no more."""
    name = _text(raw["role_name"])
    if name in set(map(str, Role)):
        return Role(name)
    grants = raw["user"].get("permissions") or {}
    granted = next((role for grant, role in _BY_GRANT if grants.get(grant) is True), Role.NONE)
    coarse = _text(raw["permission"])
    return granted if grants else Role(coarse if coarse in _COARSE else Role.NONE)


def _time(noted: Mapping[str, Any]) -> float:
    """Return when something happened."""
    return datetime.fromisoformat(_text(noted["timestamp"])).timestamp()


def _number(value: object) -> int:
    """Return a field that has to be a number."""
    if isinstance(value, bool) or not isinstance(value, int):
        message = "The answer lacks a number."
        raise TypeError(message)
    return value


def _text(value: object) -> str:
    """Return a field that has to be text."""
    if not isinstance(value, str):
        message = "The answer lacks a field."
        raise TypeError(message)
    return value
