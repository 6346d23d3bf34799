"""Which inputs a command in a comment may set: by default, at most, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTABLE: Final = frozenset({"args", "timeout", "max-cost", "size", "region", "image"})
"""Inputs that a command may set unless the file says otherwise.

A person who may write to the repository can change what a job's script does by a commit. What
they can't do by one is spend the owner's money without limit, read the workflow's secrets, or
reach other machines of the account; so a command may not either:

- `args` is data for a script that the file has chosen.
- `timeout` and `max-cost` lie below the file's own `max-cost`, which a command can only lower.
- `size`, `region` and `image` are taken from the file's lists, and can't be set without them.

The file can allow more, but none of `UNSETTABLE`. `script`, `path` and `interpreter` would run
something else than the job; `env` could preload code beside values that the job sets; `push`,
`branch`, `paths` and `commit-message` decide what is written in docklet's name; `keep` and
`keep-for` cost money after the run; `fetch-depth`, `lfs` and `submodules` cost time and fetch
other repositories.
"""
UNSETTABLE: Final[Mapping[str, str]] = {
    "digitalocean-token": "Tokens belong to the workflow.",
    "github-token": "Tokens belong to the workflow.",
    "registry-username": "Logins belong to the workflow.",
    "registry-password": "Logins belong to the workflow.",
    "ref": "A command runs the commit that its comment is about.",
    "comment": "A command is answered where it was given.",
    "droplet": "A comment can't reach machines that are there already.",
    "droplet-image": "A snapshot may hold what its owner did not mean to share.",
    "ssh-keys": "A comment can't let anybody in.",
    "private-network": "A comment can't reach other machines of the account.",
}
"""Inputs that no command can set, whatever the file says, and why."""
