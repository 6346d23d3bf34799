"""The search for secrets on the disks of a sandbox's containers, and in what they print.

A disk is searched from inside of its container: files of all layers and volumes, those of
containers in it and those in memory (`/run`), with their names and links. What was there before
the container was made is from its image, and left out.
"""

from __future__ import annotations

import subprocess
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from docklet_sandbox.docker import LABEL
from docklet_sandbox.leaks import GREP, Leak, Search
from docklet_sandbox.state import SandboxError

if TYPE_CHECKING:
    from docklet_sandbox.client import SandboxClient

# Patterns come by standard input and go without a trace. Links are searched by their targets.
_WALK = f"""
export LC_ALL=C; umask 077; here=/dev/shm/patterns; look="{" ".join(GREP)} --file=$here"
for tool in find xargs grep sed; do command -v $tool > /dev/null || exit 3; done
cat > $here
seek() {{
    find / '(' -path /proc -o -path /sys -o -path $here -o -path '*/overlay2/*/merged' ')' \\
        -prune -o -newerct "@$since" "$@"
}}
since=$1
seek -type f -print0 | xargs -0r $look --with-filename --null --
seek -printf '%p %l\\n' | $look | sed 's/^/names\\x00/'
rm $here
"""
_FACTS = "{{.Name}} {{.State.Status}} {{.Created}}"


def in_containers(client: SandboxClient, search: Search, *only: str) -> set[Leak]:
    """Search every container of a sandbox that Docker's filters let through.

    There are none without Docker.
    """
    if client.addresses.machines != "docker":
        return set()
    label = f"{LABEL}={client.addresses.id}"
    found: set[Leak] = set()
    filters = [f"--filter={one}" for one in (f"label={label}", *only)]
    for container in _docker("ps", "--all", "--quiet", *filters).split():
        found |= _in_container(container.decode(), label, search)
    return found


def _in_container(container: str, label: str, search: Search) -> set[Leak]:
    facts = _docker("inspect", f"--format={_FACTS}", container).decode().split()
    name = facts[0].rpartition("-")[2]
    since = str(int(datetime.fromisoformat(facts[2]).timestamp()))
    walk = ["sh", "-c", _WALK, "sh", since]
    if facts[1] == "running":
        matches = _docker("exec", "--interactive", container, *walk, stdin=search.patterns)
    else:
        matches = _beside(container, label, walk, search.patterns)
    found = search.in_stream(f"console of {name}", ["docker", "logs", container])
    for line in matches.splitlines():
        file, _, match = line.partition(b"\0")
        found.add(search.leak(match, f"disk of {name}: {file.decode(errors='replace')}"))
    return found


def _beside(container: str, label: str, walk: list[str], patterns: bytes) -> bytes:
    """Search the disk of a container that runs nothing, in another one that has its files."""
    image = f"docklet-sandbox-look:{uuid4().hex[:12]}"
    _docker("commit", "--pause=false", container, image)
    try:
        plain = ["--interactive", "--rm", "--network=none", f"--label={label}"]
        files = [f"--volumes-from={container}", "--entrypoint=", image]
        return _docker("run", *plain, *files, *walk, stdin=patterns)
    finally:
        _docker("rmi", "--force", image)


def _docker(*arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(["docker", *arguments], input=stdin, check=False, capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        message = f"`docker {arguments[0]}` failed: {said or done.returncode}"
        raise SandboxError(message)
    return done.stdout
