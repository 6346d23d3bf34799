"""`python -m docklet_sandbox report`: its options, and what it prints and returns."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from docklet_sandbox.audit import audit
from docklet_sandbox.audit_text import audit_text
from docklet_sandbox.client import SandboxClient
from docklet_sandbox.leaks import Canary
from docklet_sandbox.state import SandboxError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--canary",
        action="append",
        default=[],
        metavar="VALUE",
        help="a secret to look for in everything that the sandbox holds; may be repeated",
    )
    parser.add_argument(
        "--canaries",
        type=Path,
        metavar="FILE",
        help="a file with one secret a line, - for standard input",
    )
    parser.add_argument("--json", action="store_true", help="everything as one JSON object")


def report(options: argparse.Namespace) -> int:
    """Print the report and return 1 if there is anything to complain about."""
    canaries = list(_canaries(options))
    found = audit(SandboxClient.of(options.state), canaries)
    text = json.dumps(found.as_json(), indent=2) if options.json else audit_text(found)
    sys.stdout.write(f"{text}\n")
    return 0 if found.clean else 1


def _canaries(options: argparse.Namespace) -> Iterator[Canary]:
    values = [*options.canary, *_lines(options.canaries)]
    for number, value in enumerate(values, start=1):
        yield Canary(name=f"canary {number}", value=value)


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        message = f"The canaries can't be read: {error}."
        raise SandboxError(message) from error
    return [line for line in text.splitlines() if line]
