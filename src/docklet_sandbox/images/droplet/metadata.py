# ruff: noqa: INP001  a file of an image, not a module of the package
"""The metadata service of one droplet: runs in a namespace of its own, at 169.254.169.254.

Like the real one it tells anybody who asks, which is why docklet keeps containers away from it.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ADDRESS = ("169.254.169.254", 80)
_SEED = Path("/var/lib/cloud/seed/nocloud")


def answers() -> dict[str, str]:
    """Return the texts of the service by path."""
    facts = json.loads((_SEED / "meta-data").read_text())
    texts = {
        "id": facts["instance-id"],
        "hostname": facts["local-hostname"],
        "public-keys": "\n".join(facts["public-keys"]),
        "user-data": (_SEED / "user-data").read_text(),
        "vendor-data": (_SEED / "vendor-data").read_text(),
    }
    whole = {
        "droplet_id": int(facts["instance-id"]),
        "hostname": facts["local-hostname"],
        "public_keys": facts["public-keys"],
        "user_data": texts["user-data"],
        "vendor_data": texts["vendor-data"],
    }
    paths = {f"/metadata/v1/{name}": text for name, text in texts.items()}
    return {**paths, "/metadata/v1.json": json.dumps(whole), "/metadata/v1/": "\n".join(texts)}


class Teller(BaseHTTPRequestHandler):
    """Answers GET from the table above."""

    def do_GET(self) -> None:
        """Answer with the text at the path, or 404."""
        text = answers().get(self.path)
        self.send_response(200 if text is not None else 404)
        self.end_headers()
        self.wfile.write((text or "not found").encode())

    def log_message(self, *_: object) -> None:
        """Say nothing: a droplet's console is no place for this."""


if __name__ == "__main__":
    ThreadingHTTPServer(ADDRESS, Teller).serve_forever()
