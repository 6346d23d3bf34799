"""Results meet a branch that moved, a branch that refuses, and a file that is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

WRITE = {"a.sh": "echo a > a.txt\n", "b.sh": "echo b > b.txt\n", "shared.txt": "old\n"}


SAVES_ENV = """\
echo fine > fine.txt
env > env.txt
env | base64 > "notes of $API_KEY.b64"
echo {} > d.ipynb
"""


def own_branch(scene: Scene) -> str:
    """Return the name of the run's own branch."""
    (name,) = set(scene.branches()) - {"main"}
    return name


def test_two_runs_at_once(scene: Scene) -> None:
    """Two runs that push to one branch at the same moment are both there."""
    scene.write(WRITE)
    runs = [
        scene.start(
            "run",
            *("--repo", scene.repository, "--script", script),
            *("--image", "docklet-sandbox/shell"),
        )
        for script in ("a.sh", "b.sh")
    ]
    outputs = [run.communicate(timeout=120)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    assert scene.show("a.txt") == b"a\n"
    assert scene.show("b.txt") == b"b\n"


def test_lost_race(scene: Scene) -> None:
    """Somebody else's commit that comes in between stays, and the results come on top of it."""
    scene.write(WRITE)
    scene.sandbox.forge.ambush(scene.repository, {"theirs.txt": "theirs\n"}, times=2)
    done = scene.run("a.sh")
    assert done.code == 0, done.output
    assert scene.show("theirs.txt") == b"theirs\n"
    assert scene.show("a.txt") == b"a\n"


def test_conflict(scene: Scene) -> None:
    """A conflicting change stays; the results are on the run's own branch, and we are told."""
    scene.write({**WRITE, "c.sh": "echo ours > shared.txt\n"})
    scene.sandbox.forge.ambush(scene.repository, {"shared.txt": "theirs\n"})
    done = scene.run("c.sh")
    assert done.code == 40, done.output
    assert scene.show("shared.txt") == b"theirs\n"
    assert scene.show("shared.txt", own_branch(scene)) == b"ours\n"
    assert own_branch(scene) in scene.comment()


def test_protected_branch(scene: Scene) -> None:
    """A protected branch is not pushed; the results are on the run's own branch."""
    before = scene.write(WRITE)
    scene.sandbox.forge.protect(scene.repository, "main")
    done = scene.run("a.sh")
    assert done.code == 40, done.output
    assert scene.branches()["main"] == before
    assert scene.show("a.txt", own_branch(scene)) == b"a\n"
    assert "protected" in scene.comment().lower()


def test_large_file(scene: Scene) -> None:
    """A file above 100 MB is left out by name and kept on the runner; the rest is committed."""
    scene.write({"big.sh": "echo small > small.txt\nhead -c 104857601 /dev/zero > big.bin\n"})
    done = scene.run("big.sh")
    assert done.code == 44, done.output
    assert scene.show("small.txt") == b"small\n"
    assert scene.show("big.bin") is None
    (archive,) = scene.folder.glob("docklet-*/results.tar")
    assert archive.stat().st_size > 104857601
    assert "big.bin" in scene.comment()
    assert f"{archive.parent.name}/results.tar" in scene.comment()


def test_lost_answer_to_the_push(scene: Scene) -> None:
    """A push that took effect and whose answer was lost is a success, once."""
    scene.write(WRITE)
    scene.sandbox.fault("commit_then_drop", service="forge", method="POST", route="*receive-pack*")
    done = scene.run("a.sh")
    assert done.code == 0, done.output
    assert [one["message"].splitlines()[0] for one in scene.sandbox.forge.log(scene.repository)][
        1:
    ] == [scene.sandbox.forge.log(scene.repository)[1]["message"].splitlines()[0]]


def test_pull_request(scene: Scene) -> None:
    """`push: pull-request` proposes the results."""
    before = scene.write(WRITE)
    done = scene.run("a.sh", "--push", "pull-request")
    assert done.code == 0, done.output
    assert scene.branches()["main"] == before
    (pull,) = scene.sandbox.forge.pulls(scene.repository)
    assert pull["head"] == own_branch(scene)
    assert pull["base"] == "main"


def test_no_push(scene: Scene) -> None:
    """`push: none` leaves the results on the runner."""
    before = scene.write(WRITE)
    done = scene.run("a.sh", "--push", "none")
    assert done.code == 0, done.output
    assert scene.branches() == {"main": before}
    assert list(scene.folder.glob("docklet-*/results.tar"))


def test_secret_in_results(scene: Scene) -> None:
    """A file with a secret stays out of the repository and in the archive; the rest is pushed."""
    scene.write({"do.sh": SAVES_ENV})
    done = scene.run("do.sh", "--env", "API_KEY=canary-Zq7fXw91")
    assert done.code == 44, done.output
    assert scene.show("fine.txt") == b"fine\n"
    assert sorted(scene.sandbox.forge.paths(scene.repository)) == ["d.ipynb", "do.sh", "fine.txt"]
    (archive,) = scene.folder.glob("docklet-*/results.tar")
    assert b"API_KEY=canary-Zq7fXw91" in archive.read_bytes()
    said = scene.comment().replace("\\", "")
    assert "env.txt" in said
    assert "it has the value of `API_KEY` in it" in said
    assert "canary" not in said
    assert "canary" not in done.output
