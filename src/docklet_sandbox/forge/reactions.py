"""Routes for reactions to comments and issues.

The same reaction by the same account is there once: asking again answers 200 instead of 201.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from docklet_sandbox.forge import errors
from docklet_sandbox.forge.conversation import BOTH, check_open, issue_of
from docklet_sandbox.forge.errors import GitHubError
from docklet_sandbox.forge.fields import choice, fields
from docklet_sandbox.forge.model import Comment, Issue, Place, Reaction
from docklet_sandbox.forge.paging import page_of
from docklet_sandbox.forge.shapes import Shape, moment, node_id, user_shape
from docklet_sandbox.forge.tokens import Level, Permission
from docklet_sandbox.forge.visit import Visit, visit

routes = web.RouteTableDef()
_REPO = "/repos/{owner}/{repo}"
_COMMIT = _REPO + "/comments/{comment_id}/reactions"
_TALK = _REPO + "/issues/comments/{comment_id}/reactions"
_ISSUE = _REPO + "/issues/{issue_number}/reactions"
_CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
_RESOURCE = "Reaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is reacted to, and whether its conversation is locked."""

    here: Visit
    thing: Comment | Issue
    locked: bool

    def keep(self, reactions: Sequence[Reaction]) -> None:
        """Replace its reactions."""
        repo, kept = self.here.repo, tuple(reactions)
        if isinstance(self.thing, Comment):
            repo.comments[self.thing.id] = replace(self.thing, reactions=kept)
        else:
            repo.issues[self.thing.number] = replace(self.thing, reactions=kept)


@routes.post(_COMMIT)
@routes.post(_TALK)
@routes.post(_ISSUE)
async def add_reaction(request: web.Request) -> web.Response:
    """React to something."""
    subject = _subject(request, Level.WRITE)
    here, present = subject.here, subject.thing.reactions
    content = (await fields(request, {"content": str}))["content"]
    if content not in _CONTENTS:
        raise errors.invalid(_RESOURCE, "content")
    for known in present:
        if (known.content, known.login) == (content, here.login):
            return web.json_response(_shape(here, known))
    check_open(here, locked=subject.locked, subject="issue")
    now = here.forge.now()
    new = Reaction(id=here.forge.new_id(), content=content, login=here.login, created=now)
    subject.keep((*present, new))
    return web.json_response(_shape(here, new), status=201)


@routes.get(_COMMIT)
@routes.get(_TALK)
@routes.get(_ISSUE)
async def list_reactions(request: web.Request) -> web.Response:
    """List the reactions to something, or those of one kind."""
    subject = _subject(request, Level.READ)
    wanted = choice(request, "content", ("", *_CONTENTS))
    found = [r for r in subject.thing.reactions if wanted in {"", r.content}]
    shown, headers = page_of(request, found)
    return web.json_response([_shape(subject.here, r) for r in shown], headers=headers)


@routes.delete(_COMMIT + "/{reaction_id}")
@routes.delete(_TALK + "/{reaction_id}")
@routes.delete(_ISSUE + "/{reaction_id}")
async def delete_reaction(request: web.Request) -> web.Response:
    """Take one's own reaction back."""
    subject = _subject(request, Level.WRITE)
    here, present = subject.here, subject.thing.reactions
    mine = next((r for r in present if r.id == here.number("reaction_id")), None)
    if mine is None:
        raise errors.not_found()
    if mine.login != here.login:
        raise GitHubError(403, "You can only delete your own reactions.")
    subject.keep([r for r in present if r is not mine])
    return web.Response(status=204)


def rollup(reactions: Sequence[Reaction], url: str) -> Shape:
    """Show how often something got each reaction."""
    counted = Counter(r.content for r in reactions)
    counts = {content: counted[content] for content in _CONTENTS}
    return {"url": f"{url}/reactions", "total_count": counted.total(), **counts}


def _subject(request: web.Request, level: Level) -> _Subject:
    """Return what a request is about, if its token may react to it."""
    resource = request.match_info.route.resource
    path = "" if resource is None else resource.canonical
    if path.count("/issues/") == 0:
        return _on_commit(request, level)
    here = visit(request, *BOTH, level=level, open_to_all=True)
    if "issue_number" in request.match_info:
        issue = issue_of(here, here.number("issue_number"), level)
        return _Subject(here=here, thing=issue, locked=issue.locked)
    comment = _comment(here, Place.ISSUE)
    issue = issue_of(here, int(comment.target), level)
    return _Subject(here=here, thing=comment, locked=issue.locked)


def _on_commit(request: web.Request, level: Level) -> _Subject:
    grants = (Permission.CONTENTS,) if level is Level.WRITE else ()
    here = visit(request, *grants, level=level, open_to_all=True)
    comment = _comment(here, Place.COMMIT)
    locked = comment.target in here.repo.locked_commits
    return _Subject(here=here, thing=comment, locked=locked)


def _comment(here: Visit, place: Place) -> Comment:
    comment = here.repo.comments.get(here.number("comment_id"))
    if comment is None or comment.deleted or comment.place is not place:
        raise errors.not_found()
    return comment


def _shape(here: Visit, reaction: Reaction) -> Shape:
    return {
        "id": reaction.id,
        "node_id": node_id("Reaction", reaction.id),
        "user": user_shape(here.forge, reaction.login),
        "content": reaction.content,
        "created_at": moment(reaction.created),
    }
