"""What is checked out: any ref, as much history as asked for, submodules, large files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.agent_rig import commit, git, make_repository
from tests.acceptance.scene import SHELL_IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.scene import Scene

LOOK = """\
{
  cat version.txt
  if [ -e .git/shallow ]; then echo shallow; else echo whole; fi
  cat .git/HEAD
  ls .git/refs/tags
} > seen.txt
grep -r x-access-token .git; true
"""
READ = 'cat lib/data.txt lib/deep/data.txt > "$1" 2>/dev/null; echo more >> lib/data.txt\n'
LOST = "0123456789abcdef0123456789abcdef01234567"


def history(folder: Path) -> str:
    """Make two commits, with a tag on the first and a branch beside it; return the first."""
    first = make_repository(folder, {"version.txt": "one\n", "look.sh": LOOK})
    git(folder, "tag", "--annotate", "--message", "First", "v1")
    git(folder, "checkout", "--quiet", "-b", "feature/side")
    commit(folder, {"version.txt": "side\n"})
    git(folder, "checkout", "--quiet", "main")
    commit(folder, {"version.txt": "two\n"})
    return first


def test_refs(scene: Scene) -> None:
    """A branch, a tag and a SHA can be run; results go on top of the branch, history or not."""
    first = history(scene.folder / "source")
    scene.sandbox.forge.create(scene.repository, source=str(scene.folder / "source"))
    side, main = scene.branches()["feature/side"], scene.branches()["main"]
    meant = {"v1": first, "feature/side": side, "refs/heads/main": main, first[:10]: first}
    for ref, sha in meant.items():
        planned = scene.docklet("plan", *described(scene, "look.sh"), "--ref", ref)
        assert f"Commit      {sha}" in planned.output
    aside = ("--ref", "feature/side", "--branch", "feature/side")
    shallow = scene.start("run", *described(scene, "look.sh"), *aside)
    done = scene.run("look.sh", "--ref", "v1", "--fetch-depth", "0")
    assert done.code == 0, done.output
    assert seen(scene, "main") == ["one", "whole", "ref: refs/heads/main", "v1"]
    assert scene.sandbox.forge.log(scene.repository)[0]["parents"] == [main]
    assert scene.show("version.txt") == b"two\n"
    output = shallow.communicate(timeout=60)[0].decode()
    assert shallow.returncode == 0, output
    assert seen(scene, "feature/side") == ["side", "shallow", "ref: refs/heads/feature/side"]


def seen(scene: Scene, branch: str) -> list[str]:
    """Return what the script saw, by the branch that has its results."""
    return (scene.show("seen.txt", branch) or b"").decode().splitlines()


def test_wrong_refs(scene: Scene, action_image: str) -> None:
    """A ref that is not there is refused at once, a commit that is lost by the clone."""
    scene.write({"do.sh": "true\n"})
    before = len(scene.sandbox.history())
    done = scene.run("do.sh", "--ref", "no-such-branch")
    assert done.code == 20, done.output
    assert "ref: " in done.output
    assert "no-such-branch" in done.output
    assert len(scene.sandbox.history()) == before
    runner = scene.action(action_image, sha=LOST, inputs={"script": "do.sh"})
    code, printed = runner.main().wait()
    assert code == 28, printed
    assert f"could not be cloned at {LOST}" in printed
    assert runner.outputs["reason"] == "not-cloned"


def described(scene: Scene, script: str) -> tuple[str, ...]:
    """Return the options that every run has."""
    return ("--repo", scene.repository, "--script", script, "--image", SHELL_IMAGE)


def nested(scene: Scene) -> None:
    """Make a private repository with a private submodule that has one, too."""
    forge, folder = scene.sandbox.forge, scene.folder
    name = scene.repository.partition("/")[2]
    for level, below in (("deep", ""), ("lib", "deep"), ("", "lib")):
        place = folder / f"source-{level}"
        make_repository(place, {"data.txt": f"{level}\n", "read.sh": READ})
        if below:
            source = str(folder / f"source-{below}")
            git(place, "submodule", "--quiet", "add", source, below)
            git(
                place,
                "config",
                "-f",
                ".gitmodules",
                f"submodule.{below}.url",
                f"../{name}-{below}",
            )
            commit(place, {})
        made = f"{scene.repository}-{level}" if level else scene.repository
        forge.create(made, source=str(place), private=True)


def test_submodules(scene: Scene) -> None:
    """Submodules come along, one level or all; what is changed inside of one is left out."""
    nested(scene)
    runs = [
        scene.start(
            "run", *described(scene, "read.sh"), "--submodules", how, "--args", f"{how}.txt"
        )
        for how in ("true", "recursive")
    ]
    outputs = [run.communicate(timeout=120)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [44, 44], outputs
    assert scene.show("true.txt") == b"lib\n"
    assert scene.show("recursive.txt") == b"lib\ndeep\n"
    assert "inside the submodule 'lib'" in outputs[0]


def test_submodule_that_may_not_be_read(scene: Scene) -> None:
    """A token that may read this repository alone says so, and what it cannot reach."""
    nested(scene)
    grants = {"contents": "write", "statuses": "write"}
    scene.sandbox.forge.token("narrow", "mona", grants, repositories=[scene.repository])
    scene.extra["GITHUB_TOKEN"] = "narrow"
    done = scene.run("read.sh", "--submodules", "true")
    assert done.code == 28, done.output
    assert f"{scene.repository}-lib" in done.output
    assert "may the token read it?" in done.output


def test_large_file_that_is_missing(scene: Scene) -> None:
    """A pointer to nothing is told before the script could take it for the file."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'7' * 64}\nsize 9\n"
    files = {"look.sh": "true\n", ".gitattributes": "*.bin filter=lfs\n", "model.bin": pointer}
    scene.write(files)
    done = scene.run("look.sh", "--lfs", "true")
    assert done.code == 28, done.output
    assert "was it ever pushed" in done.output
