"""Verb `start`: run the script in its container, under a supervisor that stays.

Asking again, for instance because a connection broke, starts nothing and answers the same.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Mapping

from docklet.droplet import container, lock, machine
from docklet.droplet.container import Job
from docklet.droplet.detach import detach
from docklet.droplet.engine import Engine, Refused, connect
from docklet.droplet.failure import Failure
from docklet.droplet.firewall import cut_off_metadata, walled_network
from docklet.droplet.home import Home, read_json, write_json
from docklet.droplet.owner import hand_over
from docklet.droplet.request import Request
from docklet.droplet.supervisor import supervise

_TURN = 120.0
_RESERVE = 1 << 24
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]")


def start(home: Home, request: Request) -> dict[str, object]:
    """Start the script unless that has been done, and say what was started."""
    held = _turn(home)
    if held is None:
        return _answer(home)
    try:
        if not os.path.exists(home.job):
            _start(home, request)
        return _answer(home)
    finally:
        os.close(held)


def container_name(home: Home) -> str:
    """Return the name of the run's container."""
    return f"docklet-{_UNFIT.sub('_', home.name)}"


def _turn(home: Home) -> int | None:
    last = time.monotonic() + _TURN
    while time.monotonic() < last:
        held = lock.acquire(home, 0.2)
        if held is not None:
            return held
        if os.path.exists(home.job):
            return None
    raise Failure("start-failed", "Another process has been at work here for too long.")


def _start(home: Home, request: Request) -> None:
    job = _job(home, request)
    env = request.mapping("env")
    stdin = container.variables(env)
    engine = connect()
    image = _image(engine, job)
    if not request.flag("metadata_open"):
        cut_off_metadata()
    if not request.flag("private_network"):
        job = replace(job, network=walled_network(engine))
    loader = _create(engine, home, job, needs_shell=bool(env))
    hand_over(home, engine, job.container, image)
    _set_space_aside(home)
    record = request.mapping("record")
    if record:
        write_json(home.record, record)
    note = {"env": sorted(env), "boot": machine.boot(), "started": time.time()}
    write_json(home.job, {**asdict(job), "image_id": image["Id"], **note})
    given = stdin if loader else b""
    detach(home.errors, lambda ready: supervise(home, job, engine, given, ready))


def _job(home: Home, request: Request) -> Job:
    argv = tuple(request.texts("argv"))
    if not argv or not all(argv[:1]):
        raise Failure("request", "There is no command to run.")
    total = machine.memory()[1]
    return Job(
        container=container_name(home),
        image=request.text("image"),
        argv=argv,
        workdir=_workdir(home, request.text("workdir", ".")),
        timeout=request.seconds("timeout"),
        grace=request.seconds("grace", 10.0),
        memory=container.memory_limit(total, request.whole("reserve_memory", 0)),
        gpus=request.flag("gpus"),
        run=request.mapping("run"),
    )


def _workdir(home: Home, workdir: str) -> str:
    if not os.path.exists(home.snapshot):
        raise Failure("not-prepared", "There is no checkout to run the script in.")
    tree = os.path.realpath(home.work)
    full = os.path.realpath(os.path.join(tree, workdir))
    if os.path.commonpath((tree, full)) != tree or not os.path.isdir(full):
        message = f"The repository has no directory {workdir!r} at this commit; check `path`."
        raise Failure("workdir-missing", message)
    return workdir


def _image(engine: Engine, job: Job) -> Mapping[str, Any]:
    try:
        image: Mapping[str, Any] = engine.call("GET", f"/images/{job.image}/json")
    except Refused as refused:
        message = f"The image {job.image} is not on this machine. Docker says: {refused.message}"
        raise Failure("image-missing", message) from refused
    return image


def _create(engine: Engine, home: Home, job: Job, *, needs_shell: bool) -> bool:
    """Create the container and tell whether it begins with the loader."""
    _create_once(engine, home, job, loader=True)
    shell = {"path": container.SHELL}
    target = engine.target(f"/containers/{job.container}/archive", shell)
    if engine.send("HEAD", target).status < 400:  # noqa: PLR2004 (HTTP)
        return True
    if needs_shell:
        message = f"The image {job.image} has no {container.SHELL}, which `env` needs."
        raise Failure("image-cannot-run", message)
    _create_once(engine, home, job, loader=False)
    return False


def _create_once(engine: Engine, home: Home, job: Job, *, loader: bool) -> None:
    with suppress(Refused):  # there should be none
        engine.call("DELETE", f"/containers/{job.container}", {"force": "1", "v": "1"})
    request = container.body(job, home.work, loader=loader)
    try:
        engine.call("POST", "/containers/create", {"name": job.container}, request)
    except Refused as refused:
        message = f"Docker could not create the container: {refused.message}"
        raise Failure("start-failed", message) from refused


def _set_space_aside(home: Home) -> None:
    with open(home.reserve, "wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, _RESERVE)


def _answer(home: Home) -> dict[str, object]:
    job = read_json(home.job) or {}
    names = ("container", "image", "image_id", "memory", "boot", "started")
    return {name: job.get(name) for name in names}
