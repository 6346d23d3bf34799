"""The control API's verbs for what people bring: pushes, comments, pull requests, teams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from docklet_sandbox.forge.bare import NOTHING
from docklet_sandbox.forge.change import Change
from docklet_sandbox.forge.model import Comment, Edit, Place, Pull
from docklet_sandbox.forge.others import issue
from docklet_sandbox.forge.pushed import note_pushes
from docklet_sandbox.forge.records import Push
from docklet_sandbox.forge.shapes import moment
from docklet_sandbox.forge.store import OWNER, Forge

Json = Any


async def push(
    forge: Forge,
    repo: str,
    files: Mapping[str, str | None],
    branch: str | None = None,
    *,
    login: str = OWNER,
    at: float | None = None,
    dated: float | None = None,
    **facts: Any,  # noqa: ANN401 - further fields of Change
) -> Json:
    """Push a commit to a branch as somebody else would, at a time of the forge's clock.

    `dated` is what its author claims. Pull requests follow. Return the commit.
    """
    here, now = forge.repository(repo), forge.now() if at is None else at
    branch = branch or here.default_branch
    old = await here.bare.head(branch) or NOTHING
    change = Change(
        files=files, **{"message": "Push", "at": now if dated is None else dated, **facts}
    )
    new = await here.bare.write(branch, change)
    made = Push(
        at=now,
        repository=here.full_name,
        ref=f"refs/heads/{branch}",
        old=old,
        new=new,
        login=login,
        forced=False,
    )
    await note_pushes(forge, here, [made])
    return new


async def comment(
    forge: Forge, repo: str, number: int, body: str, *, login: str = OWNER, at: float | None = None
) -> Json:
    """Comment on an issue or pull request; return what a workflow is told of it."""
    here, now = forge.repository(repo), forge.now() if at is None else at
    person, about = forge.user(login), here.issues[number]
    made = Comment(
        id=forge.new_id(),
        place=Place.ISSUE,
        target=str(number),
        login=person.login,
        history=(Edit(at=now, body=body),),
    )
    here.comments[made.id] = made
    user = {"login": person.login, "id": person.id, "type": "Bot" if person.bot else "User"}
    return {
        "action": "created",
        "issue": {
            "number": number,
            "state": about.state,
            "locked": about.locked,
            **({"pull_request": {}} if number in here.pulls else {}),
        },
        "comment": {"id": made.id, "body": body, "created_at": moment(now), "user": user},
        "repository": {"full_name": here.full_name},
    }


async def pull(forge: Forge, repo: str, head: str, title: str = "A change", **facts: bool) -> Json:
    """Open a pull request from `branch`, or `owner:branch` of a fork; return its number."""
    here = forge.repository(repo)
    owner, _, branch = head.rpartition(":")
    name = f"{owner or here.owner}/{here.name}"
    source = forge.repository(name)
    sha = await source.bare.head(branch)
    if sha is None:
        message = f"There is no branch {head}."
        raise ValueError(message)
    if source is not here:
        await here.bare.git("fetch", "--quiet", str(source.bare.path), sha)
    number = await issue(forge, repo, title, login=source.owner)
    await here.bare.point(f"refs/pull/{number}/head", sha)
    here.pulls[number] = Pull(
        id=forge.new_id(),
        number=number,
        head_repository=source.full_name,
        head=branch,
        head_sha=sha,
        base=here.default_branch,
        **facts,
    )
    return number


async def close(forge: Forge, repo: str, number: int, *, merged: bool = False) -> None:
    """Close an issue or a pull request; a merged one is closed too."""
    here = forge.repository(repo)
    here.issues[number] = replace(here.issues[number], state="closed", updated=forge.now())
    if merged:
        here.pulls[number] = replace(here.pulls[number], merged=True)


async def team(forge: Forge, team: str, login: str, state: str = "active") -> None:
    """Put somebody into a team (`organisation/slug`), or ask them to join (`pending`)."""
    forge.teams.setdefault(team.lower(), {})[forge.user(login).login.lower()] = state
