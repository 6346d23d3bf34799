"""The fence around unit tests holds."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest


def test_socket_raises() -> None:
    """A unit test can't connect to anything."""
    with socket.socket() as client, pytest.raises(AssertionError, match=r"socket\.connect"):
        client.connect(("127.0.0.1", 9))


def test_subprocess_raises() -> None:
    """A unit test can't start a process."""
    with pytest.raises(AssertionError, match=r"subprocess\.Popen"):
        subprocess.run([sys.executable, "-V"], check=True)


async def test_event_loop_works() -> None:
    """An event loop without connections is no way out, so it is allowed."""
    await asyncio.sleep(0)
