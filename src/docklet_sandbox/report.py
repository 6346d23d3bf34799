"""What the command line prints of a sandbox, as text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docklet_sandbox.client import Bill, Inventory
    from docklet_sandbox.state import Addresses


def welcome_text(addresses: Addresses) -> str:
    """Return where everything answers, and the line that points a shell at it."""
    where = {
        "cloud": addresses.cloud,
        "forge": addresses.forge,
        "forge API": addresses.forge_api,
        "registry": addresses.registry or "none (droplets are not machines here)",
        "control": addresses.control,
        "files": addresses.state,
    }
    lines = [f"  {name:<10}{value}" for name, value in where.items()]
    state = "" if addresses.state.endswith("/.sandbox") else f" --state {addresses.state}"
    return "\n".join(
        [
            f"docklet sandbox {addresses.id} is up (pid {addresses.pid}).",
            *lines,
            "Point docklet, git and curl at it:",
            f'  eval "$(python -m docklet_sandbox env{state})"',
        ]
    )


def inventory_text(inventory: Inventory) -> str:
    """Return what the account owns, one thing a line."""
    lines = [
        f"  {d['id']}  {d['status']:<7}{d['size']:<16}{d['region']:<6}{d['address']:<16}"
        f"{d['name']}  {' '.join(d['tags'])}"
        for d in inventory.droplets.values()
    ]
    for kind in ("tags", "keys", "firewalls", "images"):
        names = sorted(getattr(inventory, kind))
        lines.append(f"{len(names)} {kind}{': ' if names else ''}{', '.join(names)}")
    return "\n".join([f"{len(inventory.droplets)} droplets", *lines])


def bill_text(bill: Bill) -> str:
    """Return what all droplets have cost so far."""
    return f"${bill.dollars:.2f} for {len(bill.by_droplet)} droplets so far"


def journal_text(entries: list[dict[str, Any]]) -> str:
    """Return one line for each request, with what was wrong with it."""
    return "\n".join(_line(entry) for entry in entries)


def _line(entry: dict[str, Any]) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(entry["time"]))
    query = f"?{entry['query']}" if entry["query"] else ""
    notes = [f"fault: {entry['fault']}"] if entry["fault"] else []
    notes += [f"VIOLATION: {entry['violation']}"] if entry["violation"] else []
    return (
        f"{clock} {entry['service']:<6}{entry['status'] or '---':<4}{entry['seconds']:>7.3f}s "
        f"{entry['method']:<7}{entry['path']}{query}  {' '.join(notes)}"
    ).rstrip()
