"""What the runner tells a process by its environment, taken out of the reach of its children.

Libraries start programs of their own accord (Python asks `uname` for the processor), which
inherit whatever is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_OURS: Final = frozenset({"DIGITALOCEAN_TOKEN", "GITHUB_TOKEN"})
_PREFIXES: Final = ("INPUT_", "ACTIONS_")
"""Inputs hold tokens and the script's variables; ACTIONS_*, the runner's own tokens."""


def taken(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Return what is in `environ`, and leave nothing there that may be secret."""
    known = dict(environ)
    for name in known:
        if name in _OURS or name.startswith(_PREFIXES):
            del environ[name]
    return known
