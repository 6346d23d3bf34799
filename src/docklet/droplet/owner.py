"""Whose the work tree is: the container's user has to be able to write in it.

Images such as Jupyter's run as a user of their own. Root gives the tree to that user; others
(on their own machine) ask a container to, and take the tree back the same way.
"""

from __future__ import annotations

import http.client
import io
import os
import sys
import tarfile
from typing import Any, Mapping, Tuple

from docklet.droplet import snapshot
from docklet.droplet.container import TREE
from docklet.droplet.engine import Engine, Refused, Unreachable
from docklet.droplet.home import Home

Owner = Tuple[int, int]


def hand_over(home: Home, engine: Engine, container: str, image: Mapping[str, Any]) -> None:
    """Give the tree to the image's user, if that is not root, and note the new stamps."""
    owner = _owner(engine, container, str(image["Config"].get("User") or ""))
    if owner is None or owner[0] == 0:
        return
    if os.geteuid() == 0:
        _chown(home.work, owner)
    else:
        _chown_in_container(home, engine, str(image["Id"]), owner)
    snapshot.refresh(home)


def hand_back(home: Home, engine: Engine, image: str) -> None:
    """Make sure that a user who isn't root can read and remove what the container made."""
    if os.geteuid() != 0:
        _chown_in_container(home, engine, image, (os.geteuid(), os.getegid()))


def parse_user(user: str, passwd: str) -> Owner | None:
    """Return ids for an image's `USER`, looked up in the image's own list of users."""
    name, _, group = user.partition(":")
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) > 3 and name in fields[:3:2] and name:  # noqa: PLR2004 (see passwd(5))
            return int(fields[2]), int(group if group.isdigit() else fields[3])
    if name.isdigit():
        return int(name), int(group if group.isdigit() else 0)
    return None if name else (0, 0)


def _owner(engine: Engine, container: str, user: str) -> Owner | None:
    if user.partition(":")[0] in {"", "0", "root"}:
        return None
    return parse_user(user, _passwd(engine, container))


def _passwd(engine: Engine, container: str) -> str:
    target = engine.target(f"/containers/{container}/archive", {"path": "/etc/passwd"})
    response = engine.send("GET", target)
    if response.status != http.client.OK:
        return ""
    with tarfile.open(fileobj=io.BytesIO(response.read())) as archive:
        file = archive.extractfile(archive.getmembers()[0])
        return file.read().decode("utf-8", "replace") if file else ""


def _chown(tree: str, owner: Owner) -> None:
    os.chown(tree, *owner)
    for directory, directories, files in os.walk(os.fsencode(tree)):
        for name in (*directories, *files):
            os.chown(os.path.join(directory, name), *owner, follow_symlinks=False)


def _chown_in_container(home: Home, engine: Engine, image: str, owner: Owner) -> None:
    # Elsewhere (a virtual machine, a rootless daemon) ownership is translated already.
    try:
        options = engine.call("GET", "/info").get("SecurityOptions") or []
        if sys.platform != "linux" or any("rootless" in option for option in options):
            return
        request = {
            "Image": image,
            "User": "0:0",
            "Entrypoint": ["chown"],
            "Cmd": ["-R", "-h", f"{owner[0]}:{owner[1]}", TREE],
            "NetworkDisabled": True,
            "HostConfig": {"Mounts": [{"Type": "bind", "Source": home.work, "Target": TREE}]},
        }
        made = engine.call("POST", "/containers/create", body=request)["Id"]
        try:
            engine.call("POST", f"/containers/{made}/start")
            engine.call("POST", f"/containers/{made}/wait")
        finally:
            engine.call("DELETE", f"/containers/{made}", {"force": "1"})
    except (Refused, Unreachable):
        return  # an image without chown: what can't be read is then told by collect
