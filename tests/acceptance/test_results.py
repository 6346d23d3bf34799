"""What comes back: exactly the files that changed, byte for byte, where they were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.agent_rig import git, make_repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.scene import Scene

BINARY = bytes(range(256)) * 4
CRLF = "one\r\ntwo\r\n"
MAKE = """\
#!/bin/sh
set -e
mkdir -p out cache
cp data/all.bin out/all.bin
printf 'a\\r\\nb\\n' > out/crlf.txt
printf 'more\\r\\n' >> data/crlf.txt
chmod +x data/plain.txt
echo '#!/bin/sh' > out/tool; chmod 755 out/tool
ln -s ../data/all.bin out/link
ln -sf plain.txt data/pointer
touch windows.bat
rm data/old.txt
rm -r data/olddir
echo x > 'out/größe "2".txt'
echo junk > cache/junk; echo junk > out/junk.log; echo forced >> known.log
mkdir -p elsewhere && echo no > elsewhere/no.txt
"""


def sources(folder: Path) -> None:
    """Make a repository with one file of each kind."""
    files = {
        "make.sh": MAKE,
        "known.log": "known\n",
        "data/plain.txt": "plain\n",
        "data/old.txt": "old\n",
        "data/olddir/deep/old.txt": "old\n",
        ".gitignore": "cache/\n*.log\n",
        ".gitattributes": "*.txt -text\n*.bat text eol=crlf\n",
        "windows.bat": "dir\n",
    }
    make_repository(folder, {})
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "data/all.bin").write_bytes(BINARY)
    (folder / "data/crlf.txt").write_bytes(CRLF.encode())
    (folder / "data/pointer").symlink_to("all.bin")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "Files")


def modes(scene: Scene, ref: str) -> dict[str, str]:
    """Return git's modes of all files of a branch."""
    repository = scene.folder / "look"
    url = f"{scene.sandbox.addresses.forge}/{scene.repository}.git"
    git(scene.folder, "clone", "--quiet", "--bare", url, str(repository))
    lines = git(repository, "ls-tree", "-r", "-z", ref).split("\0")[:-1]
    return {line.partition("\t")[2]: line.split()[0] for line in lines}


def test_every_kind_of_change(scene: Scene) -> None:
    """New, changed, deleted, linked, executable, binary: all arrive; ignored files stay away."""
    sources(scene.folder / "source")
    scene.sandbox.forge.create(scene.repository, source=str(scene.folder / "source"))
    paths = (
        "--paths",
        "out",
        "--paths",
        "data",
        "--paths",
        "*.log",
        "--paths",
        "cache",
        "--paths",
        "*.bat",
    )
    message = "Refresh the data\n\nAs every week.\n\nReviewed-by: Nobody"
    done = scene.run("make.sh", *paths, "--branch", "results/new", "--commit-message", message)
    assert done.code == 0, done.output
    found = modes(scene, "results/new")
    assert found == {
        ".gitattributes": "100644",
        ".gitignore": "100644",
        "make.sh": "100644",
        "windows.bat": "100644",
        "known.log": "100644",
        "data/all.bin": "100644",
        "data/crlf.txt": "100644",
        "data/plain.txt": "100755",
        "data/pointer": "120000",
        "out/all.bin": "100644",
        "out/crlf.txt": "100644",
        "out/link": "120000",
        "out/tool": "100755",
        'out/größe "2".txt': "100644",
    }
    assert scene.show("out/all.bin", "results/new") == BINARY
    assert scene.show("out/crlf.txt", "results/new") == b"a\r\nb\n"
    assert scene.show("data/crlf.txt", "results/new") == f"{CRLF}more\r\n".encode()
    assert scene.show("out/link", "results/new") == b"../data/all.bin"
    assert scene.show("windows.bat", "results/new") == b"dir\n"
    assert scene.show("known.log", "results/new") == b"known\nforced\n"
    assert "elsewhere/no.txt" not in found
    newest = scene.sandbox.forge.log(scene.repository, "results/new")[0]
    assert newest["message"].startswith(f"{message}\nDocklet-Run: ")
    assert newest["parents"] == [scene.branches()["main"]]


def test_nothing_changed(scene: Scene) -> None:
    """A script that changes nothing but times, or nothing below `paths`, succeeds uncommitted."""
    script = "touch do.sh; cp do.sh x; rm x; mkdir -p out/empty; echo new > elsewhere.txt\n"
    before = scene.write({"do.sh": script})
    done = scene.run("do.sh", "--paths", "out", "--paths", "do.sh")
    assert done.code == 0, done.output
    assert "changed nothing" in done.output
    assert scene.branches() == {"main": before}
    assert "changed nothing" in scene.comment()
