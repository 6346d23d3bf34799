"""What else we ask of PyGithub: blocking calls of one request each, unless they say otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.adapters.github.session import HIDDEN, text
from docklet.domain.diffstat import Diffstat, Lines
from docklet.domain.triage import Workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.adapters.github.session import Session

CONTEXT: Final = "docklet"
"""The name of our commit status."""
_EXISTS: Final = 422


class GitHubCalls:
    """One repository on GitHub, seen from a thread."""

    def __init__(self, session: Session) -> None:
        """Take the repository; nothing is sent."""
        self._session = session

    def resolve(self, ref: str) -> str:
        """Return the SHA of a branch, tag or SHA."""
        return text(self._session.repository.get_commit(ref).raw_data.get("sha"))

    def count_lines(self, sha: str) -> Diffstat:
        """Return the lines of a commit, of its first 100 files and in all.

        GitHub counts none in a binary file, which no reader should take for an empty change.
        """
        said = self._session.repository.get_commit(sha).raw_data
        found = {text(one["filename"]): _lines(one) for one in said["files"]}
        files = {path: lines for path, lines in found.items() if lines.added or lines.removed}
        return Diffstat(total=_lines(said["stats"]), files=files)

    def default_branch(self) -> str:
        """Return the default branch's name."""
        return text(self._session.repository.default_branch)

    def workflow_run(self, run_id: int) -> Workflow:
        """Return how a workflow run is going."""
        from github import GithubException

        try:
            run = self._session.repository.get_workflow_run(run_id)
            status, conclusion = run.status, run.conclusion
        except GithubException as error:
            if error.status in HIDDEN:
                return Workflow.UNKNOWN
            raise
        if text(status) != "completed":
            return Workflow.GOING
        return Workflow.CANCELLED if conclusion == "cancelled" else Workflow.OVER

    def set_status(self, sha: str, state: str, description: str, target: str) -> None:
        """Set the commit status."""
        fields = {"description": description} | ({"target_url": target} if target else {})
        text(self._session.commit(sha).create_status(state, context=CONTEXT, **fields).state)

    def send_pull(self, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request and return its URL.

        GitHub refuses a second one for the same branches; then the first one is looked up.
        """
        from github import GithubException

        try:
            pull = self._session.repository.create_pull(
                head=head, base=base, title=title, body=body
            )
        except GithubException as error:
            found = self.find_pull(head, base) if error.status == _EXISTS else None
            if found is None:
                raise
            return found
        return text(pull.html_url)

    def find_pull(self, head: str, base: str) -> str | None:
        """Return the URL of the open pull request between two branches of the repository."""
        owner = self._session.name.partition("/")[0]
        pulls = self._session.repository.get_pulls(state="open", head=f"{owner}:{head}", base=base)
        return next((text(pull.html_url) for pull in pulls), None)

    def public_keys(self, user: str) -> tuple[str, ...]:
        """Return a user's public keys (all pages)."""
        return tuple(
            text(key.key) for key in self._session.client.get_user(user, lazy=True).get_keys()
        )


def _lines(said: Mapping[str, object]) -> Lines:
    """Translate a count of lines."""
    added, removed = said["additions"], said["deletions"]
    if not (isinstance(added, int) and isinstance(removed, int)):
        message = "The answer counts no lines."
        raise TypeError(message)
    return Lines(added=added, removed=removed)
