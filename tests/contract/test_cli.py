"""The command line as a process: what it loads, what it offers, and how it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import click
import pytest

import docklet
from docklet.domain.inputs import INPUTS
from docklet.domain.outcome import Reason, exit_code_of
from docklet.entrypoints.cli import main

ROOT = Path(__file__).parents[2]
COMMANDS = main.list_commands(click.Context(main))
JOBS = ("run", "local", "plan")
TOKENS = {"digitalocean-token", "github-token"}
CANARY = "dop_v1_" + "c0ffee" * 10
LISTER: Final = """
import sys
from docklet.entrypoints.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(*sys.modules, file=sys.stderr)
"""
INSTALLED = packages_distributions()
HEAVY = ("asyncio", "ssl", "subprocess", "unittest", "urllib.request", "http.client")
"""Parts of the standard library that take as long as everything else together."""


def docklet_process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `docklet` where there is no repository."""
    own = {"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": "/", **variables}
    return subprocess.run(
        [str(Path(sys.executable).with_name("docklet")), *arguments],
        capture_output=True,
        check=False,
        cwd="/",
        env=own,
        text=True,
        timeout=60,
    )


def loaded(*arguments: str) -> set[str]:
    """Return the modules that `docklet ARGUMENTS` has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", LISTER, *arguments], capture_output=True, check=True, text=True
    )
    assert "Usage: " in done.stdout
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help")])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    """Help needs the command-line library and the domain, and loads nothing else.

    That is what keeps it below 0.2 s; a clock would fail on a busy machine.
    """
    modules = loaded(*arguments)
    strangers = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    # setuptools, where there is any, puts _distutils_hack into every process.
    assert strangers & set(INSTALLED) - {"docklet", "_distutils_hack"} == {"click"}
    assert modules.isdisjoint(HEAVY)
    layers = {name.split(".")[1] for name in modules if name.startswith("docklet.")}
    assert layers <= {"domain", "entrypoints"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command(name: str) -> None:
    """Every command that is listed exists, explains itself, and loads no client to do so."""
    modules = loaded(name, "--help")
    layers = {module.split(".")[1] for module in modules if module.startswith("docklet.")}
    assert layers.isdisjoint({"adapters", "pipeline", "wiring", "bot"})


@pytest.mark.parametrize("name", JOBS)
def test_every_input_is_an_option(name: str) -> None:
    """Whatever the action takes, the command line takes, under the same name."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= {f"--{item.name}" for item in INPUTS if item.name not in TOKENS} | {"--repo"}


def test_version() -> None:
    """The version is that of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert docklet.__version__ == project["version"]
    assert docklet_process("--version").stdout == f"docklet, version {project['version']}\n"


@pytest.mark.parametrize("name", ["ls", "reap", "logs", "ssh", "rm", "adopt"])
def test_no_token(name: str) -> None:
    """Without a token the message names the variable; there is no traceback."""
    done = docklet_process(name, *(("abcd",) if name in {"logs", "ssh", "rm", "adopt"} else ()))
    assert done.returncode == exit_code_of(Reason.INVALID_INPUT)
    assert done.stderr.startswith("DIGITALOCEAN_TOKEN: It is not set.")
    assert "Traceback" not in done.stderr


def test_copies_for_others_go_elsewhere(tmp_path: Path) -> None:
    """What others may read does not go where whole archives are."""
    given = {"DIGITALOCEAN_TOKEN": CANARY, "GITHUB_WORKSPACE": str(tmp_path)}
    done = docklet_process("reap", "--save-to", str(tmp_path), **given)
    assert done.returncode == click.UsageError.exit_code, done.stderr
    assert "Name another directory" in done.stderr


@pytest.mark.parametrize("name", JOBS)
def test_no_repository(name: str) -> None:
    """Where there is no repository the message names the option."""
    done = docklet_process(name, "--script", "a.R", DIGITALOCEAN_TOKEN=CANARY)
    assert done.returncode == exit_code_of(Reason.INVALID_INPUT), done.stderr
    assert done.stderr.startswith("repo: You stand in no checkout")


@pytest.mark.parametrize("name", JOBS)
def test_all_problems_at_once(name: str) -> None:
    """Every wrong option has a sentence of its own."""
    wrong = ("--script", "../a.R", "--push", "maybe", "--timeout", "9 days", "--image", "A B")
    done = docklet_process(name, *wrong, DIGITALOCEAN_TOKEN=CANARY)
    assert done.returncode == exit_code_of(Reason.INVALID_INPUT)
    named = {line.partition(":")[0] for line in done.stderr.splitlines()}
    assert {"script", "push", "timeout", "image"} <= named


def test_plain_address_never_sees_the_token() -> None:
    """An address without TLS is refused before the token is sent."""
    plain = {"DIGITALOCEAN_TOKEN": CANARY, "DIGITALOCEAN_API_URL": "http://127.0.0.1:9"}
    for name in ("ls", "doctor"):
        done = docklet_process(name, **plain)
        assert done.returncode != 0
        assert "https://" in done.stdout + done.stderr
        assert CANARY not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_local_knows_what_droplets_are_about() -> None:
    """`local` takes the options about droplets without showing them; `--push` stands alone."""
    shown = docklet_process("local", "--help").stdout
    assert "--size" not in shown
    assert "--push" in shown
    options = ("--script", "a.R", "--size", "s-1vcpu-1gb", "--push", "--keep", "always")
    done = docklet_process("local", *options)
    assert done.stderr.startswith("repo: "), done.stderr
