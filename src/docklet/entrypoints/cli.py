"""The command line: names the commands and loads each one's code only when it is called."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

import docklet
from docklet.domain.errors import DockletError
from docklet.domain.outcome import exit_code_of

_COMMANDS: Final = {
    "run": "Run a script on a rented droplet.",
    "local": "Run the same job on this machine's Docker, with no droplet.",
    "plan": "Show what a run would do and cost; nothing is created.",
    "ls": "List docklet's droplets.",
    "logs": "Print the log of a run whose droplet exists.",
    "ssh": "Log in to a run's droplet.",
    "rm": "Delete a run's droplet.",
    "reap": "Finish or delete what lost runs have left.",
    "adopt": "Let docklet run on a droplet that it did not make.",
    "check-config": "Check the jobs and bounds for commands in comments.",
    "doctor": "Check tokens, limits, git and Docker.",
}


class _Commands(click.Group):
    """A group that imports `docklet.entrypoints.commands.NAME` for command NAME."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command returns
        """Run a command; a failure that docklet explains is printed, not traced."""
        try:
            return super().invoke(ctx)
        except DockletError as error:
            click.echo(error.message, err=True)
            ctx.exit(exit_code_of(error.reason))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names, in the order of use."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; its module has a click command named `command`."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"docklet.entrypoints.commands.{name}")
        found: click.Command = module.command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(docklet.__version__, package_name="docklet")
def main() -> None:
    """Run a repository's script on a droplet that is rented for exactly as long as it runs.

    Tokens come from DIGITALOCEAN_TOKEN and GITHUB_TOKEN; other addresses than the public ones
    from DIGITALOCEAN_API_URL, GITHUB_API_URL and GITHUB_SERVER_URL.
    """
