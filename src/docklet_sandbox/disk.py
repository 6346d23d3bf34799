"""What is on a droplet's disk before it boots for the first time."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SEED = "var/lib/cloud/seed/nocloud"
_VENDOR_DATA = "#cloud-config\ndisable_root: false\nmanage_etc_hosts: true\n"
"""What DigitalOcean tells every droplet (cloud-init, test_digitalocean.py)."""


def seed(
    droplet_id: int, name: str, user_data: str, public_keys: Sequence[str]
) -> Mapping[str, str]:
    """Return the files from which cloud-init learns what it is to do."""
    meta_data = {
        "instance-id": str(droplet_id),
        "local-hostname": name,
        "public-keys": list(public_keys),
    }
    return {
        f"{_SEED}/user-data": user_data,
        f"{_SEED}/meta-data": json.dumps(meta_data),
        f"{_SEED}/vendor-data": _VENDOR_DATA,
    }


def foreign_identity() -> Mapping[str, str]:
    """Return files that give sshd a host key of its own, and have it log what clients send."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate().private_bytes(
        form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption()
    )
    # cloud-init deletes what is called ssh_host_*, and the first HostKey forgets the default ones.
    return {
        "etc/ssh/foreign_key": key.decode(),
        "etc/ssh/sshd_config.d/00-foreign.conf": (
            "HostKey /etc/ssh/foreign_key\nLogLevel DEBUG1\n"
        ),
    }


def packed(files: Mapping[str, str]) -> bytes:
    """Return files by path as a tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(path)
            member.size = len(content)
            member.mode = 0o600
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()
