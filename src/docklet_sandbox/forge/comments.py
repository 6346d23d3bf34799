"""What comments on commits and on issues have in common: limits, history, shape.

Every text that a comment ever had is kept, so that tests can count edits and scan for secrets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.model import Comment, Edit, Place
from docklet_sandbox.forge.reactions import rollup
from docklet_sandbox.forge.shapes import (
    Shape,
    moment,
    node_id,
    page_url,
    repository_url,
    user_shape,
)
from docklet_sandbox.forge.texts import checked_comment
from docklet_sandbox.forge.tokens import Role, TokenKind
from docklet_sandbox.forge.visit import Visit

_RESOURCES = {Place.COMMIT: "CommitComment", Place.ISSUE: "IssueComment"}


def write(here: Visit, place: Place, target: str, body: str, **spot: Any) -> Comment:  # noqa: ANN401
    """Add a comment; `spot` is the place in a commit's diff, if any."""
    comment = Comment(
        id=here.forge.new_id(),
        place=place,
        target=target,
        login=here.login,
        history=(Edit(at=here.forge.now(), body=checked_comment(_RESOURCES[place], body)),),
        **spot,
    )
    here.repo.comments[comment.id] = comment
    return comment


def edit(here: Visit, comment: Comment, body: str) -> Comment:
    """Give a comment another text."""
    _check_author(here, comment)
    text = checked_comment(_RESOURCES[comment.place], body)
    newest = Edit(at=here.forge.now(), body=text)
    changed = replace(comment, history=(*comment.history, newest))
    here.repo.comments[comment.id] = changed
    return changed


def delete(here: Visit, comment: Comment) -> web.Response:
    """Take a comment out of sight."""
    _check_author(here, comment)
    here.repo.comments[comment.id] = replace(comment, deleted=True)
    return web.Response(status=204)


def comment_of(here: Visit, place: Place) -> Comment:
    """Return the comment that the path names, if it is of this kind."""
    comment = here.repo.comments.get(here.number("comment_id"))
    if comment is None or comment.deleted or comment.place is not place:
        raise errors.not_found()
    return comment


def comments_on(here: Visit, place: Place, target: str | None = None) -> list[Comment]:
    """Return the comments on one target, or on all of a kind, oldest first."""
    return [
        c
        for c in here.repo.comments.values()
        if c.place is place and not c.deleted and target in {None, c.target}
    ]


def comment_shape(here: Visit, comment: Comment) -> Shape:
    """Show a comment."""
    shape = {
        "id": comment.id,
        "node_id": node_id(_RESOURCES[comment.place], comment.id),
        "user": user_shape(here.forge, comment.login),
        "author_association": association(here, comment.login),
        "body": comment.body,
        "created_at": moment(comment.history[0].at),
        "updated_at": moment(comment.history[-1].at),
    }
    place = _on_commit if comment.place is Place.COMMIT else _on_issue
    return shape | place(here, comment)


def association(here: Visit, login: str) -> str:
    """Return what somebody is to the repository, in the word that comments carry."""
    if login.lower() == here.repo.owner.lower():
        return "OWNER"
    return "NONE" if here.repo.roles.get(login.lower()) in {None, Role.NONE} else "COLLABORATOR"


def _on_commit(here: Visit, comment: Comment) -> Shape:
    url = f"{repository_url(here.forge, here.repo)}/comments/{comment.id}"
    page = f"{page_url(here.forge, here.repo)}/commit/{comment.target}"
    return {
        "url": url,
        "html_url": f"{page}#commitcomment-{comment.id}",
        "commit_id": comment.target,
        "path": comment.path,
        "position": comment.position,
        "line": comment.line,
        "reactions": rollup(comment.reactions, url),
    }


def _on_issue(here: Visit, comment: Comment) -> Shape:
    base = f"{repository_url(here.forge, here.repo)}/issues"
    url = f"{base}/comments/{comment.id}"
    word = "pull" if int(comment.target) in here.repo.pulls else "issues"
    page = f"{page_url(here.forge, here.repo)}/{word}/{comment.target}"
    return {
        "url": url,
        "html_url": f"{page}#issuecomment-{comment.id}",
        "issue_url": f"{base}/{comment.target}",
        "performed_via_github_app": None,
        "reactions": rollup(comment.reactions, url),
    }


def _check_author(here: Visit, comment: Comment) -> None:
    token = here.token
    if token is None or token.kind is TokenKind.APP or comment.login == token.login:
        return
    if not here.repo.role(token.login).may_write:
        raise errors.GitHubError(403, "Must have admin rights to Repository.")
