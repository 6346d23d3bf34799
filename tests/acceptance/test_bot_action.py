"""Commands in comments with the real action: its image, a real droplet, its post step."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from docklet.render.comment import run_of
from docklet_sandbox.runner import Runner, Step
from tests.acceptance.scene import SHELL_IMAGE, Scene
from tests.acceptance.stopping import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = f"""
defaults:
  image: {SHELL_IMAGE}
jobs:
  quick:
    script: quick.sh
  slow:
    script: slow.sh
  longer:
    script: longer.sh
    timeout: 45s
  endless:
    script: endless.sh
    timeout: 45s
"""
FILES = {
    ".github/docklet.yml": CONFIG,
    "quick.sh": "echo quick > quick.txt\n",
    "longer.sh": "sleep 60\necho longer > longer.txt\n",
    "endless.sh": "echo half > endless.txt\nsleep 300 &\nwait\n",
    "slow.sh": 'echo half > half.txt\necho "begun with $KEY"\nsleep 300 &\nwait\n',
}
LONG_AGO = 1_700_000_000.0
SECRET = "canary-of-the-workflow"


def answering(scene: Scene, image: str, payload: Mapping[str, Any]) -> Runner:
    """Return the job that a workflow for comments starts."""
    addresses, main = scene.sandbox.addresses, scene.sandbox.forge.head(scene.repository)
    step = Step(
        image=image,
        inputs={
            "digitalocean-token": addresses.cloud_token,
            "github-token": addresses.workflow_token,
            "env": f"KEY={SECRET}",
        },
        repository=scene.repository,
        sha=str(main),
        event="issue_comment",
        payload=payload,
        run_id=uuid.uuid4().hex,
    )
    return Runner(step, addresses, scene.folder / uuid.uuid4().hex)


def said(scene: Scene, words: str, **facts: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """Comment on the pull request, as somebody who may write."""
    found: Mapping[str, Any] = scene.sandbox.forge.call(
        "comment", repo=scene.repository, number=1, body=words, **{"login": "ada", **facts}
    )
    return found


def proposed(scene: Scene) -> str:
    """Open a pull request whose head was pushed a minute ago; return the head."""
    scene.write(FILES)
    forge, repo = scene.sandbox.forge, scene.repository
    forge.call("role", repo=repo, login="ada", role="write")
    head = forge.call("push", repo=repo, files={"a.txt": "1\n"}, branch="change", at=LONG_AGO)
    assert forge.call("pull", repo=repo, head="change") == 1
    return str(head)


def talk(scene: Scene) -> tuple[list[str], list[list[str]]]:
    """Return what docklet has said, and the reactions to what people have."""
    every = scene.sandbox.forge.comments(scene.repository)
    bodies = [one["body"] for one in every if one["login"].endswith("[bot]")]
    reactions = [
        [reaction["content"] for reaction in one["reactions"]]
        for one in every
        if not one["login"].endswith("[bot]")
    ]
    return bodies, reactions


def test_run(scene: Scene, action_image: str) -> None:
    """A comment runs a job at the pull request's head; results, report and post step as ever."""
    head = proposed(scene)
    runner = answering(scene, action_image, said(scene, "/docklet run quick"))
    code, printed = runner.main().wait()
    assert code == 0, printed
    assert runner.post().wait()[0] == 0
    assert scene.show("quick.txt", "change") == b"quick\n"
    assert runner.outputs["commit"] == scene.branches()["change"] != head
    bodies, reactions = talk(scene)
    assert reactions == [["rocket"]]
    (report,) = bodies
    assert "The script succeeded." in report


def test_stop(scene: Scene, action_image: str) -> None:
    """A second comment stops the script of the first; what it made goes to a branch of its own."""
    proposed(scene)
    first = answering(scene, action_image, said(scene, "/docklet run slow"))
    going = first.main()
    wait_for(lambda: "The script is running" in "".join(talk(scene)[0]))
    shown = answering(scene, action_image, said(scene, "/docklet logs"))
    assert shown.main().wait()[0] == 0
    second = answering(scene, action_image, said(scene, "/docklet stop"))
    code, printed = second.main().wait()
    assert (code, second.outputs) == (0, {}), printed
    assert second.post().wait()[0] == 0
    code, printed = going.wait()
    assert code == 50, printed
    assert first.post().wait()[0] == 0
    branch = first.outputs["branch"]
    assert branch.startswith("docklet/results-")
    assert scene.show("half.txt", branch) == b"half\n"
    bodies, reactions = talk(scene)
    assert reactions == [["rocket"]] * 3
    assert SECRET not in "".join(bodies)
    report, log, answer = bodies
    assert "on request of `ada`" in report or "on request of ada" in report
    assert "begun with ***" in log
    assert "is being stopped" in answer


def test_extend(scene: Scene, action_image: str) -> None:
    """A script that is given more time ends by itself; one that needs still more is ended then."""
    proposed(scene)
    runs = {name: f"/docklet run {name}" for name in ("longer", "endless")}
    runners = {name: answering(scene, action_image, said(scene, runs[name])) for name in runs}
    going = {name: runner.main() for name, runner in runners.items()}
    wait_for(lambda: "".join(talk(scene)[0]).count("The script is running") == len(runs))
    keys = [str(run_of(body)) for body in talk(scene)[0]]
    asking = [
        answering(scene, action_image, said(scene, f"/docklet extend 1m {key}")) for key in keys
    ]
    for more in [runner.main() for runner in asking]:
        code, printed = more.wait()
        assert code == 0, printed
    ended = {name: process.wait() for name, process in going.items()}
    assert [code for code, _ in ended.values()] == [0, 11], ended
    for runner in (*runners.values(), *asking):
        assert runner.post().wait()[0] == 0
    assert scene.show("longer.txt", "change") == b"longer\n"
    assert scene.show("endless.txt", runners["endless"].outputs["branch"]) == b"half\n"
    bodies, reactions = talk(scene)
    assert reactions == [["rocket"]] * 4
    assert "".join(bodies).count("may run until") == len(runs)
    assert "its time limit of `1m45s` and was ended" in "".join(bodies)


def test_stranger(scene: Scene, action_image: str) -> None:
    """Who may not write is answered by a job that ends well and rents nothing."""
    proposed(scene)
    before = len(scene.sandbox.journal("cloud"))
    runner = answering(scene, action_image, said(scene, "/docklet run quick", login="eve"))
    code, printed = runner.main().wait()
    assert (code, runner.outputs) == (0, {}), printed
    assert runner.post().wait()[0] == 0
    bodies, reactions = talk(scene)
    assert reactions == [["confused"]]
    assert "`read`" in bodies[0]
    assert len(scene.sandbox.journal("cloud")) == before
