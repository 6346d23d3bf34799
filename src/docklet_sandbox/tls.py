"""A certificate authority of the sandbox's own, so that HTTPS is real down to verification.

pydo refuses to send its token over plain HTTP, which is right, so the cloud speaks TLS. Clients
are given one bundle that holds the system's authorities as well: other programs keep working.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import trustme

CA = "ca.pem"
BUNDLE = "bundle.pem"
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/cert.pem",  # macOS
)


def serve_context(state: Path, *names: str) -> ssl.SSLContext:
    """Make an authority and a certificate for the names; write `ca.pem` and `bundle.pem`."""
    authority = trustme.CA(organization_name="docklet sandbox")
    authority.cert_pem.write_to_path(str(state / CA))
    (state / BUNDLE).write_bytes(_system_bundle(state) + authority.cert_pem.bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*dict.fromkeys(names)).configure_cert(context)
    return context


def _system_bundle(state: Path) -> bytes:
    """Return the authorities trusted here; a bundle of an earlier sandbox is not one of them."""
    chosen = [os.environ.get(name, "") for name in _BUNDLE_VARIABLES]
    for raw in (*chosen, *_BUNDLES):
        path = Path(raw)
        if raw and path.is_file() and not (path.parent / CA).exists() and path.parent != state:
            return path.read_bytes().rstrip() + b"\n"
    return b""
