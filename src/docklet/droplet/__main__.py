"""`python3 agent.pyz VERB`: read a request, do it, answer.

Exit status: 0 done; 1 a known failure, told as `{"error": {"kind", "message"}}` on standard
output (on standard error by verbs that stream); 3 from `follow` alone; anything else is a bug.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import IO, Mapping

from docklet.droplet.failure import Failure
from docklet.droplet.home import Home
from docklet.droplet.request import read_request

ANSWERING = (
    *("checkout", "unpack", "pull", "start", "ending", "stop", "clean"),
    *("hold", "look", "keep", "extend"),
)
STREAMING = ("follow", "collect", "pack")


def main(verb: str, home: Home, stdin: IO[bytes], stdout: IO[bytes]) -> int:
    """Run one verb and return the exit status."""
    if verb not in ANSWERING + STREAMING:
        sys.stderr.write(f"{verb!r} is not a verb of this agent.\n")
        return 2
    action = getattr(import_module(f"docklet.droplet.{verb}"), verb)
    try:
        request = read_request(stdin)
        if verb in STREAMING:
            return int(action(home, request, stdout))
        _answer(stdout, action(home, request))
    except Failure as failure:
        error = {"error": {"kind": failure.kind, "message": failure.message}}
        _answer(sys.stderr.buffer if verb in STREAMING else stdout, error)
        return 1
    return 0


def _answer(stream: IO[bytes], answer: Mapping[str, object]) -> None:
    stream.write(json.dumps(answer, sort_keys=True).encode("ascii") + b"\n")
    stream.flush()


def run() -> None:
    """Run the verb of the command line in the directory that holds this archive."""
    home = Home(os.path.dirname(os.path.abspath(sys.argv[0])))
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.exit(main(verb, home, sys.stdin.buffer, sys.stdout.buffer))


if __name__ == "__main__":
    run()
