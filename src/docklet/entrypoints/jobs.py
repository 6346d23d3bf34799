"""A job as the command line describes it: options, and the checkout that one stands in."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from docklet.domain.errors import DockletError, InvalidInputs, Problem
from docklet.domain.inputs import INPUTS, LISTS, parse, secrets_of
from docklet.domain.outcome import exit_code_of
from docklet.domain.trigger import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from docklet.adapters.runner.files import Checkout
    from docklet.adapters.terminal.terminal import Display
    from docklet.domain.secret import Secret
    from docklet.domain.spec import RunSpec
    from docklet.entrypoints.carry_out import Job
    from docklet.wiring import Settings

_TOKENS: Final = {"digitalocean-token": "DIGITALOCEAN_TOKEN", "github-token": "GITHUB_TOKEN"}
_HELP: Final[Mapping[str, str]] = {
    "script": "What to run, relative to --path.",
    "path": "Working directory inside the repository.",
    "image": "Docker image that holds the environment.",
    "registry-username": "User name for a private image.",
    "registry-password": "Password for a private image.",
    "size": "Droplet size slug.",
    "region": "Region slug; give several in order of preference.",
    "args": "An argument for the script.",
    "interpreter": "What runs the script, instead of what its extension says.",
    "env": "NAME=value for the script; masked everywhere else.",
    "ref": "Branch, tag or commit to check out.",
    "fetch-depth": "Commits of history; 0 for all.",
    "submodules": "false, true or recursive.",
    "lfs": "Whether to fetch LFS files: true or false.",
    "push": "branch, pull-request or none.",
    "branch": "Branch for the results.",
    "paths": "Path whose changes are committed.",
    "commit-message": "Message of the results commit.",
    "timeout": "Time limit of the script, such as 45m or 5h.",
    "max-cost": "Dollars that the run may cost at most.",
    "keep": "Keep the droplet: never, on-failure or always.",
    "keep-for": "How long to keep it, such as 1h.",
    "droplet": "Id or name of an existing droplet to run on.",
    "droplet-image": "Image or snapshot that the droplet boots.",
    "private-network": "Whether the script may reach private addresses: true or false.",
    "ssh-keys": "Public key, or github:USER, let into a kept droplet.",
    "comment": "Where the status comment goes: commit, pull-request, auto or none.",
}


_ABOUT_DROPLETS: Final = (
    *("size", "region", "max-cost", "keep", "keep-for"),
    *("droplet", "droplet-image", "private-network", "ssh-keys", "comment"),
)
_LOCALLY: Final[Mapping[str, Mapping[str, Any]]] = {
    "push": {
        "is_flag": False,
        "flag_value": "branch",
        "help": "Push the results: branch (if no word follows), pull-request or none.",
    },
    **{name: {"hidden": True} for name in _ABOUT_DROPLETS},
}
"""What is different about options where there is no droplet."""


def job_options(command: Callable[..., Any], *, local: bool = False) -> Callable[..., Any]:
    """Give a command an option for each input, and `--repo`.

    A `local` command takes those about droplets too, unseen, so that a command line of `run`
    can be tried without a change; and it pushes only where `--push` is given.
    """
    for item in reversed([item for item in INPUTS if item.name not in _TOKENS]):
        shown = f" [default: {item.default}]" if item.default else ""
        attributes: dict[str, Any] = {
            "multiple": item.name in LISTS,
            "help": _HELP[item.name] + shown,
        }
        attributes |= _LOCALLY.get(item.name, {}) if local else {}
        name = item.name.replace("-", "_")
        command = click.option(f"--{item.name}", name, **attributes)(command)
    return click.option("--repo", help="OWNER/NAME, instead of the checkout's repository.")(
        command
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A job that was asked for on the command line."""

    spec: RunSpec
    settings: Settings
    secrets: tuple[Secret, ...]
    repo: str
    """`OWNER/NAME` as the user gave it; empty for the checkout's."""
    checkout: Checkout | None

    async def complete(self) -> Job:
        """Find out what to run: where one stands, or the repository's default branch."""
        from docklet.entrypoints.carry_out import Job
        from docklet.wiring import new_run_key

        return Job(
            spec=self.spec,
            trigger=await self._trigger(),
            key=new_run_key(),
            secrets=self.secrets,
        )

    async def _trigger(self) -> Trigger:
        """Return the commit and branch that the user means."""
        from docklet.wiring import forge_of

        here = self.checkout
        author = here.author if here else ""
        if here is not None and self.repo in {"", here.repository} and here.repository:
            return Trigger(
                repository=here.repository, sha=here.sha, branch=here.branch, author=author
            )
        if not self.repo:
            raise InvalidInputs((_NO_REPOSITORY,))
        forge = forge_of(self.settings, self.repo)
        branch = await forge.default_branch()
        sha = await forge.resolve(branch)
        return Trigger(repository=self.repo, sha=sha, branch=branch, author=author)


_NO_REPOSITORY: Final = Problem(
    name="repo",
    message=(
        "You stand in no checkout whose remote `origin` is on the forge. Change into one, or name"
        " the repository with `--repo OWNER/NAME`."
    ),
)


def asked(
    options: Mapping[str, Any], environ: Mapping[str, str], *, needs_cloud: bool = True
) -> Asked:
    """Read a job from a command's options; end the process with all problems, if any."""
    from docklet.adapters.runner.files import checkout
    from docklet.wiring import settings_from

    raw = _raw(options, environ)
    settings = settings_from(environ)
    try:
        spec = parse(raw, needs_cloud=needs_cloud)
    except InvalidInputs as error:
        refuse(error)
    return Asked(
        spec=spec,
        settings=settings,
        secrets=secrets_of(raw),
        repo=options.get("repo") or "",
        checkout=checkout(Path(), settings.server_url),
    )


@contextmanager
def screen(secrets: tuple[Secret, ...]) -> Iterator[Display]:
    """Show a run on standard output: live for people, as lines for everything else."""
    from docklet.adapters.clock import RealClock
    from docklet.adapters.printer import Printer
    from docklet.adapters.terminal.terminal import display
    from docklet.render.mask import mask_of

    with os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0) as out:
        shown = display(sys.stdout, Printer(out), RealClock(), mask_of(secrets))
        try:
            yield shown
        finally:
            shown.close()


def refuse(error: DockletError) -> NoReturn:
    """Print why nothing was done and end the process."""
    click.echo(error.message, err=True)
    sys.exit(exit_code_of(error.reason))


def _raw(options: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs' text as the action would get it."""
    raw = {name: token for name, key in _TOKENS.items() if (token := environ.get(key, ""))}
    for name, value in options.items():
        key = name.replace("_", "-")
        if key in _HELP and value:
            raw[key] = LISTS[key].join(value) if key in LISTS else value
    return raw
