"""A client of the forge's control verbs, for tests and the command line; standard library only.

It is given the function that sends a request to the control API, so that it knows no addresses.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Files = Mapping[str, str | bytes | None]


@dataclass(frozen=True, slots=True)
class ForgeClient:
    """The forge of a running sandbox, seen from outside; `repo` is always `owner/name`."""

    control: Callable[[str, str, Json], Any]
    """Sends method, path and body; returns the JSON of the answer."""

    def call(self, verb: str, **arguments: Any) -> Any:  # noqa: ANN401 - foreign JSON
        """Call any verb of `forge.control`."""
        return self.control("POST", f"/forge/{verb}", arguments)

    def create(self, repo: str, files: Files | None = None, **facts: Any) -> str | None:  # noqa: ANN401
        """Make a repository and return its head; facts as in `founding.create_repository`."""
        head: str | None = self.call("create", repo=repo, files=_wire(files or {}), **facts)
        return head

    def commit(self, repo: str, files: Files, branch: str | None = None, **facts: Any) -> str:  # noqa: ANN401
        """Commit past all rules (None deletes a file) and return the commit."""
        facts |= {"files": _wire(files), "branch": branch}
        return str(self.call("commit", repo=repo, **facts))

    def store_large(self, repo: str, content: bytes) -> str:
        """Keep a large file as git-lfs does; return the pointer to commit for it."""
        return str(self.call("store_large", repo=repo, content=_wire({"": content})[""]))

    def ambush(
        self,
        repo: str,
        files: Files,
        branch: str | None = None,
        *,
        deed: str = "commit",
        advertised: bool = True,
        times: int = 1,
    ) -> None:
        """Have somebody else be quicker than each of the next pushes to a branch.

        They `commit` the files, `rewind` the branch by a commit, or `delete` it, before the pusher
        is told where it ends or, if it is `advertised`, after that.
        """
        how = {"deed": deed, "advertised": advertised, "times": times}
        self.call("ambush", repo=repo, files=_wire(files), branch=branch, **how)

    def protect(
        self,
        repo: str,
        pattern: str = "main",
        kind: str = "protection",
        *,
        creation: bool = False,
        reason: str = "Changes must be made through a pull request.",
        **facts: Any,  # noqa: ANN401 - further fields of a rule
    ) -> None:
        """Guard branches: `protection` refuses with GH006, `ruleset` with GH013."""
        rule = {"pattern": pattern, "kind": kind, "creation": creation, "reason": reason}
        rule |= facts
        self.call("rules", repo=repo, rules=[rule])

    def token(
        self,
        secret: str,
        login: str,
        permissions: Mapping[str, str],
        *,
        kind: str = "app",
        repositories: Collection[str] | None = None,
    ) -> None:
        """Let a token in: `app`, `fine` or `classic`, with these grants and no others."""
        named = None if repositories is None else list(repositories)
        facts = {"permissions": dict(permissions), "kind": kind, "repositories": named}
        self.call("token", secret=secret, login=login, **facts)

    def head(self, repo: str, branch: str = "main") -> str | None:
        """Return the commit that a branch is at."""
        return self.branches(repo).get(branch)

    def branches(self, repo: str) -> dict[str, str]:
        """Return all branches with their heads."""
        found: dict[str, str] = self.call("branches", repo=repo)
        return found

    def show(self, repo: str, path: str, ref: str | None = None) -> bytes | None:
        """Return a file of a commit, by default of the default branch; None if not there."""
        content = self.call("show", repo=repo, path=path, ref=ref)
        return None if content is None else base64.b64decode(content)

    def paths(self, repo: str, ref: str | None = None) -> list[str]:
        """Return the paths of all files of a commit."""
        found: list[str] = self.call("paths", repo=repo, ref=ref)
        return found

    def log(self, repo: str, ref: str | None = None) -> list[Json]:
        """Return commits, newest first: sha, tree, parents, author, committer, message."""
        return self._list("log", repo=repo, ref=ref)

    def comments(self, repo: str) -> list[Json]:
        """Return all comments: id, place, target, login, body, edits, history, deleted."""
        return self._list("comments", repo=repo)

    def statuses(self, repo: str) -> list[Json]:
        """Return all commit statuses, oldest first."""
        return self._list("statuses", repo=repo)

    def checks(self, repo: str) -> list[Json]:
        """Return all check runs: sha, name, conclusion, output, annotations, external_id."""
        return self._list("checks", repo=repo)

    def pulls(self, repo: str) -> list[Json]:
        """Return all pull requests: number, title, body, state, head, base."""
        return self._list("pulls", repo=repo)

    def pushes(self) -> list[Json]:
        """Return every ref update that was accepted: repository, ref, old, new, login, forced."""
        return self._list("pushes")

    def holdings(self) -> Json:
        """Return everything that was said about each repository, also edited and deleted."""
        found: Json = self.call("holdings")
        return found

    def _list(self, verb: str, **arguments: Any) -> list[Json]:  # noqa: ANN401
        found: list[Json] = self.call(verb, **arguments)
        return found


def _wire(files: Files) -> Json:
    """Write files as JSON can hold them."""
    return {
        path: {"base64": base64.b64encode(content).decode()}
        if isinstance(content, bytes)
        else content
        for path, content in files.items()
    }
