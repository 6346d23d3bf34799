"""Verb `checkout`: exactly one commit of a repository, as an ordinary checkout.

What the script sees afterwards has a plain remote and no trace of the token. Asking twice, for
instance because a connection broke, gives the same answer once.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from typing import Callable
from urllib.parse import urlsplit

from docklet.droplet import lock, snapshot
from docklet.droplet.clone_errors import last_words, understand
from docklet.droplet.credential import offered
from docklet.droplet.extras import fetch_large_files, fetch_submodules
from docklet.droplet.failure import Failure
from docklet.droplet.git import Git, GitFailed
from docklet.droplet.home import Home, read_json
from docklet.droplet.remote import Source, fetch, remote_options
from docklet.droplet.request import Request

PAUSES = (1.0, 4.0)
"""Seconds between attempts."""
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_TURN = 900.0


def checkout(home: Home, request: Request) -> dict[str, object]:
    """Check out a commit into the run's work tree and remember its state."""
    source = _source(request)
    held = lock.acquire(home, _TURN)
    if held is None:
        raise Failure("already-started", "Another process is at work in this directory.")
    try:
        if os.path.exists(home.job):
            raise Failure("already-started", "The script was started; its tree stays as it is.")
        return _once(home, source)
    finally:
        os.close(held)


def _once(home: Home, source: Source) -> dict[str, object]:
    done = read_json(f"{home.snapshot}.json")
    if done is None or done["request"] != source.summary:
        head = _clone(home, source)
        files = snapshot.take(home, Git(home.work))
        done = {"request": source.summary, "answer": {"head": head, "files": files}}
        snapshot.write_note(home, done)
    answer: dict[str, object] = done["answer"]
    return answer


def _clone(home: Home, source: Source) -> str:
    with offered(source.token, source.origin) as credential:
        options = (*remote_options(source), *credential.options)
        git = Git(home.work, options, credential.descriptors)
        _empty(home)
        _check_branch(git, source)
        algorithm = ("--object-format=sha256",) if len(source.sha) > 40 else ()  # noqa: PLR2004
        git.run("init", "--quiet", "--template=", *algorithm)
        git.run("remote", "add", "origin", source.url)
        _patiently(lambda: fetch(git, source), source)
        _switch(git, source)
        _patiently(lambda: fetch_submodules(git, source), source)
        _patiently(lambda: fetch_large_files(git, source), source)
        return _verified(git, source)


def _patiently(step: Callable[[], None], source: Source) -> None:
    for pause in (*PAUSES, None):
        try:
            return step()
        except GitFailed as failed:
            complaint = understand(failed.complaint)
            if pause is None or not complaint.passing:
                words = last_words(failed.complaint, source.token)
                message = f"{source.url} could not be cloned at {source.sha}. {complaint.hint}"
                raise Failure(complaint.kind, f"{message} git says: {words}") from None
            time.sleep(pause)
    return None


def _switch(git: Git, source: Source) -> None:
    if source.branch:
        git.run("checkout", "--quiet", "--force", "-B", source.branch, f"{source.sha}^{{commit}}")
    else:
        git.run("checkout", "--quiet", "--force", "--detach", f"{source.sha}^{{commit}}")


def _verified(git: Git, source: Source) -> str:
    head = git.run("rev-parse", "HEAD").decode().strip()
    if head != source.sha:
        raise Failure("clone-failed", f"git checked out {head} where {source.sha} was asked for.")
    return head


def _empty(home: Home) -> None:
    if os.path.lexists(home.work):
        shutil.rmtree(home.work)
    os.mkdir(home.work, 0o755)


def _check_branch(git: Git, source: Source) -> None:
    name = f"refs/heads/{source.branch}"
    is_option = source.branch.startswith("-")
    if source.branch and (is_option or not git.succeeds("check-ref-format", name)):
        raise Failure("request", f"{source.branch!r} is not a branch name that git accepts.")


def _source(request: Request) -> Source:
    url = request.text("url")
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http", "file"} or "@" in parts.netloc:
        raise Failure("request", "The url is not an https, http or file address without a login.")
    sha = request.text("sha")
    if not _SHA.fullmatch(sha):
        raise Failure("request", f"{sha!r} is not a full commit SHA.")
    submodules = request.text("submodules", "false")
    if submodules not in {"false", "true", "recursive"}:
        raise Failure("request", "submodules is not false, true or recursive.")
    return Source(
        url=url,
        sha=sha,
        branch=request.text("branch", ""),
        depth=request.whole("depth", 1),
        submodules=submodules,
        lfs=request.flag("lfs"),
        token=request.text("token", ""),
    )
