"""The workflows that people copy, run by act in the sandbox as they are.

What a stand-in has to take the place of is named for each; what can't run here is named as well.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.acceptance.act import (
    ROOT,
    Workflow,
    committed,
    copy_of_repository,
    kept_by_act,
    log_of,
    remove_what_act_left,
)
from tests.acceptance.scene import SHELL_IMAGE, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

EXAMPLES: Final = ROOT / ".github/examples"
FILE: Final = ".github/workflows/example.yml"


@dataclass(frozen=True, kw_only=True)
class Example:
    """One workflow in a repository that it could be for."""

    files: Mapping[str, str]
    makes: Mapping[str, bytes]
    """Files that the results have, on the branch `main` unless the workflow proposes them."""
    event: str = "workflow_dispatch"
    inputs: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)
    """Text of the workflow and what stands in for it, for want of images in the sandbox."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    proposed: bool = False
    """Whether the results are in a pull request."""
    uploads: frozenset[str] = frozenset()
    """Files in the archive that the workflow uploads."""


SIMULATION: Final = "import sys\nopen('seed.txt', 'w').write(' '.join(sys.argv[1:]))\n"
RUN: Final = {
    "artifact.yml": Example(
        files={"simulate.py": SIMULATION}, makes={}, uploads=frozenset({"seed.txt"})
    ),
    "dispatch.yml": Example(
        files={"inst/examples/knit.R": "cat('knitted', file = 'report.md')\n"},
        makes={"inst/examples/report.md": b"knitted"},
    ),
    "inputs.yml": Example(
        files={"simulate.py": SIMULATION},
        inputs={"size": "s-2vcpu-4gb", "seed": "42; rm -rf /"},
        makes={"seed.txt": b"--seed 42; rm -rf /"},
    ),
    "matrix.yml": Example(
        files={"benchmark.sh": 'mkdir -p results && echo "$1" > "results/$1.txt"\n'},
        makes={f"results/{size}.txt": f"{size}\n".encode() for size in ("c-4", "c-8", "c-16")},
    ),
    "notebook.yml": Example(
        files={"notebooks/weekly.ipynb": "{}\n"},
        event="schedule",
        instead={"path: notebooks\n": "path: notebooks\n          INTERPRETER"},
        makes={"notebooks/executed/weekly.ipynb": b"{}\n"},
    ),
    "private-image.yml": Example(
        files={"analysis.sh": 'echo "${#DATABASE_URL}" > length.txt\n'},
        instead={"registry.example.com/team/analysis:2.1": "PRIVATE"},
        secrets={"DATABASE_URL": "postgres://user:hunter2hunter2@db.example/x"},
        makes={"length.txt": b"43\n"},
    ),
    "push.yml": Example(
        files={"analysis/run.py": "open('mean.txt', 'w').write('2.5')\n"},
        event="push",
        instead={"python:3.13": "python:3"},
        makes={"analysis/mean.txt": b"2.5"},
    ),
    "rmarkdown.yml": Example(
        files={"reports/report.Rmd": "# Report\n\n`r 1 + 1` is two.\n"},
        event="push",
        instead={"path: reports\n": "path: reports\n          KNIT"},
        makes={"reports/report.md": b"# Report\n\n2 is two.\n"},
        proposed=True,
    ),
}
NOT_RUN: Final = {
    "docklet-bot.yml": "answers a comment, which `test_bot_action.py` makes",
    "docklet-reap.yml": "installs docklet from its public address, which is not here",
    "gpu.yml": "no machine of the sandbox has a GPU",
}
UPLOADED: Final = "uploaded"
UPLOAD: Final = f"""
name: Upload
inputs:
  name: {{required: true}}
  path: {{required: true}}
  if-no-files-found: {{required: true}}
runs:
  using: composite
  steps:
    - run: mkdir {UPLOADED} && cp -- "$FILE" {UPLOADED}/
      shell: bash
      env:
        FILE: ${{{{ inputs.path }}}}
"""
"""What takes the place of `actions/upload-artifact`, which is not here."""
LINES: Final = {
    "INTERPRETER": f"image: {SHELL_IMAGE}\n          interpreter: install -D -t executed\n",
    "KNIT": 'interpreter: Rscript -e "knitr::knit(commandArgs(TRUE)[[1]])"\n',
}


def test_every_example_is_run_or_named() -> None:
    """No workflow is offered that nobody has thought of running."""
    assert {*RUN, *NOT_RUN} == {path.name for path in EXAMPLES.glob("*.yml")}
    assert not {*RUN} & {*NOT_RUN}


@pytest.fixture(scope="module")
def action(tmp_path_factory: pytest.TempPathFactory, action_image: str) -> Path:
    """Provide the action as a repository of its own; its image is built already."""
    assert action_image
    folder = tmp_path_factory.mktemp("action")
    copy_of_repository(folder)
    return folder


@pytest.fixture(autouse=True, scope="module")
def nothing_is_left() -> Iterator[None]:
    """Remove what act keeps for the next time, once all is done."""
    before = kept_by_act()
    yield
    remove_what_act_left(before)


def workflow_of(scene: Scene, name: str, action: Path) -> Workflow:
    """Return an example in a repository, with its stand-ins."""
    example, addresses = RUN[name], scene.sandbox.addresses
    private = f"{addresses.private_registry.removeprefix('http://')}/{SHELL_IMAGE}"
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for old, new in example.instead.items():
        assert old in text, f"{name} has changed: {old!r} is gone."
        text = text.replace(old, new)
    for word, there in {**LINES, "PRIVATE": private}.items():
        text = text.replace(word, there)
    checkout = scene.folder / "checkout"
    for path, content in {**example.files, FILE: text}.items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(content, encoding="utf-8")
    return Workflow(
        scene=scene,
        checkout=checkout,
        head=committed(scene, checkout),
        file=FILE,
        secrets={
            "REGISTRY_USERNAME": addresses.registry_username,
            "REGISTRY_PASSWORD": addresses.registry_password,
            **example.secrets,
        },
        # Without a checkout in the workflow, act would leave the workspace empty.
        options=("--bind", *instead(text, {"docklet/docklet": action, **stand_ins(scene)})),
    )


def stand_ins(scene: Scene) -> dict[str, Path]:
    """Return folders with actions in the place of others'."""
    folder = scene.folder / "upload"
    folder.mkdir()
    (folder / "action.yml").write_text(UPLOAD, encoding="utf-8")
    return {"actions/upload-artifact": folder}


def instead(workflow: str, actions: Mapping[str, Path]) -> list[str]:
    """Return what tells act to take these folders for the actions that a workflow uses."""
    used = re.findall(r"\buses: (\S+)", workflow)
    return [
        word
        for each in used
        for word in ("--local-repository", f"{each}={actions[each.partition('@')[0]]}")
    ]


def uploaded(checkout: Path) -> set[str]:
    """Return the names of the results that were uploaded."""
    found: set[str] = set()
    for archive in checkout.glob(f"{UPLOADED}/*.tar"):
        with tarfile.open(archive) as opened:
            found |= {name.removeprefix("files/") for name in opened.getnames()}
    return found - {"manifest.json"}


def payload_of(example: Example, head: str) -> dict[str, Any]:
    """Return what the forge tells about the event."""
    if example.event == "push":
        return {"after": head, "ref": "refs/heads/main"}
    return {"inputs": dict(example.inputs)}


@pytest.mark.parametrize("name", RUN)
def test_example(scene: Scene, action: Path, name: str) -> None:
    """What the workflow promises comes out, and no machine stays."""
    example = RUN[name]
    workflow = workflow_of(scene, name, action)
    act = workflow.start(example.event, payload_of(example, workflow.head))
    log = log_of(act)
    assert act.returncode == 0, log
    others = [branch for branch in scene.branches() if branch != "main"]
    assert len(others) == int(example.proposed), others
    ref = others[0] if example.proposed else "main"
    assert {path: scene.show(path, ref) for path in example.makes} == dict(example.makes)
    assert uploaded(workflow.checkout) == example.uploads
    for secret in example.secrets.values():
        assert secret not in log
