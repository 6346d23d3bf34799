"""What a commit does to lines is told as the forge counts it; an archive has a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.agent_rig import git

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.scene import Scene

FILES: Mapping[str, str | bytes] = {
    "data.csv": "1\n2\n3\n",
    "old.txt": "x\ny\n",
    "plot.bin": b"\0\1\2",
    "same.txt": "s\n",
}
SCRIPT = """\
printf '1\\n4\\n5\\n6\\n' > data.csv
rm old.txt
printf '\\0\\3' > plot.bin
printf '# %s\\n\\nText\\n' Report > 'größe <b>.md'
printf 'no end' > end.txt
"""


def counted(scene: Scene) -> tuple[int, int, dict[str, str]]:
    """Return what git counts in the newest commit: lines added and removed, and by path."""
    url = f"{scene.sandbox.addresses.forge}/{scene.repository}.git"
    git(scene.folder, "clone", "--quiet", "--bare", url, "look")
    rows = git(scene.folder / "look", "diff", "--numstat", "-z", "HEAD~", "HEAD").split("\0")
    found = {path: (added, removed) for added, removed, path in (r.split("\t") for r in rows if r)}
    lines = {path: (int(a), int(r)) for path, (a, r) in found.items() if a != "-"}
    return (
        sum(added for added, _ in lines.values()),
        sum(removed for _, removed in lines.values()),
        {path: f"+{added} \u2212{removed}" for path, (added, removed) in lines.items()},
    )


def test_lines_of_a_commit(scene: Scene, action_image: str) -> None:
    """New, changed and deleted texts are told with git's own figures, binary files without."""
    sha = scene.write({"do.sh": SCRIPT, **FILES})
    runner = scene.action(action_image, sha=sha, inputs={"script": "do.sh"})
    code, printed = runner.main().wait()
    assert code == 0, printed
    assert runner.post().wait()[0] == 0
    added, removed, lines = counted(scene)
    assert lines == {
        "data.csv": "+3 \u22122",
        "old.txt": "+0 \u22122",
        "größe <b>.md": "+3 \u22120",
        "end.txt": "+1 \u22120",
    }
    total = f"+{added} \u2212{removed}"
    assert f" on main ({total})." in printed
    for report in (scene.comment(), runner.summary):
        assert f"2 new, 2 changed, 1 deleted files ({total}, " in report
        rows = {row for row in report.splitlines() if row.startswith("- ")}
        for path, figures in lines.items():
            (row,) = (row for row in rows if f"`{path}`" in row)
            assert f", {figures}" in row
        (binary,) = (row for row in rows if "`plot.bin`" in row)
        assert binary.endswith(" changed, 2 bytes")
    assert "artifacts" not in scene.comment()


def test_forge_that_does_not_count(scene: Scene, action_image: str) -> None:
    """Without an answer the comment has sizes alone, and all else is as ever."""
    sha = scene.write({"do.sh": SCRIPT, **FILES})
    scene.sandbox.fault("502", service="forge", method="GET", route="*/commits/{ref}", count=99)
    runner = scene.action(action_image, sha=sha, inputs={"script": "do.sh"})
    code, printed = runner.main().wait()
    assert code == 0, printed
    assert runner.post().wait()[0] == 0
    path = f"/repos/{scene.repository}/commits/{runner.outputs['commit']}"
    asked = [one for one in scene.sandbox.journal("forge") if one["path"].endswith(path)]
    assert {one["status"] for one in asked} == {502}
    assert scene.show("data.csv") == b"1\n4\n5\n6\n"
    assert "2 new, 2 changed, 1 deleted files (" in scene.comment()
    assert "\u2212" not in scene.comment()


def test_archive_has_a_link(scene: Scene, action_image: str) -> None:
    """Results that are not pushed are where a later step finds them, and the reports say where."""
    sha = scene.write({"do.sh": "echo 1 > a.txt\n"})
    runner = scene.action(action_image, sha=sha, inputs={"script": "do.sh", "push": "none"})
    code, printed = runner.main().wait()
    assert code == 0, printed
    assert runner.post().wait()[0] == 0
    assert (runner.workspace / runner.outputs["archive"]).is_file()
    run = f"/{scene.repository}/actions/runs/"
    for report in (scene.comment(), runner.summary):
        (line,) = (one for one in report.splitlines() if "artifacts" in one)
        assert run in line
        assert line.endswith(
            "#artifacts) if the workflow uploads it with `actions/upload-artifact`."
        )
