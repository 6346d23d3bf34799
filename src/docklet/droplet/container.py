"""The container in which the script runs, as the Docker Engine is told of it.

The work tree is its only mount; it gets no socket, no terminal, no privilege and no
environment of ours.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from typing import Any, Mapping

from docklet.droplet.failure import Failure

TREE = "/work"
SHELL = "/bin/sh"
# A fork bomb must leave the system what it needs to kill it: the smallest droplet allows
# about 4,000 tasks beyond these, while R or Python on 48 cores rarely start a tenth of them.
TASKS = 4096
# What root of an ordinary image needs to install packages, own files and become somebody else.
# Not among them, though Docker gives them: raw packets (NET_RAW), devices (MKNOD), the kernel's
# audit log (AUDIT_WRITE), a root elsewhere (SYS_CHROOT), and what means nothing here, where no
# privilege is gained (SETFCAP, SETPCAP) and every port is free (NET_BIND_SERVICE).
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID")
SMALLEST = 256 * 1024 * 1024
"""Bytes of memory below which a container is of no use."""

# The user's variables come by standard input, line by line until an empty one, so that they
# are in no argument, no inspection and no file. Both outputs become one pipe, because two
# would reach the log in any order. It is a constant: nothing is ever pasted into it.
LOADER = """\
while :; do
  IFS= read -r docklet_line || exit 125
  [ -n "$docklet_line" ] || break
  export "$docklet_line"
done
unset docklet_line
case $1 in
./*)
  [ -e "$1" ] || { echo "docklet: $1: not there"; exit 127; }
  [ -x "$1" ] || { echo "docklet: $1: not executable"; exit 126; } ;;
*) command -v "$1" >/dev/null 2>&1 || { echo "docklet: $1: not found in this image"; exit 127; } ;;
esac
exec "$@" </dev/null 2>&1
"""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Job:
    """What is to be run, and on which terms; without the variables' values."""

    container: str
    image: str
    argv: tuple[str, ...]
    workdir: str
    """Relative to the work tree."""
    timeout: float
    """Seconds."""
    grace: float
    """Seconds between the polite and the other signal."""
    memory: int
    """Bytes that the container may use; 0 for no limit."""
    gpus: bool
    network: str = ""
    """Name of the Docker network that it is in; empty for Docker's own default."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """Whatever the runner wants to find again."""


def body(job: Job, tree: str, *, loader: bool) -> dict[str, Any]:
    """Return the request that creates the container."""
    command = (SHELL, "-c", LOADER, "docklet", *job.argv) if loader else job.argv
    return {
        "Image": job.image,
        "Entrypoint": [command[0]],
        "Cmd": list(command[1:]),
        "WorkingDir": os.path.normpath(os.path.join(TREE, job.workdir)),
        "OpenStdin": loader,
        "StdinOnce": loader,
        "AttachStdin": loader,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": False,
        "Labels": {"docklet.run": job.container},
        "HostConfig": _host(job, tree),
    }


def _host(job: Job, tree: str) -> dict[str, Any]:
    gpus = [{"Count": -1, "Capabilities": [["gpu"]]}] if job.gpus else []
    return {
        "Mounts": [{"Type": "bind", "Source": tree, "Target": TREE}],
        "NetworkMode": job.network or "default",
        "Privileged": False,
        "CapDrop": ["ALL"],
        "CapAdd": list(CAPABILITIES),
        "Memory": job.memory,
        "PidsLimit": TASKS,
        "SecurityOpt": ["no-new-privileges"],
        # The supervisor writes the log itself; a second copy would fill the disk.
        "LogConfig": {"Type": "none", "Config": {}},
        "Init": _has_init(),
        "DeviceRequests": gpus,
    }


def variables(env: Mapping[str, object]) -> bytes:
    """Return what the loader reads: a line for each variable, then an empty one."""
    lines = []
    for name, value in env.items():
        if not _NAME.fullmatch(name):
            raise Failure("request", f"{name!r} is not a name that a variable can have.")
        if not isinstance(value, str) or any(character in value for character in "\n\0"):
            raise Failure("request", f"The value of {name} is not one line of text.")
        lines.append(f"{name}={value}\n")
    return "".join([*lines, "\n"]).encode("utf-8", "surrogateescape")


def memory_limit(total: int, reserve: int) -> int:
    """Return what the container may use, so that SSH survives a script that wants it all.

    On a machine too small for the reserve each gets half; without a reserve, or without
    knowing the total, there is no limit.
    """
    if not total or not reserve:
        return 0
    left = total - reserve
    return left if left >= SMALLEST else total // 2


def _has_init() -> bool:
    # Docker Desktop keeps its init inside a virtual machine, where we can't look.
    return sys.platform == "darwin" or any(
        shutil.which(name) for name in ("docker-init", "/usr/libexec/docker/docker-init")
    )
