"""A hundred thousand outputs in a comment, and a Markdown renderer sees our blocks only."""

from __future__ import annotations

from typing import Final

import pytest

from docklet.domain.outcome import Outcome, Reason
from docklet.domain.progress import Progress
from docklet.render.comment import comment
from docklet.render.links import Links
from tests.builders import KEY, START
from tests.hostile import outputs
from tests.markdown import alive, skeleton

LINKS: Final = Links(server_url="https://github.com", repository="octo/template")
FAILED: Final = Outcome(reason=Reason.SCRIPT_EXIT, exit_code=1)
BLOCKS: Final = 10
EACH: Final = 10_000
ALONE: Final = [
    "html_block <!-- docklet:run:0123456789abcdef0123 -->",
    *("paragraph_open", "inline", "paragraph_close"),
]
"""A comment on a script that wrote nothing that can be seen."""


def with_log(size: str) -> list[str]:
    """Return the blocks of a comment with a log of that size."""
    opening = f"<details open>\n<summary>The end of the log ({size} in all)</summary>"
    return [*ALONE, f"html_block {opening}", "fence text", "html_block </details>"]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_outputs_are_inert(block: int) -> None:
    """Whatever a script wrote is one block of code: no link, no HTML, nothing left open."""
    for output in outputs(block, EACH):
        progress = Progress(outcome=FAILED, tail=output, log_bytes=len(output))
        text = comment(progress, now=START, links=LINKS, run=KEY)
        found = skeleton(text)
        assert found in (ALONE, with_log(f"{len(output)} bytes")), output
        assert not alive(text), output


def test_outputs_are_shown() -> None:
    """Hardly any of those outputs is nothing, so what is tested is not the empty comment."""
    logs = [Progress(outcome=FAILED, tail=one, log_bytes=len(one)) for one in outputs(0, 1000)]
    bodies = [comment(log, now=START, links=LINKS, run=KEY) for log in logs]
    assert sum("<details open>" in body for body in bodies) > 900
