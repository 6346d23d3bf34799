"""`.github/docklet.yml`: from bytes to a configuration, with the line of every problem."""

from __future__ import annotations

from docklet.adapters.strict_yaml import read
from docklet.domain.config import Config
from docklet.domain.config_reader import config_of
from docklet.domain.errors import InvalidInputs


def config(content: bytes) -> Config:
    """Return the configuration that a file holds; an empty file is an empty configuration.

    Raises `InvalidInputs` with every problem, each with its line.
    """
    tree, problems = read(content)
    found = Config()
    if tree is not None or not problems:
        try:
            found = config_of(tree)
        except InvalidInputs as error:
            problems = (*problems, *error.problems)
    if problems:
        raise InvalidInputs(tuple(sorted(problems, key=lambda problem: problem.line)))
    return found
