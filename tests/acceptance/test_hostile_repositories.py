"""A hostile repository is cloned with the token: nothing of it is run, nobody else gets it."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.acceptance.agent_rig import TOKEN, GitServer, Rig, git
from tests.acceptance.canaries import texts_below

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BASIC: Final = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
LINK: Final = "120000"
PROGRAM: Final = "100755"
MODULE: Final = "160000"
SHA: Final = "1" * 40
RUN: Final = "#!/bin/sh\necho fired >> {fired}\n"
Tree = dict[str, Any]
"""Names with a text, a mode and a text, or another tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """What a stranger has pushed, or has us ask for, and what the agent says to it."""

    name: str
    tree: Tree = field(default_factory=dict)
    refused: str = "clone"
    """How the kind of error begins; empty where it is checked out."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """Parts of the request that are not the usual ones."""


def module(url: str, name: str = "sub", path: str = "sub", more: str = "") -> Tree:
    """Return a tree with one submodule."""
    text = f'[submodule "{name}"]\n\tpath = {path}\n\turl = {url}\n{more}'
    return {".gitmodules": text, "sub": (MODULE, SHA)}


def pointer() -> str:
    """Return a pointer to a large file that nobody has."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{'7' * 64}\nsize 9\n"


HOOK: Final[Tree] = {"hooks": {"post-checkout": (PROGRAM, RUN)}}
BARE: Final[Tree] = {
    "HEAD": "ref: refs/heads/main\n",
    "config": "[core]\n\tfsmonitor = {run}\n",
    "objects": {"a": ""},
    "refs": {"a": ""},
}
SUBMODULES: Final = {
    "by ext": module("ext::sh -c {run}"),
    "by fd": module("fd::17"),
    "by file": module("file://{folder}/served/evil.git"),
    "by path": module("{folder}/served/evil.git"),
    "by ssh": module("ssh://-oProxyCommand={run}/x"),
    "by plain ssh": module("ssh://git@example.org/x.git"),
    "by scp": module("-oProxyCommand={run}:x"),
    "by option": module("--upload-pack={run}"),
    "elsewhere": module("{other}/x.git"),
    "with a login": module("http://a:b@{otherhost}/x.git"),
    "with a line break": module('"{url}\\nhost=x"'),
    "that climbs": module("{url}", name="../../x"),
    "with a command": module("{url}", more="\tupdate = !{run}\n"),
    "in .git": module("{url}", path=".git/hooks"),
    "behind a link": {
        **module("{url}", path="A/modules/sub"),
        "a": (LINK, ".git"),
        "A": {"modules": {"sub": (MODULE, SHA)}},
    },
}
LARGE: Final[Tree] = {
    ".lfsconfig": '[lfs]\n\turl = {other}/lfs\n[lfs "customtransfer.x"]\n\tpath = {run}\n',
    ".gitattributes": "*.bin filter=lfs\n",
    "m.bin": pointer(),
}
FILTERS: Final[Tree] = {
    ".gitattributes": "* filter=x diff=x merge=x\n",
    ".gitconfig": '[filter "x"]\n\tsmudge = {run}\n',
}
ASKED: Final = {
    "branch like an option": {"branch": "--upload-pack={run}"},
    "branch like a short option": {"branch": "-c"},
    "branch that climbs": {"branch": "../../hooks/x"},
    "branch with a line break": {"branch": "a\nb"},
    "sha like an option": {"sha": "--upload-pack={run}"},
    "address by ext": {"url": "ext::sh -c {run}"},
    "address like an option": {"url": "--upload-pack={run}"},
    "address with a login": {"url": "http://a:b@{otherhost}/x"},
}
REPOSITORIES: Final = (
    Repository(name="nothing at all", refused=""),
    *(Repository(name=f"submodule {how}", tree=tree) for how, tree in SUBMODULES.items()),
    Repository(name="another .git", tree={".GIT": HOOK}),
    Repository(name=".git of NTFS", tree={"git~1": HOOK}),
    Repository(name=".git of HFS+", tree={".g\u200cit": HOOK}),
    Repository(name=".git as a link", tree={".git": (LINK, "/etc")}),
    Repository(name=".gitmodules as a link", tree={".gitmodules": (LINK, "a"), "a": "x"}),
    Repository(name="link to .git", tree={"x": (LINK, ".git"), "X": HOOK}, refused=""),
    Repository(name="filters", tree=FILTERS, refused=""),
    Repository(name="a bare repository", tree={"bare": BARE}, refused=""),
    Repository(name="large files elsewhere", tree=LARGE),
    *(Repository(name=name, asked=asked, refused="request") for name, asked in ASKED.items()),
)


@dataclass(slots=True)
class Elsewhere:
    """A server of the attacker's that takes notes."""

    url: str = ""
    heard: list[str] = field(default_factory=list)

    @contextmanager
    def serving(self) -> Iterator[Elsewhere]:
        """Listen, and ask everybody for a login."""
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heard.append(str(self.headers))
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET  # noqa: N815 - the name that the base class calls

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda one: one.name)
def test_hostile_repository(repository: Repository, tmp_path: Path) -> None:
    """It is refused, or checked out as data; the token reaches its own server and no file."""
    source, fired, run = tmp_path / "served/evil.git", tmp_path / "fired", tmp_path / "trap.sh"
    source.mkdir(parents=True)
    git(source, "init", "--quiet", "--bare", "--initial-branch=main")
    run.write_text(RUN.format(fired=fired))
    run.chmod(0o755)
    with GitServer(source.parent).serving() as server, Elsewhere().serving() as other:
        words = {"run": str(run), "fired": str(fired), "folder": str(tmp_path)}
        words |= {"other": other.url, "otherhost": other.url.removeprefix("http://")}
        words["url"] = f"{server.url}/evil.git"
        sha = commit(source, {"a.txt": "1\n", **repository.tree}, words)
        request = {"url": words["url"], "sha": sha, "branch": "main"}
        request |= {name: filled(value, words) for name, value in repository.asked.items()}
        more = {"token": TOKEN, "submodules": "recursive", "lfs": True}
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/ssh").symlink_to(run)
        path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        answer = Rig.install(tmp_path / "run", PATH=path).ask("checkout", **request, **more)
    assert not fired.exists()
    assert BASIC not in "".join(other.heard)
    assert TOKEN.encode() not in b"".join(texts_below(tmp_path).values())
    kind = answer["error"]["kind"] if "error" in answer else ""
    assert kind.startswith(repository.refused), answer
    assert bool(kind) == bool(repository.refused), answer
    assert any(BASIC in said for said in server.seen) == (repository.refused != "request")


def filled(text: str, words: Mapping[str, str]) -> str:
    """Return a text with what it refers to."""
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def commit(source: Path, tree: Tree, words: Mapping[str, str]) -> str:
    """Commit a tree that no git would make of a work tree; return the commit."""
    made = git(source, "commit-tree", "-m", "evil", planted(source, tree, words))
    git(source, "update-ref", "refs/heads/main", made)
    return made


def planted(source: Path, tree: Tree, words: Mapping[str, str]) -> str:
    """Store a tree, whatever its names are."""
    entries = []
    for name, what in tree.items():
        if isinstance(what, dict):
            entries.append(f"040000 tree {planted(source, what, words)}\t{name}")
            continue
        mode, text = what if isinstance(what, tuple) else ("100644", what)
        kind = "commit" if mode == MODULE else "blob"
        sha = text if mode == MODULE else stored(source, filled(text, words))
        entries.append(f"{mode} {kind} {sha}\t{name}")
    return fed(source, "\0".join([*entries, ""]), "mktree", "-z", "--missing")


def stored(source: Path, text: str) -> str:
    """Store a blob."""
    return fed(source, text, "hash-object", "-w", "--stdin")


def fed(source: Path, text: str, *arguments: str) -> str:
    """Run git with something to read."""
    done = subprocess.run(
        ("git", *arguments), cwd=source, input=text, text=True, capture_output=True, check=True
    )
    return done.stdout.strip()
