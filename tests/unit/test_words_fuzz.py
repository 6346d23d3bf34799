"""Thirty thousand comments and configuration files, made by chance from hostile pieces.

The chance is seeded, so each run of the tests meets the same ones.
"""

from __future__ import annotations

import random
import shlex
from typing import Final

from docklet.adapters.config_file import config
from docklet.domain.command import Run, command_of
from docklet.domain.config import Bounds, Config, inputs_of
from docklet.domain.errors import InvalidInputs
from docklet.domain.inputs import parse

MANY: Final = 10_000
JOB: Final = Config(
    jobs={"fit": {"script": "fit.py"}}, bounds=Bounds(inputs=frozenset({"args", "size"}))
)
LETTERS: Final = tuple(
    "aZ09 \t'\"\\`$(){}[]<>|&;*?!#~=-_./:@%^+,\n\r"
    "\x00\x07\x0b\x0c\x1b\x7f\x85\u00a0\u00e9\u0430\u200b\u200d\u2019\u201c\u2028\u202e\ufeff\U0001f600"
)
WORDS: Final = (
    *("/docklet", "run", "plan", "stop", "logs", "extend", "keep", "status", "help", "fit"),
    *("args=", "size=", "sha=", "ref=", "digitalocean-token=x", "=", "2h", "99", "abcd", "all"),
    *("--upload-pack=x", "-oProxyCommand=x", "$(id)", "`id`", "${HOME}", ";rm -rf /", "> x", "\n"),
    *('"', "'", "\\", "9" * 500, "a" * 500, "&a", "*a", "<<:", "!!python/object:os.system", "---"),
    *("jobs:", "defaults:", "commands:", "script:", "a.R", "- ", "? ", "| ", "{", "}", "[", "]"),
    *("\n  ", "\n    ", ": ", ", ", "#", "%YAML 9.9", "on", "22:30", "1e999999", "\\U0010FFFF"),
)


def made(chance: random.Random, most: int) -> str:
    """Return a text of words and single characters."""
    return "".join(
        chance.choice(WORDS if chance.random() < 0.6 else LETTERS)
        for _ in range(chance.randrange(most))
    )


def test_comments() -> None:
    """No comment crashes, and the script gets the very words that a shell would have given it."""
    chance = random.Random(20)  # noqa: S311 - a test needs the same ones again
    arrived = 0
    for _ in range(MANY):
        words = [made(chance, 6) for _ in range(chance.randrange(1, 5))]
        body = "/docklet run fit " + " ".join(f"args={shlex.quote(word)}" for word in words)
        try:
            command = command_of(body)
            assert isinstance(command, Run)
            spec = parse(inputs_of(JOB, command), needs_cloud=False)
        except InvalidInputs:
            assert any(word != word.strip() or not word or not plain(word) for word in words) or (
                len(body) > 2000
            )
            continue
        assert spec.argv == ("python", "./fit.py", *words)
        arrived += 1
    assert arrived > MANY // 10


def plain(word: str) -> bool:
    """Tell whether a word can be written in one line and seen."""
    return word.replace("\t", " ").isprintable()


def test_any_text() -> None:
    """Whatever stands in a comment or a file is read, or refused in words that can be shown."""
    chance = random.Random(21)  # noqa: S311 - a test needs the same ones again
    commands = 0
    for _ in range(MANY):
        text = made(chance, 30)
        told = refused_comment(chance.choice(("", "/docklet ", "/docklet run ")) + text)
        commands += not told
        told += refused_file(text)
        assert all(line.isprintable() for line in told)
    assert 0 < commands < MANY


def refused_comment(body: str) -> list[str]:
    """Return why a comment is refused."""
    try:
        command = command_of(body)
        if isinstance(command, Run):
            inputs_of(JOB, command)
    except InvalidInputs as error:
        return error.message.splitlines()
    return []


def refused_file(text: str) -> list[str]:
    """Return why a file is refused."""
    try:
        config(text.encode())
    except InvalidInputs as error:
        return error.message.splitlines()
    return []
