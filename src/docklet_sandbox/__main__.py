"""The sandbox's command line: `python -m docklet_sandbox serve`, `env`, `status`, …, `down`."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docklet_sandbox.client import SandboxClient
from docklet_sandbox.launch import start, stop
from docklet_sandbox.report import bill_text, inventory_text, journal_text, welcome_text
from docklet_sandbox.state import DEFAULT_STATE, SandboxError, State

if TYPE_CHECKING:
    from collections.abc import Sequence

_DELAYS = {
    "boot": "from a create until the droplet is active and boots",
    "ip": "from active until the droplet's addresses are shown",
    "api": "that every answer of cloud and forge takes",
    "pull": "that the registry holds an image back",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        _COMMANDS[options.command](options)
    except SandboxError as error:
        sys.stderr.write(f"docklet_sandbox: {error}\n")
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _serve(options: argparse.Namespace) -> None:
    if options.background:
        client = start(State.at(options.state), _serve_arguments(options))
        _say(welcome_text(client.addresses))
        return
    from docklet_sandbox.ground import Kind
    from docklet_sandbox.serve import Options, serve

    chosen = Options(
        state=State.at(options.state),
        kind=Kind(options.machines),
        port_base=options.port_base,
        settings=_settings(options),
    )
    asyncio.run(serve(chosen, lambda addresses: _say(welcome_text(addresses))))


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    delays = {f"{name}_delay": getattr(options, f"{name}_delay") for name in _DELAYS}
    return {name: seconds for name, seconds in delays.items() if seconds}


def _serve_arguments(options: argparse.Namespace) -> list[str]:
    delays = [f"--{k.replace('_', '-')}={v}" for k, v in _settings(options).items()]
    return [f"--machines={options.machines}", f"--port-base={options.port_base}", *delays]


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


_COMMANDS = {
    "build": _build,
    "serve": _serve,
    "down": _down,
    "env": _env,
    "status": _status,
    "inventory": _inventory,
    "journal": _journal,
    "repo": _repo,
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
    _add_serve(commands.add_parser("serve", parents=[common], help="start a sandbox"))
    for name, purpose in (
        ("down", "stop the sandbox and remove all of it"),
        ("env", 'print exports for a shell: eval "$(python -m docklet_sandbox env)"'),
        ("status", "print the running sandbox's addresses"),
        ("inventory", "print what the cloud's account owns and what it costs"),
    ):
        commands.add_parser(name, parents=[common], help=purpose)
    journal = commands.add_parser("journal", parents=[common], help="print every request so far")
    journal.add_argument("--service", choices=("cloud", "forge"))
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
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--machines",
        choices=("docker", "none"),
        default="docker",
        help="what droplets are: containers, or nothing at all (default: %(default)s)",
    )
    for name, purpose in _DELAYS.items():
        text = f"seconds {purpose} (default: 0)"
        parser.add_argument(f"--{name}-delay", type=float, default=0.0, metavar="S", help=text)
    parser.add_argument(
        "--port-base",
        type=int,
        default=0,
        metavar="PORT",
        help="use this port and the four after it (default: any that are free)",
    )
    parser.add_argument("--background", action="store_true", help="return once it answers")


if __name__ == "__main__":
    sys.exit(main())
