"""The Docker Engine, spoken to through its own socket.

The command-line client is left out on purpose: its two output streams arrive in any order and
mixed with its own complaints, it ends when the daemon restarts, it writes logins to disk, and
it is one more process that memory pressure can kill.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
from typing import Any, Mapping
from urllib.parse import quote, urlencode

from docklet.droplet.failure import Failure

_ANSWER_TIMEOUT = 120.0
_REFUSED = 400
_HIJACKED = (101, 200)
_USUAL = "/var/run/docker.sock"


class Refused(Exception):
    """The daemon answered that it won't."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Unreachable(Exception):
    """The daemon doesn't answer."""


class Engine:
    """A connection to one daemon; every call makes a socket of its own."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._version = ""

    def ping(self) -> None:
        """Learn which version of its interface the daemon speaks; raise `Unreachable`."""
        response = self.send("GET", "/_ping")
        response.read()
        self._version = response.getheader("Api-Version") or ""

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 (JSON)
        """Send a request and return its JSON answer."""
        response = self.send(method, self.target(path, query), body)
        try:
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable from error
        if response.status >= _REFUSED:
            raise Refused(response.status, _message(content))
        return json.loads(content) if content.strip() else None

    def send(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        """Send a request and return the response with its body unread."""
        connection = _Connection(self._address)
        fields: dict[str, str] = dict(headers or {})
        content = None
        if body is not None:
            content = json.dumps(body).encode("ascii")
            fields["Content-Type"] = "application/json"
        try:
            connection.request(method, target, body=content, headers=fields)
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable from error

    def attach(self, container: str) -> socket.socket:
        """Return a raw connection to a container's standard streams."""
        query = {"stream": "1", "stdin": "1", "stdout": "1", "stderr": "1"}
        target = self.target(f"/containers/{container}/attach", query)
        request = (
            f"POST {target} HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n"
            "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        )
        connection = _Connection(self._address)
        try:
            connection.connect()
            connection.sock.sendall(request.encode("ascii"))
            status = _status(connection.sock)
        except OSError as error:
            connection.close()
            raise Unreachable from error
        if status not in _HIJACKED:
            connection.close()
            raise Refused(status, "The daemon would not attach to the container.")
        return connection.sock

    def target(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Return a request target in the daemon's own version of the interface."""
        prefix = f"/v{self._version}" if self._version else ""
        return f"{prefix}{quote(path)}" + (f"?{urlencode(query)}" if query else "")


def connect() -> Engine:
    """Return the engine of this machine, or fail with `docker-missing`."""
    engine = Engine(_address())
    try:
        engine.ping()
    except Unreachable as error:
        message = "The Docker daemon of this machine does not answer; is it installed and running?"
        raise Failure("docker-missing", message) from error
    return engine


def _address() -> str:
    named = os.environ.get("DOCKER_HOST", "")
    if named and not named.startswith("unix://"):
        message = f"DOCKER_HOST is {named}, but docklet needs a daemon on this same machine."
        raise Failure("docker-missing", message)
    if named:
        return named[len("unix://") :]
    home = os.path.expanduser("~")
    candidates = (
        _USUAL,
        os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), "docker.sock"),
        os.path.join(home, ".docker/run/docker.sock"),
        os.path.join(home, ".docker/desktop/docker.sock"),
        os.path.join(home, ".colima/default/docker.sock"),
    )
    return next(filter(_is_socket, candidates), _USUAL)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


class _Connection(http.client.HTTPConnection):
    def __init__(self, address: str) -> None:
        super().__init__("docker", timeout=_ANSWER_TIMEOUT)
        self._address = address

    def connect(self) -> None:
        """Connect to the daemon's socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_ANSWER_TIMEOUT)
        self.sock.connect(self._address)


def _status(connection: socket.socket) -> int:
    # Byte by byte, so that nothing of the stream that follows the head is swallowed.
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionResetError
        head += byte
    return int(head.split(None, 2)[1])


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace").strip()
