"""The cloud's API as its owner uses it: what somebody does in DigitalOcean's panel."""

from __future__ import annotations

import json
import ssl
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.acceptance.scene import Scene


def call(scene: Scene, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - foreign JSON
    """Send one request with the account's own token and return the answer."""
    addresses = scene.sandbox.addresses
    request = urllib.request.Request(  # noqa: S310 - always https
        addresses.cloud + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {addresses.cloud_token}",
            "Content-Type": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=addresses.ca)
    with urllib.request.urlopen(request, timeout=20, context=context) as answer:  # noqa: S310
        text = answer.read()
    return json.loads(text) if text else None
