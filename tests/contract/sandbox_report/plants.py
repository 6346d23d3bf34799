"""Ways to leave a secret with the sandbox, each of which says what the report calls the place."""

from __future__ import annotations

import json
import secrets
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from docklet_sandbox.leaks import Canary

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient

REPO = "mona/report"
ODD = '/+ &=%"\\~é'
ORDER = {"size": "s-1vcpu-1gb", "image": "docker-20-04", "region": "nyc3"}


def hatch() -> Canary:
    """Return a canary with letters that programs spell in many ways."""
    return Canary(name="bird", value=f"tok_{secrets.token_hex(12)}{ODD}{secrets.token_hex(8)}")


def ask(
    sandbox: SandboxClient, method: str, path: str, body: object = None, **headers: str
) -> dict[str, Any]:
    """Send a request to the cloud (`/v2/…`) or the forge, with its token; return the answer."""
    addresses = sandbox.addresses
    base, token = (
        (addresses.cloud, addresses.cloud_token)
        if path.startswith("/v2/")
        else (addresses.forge_api, addresses.forge_token)
    )
    request = urllib.request.Request(  # noqa: S310 - an address of the sandbox
        base + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **headers,
        },
    )
    context = ssl.create_default_context(cafile=addresses.bundle)
    with urllib.request.urlopen(  # noqa: S310 - an address of the sandbox
        request, context=context, timeout=30
    ) as answer:
        found: dict[str, Any] = json.loads(answer.read() or b"{}")
        return found


def rent(sandbox: SandboxClient, **facts: object) -> int:
    """Create a droplet and return its id."""
    order = {"name": "one", **ORDER, **facts}
    return int(ask(sandbox, "POST", "/v2/droplets", order)["droplet"]["id"])


def in_user_data(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in a droplet's user_data."""
    pure = text.encode("ascii", "ignore").decode()
    assert text == pure
    return f"user_data of droplet {rent(sandbox, user_data=f'#!/bin/sh{chr(10)}: {text}')}"


def in_query(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in the query of a request."""
    ask(sandbox, "GET", f"/v2/droplets?name={quote(text)}")
    return "journal: cloud GET /v2/droplets"


def in_header(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in a header that is not for tokens."""
    ask(sandbox, "GET", "/v2/account", **{"X-Note": text})
    return "journal: cloud GET /v2/account"


def in_body(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in a body that the cloud refuses, and so keeps nowhere."""
    with pytest.raises(urllib.error.HTTPError, match="422"):
        rent(sandbox, name=f"_{text}")
    return "journal: cloud POST /v2/droplets"


def in_comment(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in a comment that is edited and deleted afterwards."""
    head = sandbox.forge.head(REPO)
    talk = f"/repos/{REPO}"
    number = ask(sandbox, "POST", f"{talk}/commits/{head}/comments", {"body": text})["id"]
    ask(sandbox, "PATCH", f"{talk}/comments/{number}", {"body": "gone"})
    ask(sandbox, "DELETE", f"{talk}/comments/{number}")
    return f"comments of {REPO}"


def in_status(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in a commit status."""
    status = {"state": "success", "description": text, "context": "report"}
    ask(sandbox, "POST", f"/repos/{REPO}/statuses/{sandbox.forge.head(REPO)}", status)
    return f"statuses of {REPO}"


def in_issue(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in an issue."""
    sandbox.forge.call("issue", repo=REPO, title="An issue", body=text)
    return f"issues of {REPO}"


def in_commit(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in a file of a commit that no branch has any more."""
    sandbox.forge.commit(REPO, {"secret.txt": text * 3}, branch="lost")
    sandbox.forge.call("delete_branch", repo=REPO, branch="lost")
    return "git objects of "


def in_git_configuration(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in the configuration of a repository."""
    bares = (Path(sandbox.addresses.state) / "git").glob("*.git")
    bare = max(bares, key=lambda path: path.stat().st_ctime)
    with (bare / "config").open("a") as file:
        file.write(f"# {text}\n")
    return f"{bare}/config"


def in_server_log(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in what the server prints."""
    log = Path(sandbox.addresses.state) / "logs" / "serve.log"
    with log.open("a") as file:
        file.write(f"{text}\n")
    return str(log)


def in_settings(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in a setting."""
    sandbox.settings(full_regions=[text])
    return "settings"


def in_tag(sandbox: SandboxClient, text: str) -> str:
    """Plant a text in a tag, which may hold few letters."""
    ask(sandbox, "POST", "/v2/tags", {"name": text})
    return "tags of the cloud's account"
