"""A sandbox in the background is started with the options that were given for it."""

from __future__ import annotations

import argparse

import pytest

from docklet_sandbox.serve_command import add_arguments, as_arguments


def parsed(*arguments: str) -> argparse.Namespace:
    """Return what `serve` makes of its arguments."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--keep-disks",),
        ("--machines=none", "--port-base=4000", "--boot-delay=1.5"),
        ("--keep-disks", "--api-delay=0.25", "--ip-delay=2", "--pull-delay=1", "--specs=/specs"),
    ],
)
def test_options_are_handed_on(arguments: tuple[str, ...]) -> None:
    """No option is lost or changed on the way to the server."""
    options = parsed(*arguments)
    assert parsed(*as_arguments(options)) == options
