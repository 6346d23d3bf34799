"""The schema that editors have says what the loader says, as far as a schema can."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
import yaml
from ruamel.yaml import YAML

from docklet.adapters.config_file import config
from docklet.domain.bounds_reader import FIELDS
from docklet.domain.config import Bounds
from docklet.domain.config_reader import FOREIGN, MOST_JOBS
from docklet.domain.outcome import Reason, exit_code_of
from tests.configs import BAD, GOOD
from tools import config_schema

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / ".github/examples/config/docklet.yml"
ACTION: Final[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text())


@pytest.fixture(scope="module", name="schema")
def _schema() -> jsonschema_rs.Draft7Validator:
    """Return the schema that is in the repository."""
    return jsonschema_rs.Draft7Validator(json.loads(config_schema.PATH.read_text()))


def as_editors_read(text: str) -> Any:  # noqa: ANN401 - whatever is in a file
    """Return what a file holds for an editor, which types scalars and not keys."""
    found = YAML(typ="safe", pure=True).load(text.removeprefix("\ufeff"))
    return json.loads(json.dumps(found))


def docklet(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process."""
    program = Path(sys.executable).with_name("docklet")
    return subprocess.run([program, *arguments], capture_output=True, check=False, text=True)


def test_schema_is_current() -> None:
    """`make docs` has been run since action.yml or the bounds changed."""
    assert config_schema.text(ACTION) == config_schema.PATH.read_text()


@pytest.mark.parametrize("name", GOOD)
def test_schema_accepts_what_the_loader_accepts(
    schema: jsonschema_rs.Draft7Validator, name: str
) -> None:
    """A file that is fine is not underlined."""
    schema.validate(as_editors_read(GOOD[name]))


@pytest.mark.parametrize("name", BAD)
def test_schema_refuses_what_the_loader_refuses(
    schema: jsonschema_rs.Draft7Validator, name: str
) -> None:
    """A file that is refused is underlined before it is committed."""
    assert not schema.is_valid(as_editors_read(BAD[name].text))


def test_schema_has_all_inputs_and_bounds() -> None:
    """Nothing that the loader knows is missing, and nothing is there that it refuses."""
    properties = config_schema.schema(ACTION)["properties"]
    assert set(properties["defaults"]["properties"]) == set(ACTION["inputs"]) - set(FOREIGN)
    assert list(properties["commands"]["properties"]) == list(FIELDS)
    assert properties["jobs"]["maxProperties"] == MOST_JOBS


def test_defaults_in_the_table_are_those_of_the_code() -> None:
    """A bound that the file does not name is what the README says."""
    said = {name: bound.default for name, bound in config_schema.BOUNDS.items() if bound.default}
    said["inputs"] = f"[{said['inputs']}]"
    text = "commands:\n" + "".join(f"  {name}: {value}\n" for name, value in said.items())
    assert config(text.encode()).bounds == Bounds()


def test_editors_check_the_example() -> None:
    """The schema is a schema, and a tool of the trade accepts the example with it."""
    program = Path(sys.executable).with_name("check-jsonschema")
    path = str(config_schema.PATH)
    subprocess.run([program, "--check-metaschema", path], check=True, capture_output=True)
    subprocess.run([program, "--schemafile", path, EXAMPLE], check=True, capture_output=True)


def test_readme_has_the_example() -> None:
    """What people copy is what is checked here, and its first line finds the schema."""
    text = EXAMPLE.read_text()
    assert f"```yaml\n{text}```\n" in (ROOT / "README.md").read_text()
    assert text.startswith(f"# yaml-language-server: $schema={config_schema.URL}\n")


def test_example_is_fine() -> None:
    """The command line accepts the example and lists its jobs."""
    done = docklet("check-config", str(EXAMPLE))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == ["  report: knit.R", "  fit: fit.py"]


def test_problems_are_where_compilers_put_them(tmp_path: Path) -> None:
    """Every problem is one line with file and line number, and the exit code says whose turn."""
    path = tmp_path / "docklet.yml"
    path.write_text("jobs:\n  a: {script: ../a.R}\ncommands:\n  forks: maybe\n")
    done = docklet("check-config", str(path))
    assert done.returncode == exit_code_of(Reason.INVALID_INPUT)
    named = [re.match(r"(.+):(\d+): (\S+): .+\.$", line) for line in done.stdout.splitlines()]
    assert [found and found.groups() for found in named] == [
        (str(path), "2", "jobs.a.script"),
        (str(path), "4", "commands.forks"),
    ]


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is told like any other problem, without a traceback."""
    done = docklet("check-config", str(tmp_path / "none.yml"))
    assert done.returncode == exit_code_of(Reason.INVALID_INPUT)
    assert "none.yml:1: file: It can't be read: No such file" in done.stdout
    assert done.stderr == ""


def test_file_without_jobs(tmp_path: Path) -> None:
    """An empty file is fine, and it is said that there is nothing to run."""
    (tmp_path / "docklet.yml").write_text("")
    assert docklet("check-config", str(tmp_path / "docklet.yml")).stdout.endswith("no job.\n")
