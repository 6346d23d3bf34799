"""Verb `pack`: stream a checkout made here, for a machine that is not given a token."""

from __future__ import annotations

import tarfile
from typing import IO

from docklet.droplet.failure import Failure
from docklet.droplet.home import Home
from docklet.droplet.request import Request


def pack(home: Home, _request: Request, out: IO[bytes]) -> int:
    """Write the snapshot, then the tree, as a tar stream."""
    with tarfile.open(
        fileobj=out,
        mode="w|",
        bufsize=1 << 20,
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
        errors="surrogateescape",
    ) as archive:
        try:
            archive.add(home.snapshot, "snapshot", filter=_anonymous)
        except FileNotFoundError as error:
            raise Failure("not-prepared", "There is no checkout to pack.") from error
        archive.add(home.work, "work", filter=_anonymous)
    out.flush()
    return 0


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    # Hard links among git's own files would tie members together.
    return member
