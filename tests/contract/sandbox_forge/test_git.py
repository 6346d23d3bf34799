"""The git of this machine against the forge."""

from __future__ import annotations

import contextlib
import http.client
import os
import time
import urllib.request
from pathlib import Path

import pytest

from docklet_sandbox.faults import Fault, FaultKind
from docklet_sandbox.forge.store import WORKFLOW_TOKEN
from tests.contract.sandbox_forge.conftest import REPO, SCRIPT, Stand
from tests.contract.sandbox_forge.plain import ask

_MEGABYTE = 1024 * 1024


def test_clone_commit_push(stand: Stand) -> None:
    """A push of a workflow's token arrives, and the forge knows who pushed what."""
    work = stand.clone(token=WORKFLOW_TOKEN)
    assert (work / "inst/examples/knit.R").read_text() == SCRIPT
    before, sha = stand.client.head(REPO), stand.commit(work, "figure/plot.svg", "<svg/>")
    assert stand.push(work).returncode == 0
    assert stand.client.head(REPO) == sha
    assert stand.client.show(REPO, "figure/plot.svg") == b"<svg/>"
    (push,) = stand.client.pushes()
    assert (push["ref"], push["old"], push["new"]) == ("refs/heads/main", before, sha)
    assert (push["login"], push["forced"]) == ("github-actions[bot]", False)


def test_public_clone_needs_no_token(stand: Stand) -> None:
    """A public repository is cloned without a token, at its address with or without `.git`."""
    url = stand.url(None)
    assert stand.git("clone", "--quiet", url, "one").returncode == 0
    assert stand.git("clone", "--quiet", url.removesuffix(".git"), "two").returncode == 0


def test_push_asks_for_credentials_first(stand: Stand) -> None:
    """Without credentials git is told 401 and asks; a wrong token is told so."""
    address = f"{stand.url(None)}/info/refs?service=git-receive-pack"
    refused = ask("GET", address)
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="GitHub"')
    work = stand.clone()
    stand.commit(work, "a.txt", "a")
    wrong = stand.git("push", stand.url("ghs_wrong"), "HEAD:main", cwd=work)
    assert "Invalid username or token." in wrong.stderr
    assert "Authentication failed" in wrong.stderr


def test_askpass_answers_the_challenge(stand: Stand) -> None:
    """The token comes from an askpass after the 401, with any user's name."""
    work = stand.clone()
    stand.commit(work, "a.txt", "a")
    askpass = stand.folder / "askpass"
    askpass.write_text(f"#!/bin/sh\necho {WORKFLOW_TOKEN}\n")
    askpass.chmod(0o700)
    url = stand.url(None).replace("://", "://x-access-token@")
    words = ("-c", f"core.askPass={askpass}", "push", url, "HEAD:main")
    done = stand.git(*words, cwd=work)
    assert done.returncode == 0, done.stderr
    statuses = [e["status"] for e in stand.journal.entries() if "receive-pack" in e["query"]]
    assert (statuses[0], statuses[-1]) == (401, 200)


def test_token_without_contents_does_not_push(stand: Stand) -> None:
    """A token that may only read is told who was denied what."""
    stand.client.token("ghs_read", "github-actions[bot]", {"contents": "read"})
    work = stand.clone(token="ghs_read")
    stand.commit(work, "a.txt", "a")
    denied = stand.push(work)
    assert denied.returncode == 128
    assert f"Permission to {REPO}.git denied to github-actions[bot]." in denied.stderr
    assert "error: 403" in denied.stderr


def test_private_repository_is_hidden(stand: Stand) -> None:
    """A private repository is cloned by those who see it, and not found by others."""
    stand.client.create("mona/secret", {"a": "b"}, private=True)
    stand.client.token("pat_stranger", "stranger", {"contents": "write"}, kind="fine")
    hidden = stand.git("clone", stand.url("pat_stranger", "mona/secret"), "one")
    assert "Repository not found." in hidden.stderr
    assert stand.git("clone", stand.url(None, "mona/secret"), "two").returncode == 128
    assert stand.git("clone", stand.url(repo="mona/secret"), "three").returncode == 0


def test_partial_shallow_and_exact_fetches(stand: Stand) -> None:
    """Blobless and shallow clones work, and any commit is fetched by its SHA alone."""
    first = stand.client.head(REPO)
    assert first is not None
    stand.client.commit(REPO, {"second.txt": "2"})
    shallow = stand.clone("shallow", "--depth=1", "--no-local")
    assert stand.git("rev-list", "--count", "HEAD", cwd=shallow).stdout == "1\n"
    bare = stand.clone("blobless", "--bare", "--filter=blob:none")
    missing = stand.git("rev-list", "--objects", "--missing=print", "HEAD", cwd=bare).stdout
    assert missing.count("\n?") + missing.startswith("?") == 3
    stand.git("init", "--quiet", "exact")
    words = ("fetch", "--quiet", "--depth=1", stand.url(), first)
    assert stand.git(*words, cwd=stand.folder / "exact").returncode == 0


def test_big_push_and_clone_are_streamed(stand: Stand) -> None:
    """Tens of megabytes go both ways while the forge's memory hardly grows."""
    work = stand.clone()
    stand.git("config", "core.compression", "0", cwd=work)
    sha = stand.commit(work, "big.bin", os.urandom(32 * _MEGABYTE))
    before = _peak_memory()
    done = stand.push(work)
    assert done.returncode == 0, done.stderr
    again = stand.clone("again", "--bare")
    assert _peak_memory() - before < 8 * _MEGABYTE
    assert stand.git("rev-parse", "HEAD", cwd=again).stdout.strip() == sha


def test_compressed_requests_are_understood(stand: Stand) -> None:
    """Git packs a long negotiation with gzip; the forge unpacks it."""
    for number in range(3):
        stand.client.commit(REPO, {f"{number}.txt": "x"}, f"branch-{number}")
    work = stand.clone()
    for number in range(40):
        stand.commit(work, "local.txt", str(number))
    stand.client.commit(REPO, {"news.txt": "news"})
    words = ("-c", "protocol.version=0", "fetch", "--quiet", "origin")
    assert stand.git(*words, cwd=work).returncode == 0
    assert stand.git("show", "origin/main:news.txt", cwd=work).stdout == "news"


def test_lost_race_is_seen_on_either_side(stand: Stand) -> None:
    """Somebody else's commit gets in before the push: git says so, and a second try succeeds."""
    work = stand.clone()
    for advertised, words in ((False, "fetch first"), (True, "remote rejected")):
        stand.commit(work, f"mine-{advertised}.txt", "mine")
        theirs = f"theirs-{advertised}.txt"
        stand.client.ambush(REPO, {theirs: "theirs"}, advertised=advertised)
        lost = stand.push(work)
        assert lost.returncode == 1
        assert words in lost.stderr
        stand.git("pull", "--quiet", "--rebase", "origin", "main", cwd=work)
        assert stand.push(work).returncode == 0
    assert {"mine-True.txt", "theirs-True.txt"} <= set(stand.client.paths(REPO))


def test_push_accepted_and_answer_lost(stand: Stand) -> None:
    """The client hears of no success, and the branch has the commit all the same."""
    work = stand.clone()
    sha = stand.commit(work, "a.txt", "a")
    lost = Fault(kind=FaultKind.DROP, commit=True, method="POST", route="*/git-receive-pack")
    stand.faults.add(lost)
    assert stand.push(work).returncode != 0
    assert stand.client.head(REPO) == sha


def test_push_that_is_cut_off_changes_nothing(stand: Stand) -> None:
    """A client that goes away in the middle of a push leaves the branch as it was."""
    head = stand.client.head(REPO)
    command = f"{head} {'1' * 40} refs/heads/main\0 report-status side-band-64k"
    body = f"{len(command) + 4:04x}{command}0000PACK".encode()
    with contextlib.closing(http.client.HTTPConnection(stand.url(None).split("/")[2])) as line:
        line.putrequest("POST", f"/{REPO}.git/git-receive-pack")
        line.putheader("Authorization", f"Bearer {WORKFLOW_TOKEN}")
        line.putheader("Content-Type", "application/x-git-receive-pack-request")
        line.putheader("Content-Length", "100000")
        line.endheaders(body)
    deadline = time.monotonic() + 10
    while not stand.journal.entries() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [e["method"] for e in stand.journal.entries()] == ["POST"]
    assert stand.client.head(REPO) == head


def test_forced_push_is_remembered(stand: Stand) -> None:
    """A push that throws commits away is accepted, as GitHub does, and marked."""
    work = stand.clone()
    stand.commit(work, "a.txt", "a")
    stand.push(work)
    stand.git("reset", "--quiet", "--hard", "HEAD^", cwd=work)
    stand.commit(work, "b.txt", "b")
    assert stand.push(work, "--force", "HEAD").returncode == 0
    assert [p["forced"] for p in stand.client.pushes()] == [False, True]


def test_protected_branch(stand: Stand) -> None:
    """Branch protection refuses with GH006, and only there."""
    stand.client.protect(REPO)
    work = stand.clone()
    sha = stand.commit(work, "a.txt", "a")
    refused = stand.push(work)
    assert "remote: error: GH006: Protected branch update failed for refs/heads/main." in (
        refused.stderr
    )
    assert "[remote rejected] HEAD -> main (protected branch hook declined)" in refused.stderr
    assert stand.client.pushes() == []
    assert stand.push(work, "HEAD:refs/heads/docklet/results-1").returncode == 0
    assert stand.client.head(REPO, "docklet/results-1") == sha
    branch = stand.ask("GET", f"/repos/{REPO}/branches/main").json
    assert branch["protected"] is True


def test_ruleset(stand: Stand) -> None:
    """A ruleset refuses with GH013, on new branches too where it says so."""
    stand.client.protect(REPO, "*", "ruleset", creation=True, reason="Cannot create ref.")
    work = stand.clone()
    stand.commit(work, "a.txt", "a")
    refused = stand.push(work, "HEAD:refs/heads/new")
    assert "GH013: Repository rule violations found for refs/heads/new." in refused.stderr
    assert "remote: - Cannot create ref." in refused.stderr
    assert "(push declined due to repository rule violations)" in refused.stderr


def test_large_file(stand: Stand) -> None:
    """A file above the limit is refused by name with GH001; one above half of it is warned of."""
    stand.client.call("limits", max_file_bytes=_MEGABYTE)
    work = stand.clone()
    stand.commit(work, "fair.bin", os.urandom(_MEGABYTE * 3 // 4))
    assert "File fair.bin is 0.75 MB; this is larger than" in stand.push(work).stderr
    stand.commit(work, "out/big file.bin", os.urandom(_MEGABYTE + 1))
    refused = stand.push(work)
    assert (
        "remote: error: File out/big file.bin is 1.00 MB; this exceeds GitHub's file size limit"
        " of 1.00 MB" in refused.stderr
    )
    assert "remote: error: GH001: Large files detected." in refused.stderr
    assert "(pre-receive hook declined)" in refused.stderr


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("app", "a GitHub App to create or update workflow `{}` without `workflows` permission"),
        ("fine", "a Personal Access Token to create or update workflow `{}` without `workflow`"),
    ],
)
def test_workflow_files_need_a_right_of_their_own(stand: Stand, kind: str, words: str) -> None:
    """A token without the right is refused, whoever's it is; one with it is not."""
    path = ".github/workflows/run.yml"
    stand.client.token("t_without", "mona", {"contents": "write"}, kind=kind)
    work = stand.clone(token="t_without")
    stand.commit(work, path, "on: push\n")
    refused = stand.push(work)
    assert f"(refusing to allow {words.format(path)}" in refused.stderr
    granted = {"contents": "write", "workflows": "write"}
    stand.client.token("t_without", "mona", granted, kind=kind)
    assert stand.push(work).returncode == 0


def test_pull_request_head_can_be_fetched(stand: Stand) -> None:
    """`refs/pull/N/head` follows the branch, and nobody can push to it."""
    stand.client.commit(REPO, {"a.txt": "a"}, "results")
    body = {"head": "results", "base": "main", "title": "Results"}
    stand.ask("POST", f"/repos/{REPO}/pulls", body)
    work = stand.clone()
    stand.git("checkout", "--quiet", "results", cwd=work)
    sha = stand.commit(work, "b.txt", "b")
    stand.push(work)
    listed = stand.git("ls-remote", "origin", "refs/pull/1/head", cwd=work).stdout
    assert listed.split() == [sha, "refs/pull/1/head"]
    assert stand.ask("GET", f"/repos/{REPO}/pulls/1").json["head"]["sha"] == sha
    assert stand.push(work, "HEAD:refs/pull/1/head").returncode == 1


def test_repository_begins_from_a_bundle_or_directory(stand: Stand) -> None:
    """All branches of a bundle are there; a directory becomes one commit with its modes."""
    work = stand.clone()
    stand.commit(work, "a.txt", "a")
    bundle = stand.folder / "all.bundle"
    stand.git("bundle", "create", str(bundle), "--all", cwd=work)
    head = stand.client.create("mona/bundled", source=str(bundle))
    assert head == stand.git("rev-parse", "HEAD", cwd=work).stdout.strip()
    plain = stand.folder / "plain"
    plain.mkdir()
    (plain / "run.sh").write_text("#!/bin/sh\n")
    (plain / "run.sh").chmod(0o755)
    stand.client.create("mona/plain", source=str(plain))
    entry = stand.git("clone", "--quiet", stand.url(repo="mona/plain"), "checked")
    assert entry.returncode == 0
    assert os.access(stand.folder / "checked/run.sh", os.X_OK)


def test_picture_is_loaded_by_its_address(stand: Stand) -> None:
    """The address that a comment shows a picture by sends it as a browser needs it."""
    sha = stand.client.commit(REPO, {"figure/plot.svg": "<svg/>"})
    url = f"{stand.forge.server_url}/{REPO}/raw/{sha}/figure/plot.svg"
    with urllib.request.urlopen(url) as answer:  # noqa: S310
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert answer.read() == b"<svg/>"


def _peak_memory() -> int:
    """Return the most memory that this process, which runs the forge, ever held."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError
