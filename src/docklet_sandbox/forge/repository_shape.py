"""Repositories as GitHub's JSON shows them: in brief, in a pull request, and as a subject."""

from __future__ import annotations

from docklet_sandbox.forge.model import Repository
from docklet_sandbox.forge.shapes import (
    Shape,
    moment,
    node_id,
    page_url,
    repository_url,
    user_shape,
)
from docklet_sandbox.forge.store import Forge
from docklet_sandbox.forge.tokens import Role

_REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_COUNTS = ("forks", "open_issues", "stargazers", "watchers")


def brief_repository_shape(forge: Forge, repo: Repository) -> Shape:
    """Show a repository where something else is the subject."""
    url = repository_url(forge, repo)
    return {
        "id": repo.id,
        "node_id": node_id("Repository", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": user_shape(forge, repo.owner),
        "html_url": page_url(forge, repo),
        "description": None,
        "fork": repo.parent is not None,
        "url": url,
        **{name: url + rest for name, rest in _REPOSITORY_URLS.items()},
    }


def repository_shape(forge: Forge, repo: Repository, role: Role = Role.NONE) -> Shape:
    """Show a repository as the subject, or in a pull request."""
    page = page_url(forge, repo)
    counts = {f"{name}_count": 0 for name in _COUNTS}
    return {
        **brief_repository_shape(forge, repo),
        **counts,
        **_features(repo),
        "clone_url": f"{page}.git",
        "git_url": page.replace("http", "git", 1) + ".git",
        "ssh_url": f"git@{forge.server_url.split('/')[2]}:{repo.full_name}.git",
        "svn_url": page,
        "homepage": None,
        "mirror_url": None,
        "language": None,
        "license": None,
        "default_branch": repo.default_branch,
        "visibility": "private" if repo.private else "public",
        "size": 0,
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "topics": [],
        "pushed_at": moment(repo.pushed),
        "created_at": moment(repo.created),
        "updated_at": moment(repo.pushed),
        "permissions": permissions_shape(role),
    }


def full_repository_shape(forge: Forge, repo: Repository, role: Role) -> Shape:
    """Show a repository as an answer of its own."""
    shape = repository_shape(forge, repo, role)
    if repo.parent in forge.repositories:
        parent = repository_shape(forge, forge.repositories[repo.parent])
        shape |= {"parent": parent, "source": parent}
    return {**shape, "network_count": 0, "subscribers_count": 0}


def _features(repo: Repository) -> Shape:
    return {
        "has_issues": True,
        "has_projects": True,
        "has_wiki": False,
        "has_pages": False,
        "has_downloads": True,
        "has_discussions": False,
        "is_template": False,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "archived": repo.archived,
        "disabled": False,
    }


def permissions_shape(role: Role) -> dict[str, bool]:
    """Show which of GitHub's five words a role reaches."""
    order = [Role.READ, Role.TRIAGE, Role.WRITE, Role.MAINTAIN, Role.ADMIN]
    words = ["pull", "triage", "push", "maintain", "admin"]
    reached = order.index(role) if role in order else -1
    return {word: rank <= reached for rank, word in enumerate(words)}
