"""Which program runs a script and which image holds it, told by the script's extension."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How scripts of one kind are run."""

    image: str
    """Image to use when the user names none."""
    before: tuple[str, ...]
    """Command line in front of the script's path."""
    after: tuple[str, ...] = ()
    """Command line behind it, in front of the user's arguments."""


_NBCONVERT: Final = ("jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace")

LANGUAGES: Final[Mapping[str, Language]] = {
    ".r": Language(image="rocker/verse", before=("Rscript",)),
    ".rmd": Language(
        image="rocker/verse",
        before=("Rscript", "-e", "rmarkdown::render(commandArgs(TRUE)[[1]])"),
    ),
    ".qmd": Language(image="rocker/verse", before=("quarto", "render")),
    ".py": Language(image="python:3", before=("python",)),
    ".ipynb": Language(image="quay.io/jupyter/scipy-notebook", before=_NBCONVERT),
    ".jl": Language(image="julia", before=("julia",)),
    ".sh": Language(image="ubuntu", before=("bash",)),
}
"""Languages by lower-case extension."""


def language_of(script: str) -> Language | None:
    """Return how `script` is run, or None when its extension says nothing."""
    return LANGUAGES.get(PurePosixPath(script).suffix.lower())


def command_line(script: str, *, interpreter: str, args: tuple[str, ...]) -> tuple[str, ...]:
    """Return the argument vector that runs `script` with `args` in its working directory.

    An `interpreter` of the user's is split as a shell would split it and replaces the table's.
    A script without either runs as it is, so it needs a shebang and its executable bit.
    The path is prefixed with `./` so that no script name is ever read as an option.
    """
    path = f"./{script}"
    if interpreter:
        return (*shlex.split(interpreter), path, *args)
    language = language_of(script)
    if language is None:
        return (path, *args)
    return (*language.before, path, *language.after, *args)
