"""The seed: a repository's R script is knitted on a droplet and comes back as a commit."""

from __future__ import annotations

from tests.acceptance.scene import R_IMAGE, Scene, template

SEED = ("--script", "knit.R", "--path", "inst/examples", "--image", R_IMAGE)
PNG = b"\x89PNG\r\n\x1a\n"


def check_results(scene: Scene, before: str) -> None:
    """Check that the branch has one new commit, with the knitted file and its figure."""
    newest, parent = scene.sandbox.forge.log(scene.repository)[:2]
    assert parent["sha"] == before
    knitted = scene.show("inst/examples/example.md")
    assert knitted is not None
    assert b"Old Faithful" in knitted
    figure = scene.show("inst/examples/figure/geyser-1.png")
    assert figure is not None
    assert figure.startswith(PNG)
    assert "Docklet-Image: docklet-sandbox/r-knitr@sha256:" in newest["message"]
    assert f"Docklet-Source: {before}" in newest["message"]


def test_seed_through_the_command_line(scene: Scene) -> None:
    """`docklet run` knits the report, commits it, comments, and leaves no droplet."""
    before = scene.write(template())
    done = scene.docklet("run", "--repo", scene.repository, *SEED)
    assert done.code == 0, done.output
    check_results(scene, before)
    assert "inst/examples" in scene.comment()


def test_seed_through_the_action(scene: Scene, action_image: str) -> None:
    """The action's image does the same for a dispatched workflow, and tells the runner."""
    before = scene.write(template())
    runner = scene.action(
        action_image,
        sha=before,
        inputs={"script": "knit.R", "path": "inst/examples", "image": R_IMAGE},
    )
    code, printed = runner.main().wait()
    assert code == 0, printed
    check_results(scene, before)
    newest = scene.sandbox.forge.log(scene.repository)[0]
    assert newest["author"]["name"] == "ada"
    assert newest["committer"]["name"] == "github-actions[bot]"
    assert runner.outputs["status"] == "success"
    assert runner.outputs["commit"] == newest["sha"]
    assert runner.outputs["comment-url"].startswith(scene.sandbox.addresses.forge)
    assert "knit.R" in runner.summary
    code, printed = runner.post().wait()
    assert code == 0, printed


def test_seed_on_this_machine(scene: Scene) -> None:
    """`docklet local` shows what would be committed, and commits it with `--push`."""
    before = scene.write(template())
    done = scene.docklet("local", "--repo", scene.repository, *SEED)
    assert done.code == 0, done.output
    assert "inst/examples/figure/geyser-1.png" in done.output
    assert scene.branches() == {"main": before}
    done = scene.docklet("local", "--push", "branch", "--repo", scene.repository, *SEED)
    assert done.code == 0, done.output
    newest, parent = scene.sandbox.forge.log(scene.repository)[:2]
    assert parent["sha"] == before
    assert newest["message"].startswith("Results of knit.R")
