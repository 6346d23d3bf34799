"""The hook of the forge's bare repositories, run by git as a process of its own.

It uses the standard library only, so that it starts in a few hundredths of a second. What it
decided goes into the file that FORGE_VERDICT names, since git can't pass it on.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

_NOTHING = "0" * 40
_BRANCH = "refs/heads/"
_MEGABYTE = 1024 * 1024
_WORKFLOWS = ".github/workflows"
_HOOK_SAYS_NO = "pre-receive hook declined"
_LONGEST_REF = 255
_HEX_NAME = re.compile(r"refs/(heads|tags)/[0-9a-f]{40}")
_POINTER = re.compile(rb"version https://git-lfs[^\n]*\noid sha256:([0-9a-f]{64})\n")
_LARGEST_POINTER = 1024
_SHOWN_POINTERS = 3


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
        reason = _objection(update, rule) if fnmatchcase(branch, rule["pattern"]) else ""
        if reason and os.environ.get("FORGE_LOGIN") in rule["bypass"]:
            _say(f"Bypassed rule violations for {update.ref}:\n\n- {reason}\n")
        elif reason and rule["kind"] == "protection":
            return _protected(update, reason)
        elif reason:
            return _ruled(update, reason, rules["page"])
    return None


def _objection(update: Update, rule: dict[str, Any]) -> str:
    """Say why a rule forbids this, or nothing; the REST API has the same table."""
    if update.old == _NOTHING:
        return str(rule["reason"]) if rule["creation"] else ""
    if update.new == _NOTHING:
        return "Cannot delete this protected branch"
    if _forced(update):
        return "Cannot force-push to this branch"
    return str(rule["reason"]) if rule["updates"] else ""


def _protected(update: Update, reason: str) -> Refusal:
    head = f"error: GH006: Protected branch update failed for {update.ref}."
    return Refusal(update.ref, [head, f"error: {reason}"], "protected branch hook declined")


def _named(update: Update) -> Refusal | None:
    """Refuse names that GitHub does not take."""
    if update.new != _NOTHING and _HEX_NAME.fullmatch(update.ref):
        sorry = "branch or tag names consisting of 40 hex characters are not allowed"
        return Refusal(update.ref, [f"error: GH002: Sorry, {sorry}."], _HOOK_SAYS_NO)
    if len(os.fsencode(update.ref)) > _LONGEST_REF:
        sorry = f"refs longer than {_LONGEST_REF} bytes are not allowed"
        return Refusal(update.ref, [f"error: GH005: Sorry, {sorry}."], _HOOK_SAYS_NO)
    return None


def _ruled(update: Update, reason: str, page: str) -> Refusal:
    lines = [
        f"error: GH013: Repository rule violations found for {update.ref}.",
        f"Review all repository rules at {page}?ref={quote(update.ref, safe='')}",
        "",
        f"- {reason}",
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
    over = [(size, path) for size, _, path in _blobs(update.new) if size > limit // 2]
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
        return Refusal(update.ref, lines, _HOOK_SAYS_NO)
    for size, path in over:
        _say(
            f"warning: File {path} is {size / _MEGABYTE:.2f} MB; this is larger than GitHub's"
            f" recommended maximum file size of {limit / 2 / _MEGABYTE:.2f} MB"
        )
        _say(f"warning: GH001: {hint} - https://git-lfs.github.com.")
    return None


def _unknown_pointers(update: Update, known: list[str]) -> Refusal | None:
    """Refuse pointers to large files that were not uploaded before."""
    if update.new == _NOTHING:
        return None
    small = [sha for size, sha, _ in _blobs(update.new) if size < _LARGEST_POINTER]
    held = os.fsencode(_git("cat-file", "--batch", given="\n".join(small)) if small else "")
    oids = dict.fromkeys(oid.decode() for oid in _POINTER.findall(held))
    unknown = [oid for oid in oids if oid not in known]
    if not unknown:
        return None
    noun = "object" if len(unknown) == 1 else "objects"
    lines = [
        f"error: GH008: Your push referenced at least {len(unknown)} unknown Git LFS {noun}:",
        *(f"    {oid}" for oid in unknown[:_SHOWN_POINTERS]),
        "Try to push them with 'git lfs push --all'.",
    ]
    return Refusal(update.ref, lines, _HOOK_SAYS_NO)


@cache
def _blobs(new: str) -> list[tuple[int, str, str]]:
    """Find the files that a push brings: size, name in git, path."""
    names = _git("rev-list", "--objects", new, "--not", "--all")
    form = "--batch-check=%(objecttype) %(objectsize) %(objectname) %(rest)"
    rows = [line.split(" ", 3) for line in _git("cat-file", form, given=names).splitlines()]
    return [(int(length), sha, path) for kind, length, sha, path in rows if kind == "blob"]


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
            _named(update)
            or _guarded(update, rules)
            or _workflow(update)
            or _large(update, rules["max_file_bytes"])
            or _unknown_pointers(update, rules["large"])
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
