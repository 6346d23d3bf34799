"""What git and Docker complain of becomes a kind that the user can act on."""

from __future__ import annotations

import pytest

from docklet.droplet.clone_errors import last_words, understand
from docklet.droplet.pull_errors import explain


@pytest.mark.parametrize(
    ("text", "kind", "passing"),
    [
        ("fatal: Authentication failed for 'https://x/'", "clone-auth", False),
        ("fatal: could not read Username for 'https://x': terminal prompts", "clone-auth", False),
        ("The requested URL returned error: 403", "clone-auth", False),
        ("remote: Repository not found.", "clone-not-found", False),
        ("fatal: repository 'https://x/y.git/' not found", "clone-not-found", False),
        ("fatal: The requested URL returned error: 301", "clone-not-found", False),
        ("fatal: remote error: upload-pack: not our ref 1234", "clone-sha-missing", False),
        (
            "error: Server does not allow request for unadvertised object",
            "clone-sha-missing",
            False,
        ),
        ("fatal: Could not resolve host: github.com", "clone-network", True),
        ("error: RPC failed; curl 56 GnuTLS recv error (-54)", "clone-network", True),
        ("The requested URL returned error: 503", "clone-network", True),
        ("fatal: write error: No space left on device", "disk-full", False),
        ("fatal: transport 'ext' not allowed", "clone-failed", False),
        ("fatal: fsck error in packed object", "clone-failed", False),
        ("something that nobody has seen", "clone-failed", True),
    ],
)
def test_clone_complaints(text: str, kind: str, *, passing: bool) -> None:
    """Only what may pass by itself is repeated."""
    complaint = understand(text)
    assert (complaint.kind, complaint.passing) == (kind, passing)


def test_last_words_hide_the_token() -> None:
    """A token that git printed does not get into the message."""
    assert last_words("a\n\nfatal: s3cret refused\n", "s3cret") == "a fatal: *** refused"


@pytest.mark.parametrize(
    ("problem", "kind", "passing"),
    [
        ("toomanyrequests: You have reached your pull rate limit", "pull-failed", True),
        ("unauthorized: authentication required", "pull-denied", False),
        ("received unexpected HTTP status: 500 Internal Server Error", "pull-failed", True),
        ("manifest for r:1 not found: manifest unknown", "pull-not-found", False),
        (
            "pull access denied for x, repository does not exist or may require 'docker login'",
            "pull-not-found",
            False,
        ),
        ("denied: requested access to the resource is denied", "pull-denied", False),
        ("no matching manifest for linux/arm64/v8 in the manifest list", "pull-not-found", False),
        ("dial tcp: lookup registry: no such host", "pull-failed", True),
        ("write /var/lib/docker/tmp: no space left on device", "disk-full", False),
    ],
)
def test_pull_complaints(problem: str, kind: str, *, passing: bool) -> None:
    """A limit is waited out even where it reads like a refusal."""
    failure, may_pass = explain("r:1", problem)
    assert (failure.kind, may_pass) == (kind, passing)
    assert "r:1" in failure.message
