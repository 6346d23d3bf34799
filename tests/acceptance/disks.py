"""A search for tokens on all disks that a scenario's droplets left behind, before they go."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from docklet_sandbox.disks import in_containers
from docklet_sandbox.docker import LABEL
from docklet_sandbox.droplets import IMAGE
from docklet_sandbox.leaks import Leak, Search
from tests.acceptance.sampling import tokens_of

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient

# Zeros end what counts as a line, since there are files of nothing else. Sockets and pipes would
# keep the search waiting; links are searched by their targets.
_SEEK = """
look="grep --text --null-data --only-matching --fixed-strings --file=/dev/shm/patterns"
cat > /dev/shm/patterns
$look --recursive --devices=skip --with-filename --null /disks
find /disks -printf '%p %l\\0' | $look --with-filename --null --label=names || true
"""
_UPPER = "{{with .GraphDriver}}{{.Data.UpperDir}}{{else}}-{{end}}"
_PLACES = (
    f"{{{{.Name}}}} {{{{.LogPath}}}} {_UPPER}{{{{range .Mounts}}}} {{{{.Source}}}}{{{{end}}}}"
)


def left_on_disks(sandbox: SandboxClient) -> set[Leak]:
    """Search what deleted droplets wrote to disks, which were kept for that, and remove them."""
    kept = _kept(sandbox)
    if not kept:
        return set()
    search = Search.of(tokens_of(sandbox.addresses))
    try:
        facts = [
            line.split()
            for line in _docker("inspect", f"--format={_PLACES}", *kept).decode().splitlines()
        ]
        if all(place.startswith("/") for places in facts for place in places):
            return _searched(facts, search)
        return in_containers(sandbox, search, *(f"id={one}" for one in kept))
    finally:
        _docker("rm", "--force", "--volumes", *kept)


def _kept(sandbox: SandboxClient) -> list[str]:
    """Return the containers of droplets that are no more, once they run no more."""
    ours = (f"--filter=label={LABEL}={sandbox.addresses.id}", f"--filter=ancestor={IMAGE}")
    listed = _docker("ps", "--all", *ours, "--format={{.ID}} {{.Names}}").decode()
    living = {str(number) for number in sandbox.inventory().droplets}
    lines = listed.splitlines()
    gone = [line.split()[0] for line in lines if line.rpartition("-")[2] not in living]
    if gone:
        _docker("wait", *gone)
    return gone


def _searched(facts: list[list[str]], search: Search) -> set[Leak]:
    """Search console, changed files and volumes of containers, all in one go."""
    mounts = [
        f"--volume={place}:/disks{name}/{number}:ro"
        for name, *places in facts
        for number, place in enumerate(places)
    ]
    plain = ["run", "--rm", "--interactive", "--network=none", "--entrypoint=sh"]
    said = _docker(*plain, *mounts, IMAGE, "-c", _SEEK, stdin=search.patterns)
    parts = said.split(b"\0")[:-1]
    return {
        search.leak(match, place.decode(errors="replace"))
        for place, match in zip(parts[::2], parts[1::2], strict=True)
    }


def _docker(*arguments: str, stdin: bytes = b"") -> bytes:
    """Run a command of Docker's and return what it prints."""
    command = ["docker", *arguments]
    done = subprocess.run(command, input=stdin, check=False, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
