"""Git LFS there and back: files on the machine if asked for, and results in LFS, never raw."""

from __future__ import annotations

import hashlib
import urllib.request
from typing import TYPE_CHECKING

from tests.acceptance.scene import SHELL_IMAGE

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene

SCRIPT = """\
head -c 7 model.bin > "$1"
if [ "$1" = false.txt ]; then exit 0; fi
echo more >> model.bin
yes weights | head -c 125829120 > new.bin
printf '[lfs]\\n\\turl = %s\\n\\tpushurl = %s\\n' "$2" "$2" > .lfsconfig
"""
LINE = b"weights\n"
MODEL, LARGE = b"weights" * 100_000, 125_829_120


def test_large_files(scene: Scene, action_image: str) -> None:
    """Pointers become files only if asked for; changed and new files end up in LFS again."""
    forge, address = scene.sandbox.forge, scene.sandbox.addresses.forge
    trap = f"{address}/mona/elsewhere/info/lfs"
    rules = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
    scene.write({"look.sh": SCRIPT, ".gitattributes": rules})
    pointer = forge.store_large(scene.repository, MODEL)
    sha = forge.commit(scene.repository, {"model.bin": pointer})
    inputs = {"script": "look.sh", "lfs": "true", "args": f"true.txt\n{trap}", "comment": "none"}
    without = scene.start(
        *("run", "--repo", scene.repository, "--script", "look.sh", "--image", SHELL_IMAGE),
        *("--args", "false.txt"),
    )
    code, printed = scene.action(action_image, sha=sha, inputs=inputs).main().wait()
    output = without.communicate(timeout=120)[0].decode()
    assert (code, without.returncode) == (0, 0), printed + output
    assert scene.show("true.txt") == b"weights"
    assert scene.show("false.txt") == b"version"
    assert trap.encode() in (scene.show(".lfsconfig") or b"")
    assert fetched(scene, "model.bin") == hashlib.sha256(MODEL + b"more\n").hexdigest()
    new = hashlib.sha256(LINE * (LARGE // len(LINE))).hexdigest()
    assert fetched(scene, "new.bin") == new
    asked = [one["path"] for one in scene.sandbox.journal("forge")]
    assert not [path for path in asked if "elsewhere" in path]
    forge.call("delete_repository", repo=scene.repository)


def fetched(scene: Scene, name: str) -> str:
    """Return the digest of what a pointer on main stands for, by what LFS hands out."""
    version, oid, size = (scene.show(name) or b"").decode().splitlines()
    assert version == "version https://git-lfs.github.com/spec/v1"
    addresses = scene.sandbox.addresses
    place = f"{scene.repository}.git/info/lfs/objects/{oid.removeprefix('oid sha256:')}"
    headers = {"Authorization": f"Bearer {addresses.workflow_token}"}
    request = urllib.request.Request(f"{addresses.forge}/{place}", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        content = answer.read()
    assert size == f"size {len(content)}"
    return hashlib.sha256(content).hexdigest()
