"""Verb `pull`: bring an image to this machine's Docker.

A login goes along in the one request that needs it and is written nowhere.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import time
from typing import Any, Mapping

from docklet.droplet.engine import Engine, Refused, Unreachable, connect
from docklet.droplet.failure import Failure
from docklet.droplet.home import Home
from docklet.droplet.pull_errors import explain
from docklet.droplet.request import Request

_LONGEST_PAUSE = 30.0
_DOCKER_HUB = "https://index.docker.io/v1/"


def pull(_home: Home, request: Request) -> dict[str, object]:
    """Pull an image, repeating what may pass, and say what came."""
    image = request.text("image")
    attempts = max(1, request.whole("attempts", 5))
    begun = time.monotonic()
    engine = _patient_connect(request.seconds("wait", 0.0))
    headers = _login(image, request.text("username", ""), request.text("password", ""))
    pulled = _repeatedly(engine, image, headers, attempts, local_ok=request.flag("local_ok"))
    found = engine.call("GET", f"/images/{image}/json")
    return {
        "digest": _digest(found),
        "image_id": found["Id"],
        "size": found["Size"],
        "seconds": round(time.monotonic() - begun, 3),
        "pulled": pulled,
    }


def _repeatedly(
    engine: Engine, image: str, headers: Mapping[str, str], attempts: int, *, local_ok: bool
) -> bool:
    for attempt in range(1, attempts + 1):
        problem = _pull_once(engine, image, headers)
        if not problem:
            return True
        if local_ok and _is_here(engine, image):
            return False
        failure, passing = explain(image, problem)
        if not passing or attempt == attempts:
            raise failure
        time.sleep(min(_LONGEST_PAUSE, 2.0**attempt) * random.uniform(0.5, 1.0))  # noqa: S311
    return False


def _pull_once(engine: Engine, image: str, headers: Mapping[str, str]) -> str:
    """Pull and return the daemon's complaint, or nothing."""
    target = engine.target("/images/create", {"fromImage": _full(image)})
    try:
        response = engine.send("POST", target, headers=headers)
        if response.status != http.client.OK:
            return _complaint(response.read()) or f"status {response.status}"
        for line in response:
            complaint = _complaint(line)
            if complaint:
                return complaint
    except (OSError, http.client.HTTPException, Unreachable) as error:
        return f"connection to the Docker daemon lost ({type(error).__name__})"
    return ""


def _complaint(line: bytes) -> str:
    try:
        told = json.loads(line)
    except ValueError:
        return ""
    return str(told.get("error") or told.get("message") or "")


def _patient_connect(wait: float) -> Engine:
    last = time.monotonic() + wait
    while True:
        try:
            return connect()
        except Failure:
            if time.monotonic() > last:
                raise
        time.sleep(0.2)


def _is_here(engine: Engine, image: str) -> bool:
    try:
        engine.call("GET", f"/images/{image}/json")
    except Refused:
        return False
    return True


def _login(image: str, username: str, password: str) -> dict[str, str]:
    if not username:
        return {}
    login = {"username": username, "password": password, "serveraddress": registry_of(image)}
    encoded = base64.urlsafe_b64encode(json.dumps(login).encode()).decode("ascii")
    return {"X-Registry-Auth": encoded}


def registry_of(image: str) -> str:
    """Return the registry that an image's name points to."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return _DOCKER_HUB


def _full(image: str) -> str:
    # A name without a tag would pull every tag there is.
    return image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"


def _digest(found: Mapping[str, Any]) -> str:
    digests: tuple[str, ...] = tuple(found.get("RepoDigests") or ())
    return digests[0].partition("@")[2] if digests else ""
