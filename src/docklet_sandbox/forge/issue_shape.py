"""Issues as GitHub's JSON shows them."""

from __future__ import annotations

from docklet_sandbox.forge import comments
from docklet_sandbox.forge.model import Issue, Place
from docklet_sandbox.forge.reactions import rollup
from docklet_sandbox.forge.shapes import (
    Shape,
    moment,
    node_id,
    page_url,
    repository_url,
    user_shape,
)
from docklet_sandbox.forge.visit import Visit


def issue_shape(here: Visit, issue: Issue) -> Shape:
    """Show an issue."""
    base = repository_url(here.forge, here.repo)
    url = f"{base}/issues/{issue.number}"
    pull = issue.number in here.repo.pulls
    page = f"{page_url(here.forge, here.repo)}/{'pull' if pull else 'issues'}/{issue.number}"
    shape = {
        "id": issue.id,
        "node_id": node_id("Issue", issue.id),
        "url": url,
        "repository_url": base,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "user": user_shape(here.forge, issue.login),
        "author_association": comments.association(here, issue.login),
        "labels": [],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "state": issue.state,
        "state_reason": None,
        "locked": issue.locked,
        "active_lock_reason": issue.lock_reason,
        "comments": len(comments.comments_on(here, Place.ISSUE, str(issue.number))),
        "created_at": moment(issue.created),
        "updated_at": moment(issue.updated),
        "closed_at": moment(issue.updated) if issue.state == "closed" else None,
        "reactions": rollup(issue.reactions, url),
    }
    if pull:
        shape["pull_request"] = {
            "url": f"{base}/pulls/{issue.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
        }
    return shape
