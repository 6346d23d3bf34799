"""Where a fuzzer begins: a few honest examples for each target."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from docklet.domain.record import RunRecord, encode
from tests.archives import Link, make_archive
from tests.builders import KEY, START, make_identity, make_plan
from tests.fuzz.targets import SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOK: Final = {"lease": 3.5, "started": True, "ended": False, "record": {"body": "", "seal": ""}}
_ENDING: Final = {
    "ended": True,
    "kind": "exited",
    "exit_code": 1,
    "message": "",
    "log_bytes": 7,
    "started": 1.0,
    "finished": 2.0,
    "usage": {"peak_memory": 1, "mean_cpu": 0.5},
}
_COMMENT: Final = {
    "action": "created",
    "comment": {
        "id": 1,
        "body": "/docklet run",
        "created_at": "2026-01-01T00:00:00Z",
        "user": {"login": "mona", "id": 2, "type": "User"},
    },
    "issue": {"number": 3, "state": "open", "locked": False, "pull_request": {}},
    "repository": {"full_name": "octo/template"},
}


def _archive() -> bytes:
    """Return a results archive."""
    with TemporaryDirectory() as folder:
        files: dict[str, bytes | Link] = {
            "a/b.txt": b"1\n",
            "link": Link("a/b.txt"),
            "\u00fc" * 90: b"2",
        }
        return make_archive(Path(folder) / "a.tar", files, deleted=["old"]).read_bytes()


def _manifest() -> bytes:
    """Return a manifest."""
    left_out = [{"path": "x", "reason": "it is large", "archived": True}]
    named = {"changed": [{"path": "a"}], "deleted": ["b"], "left_out": left_out, "ignored": 1}
    return json.dumps(named).encode()


def seeds() -> Mapping[str, tuple[bytes, ...]]:
    """Return examples by target."""
    push = {"ref": "refs/heads/main", "after": "1" * 40, "pull_request": {"number": 1}}
    config = b"jobs:\n  knit:\n    script: knit.R\n    timeout: 1h\nlimits:\n  max-cost: 1\n"
    identity = make_identity()
    return {
        "inputs": (b"script=knit.R\0image=ubuntu\0digitalocean-token=t\0env=A=b\0args=a\nb",),
        "event": (json.dumps(_COMMENT).encode(), json.dumps(push).encode()),
        "command": (b"/docklet run knit size=s-1vcpu-1gb\n", b"/docklet extend 2h", b"hello"),
        "yaml": (config, b"a: &x [*x]\n", b"%YAML 1.2\n---\n- ? a\n"),
        "answer": (json.dumps(_LOOK).encode(), json.dumps(_ENDING).encode()),
        "manifest": (_manifest(),),
        "archive": (_archive(),),
        "record": (encode(RunRecord(plan=make_plan(), started=START)).encode(),),
        "identity": (f"{identity.name}\0{identity.tag}\0docklet:kept:{KEY}:9".encode(),),
        "trailers": (b"Subject\n\nBody\n\nSigned-off-by: x <x@y>\0knit.R", b"\0a\nb"),
        "leak": (SECRET.encode(), base64.b64encode(SECRET.encode()), b"\x03" + b"x" * 50),
    }
