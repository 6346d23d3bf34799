"""Comments in which every word from outside is hostile, and only ours come alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from docklet.domain.diffstat import Lines
from docklet.domain.outcome import CommittedFile, FileChange, LeftOut, Outcome, Reason
from docklet.domain.progress import Progress
from docklet.render.comment import ROOM, comment
from docklet.render.links import Links
from docklet.render.report import fits
from tests.builders import (
    KEY,
    RESULT_SHA,
    START,
    make_outcome,
    make_plan,
    make_progress,
    make_published,
    make_trigger,
)
from tests.hostile import texts
from tests.markdown import addresses, alive, skeleton, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER: Final = "https://github.com/octo/template"
LINKS: Final = Links(
    server_url="https://github.com",
    repository="octo/template",
    run_url=f"{SERVER}/actions/runs/7",
)
COUNTED: Final = Lines(added=120, removed=3)
BLOCKS: Final = 5
EACH: Final = 10_000
"""Texts of a block; `SENTENCES` of them are in one small comment, `WORDS` in one whole comment."""
SENTENCES: Final = 8
WORDS: Final = 25
OURS: Final = ("<!-- docklet:run:", "<details", "</details>")


def taken(found: Iterator[str], count: int) -> Iterator[list[str]]:
    """Yield texts in lists of `count`."""
    while chunk := [text for text, _ in zip(found, range(count), strict=False)]:
        yield chunk


def small(found: list[str]) -> Progress:
    """Return a run whose message and notes are hostile."""
    outcome = Outcome(reason=Reason.CLOUD_FAILED, message="\n".join(found[: len(found) // 2]))
    return Progress(outcome=outcome, notes=tuple(found[len(found) // 2 :]))


def whole(found: list[str]) -> Progress:
    """Return a run that was hostile through and through."""
    text = iter(found * 2)
    line = next(text)
    plan = make_plan(
        script=next(text),
        path=next(text),
        image=next(text),
        branch=next(text),
        argv=("bash", f"./{next(text)}", next(text)),
        trigger=make_trigger(run_url=f"https://evil.example/{line}"),
    )
    suffixes = (".png", ".svg", ".md", ".csv")
    files = tuple(
        CommittedFile(path=f"{next(text)}{suffix}", change=FileChange.NEW, size=1, lines=COUNTED)
        for suffix in suffixes
    )
    published = make_published(
        branch=next(text),
        as_asked=False,
        files=files,
        lines=COUNTED,
        pull_request=f"https://evil.example/{next(text)}",
        left_out=tuple(LeftOut(path=next(text), reason=next(text)) for _ in range(3)),
        archive=next(text),
    )
    outcome = make_outcome(reason=Reason.SCRIPT_EXIT, message=next(text), published=published)
    log = line.encode("utf-8", "surrogateescape")
    return make_progress(outcome=outcome, plan=plan, log=log, notes=(next(text), next(text)))


def check(text: str, found: list[str]) -> None:
    """Check that nothing in a comment is alive but what we put there."""
    html = [token.content.strip() for token in tokens(text) if token.type.startswith("html")]
    assert all(piece.startswith(OURS) for piece in html), found
    opened = sum(piece.startswith("<details") for piece in html)
    assert opened == sum(piece.startswith("</details>") for piece in html), found
    assert not [token for token in tokens(text) if token.type == "html_inline"], found
    assert not alive(text), found
    assert all(url.startswith(f"{SERVER}/") for url in addresses(text)), found
    pictures = [str(each.attrGet("src")) for each in tokens(text) if each.type == "image"]
    assert all(url.startswith(f"{SERVER}/blob/{RESULT_SHA}/") for url in pictures), found
    assert fits(text, ROOM)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_sentences_are_inert(block: int) -> None:
    """Messages and notes with anything in them are entries of a list, and code."""
    allowed = {"text", "code_inline", "strong_open", "strong_close"}
    for found in taken(texts(1000 + block, EACH), SENTENCES):
        body = comment(small(found), now=START, links=LINKS, run=KEY)
        check(body, found)
        inside = {child.type for token in tokens(body) for child in token.children or ()}
        assert inside <= allowed, found
        assert not {"heading_open", "table_open", "hr", "code_block"} & set(skeleton(body)), found


@pytest.mark.parametrize("block", range(BLOCKS))
def test_comments_are_inert(block: int) -> None:
    """Names of scripts, images, branches and files, addresses, reasons: all of it stays text."""
    for found in taken(texts(2000 + block, EACH), WORDS):
        body = comment(whole(found), now=START + 80, links=LINKS)
        check(body, found)
        assert skeleton(body)[-1] == "html_block </details>", found
