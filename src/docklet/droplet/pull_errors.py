"""What the Docker daemon's complaints about a pull mean, and whether to ask again."""

from __future__ import annotations

import re

from docklet.droplet.failure import Failure

_DISK = r"no space left on device|disk quota"
_PLATFORM = r"no matching manifest|does not match the (specified|detected) platform"
_DENIED = (
    r"unauthorized|authentication required|no basic auth|incorrect username|forbidden"
    r"|\b40[13]\b|access to the resource is denied"
)
_NOT_FOUND = (
    r"repository does not exist|manifest unknown|manifest for .* not found|name unknown"
    r"|\b404\b|: not found|invalid reference format"
)
_LOGIN = "registry-username and registry-password"
_TABLE = (
    (_DISK, "disk-full", "The disk is too small for it; take a larger size."),
    (_PLATFORM, "pull-not-found", "It does not exist for this machine's kind of processor."),
    (_DENIED, "pull-denied", f"Are {_LOGIN} right, and may they read it?"),
    (_NOT_FOUND, "pull-not-found", f"Is the name right? A private image needs {_LOGIN}."),
)
_KINDS = tuple((re.compile(pattern, re.IGNORECASE), kind, hint) for pattern, kind, hint in _TABLE)


def explain(image: str, problem: str) -> tuple[Failure, bool]:
    """Return the failure for a complaint, and whether it may pass (limits, outages, network)."""
    said = f"Docker says: {problem.strip()[-400:]}"
    if not re.search(r"toomanyrequests|rate limit|\b429\b", problem, re.IGNORECASE):
        for pattern, kind, hint in _KINDS:
            if pattern.search(problem):
                return Failure(
                    kind, f"The image {image} could not be pulled. {hint} {said}"
                ), False
    hint = "The registry or the network had a problem that repeating did not cure."
    return Failure("pull-failed", f"The image {image} could not be pulled. {hint} {said}"), True
