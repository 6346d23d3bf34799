"""What runs: script, path, interpreter, arguments and variables reach the container unharmed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.stand_ins import built, pushed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docklet_sandbox.client import SandboxClient
    from tests.acceptance.scene import Scene

ARGUMENTS = (
    "two  words",
    "it's",
    '"quoted"',
    "$(touch oops)",
    "`touch oops`",
    "$HOME;*&|<>",
    "-x",
    "--flag=a b",
    "--",
    "back\\slash\\n",
    "größe 東京",
)
SECRET = "canary-7Hq2 = with  spaces=and 'quotes' \"$HOME\" \\n ä"
RECORD = """\
printf '%s\\n' "$@" > arguments.txt
printf '%s' "$TOKEN" | sha256sum | head -c 64 > token.txt
echo "[$EMPTY]" >> token.txt
pwd > directory.txt
echo "I know $TOKEN"
"""
RECORDER = """\
#!/bin/sh
{ echo "$(basename "$0")"; for part in "$@"; do echo "$part"; done; } > "$(basename "$0").argv"
"""
KNITTER = """\
render <- function(input, ...) {
  stopifnot(nargs() == 1)
  knitr::knit(input)
}
"""
PAPERS = "docklet-test/papers"
STAND_INS = {
    "Dockerfile": "FROM docklet-sandbox/shell\nCOPY julia quarto jupyter /usr/bin/\n",
    **dict.fromkeys(("julia", "quarto", "jupyter"), RECORDER),
}
RMARKDOWN = {
    "Dockerfile": "FROM docklet-sandbox/r-knitr\nCOPY . /tmp/rmarkdown/\n"
    "RUN R CMD INSTALL --no-docs /tmp/rmarkdown\n",
    "DESCRIPTION": "Package: rmarkdown\nVersion: 0.1\nTitle: Stand-in\nDescription: None.\n"
    "License: MIT\nAuthor: N\nMaintainer: N <n@example.com>\nImports: knitr\n",
    "NAMESPACE": "export(render)\n",
    "R/render.R": KNITTER,
}


@pytest.fixture
def stand_ins(sandbox: SandboxClient) -> Iterator[None]:
    """Images of Julia and for papers, with programs that write down how they are called."""
    with pushed(sandbox, STAND_INS, "library/julia", PAPERS):
        yield


def test_arguments_and_variables_through_the_action(scene: Scene, action_image: str) -> None:
    """Arguments arrive as they are, variables too, whose values nobody else gets to see."""
    sha = scene.write({"some dir/record it.sh": RECORD})
    runner = scene.action(
        action_image,
        sha=sha,
        inputs={
            "script": "record it.sh",
            "path": "some dir",
            "args": "\n".join(ARGUMENTS),
            "env": f"TOKEN={SECRET}\nEMPTY=\n",
        },
    )
    code, printed = runner.main().wait()
    assert code == 0, printed
    arguments = scene.show("some dir/arguments.txt")
    assert arguments is not None
    assert arguments.decode().splitlines() == list(ARGUMENTS)
    assert scene.show("some dir/token.txt") == f"{hashed(SECRET)}[]\n".encode()
    assert scene.show("some dir/directory.txt") == b"/work/some dir\n"
    told = "\n".join(line for line in printed.splitlines() if not line.startswith("::add-mask::"))
    for place in (told, scene.comment(), runner.summary, *runner.outputs.values()):
        assert "canary" not in place
    assert "I know ***" in told
    assert "I know ***" in scene.comment()
    check_outputs(runner.outputs, scene)


def hashed(text: str) -> str:
    """Return what the script writes about a variable."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_outputs(outputs: dict[str, str], scene: Scene) -> None:
    """Every output says what is so."""
    result = json.loads(outputs.pop("result"))
    assert result["schema-version"] == 1
    assert {name: "" if result[name] is None else str(result[name]) for name in outputs} == outputs
    assert (outputs["status"], outputs["reason"], outputs["exit-code"]) == ("success", "done", "0")
    assert outputs["commit"] == scene.branches()["main"]
    assert outputs["branch"] == "main"
    assert "#commitcomment-" in outputs["comment-url"]
    (droplet,) = [
        one for one in scene.sandbox.history() if str(one["id"]) == outputs["droplet-id"]
    ]
    assert droplet["deleted"]
    assert 0 < float(outputs["duration-seconds"]) < 60
    assert float(outputs["cost-usd"]) == 0.01
    log = scene.folder / "runner" / "workspace" / outputs["log"]
    assert b"I know " in log.read_bytes()


def test_script_with_a_shebang(scene: Scene) -> None:
    """An executable file without an extension runs as it is, options for its own use included."""
    script = '#!/usr/bin/env -S bash -e\nprintf "%s\\n" "$0" "$@" > argv.txt\n'
    scene.write({"tools/do it": script}, executable=["tools/do it"])
    arguments = ("--args", "--help", "--args", "-x y")
    done = scene.run("tools/do it", *arguments)
    assert done.code == 0, done.output
    assert scene.show("argv.txt") == b"./tools/do it\n--help\n-x y\n"


def test_interpreter(scene: Scene) -> None:
    """An interpreter of the user's is split as a shell would, and goes before the extension's."""
    scene.write({"job.py": 'echo "$-" > flags.txt; echo "$0 $1" >> flags.txt\n'})
    done = scene.run("job.py", "--interpreter", 'bash -u -c \'source "$0" "$@"\'', "--args", "a")
    assert done.code == 0, done.output
    flags = scene.show("flags.txt")
    assert flags is not None
    assert b"u" in flags.splitlines()[0]
    assert flags.splitlines()[1] == b"./job.py a"


def test_script_that_may_not_be_executed(scene: Scene) -> None:
    """A file with neither extension nor executable bit is refused with what to do about it."""
    scene.write({"job": "#!/bin/sh\ntrue\n"})
    done = scene.run("job")
    assert done.code == 27, done.output
    assert "./job" in done.output
    assert "executable" in done.output


def test_default_images_and_real_programs(scene: Scene) -> None:
    """Shell and Python scripts run in the image that their extension implies."""
    scene.write(
        {
            "a.sh": 'echo "$BASH_VERSION $1" > sh.txt\n',
            "b.py": "import sys\nopen('py.txt', 'w').write(sys.argv[1])\n",
        }
    )
    run_all(scene, dict.fromkeys(("a.sh", "b.py"), ""), "-v 1")
    assert (scene.show("sh.txt") or b"").endswith(b" -v 1\n")
    assert scene.show("py.txt") == b"-v 1"


@pytest.mark.usefixtures("stand_ins")
def test_programs_of_papers_and_notebooks(scene: Scene) -> None:
    """Quarto, notebooks and Julia get the command lines that they need."""
    scene.write({"a.jl": "", "b.qmd": "", "c.ipynb": "{}"})
    run_all(scene, {"a.jl": "", "b.qmd": PAPERS, "c.ipynb": PAPERS}, "--more=x")
    assert scene.show("julia.argv") == b"julia\n./a.jl\n--more=x\n"
    assert scene.show("quarto.argv") == b"quarto\nrender\n./b.qmd\n--more=x\n"
    nbconvert = b"nbconvert --to notebook --execute --inplace ./c.ipynb --more=x"
    assert scene.show("jupyter.argv") == b"\n".join([b"jupyter", *nbconvert.split(), b""])


def test_r_markdown_in_r(scene: Scene) -> None:
    """R understands the command line that renders R Markdown; tried on this machine."""
    text = "Sum: `r 20 + 22` with `r commandArgs(TRUE)[[2]]`\n"
    scene.write({"my report.Rmd": text})
    with built("docklet-test/rmarkdown", RMARKDOWN) as name:
        options = ("--script", "my report.Rmd", "--image", name, "--args", "--more=x")
        done = scene.docklet("local", "--push", "branch", "--repo", scene.repository, *options)
    assert done.code == 0, done.output
    assert scene.show("my report.md") == b"Sum: 42 with --more=x\n"


def run_all(scene: Scene, images: dict[str, str], argument: str) -> None:
    """Run several scripts at once, each in its image, or the implied one."""
    runs = [
        scene.start(
            *("run", "--repo", scene.repository, "--script", script, "--args", argument),
            *(("--image", name) if name else ()),
        )
        for script, name in images.items()
    ]
    for run in runs:
        output, _ = run.communicate(timeout=120)
        assert run.returncode == 0, output.decode()


def test_too_little_to_go_by(scene: Scene, action_image: str) -> None:
    """Without an extension that is known an image has to be named; outputs tell of the refusal."""
    sha = scene.write({"job": "#!/bin/sh\n"})
    runner = scene.action(action_image, sha=sha, inputs={"script": "job", "image": ""})
    code, printed = runner.main().wait()
    assert code == 20
    assert "image: The extension of `job` implies no image." in printed
    told = {name: text for name, text in runner.outputs.items() if text}
    assert (told.pop("status"), told.pop("reason")) == ("invalid", "invalid-input")
    assert json.loads(told.pop("result"))["status"] == "invalid"
    assert told.keys() <= {"duration-seconds"}


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [("DIGITALOCEAN_TOKEN", 22, "DigitalOcean"), ("GITHUB_TOKEN", 23, "GitHub did not accept")],
)
def test_wrong_tokens(scene: Scene, name: str, code: int, words: str) -> None:
    """A token that opens nothing is told by the service that refused it."""
    scene.write({"do.sh": "true\n"})
    scene.extra[name] = "wrong-token"
    done = scene.run("do.sh", "--ref", "main")
    assert done.code == code, done.output
    assert words in done.output
    assert "wrong-token" not in done.output
