"""`docklet check-config`: what is wrong with the configuration, and where."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from docklet.domain.errors import InvalidInputs, Problem
from docklet.domain.outcome import Reason, exit_code_of

if TYPE_CHECKING:
    from docklet.domain.config import Config


@click.command()
@click.argument("file", metavar="[FILE]", default=".github/docklet.yml")
def command(file: str) -> None:
    """Check the jobs and bounds for commands in comments.

    FILE is .github/docklet.yml if none is named. Prints every problem as FILE:LINE: MESSAGE;
    nobody is asked, so whether a size or an image exists is not found out.
    """
    from docklet.adapters.config_file import config

    try:
        click.echo(_text(file, config(Path(file).read_bytes())))
    except OSError as error:
        _end((Problem(name="file", message=f"It can't be read: {error.strerror}."),), file)
    except InvalidInputs as error:
        _end(error.problems, file)


def _text(file: str, config: Config) -> str:
    """Say that all is well, and what there is."""
    if not config.jobs:
        return f"{file} is fine, and names no job."
    jobs = [f"  {name}: {inputs['script']}" for name, inputs in _with_defaults(config).items()]
    return "\n".join([f"{file} is fine. Its jobs are:", *jobs])


def _with_defaults(config: Config) -> dict[str, dict[str, str]]:
    """Return the inputs of each job as a command gets them."""
    return {name: {**config.defaults, **inputs} for name, inputs in config.jobs.items()}


def _end(problems: tuple[Problem, ...], file: str) -> NoReturn:
    """Print problems as compilers do and end the process."""
    for problem in problems:
        click.echo(f"{file}:{max(problem.line, 1)}: {problem.name}: {problem.message}")
    sys.exit(exit_code_of(Reason.INVALID_INPUT))
