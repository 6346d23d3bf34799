"""The agent as the runner uses it: packed, put into a directory, asked one verb at a time."""

from __future__ import annotations

import base64
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from docklet.adapters.agent import agent_code

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = "docklet-sandbox/base"
TOKEN = "canary-Zq7fXw91-forge-token"
OPEN = {"metadata_open": True, "private_network": True}
"""Leaves the networks of the machine that the tests run on as they are."""
BACKEND = "/usr/lib/git-core/git-http-backend"


@dataclass(frozen=True)
class Rig:
    """An agent in a directory."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def install(cls, home: Path, **environment: str) -> Rig:
        """Put the agent into a new directory."""
        home.mkdir(parents=True)
        (home / "agent.pyz").write_bytes(agent_code())
        return cls(home, {**os.environ, **environment})

    @property
    def work(self) -> Path:
        """The tree that the script sees."""
        return self.home / "work"

    @property
    def container(self) -> str:
        """The container's name."""
        return f"docklet-{self.home.name}"

    def popen(self, verb: str, /, **request: object) -> subprocess.Popen[bytes]:
        """Start a verb whose request has been written."""
        process = subprocess.Popen(
            [sys.executable, str(self.home / "agent.pyz"), verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd="/",
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        return process

    def stream(self, verb: str, payload: bytes = b"", /, **request: object) -> tuple[int, bytes]:
        """Run a verb and return its exit status and output."""
        process = self.popen(verb, **request)
        out, err = process.communicate(payload)
        assert process.returncode in {0, 1, 3, 4}, err.decode()
        return process.returncode, out

    def ask(self, verb: str, payload: bytes = b"", /, **request: object) -> dict[str, Any]:
        """Run a verb and return its answer."""
        status, out = self.stream(verb, payload, **request)
        answer: dict[str, Any] = json.loads(out)
        assert (status == 1) == ("error" in answer)
        return answer

    def start(self, script: str, **request: object) -> dict[str, Any]:
        """Start a shell script in a container."""
        defaults = {"image": IMAGE, "argv": ["bash", "-c", script], "timeout": 60, "grace": 1}
        return self.ask("start", **{**defaults, **OPEN, **request})

    def run(self, script: str, **request: object) -> dict[str, Any]:
        """Run a shell script to its end and return the ending."""
        answer = self.start(script, **request)
        assert "error" not in answer, answer
        assert self.stream("follow", offset=0)[0] == 0
        return self.ask("ending")

    def log(self) -> bytes:
        """Return the log as it lies on the machine."""
        return (self.home / "log").read_bytes()


@contextmanager
def installed(home: Path, **environment: str) -> Iterator[Rig]:
    """Provide an agent and remove its container and files afterwards."""
    rig = Rig.install(home, **environment)
    try:
        yield rig
    finally:
        rig.ask("clean")


def git(directory: Path, *arguments: str) -> str:
    """Run git with an identity, and none of the machine's settings."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ("git", *identity, "-c", "protocol.file.allow=always", *arguments),
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return done.stdout.strip()


def make_repository(directory: Path, files: dict[str, str]) -> str:
    """Make a repository with one commit on `main` and return the commit's SHA."""
    directory.mkdir(parents=True)
    git(directory, "init", "--quiet", "--initial-branch=main")
    return commit(directory, files)


def commit(directory: Path, files: dict[str, str]) -> str:
    """Commit files and return the commit's SHA."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", "files")
    return git(directory, "rev-parse", "HEAD")


@dataclass
class GitServer:
    """git's own HTTP backend, behind a login; counts and slows down what it serves."""

    root: Path
    delay: float = 0.0
    """Seconds before each answer to a fetch."""
    protocol: str = ""
    """The wire protocol to insist on; 0 refuses commits that no branch points to."""
    failures: int = 0
    """How many requests are answered by 503 first."""
    seen: list[str] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def serving(self) -> Iterator[GitServer]:
        """Serve all repositories below `root`."""
        handler = type("Handler", (_Handler,), {"rules": self})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    rules: GitServer
    rfile: IO[bytes]  # type: ignore[assignment]

    def do_GET(self) -> None:
        """Answer a request by the backend, or refuse it."""
        self.rules.seen.append(self.headers.get("Authorization", ""))
        login = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != f"Basic {login}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.rules.failures:
            self.rules.failures -= 1
            self.send_error(503)
        else:
            time.sleep(self.rules.delay)
            self._backend(body)

    do_POST = do_GET  # noqa: N815 (the name that the base class calls)

    def _backend(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.rules.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.rules.protocol or self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": "x",
        }
        done = subprocess.run(
            [BACKEND], input=body, env=environment, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""
