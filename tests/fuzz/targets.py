"""What is fuzzed: every parser of foreign bytes, and what it may raise.

A target takes any bytes. It must raise nothing but what its parser promises, and what it returns
must hold to what the rest of docklet relies on.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from docklet.adapters.config_file import config
from docklet.adapters.results.archive import ResultsArchive
from docklet.adapters.results.manifest import Manifest
from docklet.adapters.results.names import link_objection, objection
from docklet.domain.command import command_of
from docklet.domain.errors import DockletError
from docklet.domain.identity import identity_of
from docklet.domain.inputs import parse
from docklet.domain.leak import search_for
from docklet.domain.payload import comment_event
from docklet.domain.progress import Progress
from docklet.domain.record import decode
from docklet.domain.secret import Secret
from docklet.domain.trigger import trigger_of
from docklet.pipeline.answers import read_answer, read_ending, read_left, read_look
from docklet.ports import Completed
from docklet.render.commit import commit_message
from tests.builders import KEY, START, make_plan, make_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECRET: Final = "pa+ss/w\u00f6rd"
SEARCH: Final = search_for({"X": Secret(SECRET)})
ARGUMENTS: Final = ("args", "env", "paths", "ssh-keys")


def inputs(data: bytes) -> None:
    """Parse inputs, `NAME=text` and a NUL each."""
    pairs = (item.partition("=") for item in data.decode("utf-8", "surrogateescape").split("\0"))
    raw = {name: text for name, _, text in pairs}
    with suppress(DockletError):
        spec = parse(raw, actor="mona")
        assert not spec.image.startswith("-")
        assert ".." not in spec.path.split("/")
        assert spec.argv


def event(data: bytes) -> None:
    """Read the payload of an event."""
    raw = _json(data)
    found = comment_event(raw)
    assert found is None or found.comment > 0
    for name in ("push", "pull_request", "issue_comment"):
        environ = {"GITHUB_EVENT_NAME": name, "GITHUB_REPOSITORY": "octo/template"}
        with suppress(DockletError):
            trigger = trigger_of(environ, raw if isinstance(raw, dict) else {})
            assert not trigger.branch.startswith("-")
            assert not trigger.sha.startswith("-")


def command(data: bytes) -> None:
    """Read a comment."""
    with suppress(DockletError):
        command_of(data.decode("utf-8", "surrogateescape"))


def yaml(data: bytes) -> None:
    """Read a configuration file."""
    with suppress(DockletError):
        config(data)


def answer(data: bytes) -> None:
    """Read what a droplet says."""
    for read in (read_ending, read_look, read_left):
        with suppress(DockletError):
            found = read_answer("look", Completed(exit_code=0, stdout=data, stderr=data))
            read(found)


def manifest(data: bytes) -> None:
    """Read what an archive says that it holds."""
    with suppress(DockletError):
        found = Manifest()
        for part in data.split(b"\0"):
            found.add(part)
        assert not any(map(objection, found.deleted))
        told = found.left_out.told()
        assert all(one.path.isprintable() and one.reason.isprintable() for one in told)


def archive(data: bytes) -> None:
    """Read a results archive to its end."""
    with os.fdopen(os.memfd_create("archive"), "w+b") as file:
        file.write(data)
        file.seek(0)
        with suppress(DockletError):
            results = ResultsArchive(file)
            for one in results.files():
                content = b"".join(one.content)
                assert len(content) == one.size
                assert not objection(one.path, is_link=one.mode == "120000")
                assert one.mode != "120000" or not link_objection(one.path, content)


def record(data: bytes) -> None:
    """Read a run's record."""
    with suppress(ValueError):
        decode(data.decode("utf-8", "surrogateescape"))


def identity(data: bytes) -> None:
    """Read a droplet's name and tags."""
    name, *tags = data.decode("utf-8", "replace").split("\0")
    found = identity_of(name, tags)
    assert found is None or found.name == name


def trailers(data: bytes) -> None:
    """Word a commit message behind a user's own, and about a script of any name."""
    own, _, script = data.decode("utf-8", "surrogateescape").partition("\0")
    spec = make_spec(script=script, argv=("x",), commit_message=own)
    text = commit_message(make_plan(spec=spec), Progress(), now=START)
    assert text.rpartition("\n\n")[2].splitlines().count(f"Docklet-Run: {KEY}") == 1
    assert "\0" not in text


def leak(data: bytes) -> None:
    """Search for a secret in chunks of every size: nothing that is found whole is missed."""
    size = data[0] + 1 if data else 1
    whole = SEARCH.found([data])
    assert SEARCH.found(data[at : at + size] for at in range(0, len(data), size)) == whole
    assert whole or SECRET.encode() not in data


def _json(data: bytes) -> Any:  # noqa: ANN401 - foreign JSON
    """Read JSON, or nothing."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    each.__name__: each
    for each in (
        *(inputs, event, command, yaml, answer, manifest),
        *(archive, record, identity, trailers, leak),
    )
}
