"""The search for secrets in all that a sandbox holds outside of machines.

Everything is searched as it was meant: the API's texts without their JSON, git's objects unpacked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient
    from docklet_sandbox.leaks import Leak, Search

_JOURNAL = Path("logs") / "journal.jsonl"
_OWN = ("addresses.json", "bundle.pem", "ca.pem", "pid", "machines", ".gitignore")
"""What the sandbox wrote for its users, tokens included."""
_SEEN = ("method", "path", "query", "headers", "request_body", "violation")
"""The parts of a request that a client chose; `path` is decoded, so that it speaks for itself."""
Text = tuple[str, bytes]


def in_services(client: SandboxClient, search: Search) -> set[Leak]:
    """Search what cloud and forge were told and still know, and the settings but for tokens."""
    return search.in_texts([*_cloud(client), *_forge(client), *_settings(client)])


def in_journal(client: SandboxClient, search: Search) -> set[Leak]:
    """Search every request since the start, without the header that a token belongs in."""
    lines = (_root(client) / _JOURNAL).read_text(encoding="utf-8").splitlines()
    return search.in_texts([_request(json.loads(line)) for line in lines])


def in_files(client: SandboxClient, search: Search) -> set[Leak]:
    """Search logs, and the files of git that are not objects: configuration, refs, hooks."""
    root = _root(client)
    names = [
        str(path)
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root) != _JOURNAL and path.name not in _OWN
    ]
    told = search.in_texts([("names of files", name.encode()) for name in names])
    return told | search.in_files(names)


def in_git(client: SandboxClient, search: Search) -> set[Leak]:
    """Search every object of every repository that ever was, whether reachable or not."""
    found = set()
    for bare in sorted((_root(client) / "git").glob("*.git")):
        command = ["git", f"--git-dir={bare}", "cat-file", "--batch-all-objects", "--batch"]
        found |= search.in_stream(f"git objects of {bare.name}", command)
    return found


def _root(client: SandboxClient) -> Path:
    return Path(client.addresses.state)


def _cloud(client: SandboxClient) -> Iterator[Text]:
    for droplet in client.history():
        name = f"droplet {droplet['id']}"
        yield f"user_data of {name}", droplet.pop("user_data").encode()
        yield f"name and tags of {name}", _words(droplet)
    for kind, things in client.control("GET", "/inventory").items():
        yield f"{kind} of the cloud's account", _words(things)


def _forge(client: SandboxClient) -> Iterator[Text]:
    for repository, kinds in client.forge.holdings().items():
        for kind, things in kinds.items():
            yield from ((f"{kind} of {repository}", _words(thing)) for thing in things)


def _settings(client: SandboxClient) -> Iterator[Text]:
    known = client.settings()
    known.pop("tokens")
    yield "settings", _words(known)
    yield "queued faults", _words(client.pending_faults())


def _request(entry: dict[str, Any]) -> Text:
    name = f"journal: {entry['service']} {entry['method']} {entry['path']} at {entry['time']:.2f}"
    return name, _words([entry[part] for part in _SEEN])


def _words(thing: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Return every text in a JSON value, keys included, without JSON's escapes."""
    return "\n".join(_leaves(thing)).encode()


def _leaves(thing: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield key
            yield from _leaves(value)
    elif isinstance(thing, list):
        for item in thing:
            yield from _leaves(item)
    elif thing is not None:
        yield str(thing)
