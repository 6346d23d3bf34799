"""Where the official descriptions lie, and what is said when they lie nowhere."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "DOCKLET_SPECS"
FILES = {"cloud": "digitalocean.json", "forge": "github.json"}
"""The description of each service, by the service's name in the journal."""
_REPOSITORY = Path(__file__).resolve().parents[3]
_BESIDE = _REPOSITORY.parent / "shared" / "specs"


def find_folder(chosen: Path | None = None) -> Path | None:
    """Return the folder of descriptions: the chosen one, DOCKLET_SPECS or `../shared/specs`.

    Raises ValueError for a folder that was named and holds no description.
    """
    named = chosen or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    folder = named or _BESIDE
    if any((folder / file).is_file() for file in FILES.values()):
        return folder
    if named is not None:
        message = f"{named} holds none of {', '.join(FILES.values())}."
        raise ValueError(message)
    return None


def missing(folder: Path | None) -> list[str]:
    """Return a sentence for each service that runs without its description."""
    return [
        f"The {service} is NOT checked against its official description: there is no {file}. "
        f"Name its folder with --specs or {VARIABLE}."
        for service, file in FILES.items()
        if folder is None or not (folder / file).is_file()
    ]
