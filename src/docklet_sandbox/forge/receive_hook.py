"""The hook of the forge's bare repositories, run by git as a process of its own.

It uses the standard library only, so that it starts in a few hundredths of a second. What it
decided goes into the file that FORGE_VERDICT names, since git can't pass it on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

_NOTHING = "0" * 40
_BRANCH = "refs/heads/"
_MEGABYTE = 1024 * 1024
_WORKFLOWS = ".github/workflows"


class Update(NamedTuple):
    """One line of what git tells a hook."""

    old: str
    new: str
    ref: str


class Refusal(NamedTuple):
    """Why a ref is declined: what the pusher reads, and the word behind the ref."""

    ref: str
    lines: list[str]
    reason: str


def _git(*words: str, given: str = "") -> str:
    command = ["git", *words]
    data = os.fsencode(given)  # names of files are bytes
    return os.fsdecode(subprocess.run(command, input=data, capture_output=True, check=True).stdout)


def _guarded(update: Update, rules: dict[str, Any]) -> Refusal | None:
    """Apply branch protection and rulesets."""
    if not update.ref.startswith(_BRANCH):
        return None
    branch = update.ref.removeprefix(_BRANCH)
    for rule in rules["rules"]:
        exempt = update.old == _NOTHING and not rule["creation"]
        if exempt or not fnmatchcase(branch, rule["pattern"]):
            continue
        if rule["kind"] == "protection":
            return _protected(update, rule)
        return _ruled(update, rule, rules["page"])
    return None


def _protected(update: Update, rule: dict[str, Any]) -> Refusal:
    head = f"error: GH006: Protected branch update failed for {update.ref}."
    lines = [head, f"error: {rule['reason']}"]
    return Refusal(update.ref, lines, "protected branch hook declined")


def _ruled(update: Update, rule: dict[str, Any], page: str) -> Refusal:
    lines = [
        f"error: GH013: Repository rule violations found for {update.ref}.",
        f"Review all repository rules at {page}?ref={quote(update.ref, safe='')}",
        "",
        f"- {rule['reason']}",
        "",
    ]
    return Refusal(update.ref, lines, "push declined due to repository rule violations")


def _workflow(update: Update) -> Refusal | None:
    """Refuse workflow files to tokens that were not granted them."""
    if os.environ.get("FORGE_WORKFLOWS") == "1" or update.new == _NOTHING:
        return None
    words = ("log", "-m", "-z", "--format=", "--name-only", "--no-renames", update.new)
    touched = _git(*words, "--not", "--all", "--", _WORKFLOWS)
    if not touched:
        return None
    path = touched.split("\0")[0].strip()
    who = "a GitHub App" if os.environ.get("FORGE_APP") == "1" else "a Personal Access Token"
    grant = "`workflows` permission" if os.environ.get("FORGE_APP") == "1" else "`workflow` scope"
    reason = f"refusing to allow {who} to create or update workflow `{path}` without {grant}"
    return Refusal(update.ref, [], reason)


def _large(update: Update, limit: int) -> Refusal | None:
    """Refuse files above the limit; warn of those above half of it, as GitHub does."""
    if update.new == _NOTHING:
        return None
    over = list(_above(update.new, limit // 2))
    refused = [
        f"error: File {path} is {size / _MEGABYTE:.2f} MB;"
        f" this exceeds GitHub's file size limit of {limit / _MEGABYTE:.2f} MB"
        for size, path in over
        if size > limit
    ]
    hint = "Large files detected. You may want to try Git Large File Storage"
    if refused:
        lines = ["error: Trace: 0", "error: See https://gh.io/lfs for more information.", *refused]
        lines.append(f"error: GH001: {hint} - https://git-lfs.github.com.")
        return Refusal(update.ref, lines, "pre-receive hook declined")
    for size, path in over:
        _say(
            f"warning: File {path} is {size / _MEGABYTE:.2f} MB; this is larger than GitHub's"
            f" recommended maximum file size of {limit / 2 / _MEGABYTE:.2f} MB"
        )
        _say(f"warning: GH001: {hint} - https://git-lfs.github.com.")
    return None


def _above(new: str, size: int) -> Iterator[tuple[int, str]]:
    """Find blobs above this size among the objects that the push brings."""
    names = _git("rev-list", "--objects", new, "--not", "--all")
    form = "--batch-check=%(objecttype) %(objectsize) %(rest)"
    for line in _git("cat-file", form, given=names).splitlines():
        kind, length, path = line.split(" ", 2)
        if kind == "blob" and int(length) > size:
            yield int(length), path


def _forced(update: Update) -> bool:
    if _NOTHING in {update.old, update.new}:
        return False
    words = ["git", "merge-base", "--is-ancestor", update.old, update.new]
    return subprocess.run(words, check=False, capture_output=True).returncode != 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _verdict(data: dict[str, Any]) -> None:
    if file := os.environ.get("FORGE_VERDICT"):
        Path(file).write_text(json.dumps(data), encoding="utf-8")


def before(updates: list[Update], rules: dict[str, Any]) -> int:
    """Judge a push; any refusal declines all of it."""
    for update in updates:
        refusal = (
            _guarded(update, rules) or _workflow(update) or _large(update, rules["max_file_bytes"])
        )
        if refusal is not None:
            for line in refusal.lines:
                _say(line)
            _verdict({"declined": {refusal.ref: refusal.reason}})
            return 1
    return 0


def after(updates: list[Update]) -> int:
    """Tell the forge what was accepted, and whether commits were thrown away."""
    _verdict({"updated": [[u.ref, u.old, u.new, _forced(u)] for u in updates]})
    return 0


def main() -> int:
    """Run as the hook that the first argument names, with the rules of the second."""
    updates = [Update(*line.split()) for line in sys.stdin]
    if sys.argv[1] == "post-receive":
        return after(updates)
    return before(updates, json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
