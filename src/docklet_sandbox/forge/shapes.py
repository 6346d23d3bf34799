"""People as GitHub's JSON shows them, and what all shapes are made of.

Every URL begins with the forge's own address; addresses without a route here are only shown.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from docklet_sandbox.forge.model import Repository, User
from docklet_sandbox.forge.store import Forge

Shape = dict[str, Any]

_USER_URLS = {
    "events_url": "/events{/privacy}",
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "organizations_url": "/orgs",
    "received_events_url": "/received_events",
    "repos_url": "/repos",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
}


def moment(at: float) -> str:
    """Return a time as GitHub writes it."""
    return datetime.fromtimestamp(int(at), tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, number: int | str) -> str:
    """Return an id as GraphQL has it."""
    return base64.b64encode(f"0:{kind}:{number}".encode()).decode()


def repository_url(forge: Forge, repo: Repository) -> str:
    """Return a repository's address in the API."""
    return f"{forge.api_url}/repos/{repo.full_name}"


def page_url(forge: Forge, repo: Repository) -> str:
    """Return a repository's address for people."""
    return f"{forge.server_url}/{repo.full_name}"


def user_shape(forge: Forge, login: str) -> Shape:
    """Show somebody where something else is the subject."""
    user = forge.user(login)
    url = f"{forge.api_url}/users/{quote(user.login)}"
    page = f"apps/{user.login.removesuffix('[bot]')}" if user.bot else user.login
    return {
        "login": user.login,
        "id": user.id,
        "node_id": node_id("User", user.id),
        "avatar_url": f"{forge.server_url}/avatars/u/{user.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{forge.server_url}/{page}",
        **{name: url + rest for name, rest in _USER_URLS.items()},
        "type": "Bot" if user.bot else "User",
        "site_admin": False,
        "user_view_type": "public",
    }


def profile_shape(forge: Forge, user: User) -> Shape:
    """Show somebody as the subject."""
    unsaid = dict.fromkeys(("company", "hireable", "location", "bio"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    return {
        **user_shape(forge, user.login),
        **unsaid,
        **counts,
        "name": user.name,
        "blog": "",
        "email": user.email,
        "created_at": moment(0),
        "updated_at": moment(0),
    }


def own_profile_shape(forge: Forge, user: User) -> Shape:
    """Show somebody to themselves."""
    counts = ("total_private_repos", "owned_private_repos", "private_gists", "collaborators")
    return {
        **profile_shape(forge, user),
        **dict.fromkeys((*counts, "disk_usage"), 0),
        "two_factor_authentication": True,
        "user_view_type": "private",
    }
