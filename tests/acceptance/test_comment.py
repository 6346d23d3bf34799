"""The status comment can be left out, lost or forbidden: the run goes on all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.scene import SHELL_IMAGE

if TYPE_CHECKING:
    import subprocess

    from tests.acceptance.scene import Scene

SLOW = "echo begun; sleep 2; echo done > done.txt\n"


def test_no_comment(scene: Scene) -> None:
    """`comment: none` leaves neither comment nor status."""
    scene.write({"do.sh": "echo done > done.txt\n"})
    done = scene.run("do.sh", "--comment", "none")
    assert done.code == 0, done.output
    assert scene.sandbox.forge.comments(scene.repository) == []
    assert scene.sandbox.forge.statuses(scene.repository) == []


def begun(scene: Scene) -> subprocess.Popen[bytes]:
    """Start a run and return it once its script runs."""
    process = scene.start(
        *("run", "--repo", scene.repository, "--script", "slow.sh", "--image", SHELL_IMAGE)
    )
    assert process.stdout is not None
    for line in process.stdout:
        if b"begun" in line:
            return process
    message = "The script never began."
    raise AssertionError(message)


def test_comment_deleted_meanwhile(scene: Scene) -> None:
    """A comment that somebody deletes while the script runs is written again at the end."""
    scene.write({"slow.sh": SLOW})
    process = begun(scene)
    (comment,) = scene.sandbox.forge.comments(scene.repository)
    scene.sandbox.forge.call("delete_comment", repo=scene.repository, id=comment["id"])
    output = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 0, output
    assert scene.show("done.txt") == b"done\n"
    assert "The script succeeded." in scene.comment()


def test_comments_forbidden_meanwhile(scene: Scene) -> None:
    """Comments and statuses that GitHub refuses from now on are told of once, and cost nothing."""
    scene.write({"slow.sh": SLOW})
    process = begun(scene)
    locked = {"message": "Unable to edit comment because the conversation is locked"}
    for method, route in (("PATCH", "*/comments/*"), ("POST", "*/statuses/*")):
        scene.sandbox.fault(
            "403", service="forge", method=method, route=route, body=locked, count=9
        )
    output = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 0, output
    assert output.count("The status could not be reported") == 1
    assert "the conversation is locked" in output
    assert scene.show("done.txt") == b"done\n"
