"""The sandbox's command line: `python -m docklet_sandbox serve`, `env`, `status`, …, `down`."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from docklet_sandbox import audit_command, serve_command
from docklet_sandbox.client import SandboxClient
from docklet_sandbox.launch import stop
from docklet_sandbox.report import bill_text, inventory_text, journal_text, welcome_text
from docklet_sandbox.state import DEFAULT_STATE, SandboxError, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options) or 0
    except SandboxError as error:
        sys.stderr.write(f"docklet_sandbox: {error}\n")
        return 1


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _build(options: argparse.Namespace) -> None:
    del options
    from docklet_sandbox.build import build_images

    asyncio.run(build_images(_say))


def _down(options: argparse.Namespace) -> None:
    stop(State.at(options.state))
    _say("The sandbox is gone: no process, container, network, volume or file is left of it.")


def _env(options: argparse.Namespace) -> None:
    for name, value in _client(options).environment.items():
        _say(f"export {name}={shlex.quote(value)}")


def _status(options: argparse.Namespace) -> None:
    _say(welcome_text(_client(options).addresses))


def _inventory(options: argparse.Namespace) -> None:
    client = _client(options)
    _say(inventory_text(client.inventory()))
    _say(bill_text(client.bill()))


def _journal(options: argparse.Namespace) -> None:
    entries = _client(options).journal(options.service)
    if options.json:
        _say("\n".join(json.dumps(entry) for entry in entries))
    else:
        _say(journal_text(entries))


def _repo(options: argparse.Namespace) -> None:
    client = _client(options)
    source = None if options.source is None else str(options.source.resolve())
    client.forge.create(options.name, source=source)
    _say(f"git clone {client.addresses.forge}/{options.name}")


def _client(options: argparse.Namespace) -> SandboxClient:
    return SandboxClient.of(options.state)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "build": _build,
    "serve": lambda options: serve_command.serve(options, _say),
    "down": _down,
    "env": _env,
    "status": _status,
    "inventory": _inventory,
    "journal": _journal,
    "repo": _repo,
    "report": audit_command.report,
}


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--state",
        type=Path,
        default=DEFAULT_STATE,
        metavar="DIR",
        help="the folder that holds the sandbox's files (default: %(default)s)",
    )
    parser = argparse.ArgumentParser(
        prog="python -m docklet_sandbox",
        description="A DigitalOcean and a GitHub on this machine, as strict as the real ones.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("build", help="make the images that are missing or out of date")
    serve = commands.add_parser("serve", parents=[common], help="start a sandbox")
    serve_command.add_arguments(serve)
    for name, purpose in (
        ("down", "stop the sandbox and remove all of it"),
        ("env", 'print exports for a shell: eval "$(python -m docklet_sandbox env)"'),
        ("status", "print the running sandbox's addresses"),
        ("inventory", "print what the cloud's account owns and what it costs"),
    ):
        commands.add_parser(name, parents=[common], help=purpose)
    journal = commands.add_parser("journal", parents=[common], help="print every request so far")
    journal.add_argument("--service", choices=("cloud", "forge", "registry"))
    journal.add_argument("--json", action="store_true", help="whole entries, one JSON a line")
    repo = commands.add_parser("repo", parents=[common], help="make a repository on the forge")
    repo.add_argument("name", metavar="OWNER/NAME")
    repo.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR",
        help="take its files, or all refs of a clone, from here (default: it begins empty)",
    )
    report = commands.add_parser("report", parents=[common], help="examine what happened so far")
    audit_command.add_arguments(report)
    return parser


if __name__ == "__main__":
    sys.exit(main())
