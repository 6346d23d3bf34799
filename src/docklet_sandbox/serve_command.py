"""`python -m docklet_sandbox serve`: its options, and how they get to the server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docklet_sandbox.contract.places import VARIABLE, find_folder, missing
from docklet_sandbox.launch import start
from docklet_sandbox.report import welcome_text
from docklet_sandbox.state import SandboxError, State

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_DELAYS = {
    "boot": "from a create until the droplet is active and boots",
    "ip": "from active until the droplet's addresses are shown",
    "api": "that every answer of cloud and forge takes",
    "pull": "that the registry holds an image back",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--machines",
        choices=("docker", "light", "none"),
        default="docker",
        help="what droplets are: containers, parts played by this process, or nothing at all "
        "(default: %(default)s)",
    )
    for name, purpose in _DELAYS.items():
        text = f"seconds {purpose} (default: 0)"
        parser.add_argument(f"--{name}-delay", type=float, default=0.0, metavar="S", help=text)
    parser.add_argument(
        "--keep-disks",
        action="store_true",
        help="keep the disks of deleted droplets for `report` to search, until it is stopped",
    )
    parser.add_argument(
        "--port-base",
        type=int,
        default=0,
        metavar="PORT",
        help="use this port and the four after it (default: any that are free)",
    )
    parser.add_argument(
        "--ssh-port",
        type=int,
        default=22,
        metavar="PORT",
        help="where light droplets answer; below 1024 only root may (default: %(default)s)",
    )
    parser.add_argument(
        "--specs",
        type=Path,
        metavar="DIR",
        help="the folder of the services' official API descriptions, digitalocean.json and "
        f"github.json (default: ${VARIABLE}, else ../shared/specs)",
    )
    parser.add_argument("--background", action="store_true", help="return once it answers")


def serve(options: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Run a sandbox until it is stopped, or start one in the background."""
    _warn_unchecked(options.specs)
    if options.background:
        client = start(State.at(options.state), as_arguments(options))
        say(welcome_text(client.addresses))
        return
    from docklet_sandbox.ground import Kind
    from docklet_sandbox.serve import Options
    from docklet_sandbox.serve import serve as run

    chosen = Options(
        state=State.at(options.state),
        kind=Kind(options.machines),
        port_base=options.port_base,
        settings=_settings(options),
        ssh_port=options.ssh_port,
        specs=options.specs,
    )
    asyncio.run(run(chosen, lambda addresses: say(welcome_text(addresses))))


def _warn_unchecked(specs: Path | None) -> None:
    try:
        folder = find_folder(specs)
    except ValueError as error:
        raise SandboxError(str(error)) from error
    for sentence in missing(folder):
        sys.stderr.write(f"docklet_sandbox: {sentence}\n")


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the knobs that were turned; none of them is of use at zero."""
    names = (*(f"{name}_delay" for name in _DELAYS), "keep_disks")
    return {name: getattr(options, name) for name in names if getattr(options, name)}


def as_arguments(options: argparse.Namespace) -> list[str]:
    """Return the arguments that give a server in the background the same options."""
    turned = {name.replace("_", "-"): value for name, value in _settings(options).items()}
    knobs = [
        f"--{name}" if value is True else f"--{name}={value}" for name, value in turned.items()
    ]
    specs = [] if options.specs is None else [f"--specs={options.specs.resolve()}"]
    base = [f"--machines={options.machines}", f"--port-base={options.port_base}"]
    return [*base, f"--ssh-port={options.ssh_port}", *specs, *knobs]
