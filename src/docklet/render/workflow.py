"""Lines that the Actions runner obeys, and lines that it must not obey.

It knows two spellings: `::name::` at a line's beginning and, from older days, `##[name]` anywhere
in a line.
"""

from __future__ import annotations

from typing import Final

LONGEST_ANNOTATION: Final = 3500
"""Characters; the runner cuts at 4,096, and newlines count more than once."""


def command(name: str, data: str = "") -> str:
    """Return a command; `data` may be anything and stays on the command's line."""
    line = data.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{name}::{line.replace('##[', '# #[')}"


def annotation(kind: str, message: str) -> str:
    """Return the command that annotates the step; `kind` is `notice`, `warning` or `error`."""
    return command(f"{kind} title=docklet", message[:LONGEST_ANNOTATION])


def mask_command(line: str) -> str:
    """Return the command that has a line blanked out; nothing in it may be altered."""
    return f"::add-mask::{line.replace('%', '%25')}"


def inert(line: str) -> str:
    """Return a line of text so that it is no command."""
    plain = line.replace("##[", "# #[")
    return f"> {plain}" if plain.lstrip().startswith("::") else plain
