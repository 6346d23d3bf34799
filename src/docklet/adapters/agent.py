"""The droplet's agent as a zipapp, packed in memory; the same bytes for the same sources."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from importlib import resources

_MAIN = b"from docklet.droplet.__main__ import run\n\nrun()\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold."""


@cache
def agent_code() -> bytes:
    """Return the archive that `python3` runs on the machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(_members().items()):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)
    return buffer.getvalue()


def _members() -> dict[str, bytes]:
    sources = resources.files("docklet.droplet")
    modules = {
        f"docklet/droplet/{source.name}": source.read_bytes()
        for source in sources.iterdir()
        if source.name.endswith(".py")
    }
    # The package above stays behind: only its name is needed.
    return {"__main__.py": _MAIN, "docklet/__init__.py": b"", **modules}
