"""A commit that is to be made, in the language of `git fast-import`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from docklet_sandbox.virtual_time import now


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What shall be committed: files by path, None to delete one."""

    files: Mapping[str, str | bytes | None]
    message: str
    executable: Collection[str] = ()
    """Paths that get the executable bit."""
    name: str = "Mona Lisa"
    email: str = "mona@example.com"
    at: float = field(default_factory=now)


def import_stream(branch: str, change: Change, *, parent: str | None) -> bytes:
    """Write a commit in the language of `git fast-import`."""
    who = f"{change.name} <{change.email}> {int(change.at)} +0000"
    parts = [
        f"commit refs/heads/{branch}\nauthor {who}\ncommitter {who}\n".encode(),
        _data(change.message.encode()),
        f"from {parent}\n".encode() if parent else b"",
    ]
    for path, content in change.files.items():
        if content is None:
            parts.append(f"D {path}\n".encode())
            continue
        mode = "100755" if path in change.executable else "100644"
        blob = content.encode() if isinstance(content, str) else content
        parts += [f"M {mode} inline {path}\n".encode(), _data(blob)]
    return b"".join(parts)


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
