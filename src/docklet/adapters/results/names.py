"""Which names of results may enter a repository, and why the others may not.

The names come from a machine that a script had for itself. What git itself would refuse is
refused here first, by name, since git would give up the whole commit for it. `.git` has
disguises: names that HFS+ and NTFS take for it (git's `is_hfs_dotgit` and `is_ntfs_dotgit`).
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_PATH: Final = 4096
"""Bytes; Linux opens no longer path (PATH_MAX)."""

WORKFLOWS: Final = (b".github", b"workflows")

_UNSEEN: Final = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
"""Code points that HFS+ leaves out of a comparison."""
_END: Final = re.compile("[:\ud800-\udfff\ufffe\uffff]")
"""Where NTFS (a stream's colon) and HFS+ (what is no UTF-8) take a name to end."""
_ATTRIBUTES: Final = re.compile(r"\.gitattributes|(?:gitatt|gi7d29|gi7d2|gi7d|gi7|gi|g)?~\d+")
_MODULES: Final = re.compile(r"\.gitmodules|(?:gitmod|gi7eba|gi7eb|gi7e|gi7|gi|g)?~\d+")


def objection(path: bytes, *, is_link: bool = False) -> str:
    """Say, as the end of a sentence, why `path` can't be committed; empty when it can."""
    parts = path.split(b"/")
    if path.startswith(b"/") or b".." in parts:
        return "its name leads out of the repository"
    if b"" in parts or b"." in parts or b"\0" in path or len(path) > LONGEST_PATH:
        return "its name is none that a repository can hold"
    if any(map(_is_git, parts)):
        return "its name is, or passes for, `.git`"
    if tuple(parts[:2]) == WORKFLOWS:
        return "it is a workflow file, which the run's token may not change"
    if is_link and _MODULES.fullmatch(_folded(parts[-1])):
        return "a symbolic link may not pass for `.gitmodules`"
    return ""


def is_special(path: bytes) -> bool:
    """Tell whether git, on some file system, would go by what a file of this name says."""
    name = _folded(path.rpartition(b"/")[2])
    return bool(_MODULES.fullmatch(name) or _ATTRIBUTES.fullmatch(name))


def link_objection(path: bytes, target: bytes) -> str:
    """Say why the symbolic link `path` to `target` can't be committed; empty when it can.

    A `..` counts at the front only, where each one leaves a real directory. After a name it
    could leave another one than the text says, since that name may be a link itself.
    """
    parts = target.split(b"/")
    ups = next((at for at, part in enumerate(parts) if part not in {b"..", b".", b""}), len(parts))
    climbs = parts[:ups].count(b"..")
    outside = target.startswith(b"/") or climbs > path.count(b"/") or b".." in parts[ups:]
    if not target or b"\0" in target or len(target) > LONGEST_PATH or outside:
        return "it is a symbolic link that leads out of the repository"
    if any(map(_is_git, parts)):
        return "it is a symbolic link into `.git`"
    return ""


def _is_git(part: bytes) -> bool:
    """Tell whether some file system takes a path component, or a part of it, for `.git`."""
    return any(_folded(piece) in {".git", "git~1"} for piece in part.split(b"\\"))


def _folded(name: bytes) -> str:
    """Return `name` as the most forgiving of file systems compares it."""
    text = _END.split(name.decode("utf-8", "surrogateescape"), maxsplit=1)[0]
    return text.translate(_UNSEEN).casefold().rstrip(" .")
