"""What git's complaints about a remote mean, and whether asking again may help."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PASSING = re.compile(
    r"Could not resolve|Connection (refused|reset|timed out)|Failed to connect|timed out"
    r"|early EOF|RPC failed|unexpected disconnect|hung up|Empty reply|gnutls|SSL|TLS"
    r"|Operation too slow|transfer closed|returned error: (408|429|5\d\d)|Recv failure"
)
_AUTH = re.compile(
    r"Authentication failed|could not read (Username|Password)|Invalid username or"
    r"|returned error: (401|403)|terminal prompts disabled|Permission .*denied to"
)
_NOT_FOUND = re.compile(
    r"repository .*not found|Repository not found|returned error: (404|410|30\d)"
    r"|does not appear to be a git repository|unable to update url base from redirection"
)
_SHA_MISSING = re.compile(
    r"not our ref|unadvertised object|couldn't find remote ref|did not send all necessary"
    r"|unable to (read|find) .*[0-9a-f]{40}|reference is not a tree"
)
_DISK = re.compile(r"No space left on device|Disk quota exceeded")
_DANGEROUS = re.compile(
    r"transport '[^']*' not allowed|fsck error|refusing to (create|checkout|use)|remote helper"
    r"|disallowed submodule|ignoring suspicious submodule|not a git command|No url found"
)
_LARGE_MISSING = re.compile(r"Object does not exist on the server")
_TABLE = (
    (_LARGE_MISSING, "clone-failed", "A file of Git LFS is not there; was it ever pushed?"),
    (_DISK, "disk-full", "The disk is full; take a larger size."),
    (
        _DANGEROUS,
        "clone-failed",
        "Something in the repository, or a submodule's address, is none that git takes for safe.",
    ),
    (_SHA_MISSING, "clone-sha-missing", "Has the branch been rewritten, or the commit removed?"),
    (_AUTH, "clone-auth", "Is the token right, and may it read this repository?"),
    (
        _NOT_FOUND,
        "clone-not-found",
        "Is the name right, has it been renamed, and may the token read it?",
    ),
    (_PASSING, "clone-network", "The network or the server had a problem; try again later."),
)


@dataclass(frozen=True)
class Complaint:
    """What a complaint means."""

    kind: str
    hint: str
    passing: bool
    """Whether the same command may work in a moment."""


def understand(text: str) -> Complaint:
    """Classify what git printed; what nobody has seen before may well pass."""
    for pattern, kind, hint in _TABLE:
        if pattern.search(text):
            return Complaint(kind, hint, passing=kind == "clone-network")
    return Complaint("clone-failed", "git gave no reason that docklet knows.", passing=True)


def last_words(text: str, token: str) -> str:
    """Return the end of what git printed, fit for a message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    words = " ".join(lines[-3:])
    return (words.replace(token, "***") if token else words)[-600:]
