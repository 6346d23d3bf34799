"""What git is told, and how it gets at the token without ever being told that.

The token is in memory that git's children inherit by descriptor; the configuration names the
descriptor. It is offered to one server only: a redirect or a rewritten address gets nothing.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from docklet.domain.errors import GitError
from docklet.domain.outcome import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from docklet.domain.secret import Secret

USER: Final = "x-access-token"
_INHERITED: Final = (
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    *("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"),
    *("all_proxy", "https_proxy", "http_proxy", "no_proxy"),
)
"""How this machine reaches the network; nothing else of its environment concerns git."""
_CONFIG: Final = """
[core]
	hooksPath = /dev/null
	fsmonitor = false
	# Larger files pass through in small pieces instead of through the memory.
	bigFileThreshold = 8m
	protectHFS = true
	protectNTFS = true
[protocol]
	allow = never
[protocol "{scheme}"]
	allow = always
[http]
	followRedirects = false
	# A server that sends nothing for so many seconds has lost us.
	lowSpeedLimit = 1
	lowSpeedTime = 90
[credential]
	helper =
[credential "{server}"]
	username = {user}
	helper = "{helper}"
[fastImport]
	unpackLimit = 0
[pack]
	# Half the time of the default; results are mostly compressed already.
	compression = 1
[maintenance]
	auto = false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A token that can be read from a path by git's children only."""

    path: str
    descriptor: int | None
    """What they have to inherit for that; None where the path is a file."""

    def close(self) -> None:
        """Let go of the token."""
        if self.descriptor is not None:
            os.close(self.descriptor)


def credential_text(token: Secret) -> bytes:
    """Return what a credential helper has to answer; refuse what would say more than a token."""
    value = token.reveal()
    if any(char in value for char in "\r\n\0"):
        message = "The GitHub token has a line break in it. It was copied wrongly; set it anew."
        raise GitError(message, reason=Reason.FORGE_DENIED)
    return f"username={USER}\npassword={value}\n".encode()


def hold(answer: bytes, directory: Path) -> Credential:
    """Put a helper's answer where git's children find it.

    Linux has files without a name or a disk. Elsewhere it is one that only we can read, in
    `directory`, which is removed with it.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("docklet")
        os.write(descriptor, answer)
        # Opened anew by every reader, so that each begins at the first byte.
        return Credential(path=f"/dev/fd/{descriptor}", descriptor=descriptor)
    descriptor, path = tempfile.mkstemp(dir=directory)
    os.write(descriptor, answer)
    os.close(descriptor)
    return Credential(path=path, descriptor=None)


def config_of(url: str, credential: Credential) -> str:
    """Return the whole configuration for a repository at `url`."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        message = (
            f"`{parts.scheme}://{parts.hostname}` is no address of a forge: use https://HOST."
        )
        raise GitError(message, reason=Reason.INVALID_INPUT)
    server = f"{parts.scheme}://{parts.netloc}"
    helper = _escaped(f'!f() {{ test "$1" = get && cat {shlex.quote(credential.path)}; }}; f')
    return _CONFIG.format(scheme=parts.scheme, server=server, user=USER, helper=helper)


def _escaped(value: str) -> str:
    """Return a value as it stands between quotes in git's configuration."""
    return value.replace("\\", "\\\\").replace('"', '\\"')


def environment_of(home: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return all that git may see of the environment."""
    passed = {name: inherited[name] for name in _INHERITED if name in inherited}
    if "SSL_CERT_FILE" in passed:
        # Debian's git speaks TLS through GnuTLS, which does not know OpenSSL's variable.
        passed.setdefault("GIT_SSL_CAINFO", passed["SSL_CERT_FILE"])
    return passed | {
        "PATH": inherited.get("PATH", os.defpath),
        "HOME": str(home),
        "GIT_DIR": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }
