"""What git and the forge print is understood, since git gives one exit code for everything."""

from __future__ import annotations

import pytest

from docklet.adapters.git.answers import checked, is_gone, is_passing, push_answer
from docklet.adapters.git.process import Finished
from docklet.domain.errors import GitError
from docklet.domain.outcome import Reason
from docklet.ports import PushVerdict

SHA = "5" * 40
REF = "!\tabc:refs/heads/main\t"
HOOK = f"{REF}[remote rejected] (pre-receive hook declined)"
SECRETS = """\
remote: error: GH013: Repository rule violations found for refs/heads/main.
remote: - GITHUB PUSH PROTECTION
remote:   - Push cannot contain secrets
"""
LARGE = """\
remote: error: File big.bin is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB
remote: error: GH001: Large files detected. You may want to try Git Large File Storage.
"""
FSCK = """\
remote: error: object 7775cad: gitmodulesUpdate: disallowed submodule update setting: !x
remote: fatal: fsck error in packed object
error: remote unpack failed: index-pack abnormal exit
"""
WORKFLOW = (
    "refusing to allow a GitHub App to create or update workflow `.github/workflows/x.yml`"
    " without `workflows` permission"
)
ANSWERS = [
    (f"{REF}[rejected] (fetch first)", "", PushVerdict.RACED),
    (f"{REF}[rejected] (non-fast-forward)", "", PushVerdict.RACED),
    (f"{REF}[rejected] (stale info)", "", PushVerdict.RACED),
    (f"{REF}[remote rejected] (cannot lock ref 'refs/heads/main': is at)", "", PushVerdict.RACED),
    (f"{REF}[remote rejected] (failed to update ref)", "", PushVerdict.RACED),
    (f"{REF}[remote rejected] (reference already exists)", "", PushVerdict.RACED),
    (
        f"{REF}[remote rejected] (protected branch hook declined)",
        "remote: error: GH006: Protected branch update failed for refs/heads/main.",
        PushVerdict.PROTECTED,
    ),
    (
        f"{REF}[remote rejected] (push declined due to repository rule violations)",
        "remote: error: GH013: Repository rule violations found for refs/heads/main.",
        PushVerdict.PROTECTED,
    ),
    (HOOK, "remote: No pushes on Fridays.", PushVerdict.PROTECTED),
    (HOOK, SECRETS, PushVerdict.REFUSED),
    (HOOK, LARGE, PushVerdict.REFUSED),
    (f"{REF}[remote rejected] (unpacker error)", FSCK, PushVerdict.REFUSED),
    (f"{REF}[remote rejected] ({WORKFLOW})", "", PushVerdict.REFUSED),
    (f"{REF}[remote rejected] (shallow update not allowed)", "", PushVerdict.ROOTLESS),
    ("", "error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413", "refused"),
    ("", "fatal: unable to access 'U': The requested URL returned error: 403", "denied"),
    ("", "remote: Permission to o/r.git denied to github-actions[bot].", PushVerdict.DENIED),
    ("", "fatal: Authentication failed for 'https://github.com/o/r/'", PushVerdict.DENIED),
    ("", "fatal: could not read Username for 'https://github.com'", PushVerdict.DENIED),
    ("", "remote: Repository not found.\nfatal: repository 'U' not found", PushVerdict.DENIED),
    ("", "fatal: unable to access 'U': Could not resolve host: github.com", PushVerdict.UNKNOWN),
    ("", "error: RPC failed; HTTP 502\nfatal: the remote end hung up", PushVerdict.UNKNOWN),
    (
        f"{REF}[remote rejected] (failed to update ref)",
        f"remote: error: cannot lock ref 'refs/heads/main': is at {SHA} but expected {'4' * 40}",
        PushVerdict.UNKNOWN,
    ),
    (f"{REF}[remote rejected] (Internal Server Error)", "", PushVerdict.UNKNOWN),
    ("", "", PushVerdict.UNKNOWN),
]


def finished(code: int, stdout: str, stderr: str) -> Finished:
    """Return a git command that printed this."""
    return Finished(code=code, stdout=stdout.encode(), stderr=stderr.encode())


@pytest.mark.parametrize(("stdout", "stderr", "verdict"), ANSWERS)
def test_verdict(stdout: str, stderr: str, verdict: PushVerdict) -> None:
    """Each refusal has the verdict that leads on."""
    assert push_answer(finished(1, f"To U\n{stdout}\nDone\n", stderr), SHA).verdict == verdict


def test_accepted_with_a_warning() -> None:
    """A push that went through is accepted, whatever the forge remarks."""
    answer = push_answer(
        finished(0, " \tabc:refs/heads/main\t1..2\n", f"remote: warning {LARGE}"), SHA
    )
    assert answer.verdict is PushVerdict.ACCEPTED


def test_detail_is_what_the_forge_said() -> None:
    """The detail leaves out git's frame and is short enough for a comment."""
    said = "remote: No pushes on Fridays.\nerror: failed to push some refs to 'U'\nhint: Try\n"
    assert push_answer(finished(1, HOOK, said), SHA).detail == (
        "No pushes on Fridays.\n[remote rejected] (pre-receive hook declined)"
    )
    assert len(push_answer(finished(1, "", "remote: x\n" * 9999), SHA).detail) == 2000


def test_fetch_that_failed() -> None:
    """A refused token is told from a forge that is away, and what is gone from both."""
    denied = "fatal: unable to access 'U': The requested URL returned error: 403"
    with pytest.raises(GitError, match="contents: read") as caught:
        checked(finished(128, "", denied), "`main` could not be fetched")
    assert caught.value.reason is Reason.FORGE_DENIED
    away = "fatal: unable to access 'U': Failed to connect to github.com port 443"
    with pytest.raises(GitError, match="be reached") as caught:
        checked(finished(128, "", away), "`main` could not be fetched")
    assert caught.value.reason is Reason.FORGE_FAILED
    assert (is_passing(denied), is_passing(away)) == (False, True)
    garbled = "fatal: remote-curl: bad line length character: <htm\nfatal: expected flush"
    assert is_passing(garbled)
    assert is_gone("fatal: couldn't find remote ref refs/heads/x")
    assert is_gone("fatal: remote error: upload-pack: not our ref 1111")
    assert not is_gone(away)
