"""The control API's verbs that do what somebody else would do meanwhile: talk, lock, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from docklet_sandbox.forge.model import Issue
from docklet_sandbox.forge.records import WorkflowRun
from docklet_sandbox.forge.store import OWNER, Forge

Json = Any


async def delete_branch(forge: Forge, repo: str, branch: str) -> None:
    """Delete a branch, as somebody may while a run goes on."""
    await forge.repository(repo).bare.git("update-ref", "-d", f"refs/heads/{branch}")


async def delete_comment(forge: Forge, repo: str, id: int) -> None:  # noqa: A002 - its name in JSON
    """Delete a comment, as its readers may."""
    here = forge.repository(repo)
    here.comments[id] = replace(here.comments[id], deleted=True)


async def issue(
    forge: Forge, repo: str, title: str, body: str | None = None, login: str = OWNER
) -> Json:
    """Open an issue; return its number."""
    here, now = forge.repository(repo), forge.now()
    number = here.next_number()
    here.issues[number] = Issue(
        id=forge.new_id(),
        number=number,
        title=title,
        body=body,
        login=login,
        created=now,
        updated=now,
    )
    return number


async def lock(forge: Forge, repo: str, number: int, *, locked: bool = True) -> None:
    """Lock a conversation, or unlock it."""
    here = forge.repository(repo)
    here.issues[number] = replace(here.issues[number], locked=locked)


async def lock_commit(forge: Forge, repo: str, sha: str, *, locked: bool = True) -> None:
    """Lock a commit's conversation, or unlock it."""
    commits = forge.repository(repo).locked_commits
    (commits.add if locked else commits.discard)(sha)


async def delete_issue(forge: Forge, repo: str, number: int) -> None:
    """Delete an issue, as an administrator may."""
    here = forge.repository(repo)
    here.issues[number] = replace(here.issues[number], deleted=True)


async def delete_repository(forge: Forge, repo: str) -> None:
    """Delete a repository, such as a fork whose pull request is open."""
    del forge.repositories[repo.lower()]


async def run(
    forge: Forge,
    repo: str,
    id: int,  # noqa: A002 - its name in JSON
    head_sha: str,
    login: str = OWNER,
    **facts: Any,  # noqa: ANN401 - further fields of WorkflowRun
) -> None:
    """Have a workflow run with this id, or change what is known of it."""
    made = WorkflowRun(id=id, head_sha=head_sha, login=login, created=forge.now(), **facts)
    forge.repository(repo).runs[id] = made
