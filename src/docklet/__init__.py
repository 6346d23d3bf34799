"""Run a repository's script on a droplet that is rented for exactly as long as it runs."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
"""The same as in pyproject.toml, which a test compares: reading it there would slow `--help`."""
