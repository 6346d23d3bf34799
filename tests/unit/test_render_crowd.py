"""What is told of very many results is short, and counts them all."""

from __future__ import annotations

from docklet.domain.events import Ended
from docklet.domain.outcome import CommittedFile, FileChange, LeftOut, Others, Published
from docklet.domain.progress import Progress
from docklet.render import log
from docklet.render.comment import comment
from docklet.render.links import Links
from docklet.render.preview import would_commit
from tests.builders import START, make_outcome, make_plan, make_progress, make_published


def crowd() -> Published:
    """Return a commit of a million files, three hundred thousand of which could not come."""
    return make_published(
        files=tuple(
            CommittedFile(path=f"{each}.txt", change=FileChange.NEW, size=1) for each in range(100)
        ),
        others=Others(counts={FileChange.NEW: 999_900, FileChange.DELETED: 3}, size=2**20),
        changed=("a.txt",),
        more_changed=1_000_002,
        left_out=(LeftOut(path="pipe", reason="it is odd", more=299_999),),
    )


def test_comment_on_a_crowd() -> None:
    """The comment names a few and counts them all."""
    progress = make_progress(outcome=make_outcome(published=crowd()), plan=make_plan())
    links = Links(server_url="https://git.example", repository="octo/template")
    text = comment(progress, now=START, links=links)
    assert "1000000 new, 3 deleted files (1.0 MiB)" in text
    assert "Files of the commit: 1000003" in text
    assert "- and 999993 more\n" in text
    assert "- and 299999 more\n" in text
    assert len(text) < 5000


def test_log_of_a_crowd() -> None:
    """The log and the terminal do the same."""
    outcome = make_outcome(published=crowd())
    lines = log.lines(Ended(at=START, outcome=outcome), Progress())
    assert "Left out: 299999 more" in lines
    local = would_commit(crowd()).splitlines()
    assert local[2:] == [
        "  and 1000002 more",
        "This would be left out:",
        "  pipe: it is odd",
        "  and 299999 more",
    ]
