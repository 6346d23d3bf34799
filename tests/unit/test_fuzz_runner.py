"""A hundred thousand lines of a script through the runner's own parser: it obeys none."""

from __future__ import annotations

import io
import random
from typing import Final

import pytest

from docklet.adapters.printer import Printer
from docklet.adapters.runner.command_files import CommandFiles
from docklet.adapters.runner.log import Runner
from docklet.domain.events import LogArrived, Noticed, Phase, PhaseEnded, PhaseStarted
from docklet.render.inline import printable
from docklet.render.workflow import inert
from tests import actions
from tests.builders import START
from tests.hostile import outputs, texts

BLOCKS: Final = 10
EACH: Final = 10_000
_LARGEST_PIECE: Final = 400


def pieces(data: bytes, seed: int) -> list[bytes]:
    """Cut data anywhere, as it comes from a connection."""
    chance, found = random.Random(seed), []  # noqa: S311 - a test needs the same cuts again
    while data:
        cut = chance.randint(1, _LARGEST_PIECE)
        found.append(data[:cut])
        data = data[cut:]
    return found


def printed(log: list[bytes], notices: int) -> bytes:
    """Return what the runner is given of a script that writes `log`, with notices in between."""
    out = io.BytesIO()
    runner = Runner(Printer(out), CommandFiles(), log_room=1 << 30)
    runner.notify(PhaseStarted(at=START, phase=Phase.RUN))
    for number, data in enumerate(log):
        runner.notify(LogArrived(at=START, data=data))
        if number % (len(log) // notices) == 0:
            runner.notify(Noticed(at=START, message=data.decode("utf-8", "replace")))
    runner.notify(PhaseEnded(at=START, phase=Phase.RUN, ok=True))
    runner.close()
    return out.getvalue()


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_line_is_obeyed(block: int) -> None:
    """Both spellings, in any case, behind blanks, cut anywhere, after a lone carriage return."""
    lines = [*outputs(3000 + block, EACH)]
    output = printed(pieces(b"\n".join(lines), block), notices=50)
    assert actions.read(b"\n".join(lines)).commands, "nothing here would have been a command"
    found = actions.read(output)
    assert {name for name, _ in found.commands} == {"group", "notice", "endgroup"}
    assert [name for name, _ in found.commands if name != "notice"] == ["group", "endgroup"]
    assert len(set(found.tokens)) == len(found.tokens) > 1
    assert not found.stopped
    assert not [line for line in found.shown if "##[" in line]
    assert len(found.shown) > EACH / 2


@pytest.mark.parametrize("block", range(BLOCKS))
def test_lines_of_ours_with_foreign_words_are_not_obeyed(block: int) -> None:
    """Names and messages, which are printed where commands are obeyed, are none either."""
    for text in texts(4000 + block, EACH):
        line = inert(printable(text)).encode("utf-8", "backslashreplace")
        found = actions.read(line)
        assert not found.commands, text
        assert not found.stopped, text
        assert len(found.shown) == 1, text
