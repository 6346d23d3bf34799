"""Children of our process inherit nothing that is secret."""

from __future__ import annotations

from docklet.entrypoints.surroundings import taken


def test_secrets_are_taken_out() -> None:
    """We know everything, and what is left is fit for any program."""
    harmless = {"PATH": "/bin", "GITHUB_REPOSITORY": "mona/web", "MY_INPUT_": "x"}
    secret = {
        "INPUT_DIGITALOCEAN-TOKEN": "a",
        "INPUT_ENV": "KEY=b",
        "INPUT_NAMES-OF-TOMORROW": "c",
        "ACTIONS_RUNTIME_TOKEN": "d",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "e",
        "DIGITALOCEAN_TOKEN": "f",
        "GITHUB_TOKEN": "g",
    }
    environ = {**harmless, **secret}
    assert taken(environ) == {**harmless, **secret}
    assert environ == harmless
