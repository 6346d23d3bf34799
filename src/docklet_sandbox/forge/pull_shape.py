"""Pull requests as GitHub's JSON shows them."""

from __future__ import annotations

from docklet_sandbox.forge.bare import Bare
from docklet_sandbox.forge.comments import association, comments_on
from docklet_sandbox.forge.model import Place, Pull, Repository
from docklet_sandbox.forge.repository_shape import repository_shape
from docklet_sandbox.forge.shapes import (
    Shape,
    moment,
    node_id,
    page_url,
    repository_url,
    user_shape,
)
from docklet_sandbox.forge.visit import Visit


async def brief_pull_shape(here: Visit, pull: Pull) -> Shape:
    """Show a pull request in a list."""
    issue = here.repo.issues[pull.number]
    source = here.forge.repositories.get(pull.head_repository.lower())
    base_sha = await here.repo.bare.head(pull.base) or ""
    closed = moment(issue.updated) if issue.state == "closed" else None
    return {
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "number": pull.number,
        "state": issue.state,
        "locked": issue.locked,
        "title": issue.title,
        "body": issue.body,
        "user": user_shape(here.forge, issue.login),
        "author_association": association(here, issue.login),
        "labels": [],
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "milestone": None,
        "draft": pull.draft,
        "auto_merge": None,
        "created_at": moment(issue.created),
        "updated_at": moment(issue.updated),
        "closed_at": closed,
        "merged_at": closed if pull.merged else None,
        "merge_commit_sha": None,
        "head": _end(here, source, pull.head_repository, pull.head, pull.head_sha),
        "base": _end(here, here.repo, here.repo.full_name, pull.base, base_sha),
        **_addresses(here, pull),
    }


async def pull_shape(here: Visit, pull: Pull) -> Shape:
    """Show a pull request as an answer of its own."""
    base = await here.repo.bare.head(pull.base) or pull.head_sha
    added, deleted, files = await _figures(here.repo.bare, base, pull.head_sha)
    counted = await here.repo.bare.git("rev-list", "--count", pull.head_sha, f"^{base}")
    return {
        **await brief_pull_shape(here, pull),
        "merged": pull.merged,
        "mergeable": True,
        "rebaseable": True,
        "mergeable_state": "clean",
        "merged_by": user_shape(here.forge, here.repo.owner) if pull.merged else None,
        "comments": len(comments_on(here, Place.ISSUE, str(pull.number))),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": int(counted),
        "additions": added,
        "deletions": deleted,
        "changed_files": files,
    }


def _end(here: Visit, repo: Repository | None, name: str, branch: str, sha: str) -> Shape:
    """Show one end; a fork that was deleted is null."""
    owner = name.split("/", maxsplit=1)[0]
    return {
        "label": f"{owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user_shape(here.forge, owner),
        "repo": None if repo is None else repository_shape(here.forge, repo),
    }


def _addresses(here: Visit, pull: Pull) -> Shape:
    base = repository_url(here.forge, here.repo)
    page = f"{page_url(here.forge, here.repo)}/pull/{pull.number}"
    url, issue = f"{base}/pulls/{pull.number}", f"{base}/issues/{pull.number}"
    named = {
        "self": url,
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{base}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{base}/statuses/{pull.head_sha}",
    }
    flat = {f"{name}_url": address for name, address in named.items() if name != "self"}
    links = {name: {"href": address} for name, address in named.items()}
    more = {"url": url, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    return {**flat, **more, "_links": links}


async def _figures(bare: Bare, base: str, head: str) -> tuple[int, int, int]:
    """Count added and deleted lines and changed files since the branches parted."""
    out = await bare.asks("diff", "--numstat", f"{base}...{head}") or b""
    rows = [line.split("\t") for line in out.decode(errors="replace").splitlines()]
    added = sum(int(row[0]) for row in rows if row[0].isdigit())
    deleted = sum(int(row[1]) for row in rows if row[1].isdigit())
    return added, deleted, len(rows)
