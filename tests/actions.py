"""The Actions runner's side of its command protocol, as its behaviour is documented.

A line is a command when, blanks in front aside, it begins with `::name ...::`, or when it has
`##[name ...]` anywhere. Lines end at a newline, a carriage return, or both. Names are known in any
case of their letters. Between `::stop-commands::TOKEN` and `::TOKEN::` nothing is a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_NEW: Final = re.compile(r"\s*::(?P<name>[^\s:]+)(?P<properties>\s[^\n]*?)?::(?P<data>.*)")
_OLD: Final = re.compile(r"##\[(?P<name>[^\]\s]+)(?P<properties>\s[^\]]*)?\](?P<data>.*)")
_KNOWN: Final = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice",
    "internal-set-repo-path", "remove-matcher", "save-state", "set-env", "set-output", "warning",
    "stop-commands",
}  # fmt: skip


@dataclass(slots=True)
class RunnerLog:
    """What the runner makes of an action's output."""

    commands: list[tuple[str, str]] = field(default_factory=list)
    """Names and data of the commands obeyed."""
    shown: list[str] = field(default_factory=list)
    """Lines that are only shown."""
    tokens: list[str] = field(default_factory=list)
    """Tokens with which commands were stopped."""
    stopped: str = ""

    def data(self, name: str) -> list[str]:
        """Return the data of all commands called `name`."""
        return [data for command, data in self.commands if command == name]


def read(output: bytes) -> RunnerLog:
    """Return what the runner makes of `output`."""
    log = RunnerLog()
    for line in re.split("\r\n|\r|\n", output.decode("utf-8", "replace")):
        found = _NEW.match(line) or _OLD.search(line)
        if found is None or not _obey(log, found["name"], found["data"]):
            log.shown.append(line)
    return log


def _obey(log: RunnerLog, name: str, data: str) -> bool:
    """Obey a command; return False when it is none now."""
    if log.stopped:
        if name != log.stopped:
            return False
        log.stopped = ""
        return True
    if name.lower() not in _KNOWN:
        return False
    if name.lower() == "stop-commands":
        log.stopped = data
        log.tokens.append(data)
    else:
        plain = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        log.commands.append((name, plain))
    return True
