"""The agent as it is packed and spoken to."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from docklet.adapters.agent import agent_code
from docklet.droplet import lease
from docklet.droplet.__main__ import main
from docklet.droplet.failure import Failure
from docklet.droplet.home import Home
from docklet.droplet.pull import registry_of
from docklet.droplet.request import Request, read_request
from docklet.droplet.usage import Summary


def test_packing_is_deterministic() -> None:
    """The same sources give the same bytes, with nothing of docklet but the package itself."""
    first = agent_code()
    agent_code.cache_clear()
    assert agent_code() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        names = archive.namelist()
        assert archive.read("docklet/__init__.py") == b""
    assert names[0] == "__main__.py"
    assert all(name.startswith("docklet/droplet/") for name in names[2:])


def ask(verb: str, home: Path, line: bytes) -> tuple[int, bytes]:
    """Run a verb in this process."""
    out = io.BytesIO()
    return main(verb, Home(str(home)), io.BytesIO(line), out), out.getvalue()


def test_a_request_that_is_not_one(tmp_path: Path) -> None:
    """Nonsense is a known failure, told on standard output."""
    status, out = ask("ending", tmp_path, b"[1]\n")
    assert status == 1
    assert json.loads(out)["error"]["kind"] == "request"


def test_an_unknown_verb(tmp_path: Path) -> None:
    """A verb that isn't one is a bug of the caller's."""
    assert ask("import_os", tmp_path, b"{}\n") == (2, b"")


def test_nothing_started(tmp_path: Path) -> None:
    """Before the start there is no ending, and nothing to stop."""
    status, out = ask("ending", tmp_path, b"\n")
    answer = json.loads(out)
    assert (status, answer["ended"], answer["alive"], answer["job"]) == (0, False, False, None)
    assert json.loads(ask("stop", tmp_path, b"{}\n")[1]) == {"stopping": False, "ended": False}


def test_the_payload_follows_the_line() -> None:
    """What comes after the request is left for the verb."""
    request = read_request(io.BytesIO(b'{"a": 1}\n\x00payload'))
    assert request.payload.read() == b"\x00payload"


def test_fields_have_types() -> None:
    """A field of another type is refused by name; null is absent; a boolean is no number."""
    request = Request({"a": 1, "b": None, "c": True, "d": ["x", 1]}, io.BytesIO())
    assert request.seconds("a") == 1.0
    assert request.text("b", "default") == "default"
    for wrong in (
        lambda: request.text("a"),
        lambda: request.whole("c"),
        lambda: request.texts("d"),
    ):
        with pytest.raises(Failure, match="request's field"):
            wrong()


def test_requests_do_not_show_secrets() -> None:
    """A request in a traceback says nothing of what it holds."""
    assert "s3cret" not in repr(Request({"token": "s3cret"}, io.BytesIO()))


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("r", "https://index.docker.io/v1/"),
        ("rocker/verse:4", "https://index.docker.io/v1/"),
        ("quay.io/jupyter/x", "quay.io"),
        ("localhost/x", "localhost"),
        ("host:5000/x@sha256:00", "host:5000"),
    ],
)
def test_registries(image: str, registry: str) -> None:
    """A login goes to the registry that the image's name points to."""
    assert registry_of(image) == registry


def test_usage() -> None:
    """Peaks are of all samples; processors are busy as a fraction of all, over the whole time."""
    summary = Summary()
    assert summary.told()["mean_cpu"] is None
    for busy, memory in ((100, 5), (130, 9), (150, 7)):
        summary.add({"time": busy, "busy": busy, "ticks": busy * 2, "memory": memory, "disk": 1})
    told = summary.told()
    assert (told["mean_cpu"], told["peak_memory"], told["samples"]) == (0.5, 9, 3)


def held(home: Path, **request: object) -> bool:
    """Ask for the lease and tell whether it was given."""
    status, out = ask("hold", home, json.dumps(request).encode() + b"\n")
    assert status == 0
    return bool(json.loads(out)["held"])


def looked(home: Path) -> dict[str, object]:
    """Return what a stranger sees."""
    status, out = ask("look", home, b"{}\n")
    assert status == 0
    seen: dict[str, object] = json.loads(out)
    return seen


def test_lease_has_one_holder(tmp_path: Path) -> None:
    """A lease is renewed by its holder, and given to another one when it is old enough."""
    assert looked(tmp_path)["lease"] is None
    assert held(tmp_path, holder="a", record={"body": "x"})
    assert held(tmp_path, holder="a")
    assert not held(tmp_path, holder="b")
    assert not held(tmp_path, holder="b", over=60)
    assert held(tmp_path, holder="b", over=0)
    assert not held(tmp_path, holder="a")
    seen = looked(tmp_path)
    assert (seen["started"], seen["ended"], seen["record"]) == (False, False, {"body": "x"})
    age = seen["lease"]
    assert isinstance(age, float)
    assert 0 <= age < 60


def test_lease_from_before_a_boot_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever held the run before the machine booted again gave no sign of life since."""
    assert held(tmp_path, holder="a")
    monkeypatch.setattr("docklet.droplet.machine.boot", lambda: "another")
    assert looked(tmp_path)["lease"] == lease.FOREVER
    assert held(tmp_path, holder="b", over=3600)
